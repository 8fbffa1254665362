"""Images that are not independent of each other, such as those of one patient."""

import numpy as np


def by_group(runs: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Return values of what may be taken as independent.

    Without groups these are the items. With G groups there is one value per group, such that the
    mean of a run stays what it is, and the variance is that of a ratio of sums:

        u_gs = y_.. + (G/n) sum over the items i of g of (y_is - y_..)

    Args:
        runs: float64 (seed, item).
        groups: Equal for items that belong together (item,); None where none do.

    Returns:
        float64 (seed, group), or the runs themselves without groups.

    Source:
        Linearised ratio estimator of a cluster sample (Cochran, Sampling Techniques, 3rd edition,
        1977, chapter 9A); equal to the cluster-robust variance of a regression on a constant with
        the factor G/(G - 1).

    Example:
        >>> by_group(np.array([[1.0, 1.0, 0.0, 1.0]]), np.array([7, 7, 8, 8])).tolist()
        [[1.0, 0.5]]
    """
    if groups is None:
        return runs
    _, unit = np.unique(groups, return_inverse=True)
    centre, num_groups = runs.mean(), int(unit.max()) + 1
    sums = [np.bincount(unit, weights=run - centre, minlength=num_groups) for run in runs]
    return centre + np.stack(sums) * num_groups / len(unit)

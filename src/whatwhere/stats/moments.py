"""The few sums of a table that the variance rule needs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Deviations this much smaller than the values are rounding error.
ROUNDING = 1e-13


@dataclass(frozen=True)
class Moments:
    """Means and variances of a table; variances are of single runs and single means.

    Args:
        num_items: n.
        num_seeds: Runs of each method (method,).
        mean: Mean over runs and images (method,).
        seeds_known: Whether any method has two runs or more.
        own: Whether a method has two runs or more, else it borrows the pool (method,).
        run_variance: var_s(A_s), borrowed where unknown (method,).
        run_noise: mean_i var_s(y_is) / n, borrowed where unknown (method,).
        item_covariance: cov_i(y_i.(a), y_i.(b)) / n (method, method).
        run_covariance: cov_s(A_as, A_bs) (method, method); None unless all have equally many runs.
        noise_covariance: mean_i cov_s(y_ais, y_bis) / n (method, method); None likewise.
        item_range: Width of the range that values of an item lie in.
        item_df: Degrees of freedom of the variance over items (method,); None for n - 1.
    """

    num_items: int
    num_seeds: np.ndarray
    mean: np.ndarray
    seeds_known: bool
    own: np.ndarray
    run_variance: np.ndarray
    run_noise: np.ndarray
    item_covariance: np.ndarray
    run_covariance: np.ndarray | None
    noise_covariance: np.ndarray | None
    item_range: float = 1.0
    item_df: np.ndarray | None = None


def moments_of(
    values: Sequence[np.ndarray],
    *,
    paired: bool = False,
    item_range: float = 1.0,
    strata: np.ndarray | None = None,
) -> Moments:
    """Reduce a table to the few sums that the rule needs.

    A method with one run borrows the average of the others, weighted by their degrees of freedom.

    Args:
        values: Per method an array (seed, item), the same items for all.
        paired: Whether run s of every method shares its random streams; adds the covariances.
        item_range: Width of the range that values of an item lie in; 1 for shares.
        strata: The class of each item where scores are means over classes; None otherwise.

    Returns:
        The moments.
    """
    values = [np.asarray(runs, dtype=np.float64) for runs in values]
    num_items = values[0].shape[1]
    num_seeds = np.array([len(runs) for runs in values])
    own = num_seeds >= 2
    item_mean = np.stack([runs.mean(axis=0) for runs in values])
    run_means = [runs.mean(axis=1) for runs in values]
    run_variance = np.array([_variance(means) for means in run_means])
    noise = [runs - mean for runs, mean in zip(values, item_mean, strict=True)]
    run_noise = np.array([_noise(deviation) for deviation in noise])
    together = paired and own.all() and len(set(num_seeds)) == 1
    return Moments(
        num_items=num_items,
        num_seeds=num_seeds,
        mean=item_mean.mean(axis=1),
        seeds_known=bool(own.any()),
        own=own,
        run_variance=_borrow(run_variance, num_seeds),
        run_noise=_borrow(run_noise, num_seeds),
        item_covariance=_covariance(item_mean) / num_items,
        run_covariance=_covariance(np.stack(run_means)) if together else None,
        noise_covariance=_noise_covariance(noise) if together else None,
        item_range=item_range,
        item_df=None if strata is None else _item_df(item_mean, strata),
    )


def _item_df(item_mean: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Return the degrees of freedom of each method's variance over items that are in classes.

    The variance of a mean over classes is a sum with one part per class, whose degrees of freedom
    are Satterthwaite's (1946):

        (sum_c v_c)^2 / sum_c v_c^2/(n_c - 1),  v_c the sum of squares within class c
    """
    classes = [item_mean[:, strata == one] for one in np.unique(strata)]
    parts = np.stack([own.var(axis=1) * own.shape[1] for own in classes])
    free = np.array([[max(1, own.shape[1] - 1)] for own in classes])
    unsure = (parts**2 / free).sum(axis=0)
    alike = np.full(len(item_mean), item_mean.shape[1] - 1.0)
    return np.divide(parts.sum(axis=0) ** 2, unsure, out=alike, where=unsure > 0)


def _variance(values: np.ndarray) -> np.ndarray:
    """Return the variance over the first axis, 0 for one run and where only rounding is left."""
    if len(values) < 2:
        return np.zeros_like(values[0])
    centred = values - values.mean(axis=0)
    centred[np.abs(centred) <= ROUNDING * np.abs(values).max()] = 0.0
    return (centred**2).sum(axis=0) / (len(values) - 1)


def _covariance(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    centred[np.abs(centred) <= ROUNDING * np.abs(rows).max()] = 0.0
    return centred @ centred.T / (centred.shape[1] - 1)


def _noise(deviation: np.ndarray) -> float:
    """Return mean_i var_s / n from the deviations (seed, item) from each image's mean."""
    num_seeds, num_items = deviation.shape
    return float(np.vdot(deviation, deviation)) / (max(1, num_seeds - 1) * num_items**2)


def _noise_covariance(deviations: Sequence[np.ndarray]) -> np.ndarray:
    """Return mean_i cov_s / n for all pairs of methods."""
    num_seeds, num_items = deviations[0].shape
    rows = np.reshape(deviations, (len(deviations), -1))
    return rows @ rows.T / ((num_seeds - 1) * num_items**2)


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Compute a weighted mean.

    Args:
        values: The values.
        weights: At least 0, as many.

    Returns:
        The mean, 0 where all weights are 0.
    """
    return float(values @ weights / weights.sum()) if weights.sum() > 0 else 0.0


def _borrow(values: np.ndarray, num_seeds: np.ndarray) -> np.ndarray:
    return np.where(num_seeds >= 2, values, weighted_mean(values, num_seeds - 1))

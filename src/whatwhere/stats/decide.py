"""Decisions from pairwise estimates whose methods are sorted by mean, best first."""

import numpy as np
from scipy.special import stdtrit

from whatwhere.stats.estimates import Estimates

ALPHA = 0.05
TAIL = ALPHA / 2  # on each side of a 95 % interval
POWER = 0.8
# With fewer runs of a method nothing is claimed of it.
MIN_SEEDS_FOR_CLAIMS = 3


def num_comparisons(num_methods: int, *, against_control: bool) -> int:
    """Count the tests that are corrected for.

    Args:
        num_methods: K, with the control.
        against_control: Whether all are compared with one of them only.

    Returns:
        K - 1 with a control, else K (K-1) / 2.
    """
    return num_methods - 1 if against_control else num_methods * (num_methods - 1) // 2


def tested(num_methods: int, *, control: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Find the pairs that are tested.

    Args:
        num_methods: K.
        control: Place of the control, or None for all pairs.

    Returns:
        Rows and columns in a (method, method) array, each pair once, above the diagonal.
    """
    first, second = np.triu_indices(num_methods, k=1)
    if control is None:
        return first, second
    kept = (first == control) | (second == control)
    return first[kept], second[kept]


def adjust(p_values: np.ndarray, *, control: int | None) -> np.ndarray:
    """Correct p values for the number of tests, by Holm's rule.

    Args:
        p_values: Symmetric (method, method).
        control: Place of the control, or None for all pairs.

    Returns:
        Symmetric (method, method); 1 for pairs that are not tested.
    """
    first, second = tested(len(p_values), control=control)
    result = np.ones_like(p_values)
    result[first, second] = result[second, first] = holm(p_values[first, second])
    return result


def holm(p_values: np.ndarray) -> np.ndarray:
    """Correct the p values of m tests by Holm's step-down rule.

        p_(i) = max_{j <= i} min(1, (m - j + 1) p_(j)),  p_(1) <= ... <= p_(m)

    Args:
        p_values: In [0, 1] (test,).

    Returns:
        In [0, 1] (test,), in the order given.

    Source:
        Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    order = np.argsort(p_values, kind="stable")
    stepped = p_values[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(stepped))
    return adjusted


def may_be_best(pairs: Estimates) -> np.ndarray:
    """Mark the methods that no other is shown to beat.

    Method i is left out if some j with a higher mean has K p_ji / 2 < 0.05. The truly best one is
    left out with probability at most 0.05.

    Args:
        pairs: All differences (method, method).

    Returns:
        Booleans (method,); the highest mean is always among them.

    Source:
        Hsu (1981), Simultaneous confidence intervals for all distances from the "best".
    """
    num_methods = len(pairs.value)
    beaten = (pairs.value > 0) & (num_methods * pairs.p_values() / 2 < ALPHA)
    return np.logical_not(beaten.any(axis=0))


def lead(pairs: Estimates) -> float:
    """Bound the lead of the first method over every other.

        min_j [ D_1j - t_{1-.05/K, df} sqrt(V_1j) ]

    Args:
        pairs: All differences (method, method), of at least two methods.

    Returns:
        The lower 95 % bound.
    """
    bounds = pairs.value - pairs.half_width(ALPHA / len(pairs.value))
    return float(bounds[0, 1:].min())


def equivalent(pairs: Estimates, *, margin: float) -> np.ndarray:
    """Mark pairs whose 90 % interval lies within the margin on both sides.

    Args:
        pairs: All differences (method, method).
        margin: The largest difference that counts as none, above 0.

    Returns:
        Symmetric booleans (method, method), True on the diagonal.

    Source:
        Schuirmann (1987), A comparison of the two one-sided tests procedure.
    """
    close = np.abs(pairs.value) + pairs.half_width(ALPHA) <= margin
    np.fill_diagonal(close, True)
    return close


def detectable(pairs: Estimates, *, control: int | None) -> float:
    """Return the smallest difference that would be found with 80 % power.

        upper quartile over pairs of (t_{1-.025/m, df} + t_{.8, df}) sqrt(V),  m = number of tests

    Args:
        pairs: All differences (method, method).
        control: Place of the control, or None for all pairs.

    Returns:
        At most the range of an item's value, where even the largest difference would be missed.
    """
    places = tested(len(pairs.value), control=control)
    if not len(places[0]):
        return pairs.item_range
    power = stdtrit(pairs.degrees_of_freedom, POWER) * np.sqrt(pairs.variance)
    width = pairs.half_width(ALPHA / 2 / len(places[0])) + power
    return float(min(pairs.item_range, np.quantile(width[places], 0.75)))

"""Ranks of several methods on several data sets: Friedman's test and the critical difference."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, gammaln

from whatwhere.stats.decide import ALPHA


@dataclass(frozen=True)
class Friedman:
    """Whether the mean ranks of some methods could be chance.

    Args:
        mean_ranks: Of each method; rank 1 is the highest score, ties share the mean of their ranks.
        chi_square: Friedman's statistic, without correction for ties.
        statistic: Iman and Davenport's F; infinite where all data sets give one order.
        p_value: Of F, of no difference between the methods.
    """

    mean_ranks: tuple[float, ...]
    chi_square: float
    statistic: float
    p_value: float


@dataclass(frozen=True)
class CriticalDifference:
    """How far mean ranks must lie apart to differ by Nemenyi's test.

    Args:
        value: The critical difference, in ranks.
        groups: Places of methods that are not shown to differ, each as long as it can be; no
            group for a method that differs from all.
        caption: What has to stand under a diagram of it.
    """

    value: float
    groups: tuple[tuple[int, ...], ...]
    caption: str


CAPTION = (
    "Whether two methods differ in this diagram depends on which other methods are in it: ranks"
    " change when a method is added or left out. The table of pairs does not have this weakness."
)
NOT_REJECTED = (
    "Friedman's test does not show that any of these methods differ (p from .05 on), so that a pair"
    " which the diagram tells apart may be chance. "
)


def rank_rows(scores: np.ndarray) -> np.ndarray:
    """Rank the methods on each data set, 1 for the highest score; ties get the mean of their ranks.

        r_dk = 1 + |{j: x_dj > x_dk}| + (|{j: x_dj = x_dk}| - 1) / 2

    Args:
        scores: Higher is better (data set, method).

    Returns:
        float64 of the same shape.
    """
    above = (scores[:, None, :] > scores[:, :, None]).sum(axis=2)
    equal = (scores[:, None, :] == scores[:, :, None]).sum(axis=2)
    return 1 + above + (equal - 1) / 2


def friedman(scores: np.ndarray) -> Friedman:
    """Test whether all methods have the same mean rank.

        chi2 = 12 D / (K (K+1)) [ sum_k R_k^2 - K (K+1)^2 / 4 ]
        F    = (D-1) chi2 / (D (K-1) - chi2),  with K-1 and (K-1)(D-1) degrees of freedom

    Where all data sets give one order, F is infinite and p is the chance of that, (1/K!)^(D-1).

    Args:
        scores: Higher is better (data set, method), at least two of each.

    Returns:
        Both statistics and the p value of F.

    Source:
        Friedman (1937); Iman and Davenport (1980); Demsar (2006), Statistical comparisons of
        classifiers over multiple data sets, whose formula this is. Like it, and unlike SciPy's
        `friedmanchisquare`, chi2 is not corrected for ties: they make the test more careful.
    """
    num_sets, num_methods = scores.shape
    mean_ranks = rank_rows(scores).mean(axis=0)
    spread = float((mean_ranks**2).sum()) - num_methods * (num_methods + 1) ** 2 / 4
    chi_square = max(0.0, 12 * num_sets / (num_methods * (num_methods + 1)) * spread)
    rest = num_sets * (num_methods - 1) - chi_square
    if rest > 1e-9 * num_sets:
        statistic = (num_sets - 1) * chi_square / rest
        p_value = float(fdtrc(num_methods - 1, (num_methods - 1) * (num_sets - 1), statistic))
    else:
        statistic = math.inf
        p_value = float(np.exp(-(num_sets - 1) * gammaln(num_methods + 1)))
    return Friedman(tuple(mean_ranks.tolist()), chi_square, statistic, p_value)


def nemenyi_difference(*, num_methods: int, num_sets: int, alpha: float = ALPHA) -> float:
    """Return the critical difference of mean ranks.

        CD = q_alpha(K, infinity) / sqrt(2) * sqrt( K (K+1) / (6 D) )

    Args:
        num_methods: K, at least 2.
        num_sets: D, at least 1.
        alpha: Family-wise error, in (0, 1).

    Returns:
        A difference in ranks.

    Source:
        Nemenyi (1963); Demsar (2006), equation for CD. q is the studentized range.
    """
    from scipy.stats import studentized_range

    quantile = float(studentized_range.ppf(1 - alpha, num_methods, np.inf)) / math.sqrt(2)
    return quantile * math.sqrt(num_methods * (num_methods + 1) / (6 * num_sets))


def critical_difference(
    mean_ranks: tuple[float, ...], *, num_sets: int, rejected: bool = True
) -> CriticalDifference:
    """Return the critical difference and the methods that it does not tell apart.

    Args:
        mean_ranks: Of each method.
        num_sets: Data sets that they are means over.
        rejected: Whether Friedman's test rejects that all methods are equal.

    Returns:
        The value, the groups as a diagram joins them, and the caption, which says so where
        Friedman's test does not reject.
    """
    value = nemenyi_difference(num_methods=len(mean_ranks), num_sets=num_sets)
    order = sorted(range(len(mean_ranks)), key=lambda place: mean_ranks[place])
    groups: list[tuple[int, ...]] = []
    for start in range(len(order)):
        within = [k for k in order[start:] if mean_ranks[k] - mean_ranks[order[start]] < value]
        if len(within) > 1 and not (groups and set(within) <= set(groups[-1])):
            groups.append(tuple(within))
    return CriticalDifference(value, tuple(groups), CAPTION if rejected else NOT_REJECTED + CAPTION)

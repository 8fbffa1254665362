"""Descriptions of methods over several data sets, none of them a test."""

from dataclasses import dataclass

import numpy as np

from whatwhere.stats.several.data_sets import DataSets
from whatwhere.stats.several.ranks import rank_rows

# How far behind the best, as a share of one: the steps of the performance profile.
PROFILE_STEPS = (0.0, 0.005, 0.01, 0.02, 0.05)


@dataclass(frozen=True)
class MethodAcross:
    """One method over all data sets; a description, not a test.

    Args:
        name: The method.
        mean: Plain mean of its scores.
        interquartile_mean: Mean of the middle half of its scores.
        mean_rank: 1 is best; depends on which other methods are there.
        profile: Share of data sets on which it lies at most as far behind the highest mean as each
            of PROFILE_STEPS says; depends on which other methods are there.
    """

    name: str
    mean: float
    interquartile_mean: float
    mean_rank: float
    profile: tuple[float, ...]


def describe(sets: DataSets) -> tuple[MethodAcross, ...]:
    """Describe every method over all data sets.

    Args:
        sets: The data sets.

    Returns:
        One summary per method, in their order.

    Source:
        Agarwal et al. (2021), Deep reinforcement learning at the edge of the statistical precipice,
        for the interquartile mean, here over data sets; Dolan and More (2002), Benchmarking
        optimization software with performance profiles, here of differences and not of ratios.
    """
    ranks = rank_rows(sets.mean).mean(axis=0)
    behind = sets.mean.max(axis=1, keepdims=True) - sets.mean
    return tuple(
        MethodAcross(
            name=name,
            mean=float(sets.mean[:, k].mean()),
            interquartile_mean=interquartile_mean(sets.mean[:, k]),
            mean_rank=float(ranks[k]),
            profile=tuple(float((behind[:, k] <= step + 1e-12).mean()) for step in PROFILE_STEPS),
        )
        for k, name in enumerate(sets.methods)
    )


def interquartile_mean(values: np.ndarray) -> float:
    """Return the mean after the lowest and the highest quarter are cut, rounded down.

    Args:
        values: At least one (value,).

    Returns:
        The trimmed mean.

    Example:
        >>> interquartile_mean(np.array([1, 2, 3, 4, 5, 6, 7, 100]))
        4.5
    """
    cut = len(values) // 4
    return float(np.sort(values)[cut : len(values) - cut].mean())

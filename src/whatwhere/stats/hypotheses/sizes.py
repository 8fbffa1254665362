"""The size study: does a difference between designs grow or shrink with more training images?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from whatwhere.errors import UsageError, unknown_name
from whatwhere.stats.contrasts import weighted_sum
from whatwhere.stats.decide import (
    MIN_SEEDS_FOR_CLAIMS,
    TAIL,
    adjust,
    detectable,
    num_comparisons,
    tested,
)
from whatwhere.stats.estimates import Estimates
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import pair_estimates
from whatwhere.stats.table import ItemTable

MIN_SIZES = 2


@dataclass(frozen=True)
class SizeDifference:
    """The difference of two methods at one size.

    Args:
        num_train: Training images.
        difference: First minus second.
        low: Lower 95 % bound, for this pair and size alone.
        high: Upper bound.
    """

    num_train: int
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class SizeTrend:
    """How the difference of two methods changes with the number of training images.

    Args:
        first: The method that is subtracted from.
        second: The method that is subtracted; the control where there is one.
        per_tenfold: Change of the difference with ten times as many images, as a share of one.
        low: Lower 95 % bound, for this pair alone.
        high: Upper bound.
        degrees_of_freedom: Of the t distribution behind the interval.
        p_value: Two-sided, of no change, for this pair alone.
        p_adjusted: Corrected for all pairs by Holm's rule.
        differences: At every size, smallest first.
    """

    first: str
    second: str
    per_tenfold: float
    low: float
    high: float
    degrees_of_freedom: float
    p_value: float
    p_adjusted: float
    differences: tuple[SizeDifference, ...]


@dataclass(frozen=True)
class SizeStudy:
    """What several training sizes show.

    Args:
        sizes: Training images, ascending.
        control: The method that the others were compared with, or None for all pairs.
        trends: One per pair that is tested; empty where `withheld` says why.
        detectable_trend: Smallest change per tenfold that would be found with 80 % power; None
            where not even the largest would, or nothing is known of how runs vary.
        num_items: Test images, the same at all sizes.
        num_comparisons: Pairs that the p values are corrected for.
        screening_only: Whether a method has fewer than three runs.
        left_out: Methods that some size lacks.
        withheld: Why there are no trends; empty where there are.
    """

    sizes: tuple[int, ...]
    control: str | None
    trends: tuple[SizeTrend, ...]
    detectable_trend: float | None
    num_items: int
    num_comparisons: int
    screening_only: bool
    left_out: tuple[str, ...]
    withheld: str = ""


def size_weights(sizes: tuple[int, ...]) -> np.ndarray:
    """Return weights whose sum with scores is the slope of a straight line through them.

        x_N = log10 N,  w_N = (x_N - mean x) / sum (x - mean x)^2

    Args:
        sizes: Different numbers of training images, at least two.

    Returns:
        One weight per size; they sum to 0. The slope is a change per tenfold.
    """
    x = np.log10(np.asarray(sizes, dtype=float))
    centred = x - x.mean()
    return centred / (centred**2).sum()


def size_study(tables: Mapping[int, ItemTable], *, control: str | None = None) -> SizeStudy:
    """Estimate the interaction of design and log size for every pair of designs.

        slope_ab = sum_N w_N (A_a(N) - A_b(N)),  w by `size_weights`

    The slope is a summary of the trend, and is estimated without bias whether or not the true
    differences lie on a line. Its variance is that of the weighted sum of each image's values
    (`whatwhere.stats.contrasts`), by the rule for pairs with runs pooled over all methods.

    Args:
        tables: By number of training images, at least two; the same test images in all, and row s
            of a method the same seed in all (or fresh seeds in all).
        control: A method that was chosen before any run, or None for all pairs.

    Returns:
        The trends, for new test images and new training runs.

    Raises:
        UsageError: If sizes are too few or not positive, or the tables do not fit together.
        UnknownNameError: If the control is not at every size.

    Source:
        The interaction as a contrast of the cells of a two-way table is textbook analysis of
        variance; the variance is whatwhere's own, and benchmarks/statistics/size_interaction.py
        simulates its error rates.
    """
    sizes = tuple(sorted(tables))
    if len(sizes) < MIN_SIZES or sizes[0] < 1:
        raise UsageError(
            f"a size study needs {MIN_SIZES} or more numbers of training images, not {sizes}"
        )
    ordered = [tables[size] for size in sizes]
    slopes = weighted_sum(ordered, size_weights(sizes).tolist())
    if control is not None and control not in slopes.methods:
        raise unknown_name("control at every size", control, slopes.methods)
    every = {name for table in ordered for name in table.methods}
    moments = moments_of(
        slopes.independent_values(), paired=slopes.blocked, item_range=slopes.item_range
    )
    place = None if control is None else slopes.methods.index(control)
    estimates = pair_estimates(moments)
    known = moments.seeds_known
    return SizeStudy(
        sizes=sizes,
        control=control,
        trends=_trends(slopes.methods, estimates, ordered, sizes, place) if known else (),
        detectable_trend=_detectable(estimates, control=place) if known else None,
        num_items=slopes.num_items,
        num_comparisons=num_comparisons(len(slopes.methods), against_control=place is not None),
        screening_only=bool(moments.num_seeds.min() < MIN_SEEDS_FOR_CLAIMS),
        left_out=tuple(sorted(every - set(slopes.methods))),
        withheld="" if known else "one run each: how much runs vary is unknown",
    )


def _trends(
    methods: tuple[str, ...],
    slopes: Estimates,
    tables: list[ItemTable],
    sizes: tuple[int, ...],
    control: int | None,
) -> tuple[SizeTrend, ...]:
    p_values = slopes.p_values()
    adjusted = adjust(p_values, control=control)
    width = slopes.half_width(TAIL)
    at_sizes = [_estimates_of(table, methods) for table in tables]
    trends = []
    for i, j in zip(*tested(len(methods), control=control), strict=True):
        if i == control:
            i, j = j, i
        value = float(slopes.value[i, j])
        trends.append(
            SizeTrend(
                first=methods[i],
                second=methods[j],
                per_tenfold=value,
                low=value - float(width[i, j]),
                high=value + float(width[i, j]),
                degrees_of_freedom=float(slopes.degrees_of_freedom[i, j]),
                p_value=float(p_values[i, j]),
                p_adjusted=float(adjusted[i, j]),
                differences=tuple(
                    _difference(size, estimates, i, j)
                    for size, estimates in zip(sizes, at_sizes, strict=True)
                ),
            )
        )
    return tuple(trends)


def _detectable(slopes: Estimates, *, control: int | None) -> float | None:
    smallest = detectable(slopes, control=control)
    return smallest if smallest < slopes.item_range else None


def _estimates_of(table: ItemTable, methods: tuple[str, ...]) -> Estimates:
    """Return all differences at one size, of these methods in this order."""
    moments = moments_of(
        table.independent_values(), paired=table.blocked, item_range=table.item_range
    )
    return pair_estimates(moments).take(np.array([table.methods.index(name) for name in methods]))


def _difference(num_train: int, estimates: Estimates, i: int, j: int) -> SizeDifference:
    value, width = float(estimates.value[i, j]), float(estimates.half_width(TAIL)[i, j])
    return SizeDifference(num_train, value, value - width, value + width)

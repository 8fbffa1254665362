"""Designs and classes of designs over training sizes, against one control, corrected together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr, stdtrit

from whatwhere.stats.contrasts import Effect, detectable_effect
from whatwhere.stats.decide import TAIL, holm
from whatwhere.stats.hypotheses.sizes import SizeDifference, SizeStudy, SizeTrend, size_study
from whatwhere.stats.table import ItemTable

# A class of one is its only design, which is tested already.
MIN_MEMBERS = 2


@dataclass(frozen=True)
class SizeInteraction:
    """How the differences from a control change with the number of training images.

    Args:
        designs: The study of the single designs; p values are corrected for all comparisons here.
        classes: One trend per class of two members or more, with its name as first; likewise.
        members: Designs by class, of the classes that were tested.
        num_comparisons: Designs and classes together, which the p values are corrected for.
        detectable_trend: Smallest change per tenfold that would be found with 80 % power after
            this correction; None where nothing would.
    """

    designs: SizeStudy
    classes: tuple[SizeTrend, ...]
    members: Mapping[str, tuple[str, ...]]
    num_comparisons: int
    detectable_trend: float | None

    @property
    def trends(self) -> tuple[SizeTrend, ...]:
        """All that were tested, classes first."""
        return (*self.classes, *self.designs.trends)


def size_interaction(
    tables: Mapping[int, ItemTable], *, classes: Mapping[str, Sequence[str]], control: str
) -> SizeInteraction:
    """Test for every design and every class whether its lead over a control changes with size.

    The trend of a class is the mean of those of its members, and so is the half width of its
    interval: the standard deviation of a mean is at most the mean of the standard deviations,
    however much the members are lucky together.

        m = mean_k slope_k,  SE <= mean_k SE_k,  df = min_k df_k

    Holm's rule is applied to the p values of designs and classes together, so that the chance of
    any false one among all of them stays at most .05.

    Args:
        tables: By number of training images, as for `size_study`.
        classes: Designs by class; those that some size lacks are left out.
        control: Name of the control in the tables.

    Returns:
        The study of the designs, and the trends of the classes.

    Raises:
        UsageError: If sizes are too few, or the tables do not fit together.
        UnknownNameError: If the control is not at every size.

    Source:
        Holm (1979) holds whatever the dependence between tests; the slope is that of `size_study`.
    """
    designs = size_study(tables, control=control)
    by_name = {trend.first: trend for trend in designs.trends}
    members = {name: tuple(m for m in own if m in by_name) for name, own in classes.items()}
    members = {name: own for name, own in members.items() if len(own) >= MIN_MEMBERS}
    means = [_mean(name, [by_name[m] for m in own]) for name, own in members.items()]
    trends = [*means, *designs.trends]
    adjusted = holm(np.array([trend.p_value for trend in trends]))
    trends = [replace(t, p_adjusted=float(p)) for t, p in zip(trends, adjusted, strict=True)]
    return SizeInteraction(
        designs=replace(designs, trends=tuple(trends[len(means) :])),
        classes=tuple(trends[: len(means)]),
        members=members,
        num_comparisons=len(trends),
        detectable_trend=_detectable(designs, len(trends)),
    )


def _mean(name: str, trends: Sequence[SizeTrend]) -> SizeTrend:
    df = min(trend.degrees_of_freedom for trend in trends)
    value = float(np.mean([trend.per_tenfold for trend in trends]))
    error = float(np.mean([_error(trend) for trend in trends]))
    width = float(stdtrit(df, 1 - TAIL)) * error
    p_value = float(2 * stdtr(df, -abs(value) / error)) if error > 0 else float(value == 0)
    return SizeTrend(
        first=name,
        second=trends[0].second,
        per_tenfold=value,
        low=value - width,
        high=value + width,
        degrees_of_freedom=df,
        p_value=p_value,
        p_adjusted=p_value,
        differences=tuple(
            SizeDifference(
                num_train=at_size[0].num_train,
                difference=float(np.mean([d.difference for d in at_size])),
                low=float(np.mean([d.low for d in at_size])),
                high=float(np.mean([d.high for d in at_size])),
            )
            for at_size in zip(*(trend.differences for trend in trends), strict=True)
        ),
    )


def _error(trend: SizeTrend) -> float:
    """Return the standard error behind an interval, at least that of the p value."""
    return (trend.high - trend.low) / 2 / float(stdtrit(trend.degrees_of_freedom, 1 - TAIL))


def _detectable(designs: SizeStudy, num_comparisons: int) -> float | None:
    if designs.detectable_trend is None or not designs.trends:
        return None
    reaches = [
        detectable_effect(
            Effect(t.per_tenfold, t.low, t.high, t.degrees_of_freedom, t.p_value),
            num_comparisons=num_comparisons,
        )
        for t in designs.trends
    ]
    return float(np.quantile(reaches, 0.75))

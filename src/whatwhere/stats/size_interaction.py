"""Designs and classes of designs over training sizes, against one control, corrected together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from whatwhere.stats.contrasts import Effect, detectable_effect, of_families
from whatwhere.stats.decide import holm
from whatwhere.stats.sizes import SizeStudy, SizeTrend, size_study
from whatwhere.stats.table import ItemTable

# A class of one is its only design, which is tested already.
MIN_MEMBERS = 2


@dataclass(frozen=True)
class SizeInteraction:
    """How the differences from a control change with the number of training images.

    Args:
        designs: The study of the single designs; p values are corrected for all comparisons here.
        classes: The study of the means of classes, likewise; None where no class has two members.
        members: Designs by class, of the classes that were tested.
        num_comparisons: Designs and classes together, which the p values are corrected for.
        detectable_trend: Smallest change per tenfold that would be found with 80 % power after
            this correction; None where nothing would.
    """

    designs: SizeStudy
    classes: SizeStudy | None
    members: Mapping[str, tuple[str, ...]]
    num_comparisons: int
    detectable_trend: float | None

    @property
    def trends(self) -> tuple[SizeTrend, ...]:
        """All that were tested, classes first."""
        return (*(self.classes.trends if self.classes else ()), *self.designs.trends)


def size_interaction(
    tables: Mapping[int, ItemTable], *, classes: Mapping[str, Sequence[str]], control: str
) -> SizeInteraction:
    """Test for every design and every class whether its lead over a control changes with size.

    The mean of a class is steadier than any of its members, so it shows smaller changes. Holm's
    rule is applied to the p values of designs and classes together, so that the chance of any
    false one among all of them stays at most .05.

    Args:
        tables: By number of training images, as for `size_study`.
        classes: Designs by class; those that some size lacks, or that have fewer runs than
            others of their class, are left out.
        control: Name of the control in the tables.

    Returns:
        Both studies.

    Raises:
        UsageError: If sizes are too few, or the tables do not fit together.
        UnknownNameError: If the control is not at every size.

    Source:
        Holm (1979) holds whatever the dependence between tests; the slope is that of `size_study`.
    """
    designs = size_study(tables, control=control)
    members = {name: _kept(tables, of_class) for name, of_class in classes.items()}
    members = {name: kept for name, kept in members.items() if len(kept) >= MIN_MEMBERS}
    by_class = None
    if members:
        families = {**members, control: (control,)}
        by_class = size_study(
            {size: of_families(table, families) for size, table in tables.items()}, control=control
        )
    num_comparisons = designs.num_comparisons + (by_class.num_comparisons if by_class else 0)
    p_values = [t.p_value for study in (designs, by_class) if study for t in study.trends]
    adjusted = holm(np.array(p_values))
    split = len(designs.trends)
    return SizeInteraction(
        designs=_corrected(designs, adjusted[:split]),
        classes=_corrected(by_class, adjusted[split:]) if by_class else None,
        members=members,
        num_comparisons=num_comparisons,
        detectable_trend=_detectable(designs, num_comparisons),
    )


def _kept(tables: Mapping[int, ItemTable], names: Sequence[str]) -> tuple[str, ...]:
    """Return the members that every size has, with as many runs as any of them."""
    there = [name for name in names if all(name in t.methods for t in tables.values())]
    num_runs = {name: min(_num_runs(table, name) for table in tables.values()) for name in there}
    return tuple(name for name in there if num_runs[name] == max(num_runs.values()))


def _num_runs(table: ItemTable, name: str) -> int:
    return len(table.values[table.methods.index(name)])


def _corrected(study: SizeStudy, adjusted: np.ndarray) -> SizeStudy:
    trends = zip(study.trends, adjusted, strict=True)
    return replace(study, trends=tuple(replace(t, p_adjusted=float(p)) for t, p in trends))


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

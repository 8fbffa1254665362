"""One data set at several training sizes: what changes with size, as plain data."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from whatwhere.report.cells.cell import NO_ATTENTION, Cell, Row
from whatwhere.report.cells.claims import SIGNIFICANCE_LEVEL, spoken
from whatwhere.report.scale import words
from whatwhere.report.scale.rules import size_rules
from whatwhere.report.scale.tables import (
    can_claim,
    has_attention,
    same_images,
    shared_seeds,
    table_of,
)
from whatwhere.stats.comparison import compare
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS
from whatwhere.stats.hypotheses.size_interaction import SizeInteraction, size_interaction
from whatwhere.stats.hypotheses.sizes import SizeTrend
from whatwhere.stats.table import ItemTable


def tell_size_study(cells: Sequence[Cell]) -> dict[str, Any]:
    """Tell what the sizes of one data set show together.

    Args:
        cells: One data set at two sizes or more, ascending, each with a finished trial.

    Returns:
        Sentences and numbers; differences and slopes are shares of one, slopes per tenfold.
    """
    comparable = same_images(cells)
    seeds = shared_seeds(cells) if comparable else {}
    base = cells[0].row(NO_ATTENTION) if NO_ATTENTION in seeds else None
    told: dict[str, Any] = {
        "dataset": cells[0].dataset,
        "title": cells[0].title,
        "metric": cells[0].metric,
        "sizes": [cell.size for cell in cells],
        "classes": _families(cells[0], seeds),
        "control": spoken(base) if base else None,
        "num_items": len(cells[0].test_index) if cells[0].test_index is not None else 0,
        "left_out": _left_out(cells, seeds),
        "rules": size_rules(cells) if comparable and has_attention(cells) else None,
    }
    if base is None or len(seeds) < 2:
        why = words.no_size_study if comparable else words.other_images
        return {**told, **_nothing(), "sentence": why(cells[0].title)}
    tables = {cell.size: table for cell in cells if (table := table_of(cell, seeds)) is not None}
    found = size_interaction(tables, classes=_classes(cells[0], seeds), control=NO_ATTENTION)
    trends = _trends(cells[0], found, seeds)
    told |= {
        "num_comparisons": found.num_comparisons,
        "detectable_trend": found.detectable_trend,
        "trends": trends,
        "levels": _levels(tables, _classes(cells[0], seeds)),
    }
    return {**told, "sentence": _sentence(cells[0], found, trends, seeds)}


def _nothing() -> dict[str, Any]:
    return {"num_comparisons": 0, "detectable_trend": None, "trends": [], "levels": []}


def _left_out(cells: Sequence[Cell], seeds: Mapping[str, object]) -> list[str]:
    labels = {row.design.name: row.design.label for cell in cells for row in cell.rows}
    return [label for name, label in labels.items() if name not in seeds]


def _families(cell: Cell, seeds: Mapping[str, object]) -> list[str]:
    rows = [row for row in cell.rows if row.design.name in seeds]
    return list(dict.fromkeys(r.design.family for r in rows if r.design.name != NO_ATTENTION))


def _judged(cell: Cell, seeds: Mapping[str, object]) -> list[Row]:
    """Return the rows that are no controls and not the plain backbone."""
    return [
        row
        for row in cell.rows
        if row.design.name in seeds
        and row.design.name != NO_ATTENTION
        and row.design.kind != "control"
    ]


def _classes(cell: Cell, seeds: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    classes: dict[str, tuple[str, ...]] = {}
    for row in _judged(cell, seeds):
        if row.design.is_network:
            continue  # whole networks are no class of designs
        family = row.design.family
        classes[family] = (*classes.get(family, ()), row.design.name)
    return classes


def _trends(
    cell: Cell, found: SizeInteraction, seeds: Mapping[str, tuple[int, ...]]
) -> list[dict[str, Any]]:
    classes = [
        _trend(
            trend,
            kind="class",
            label=words.class_label(trend.first, len(found.members[trend.first])),
            family=trend.first,
            num_seeds=min(len(seeds[name]) for name in (*found.members[trend.first], NO_ATTENTION)),
        )
        for trend in found.classes
    ]
    designs = [
        _trend(
            trend,
            kind="design",
            label=spoken(row),
            family=row.design.family,
            num_seeds=min(len(seeds[trend.first]), len(seeds[NO_ATTENTION])),
        )
        for trend in sorted(found.designs.trends, key=lambda t: -t.per_tenfold)
        if (row := cell.row(trend.first))
    ]
    return sorted(classes, key=lambda t: -t["per_tenfold"]) + designs


def _trend(
    trend: SizeTrend, *, kind: str, label: str, family: str, num_seeds: int
) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": trend.first,
        "label": label,
        "family": family,
        "num_seeds": num_seeds,
        "per_tenfold": trend.per_tenfold,
        "low": trend.low,
        "high": trend.high,
        "p_value": trend.p_value,
        "p_adjusted": trend.p_adjusted,
        "significant": (
            trend.p_adjusted < SIGNIFICANCE_LEVEL and num_seeds >= MIN_SEEDS_FOR_CLAIMS
        ),
        "differences": [
            {"size": d.num_train, "difference": d.difference, "low": d.low, "high": d.high}
            for d in trend.differences
        ],
    }


def _levels(
    tables: Mapping[int, ItemTable], classes: Mapping[str, tuple[str, ...]]
) -> list[dict[str, Any]]:
    """Return mean and interval of the plain backbone and of every class at every size.

    Of a class both are means over its members, so that the interval is wide enough however much
    the members are lucky together.
    """
    groups = {NO_ATTENTION: (NO_ATTENTION,), **classes}
    levels = []
    for size, table in tables.items():
        summaries = {summary.name: summary for summary in compare(table).summaries}
        for family, members in groups.items():
            own = [summaries[name] for name in members]
            levels.append(
                {
                    "size": size,
                    "family": family,
                    "is_control": family == NO_ATTENTION,
                    "mean": fmean(summary.mean for summary in own),
                    "low": fmean(summary.low for summary in own),
                    "high": fmean(summary.high for summary in own),
                }
            )
    return levels


def _sentence(
    cell: Cell,
    found: SizeInteraction,
    trends: Sequence[Mapping[str, Any]],
    seeds: Mapping[str, tuple[int, ...]],
) -> str:
    base = spoken(cell.row(NO_ATTENTION))
    if not can_claim(seeds):
        return words.size_screening(cell.title, num_seeds=max(map(len, seeds.values())))
    shown = [trend for trend in trends if trend["significant"]]
    if shown:
        return words.size_matters(cell.title, shown, base=base, num_tested=found.num_comparisons)
    return words.size_not_shown(
        cell.title,
        trends,
        base=base,
        num_tested=found.num_comparisons,
        detectable=found.detectable_trend,
    )

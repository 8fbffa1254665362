"""Several data sets together, as plain data: what may be printed of so many, and what may not."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from whatwhere.report.cells.cell import NO_ATTENTION, Cell
from whatwhere.report.cells.claims import SIGNIFICANCE_LEVEL, spoken
from whatwhere.report.scale import set_words
from whatwhere.report.scale.guideline import tell_guideline
from whatwhere.report.scale.labels import COARSE
from whatwhere.report.scale.tables import can_claim, has_attention, shared_seeds, table_of
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS, holm
from whatwhere.stats.several.across import (
    MIN_DATA_SETS,
    AcrossDataSets,
    PairAcross,
    across_data_sets,
)
from whatwhere.stats.several.data_sets import gather
from whatwhere.stats.table import ItemTable

QUANTITIES = tuple(MIN_DATA_SETS)


def chosen_cells(cells: Sequence[Cell]) -> list[Cell]:
    """Choose one cell of each data set: its largest size.

    Args:
        cells: All cells of a run.

    Returns:
        The cells that have a finished trial; images that are there with fine labels are not
        counted a second time with coarse ones.
    """
    largest: dict[str, Cell] = {}
    for cell in cells:
        known = largest.get(cell.dataset)
        if cell.comparison is not None and (known is None or known.size < cell.size):
            largest[cell.dataset] = cell
    return [
        cell
        for name, cell in largest.items()
        if not (name.endswith(COARSE) and name.removesuffix(COARSE) in largest)
    ]


def tell_data_sets(cells: Sequence[Cell]) -> dict[str, Any] | None:
    """Tell what several data sets show together.

    Args:
        cells: One per data set, from `chosen_cells`.

    Returns:
        Sentences and numbers; None with fewer than two data sets, or where they share no attention
        and one design more.
    """
    tables = {
        cell.dataset: table
        for cell in cells
        if (table := table_of(cell, shared_seeds([cell]))) is not None
    }
    common = [m for m in _methods(tables) if all(m in t.methods for t in tables.values())]
    if len(tables) < 2 or NO_ATTENTION not in common or len(common) < 2:
        return None
    found = across_data_sets(tables, control=NO_ATTENTION)
    claims = all(can_claim(shared_seeds([cell])) for cell in cells)
    rows = {row.design.name: row for cell in cells for row in cell.rows}
    told = {
        "data_sets": [
            {"dataset": cell.dataset, "title": cell.title, "size": cell.size} for cell in cells
        ],
        "metric": cells[0].metric,
        "margin": found.margin,
        "control": spoken(rows[NO_ATTENTION]),
        "left_out": [rows[name].design.label for name in found.left_out],
        "claims": claims,
        "designs": _designs(found, cells),
        "pairs": _pairs(found, tables, rows, claimed=_claimed(cells) if claims else set()),
        "friedman": asdict(found.friedman) if found.friedman else None,
        "diagram": asdict(found.critical_difference) if found.critical_difference else None,
        "gates": _gates(len(cells), len(common)),
        # The first is the heading's, and the last is told with labels in "left_out".
        "notes": list(found.notes[1 : -1 if found.left_out else None]),
        "guideline": tell_guideline(cells, claims=claims) if has_attention(cells) else None,
        "records": _records(found, tables),
    }
    return {**told, "sentence": set_words.across(told)}


def _methods(tables: dict[str, ItemTable]) -> tuple[str, ...]:
    return next(iter(tables.values())).methods if tables else ()


def _designs(found: AcrossDataSets, cells: Sequence[Cell]) -> list[dict[str, Any]]:
    rows = {row.design.name: row for cell in cells for row in cell.rows}
    return [
        {
            **asdict(summary),
            "label": rows[summary.name].design.label,
            "family": rows[summary.name].design.family,
            "means": [_summary(cell, summary.name).mean for cell in cells],
            "may_be_best": [_summary(cell, summary.name).may_be_best for cell in cells],
        }
        for summary in found.summaries
    ]


def _summary(cell: Cell, name: str) -> Any:
    return next(summary for summary in cell.compared.summaries if summary.name == name)


def _claimed(cells: Sequence[Cell]) -> set[str]:
    """Return the designs with enough seeds for a claim on every data set."""
    enough = [
        {name for name, own in shared_seeds([cell]).items() if len(own) >= MIN_SEEDS_FOR_CLAIMS}
        for cell in cells
    ]
    return set.intersection(*enough)


def _pairs(
    found: AcrossDataSets,
    tables: dict[str, ItemTable],
    rows: dict[str, Any],
    *,
    claimed: set[str],
) -> list[dict[str, Any]]:
    """Return every design against the control, highest mean difference first."""
    pooled = [pair.pooled.p_value for pair in found.pairs if pair.pooled]
    adjusted = iter(holm(np.array(pooled)) if pooled else ())
    counts = _counts(tables)
    told = []
    for pair in found.pairs:
        p_adjusted = float(next(adjusted)) if pair.pooled else None
        counted = counts[pair.first, pair.second]
        told.append(_pair(pair, rows, counted, p_adjusted, claimed=pair.first in claimed))
    return sorted(told, key=lambda pair: -pair["mean_difference"])


def _pair(
    pair: PairAcross,
    rows: dict[str, Any],
    counts: tuple[int, int, int],
    p_adjusted: float | None,
    *,
    claimed: bool,
) -> dict[str, Any]:
    return {
        **asdict(pair),
        "withheld": dict(pair.withheld),
        "wins": counts[0],
        "ties": counts[1],
        "losses": counts[2],
        "label": rows[pair.first].design.label,
        "spoken": spoken(rows[pair.first]),
        "family": rows[pair.first].design.family,
        "pooled_p_adjusted": p_adjusted,
        "claimed": claimed,
        "significant": (claimed and p_adjusted is not None and p_adjusted < SIGNIFICANCE_LEVEL),
    }


def _counts(tables: dict[str, ItemTable]) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Count wins, ties and losses, each corrected over all pairs of its data set."""
    sets = gather(tables, control=None)
    better = sets.better.sum(axis=0)
    return {
        (one, other): (
            int(better[i, j]),
            len(tables) - int(better[i, j]) - int(better[j, i]),
            int(better[j, i]),
        )
        for i, one in enumerate(sets.methods)
        for j, other in enumerate(sets.methods)
        if i != j
    }


def _records(found: AcrossDataSets, tables: dict[str, ItemTable]) -> list[list[list[int] | None]]:
    """Return the matrix of wins, ties and losses, in the order of the designs."""
    counts = _counts(tables)
    names = [summary.name for summary in found.summaries]
    return [
        [None if one == other else list(counts[one, other]) for other in names] for one in names
    ]


def _gates(num_sets: int, num_designs: int) -> list[dict[str, Any]]:
    """Say of every quantity how many data sets it takes, and whether it is printed."""
    reasons = {
        name: set_words.gate(
            name, needs=MIN_DATA_SETS[name], num_sets=num_sets, num_designs=num_designs
        )
        for name in QUANTITIES
    }
    return [
        {"quantity": n, "needs": MIN_DATA_SETS[n], "printed": not reason, "sentence": reason}
        for n, reason in reasons.items()
    ]

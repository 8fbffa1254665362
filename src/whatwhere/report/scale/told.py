"""All that the cells of a run say together, as plain data for the summary, the page, a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from whatwhere.report.cells.cell import NO_ATTENTION, Cell
from whatwhere.report.scale.gradients import tell_gradients
from whatwhere.report.scale.labels import label_pairs, tell_label_rule
from whatwhere.report.scale.sets import chosen_cells, tell_data_sets
from whatwhere.report.scale.sizes import tell_size_study
from whatwhere.report.scale.tables import has_attention


def tell_together(cells: Sequence[Cell]) -> dict[str, Any]:
    """Tell what several cells show together, where they were run for it.

    Args:
        cells: All cells of a run.

    Returns:
        "sizes", a list with one entry per data set at several sizes; "labels", one per pair of
        fine and coarse labels; "data_sets" and "gradients", an entry or None.
    """
    chosen = chosen_cells(cells)
    return {
        "sizes": [tell_size_study(own) for own in _several_sizes(cells)],
        "labels": [tell_label_rule(fine, coarse) for fine, coarse in label_pairs(cells)],
        "data_sets": tell_data_sets(chosen),
        "gradients": tell_gradients(chosen),
    }


def sentences(told: Mapping[str, Any]) -> list[str]:
    """Return the first sentence of each part, in the order of the page.

    Args:
        told: From `tell_together`.

    Returns:
        The sentences.
    """
    parts = []
    for study in told["sizes"]:
        parts += [study["sentence"], *([study["rules"]["sentence"]] if study["rules"] else [])]
    parts += [rule["sentence"] for rule in told["labels"]]
    if told["data_sets"]:
        together = told["data_sets"]
        parts += [entry["sentence"] for entry in (together, together["guideline"]) if entry]
    if told["gradients"]:
        parts.append(told["gradients"]["sentence"])
    return parts


def _several_sizes(cells: Sequence[Cell]) -> list[list[Cell]]:
    by_set: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.comparison is not None:
            by_set.setdefault(cell.dataset, []).append(cell)
    studies = [sorted(own, key=lambda cell: cell.size) for own in by_set.values()]
    return [own for own in studies if len(own) > 1 and _compares(own)]


def _compares(cells: Sequence[Cell]) -> bool:
    """Say whether rows were meant to be compared with the plain backbone."""
    designs = [row.design for row in cells[0].rows]
    networks = any(design.is_network for design in designs)
    plain = any(design.name == NO_ATTENTION for design in designs)
    return has_attention(cells) or (networks and plain)

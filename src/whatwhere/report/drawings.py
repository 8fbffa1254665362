"""From a cell and its summary to the figures of its section."""

from typing import Any

import numpy as np

from whatwhere.report.cells.cell import NO_ATTENTION, Cell, Row
from whatwhere.report.cells.claims import spoken
from whatwhere.report.figures.costs import Priced, draw_costs
from whatwhere.report.figures.curves import Curve, draw_curves, merge_seeds
from whatwhere.report.figures.forest import Effect, draw_forest
from whatwhere.report.figures.gain import Gained, draw_gain, rank_correlation
from whatwhere.report.figures.style import MUTED, family_styles
from whatwhere.report.numbers import is_number
from whatwhere.report.words.wording import metric_name

COST_PANELS = (
    ("parameters", "parameters", 1.0),
    ("macs", "multiply-adds of one image", 1.0),
    ("inference_ms", "inference, milliseconds", 1.0),
    ("peak_bytes", "peak memory in training, MiB", 2.0**20),
)
_MOST_GAINED = 3  # designs needed before a gain figure says anything


def forest_figure(cell: Cell, entry: dict[str, Any], *, name: str) -> str:
    """Draw the paired differences from no attention; empty where there are none.

    Args:
        cell: The cell.
        entry: The cell in the summary.
        name: Unique on the page.

    Returns:
        An SVG, or an empty text.
    """
    rows = [row for row in entry["leaderboard"] if row["from_none"]]
    if not rows:
        return ""
    control, metric = spoken(cell.row(NO_ATTENTION)), metric_name(cell.metric)
    effects = [
        Effect(
            label=row["label"],
            family=row["family"],
            value=row["from_none"]["difference"],
            low=row["from_none"]["low"],
            high=row["from_none"]["high"],
            filled=row["from_none"]["significant"],
            bold=row["may_be_best"],
        )
        for row in rows
    ]
    return draw_forest(
        effects,
        name=name,
        title=f"Difference in {metric} of each row from {control}, with 95 % intervals",
        axis=f"points of {metric} more than {control}",
    )


def cost_figures(cell: Cell, entry: dict[str, Any], *, name: str) -> list[str]:
    """Draw the metric against each cost; empty where nothing finished or was measured.

    Args:
        cell: The cell.
        entry: The cell in the summary.
        name: Unique on the page.

    Returns:
        An SVG for each cost that was measured.
    """
    rows = [row for row in entry["leaderboard"] if row["mean"] is not None]
    if not rows:
        return []
    widths = [
        (row["high"] - row["low"]) / 2
        for row in rows
        if is_number(row["low"]) and is_number(row["high"])
    ]
    first = {*entry["recommended"][:1], NO_ATTENTION}
    designs = [
        Priced(
            row["label"],
            row["family"],
            row["mean"],
            row["cost"],
            row["may_be_best"],
            row["design"] in first,
        )
        for row in rows
    ]
    return draw_costs(
        designs,
        name=name,
        metric=metric_name(cell.metric),
        half_width=float(np.median(widths)) if widths else None,
        panels=COST_PANELS,
    )


def curve_figures(cell: Cell, entry: dict[str, Any], *, name: str) -> list[str]:
    """Draw the validation curves of each family; empty where none was kept.

    Args:
        cell: The cell.
        entry: The cell in the summary.
        name: Unique on the page.

    Returns:
        An SVG per family.
    """
    bold = {row["design"] for row in entry["leaderboard"] if row["may_be_best"]}
    curves = [
        Curve(
            row.design.label,
            row.design.family,
            *merge_seeds(parts),
            bold=row.design.name in bold,
            reference=row.design.name == NO_ATTENTION,
        )
        for row in cell.rows
        if (parts := _validation_curves(row))
    ]
    return draw_curves(curves, name=name) if curves else []


def gain_figure(cell: Cell, entry: dict[str, Any], *, name: str) -> tuple[str, float | None]:
    """Draw stem gradient against initial gain, and return the rank correlation with it.

    Args:
        cell: The cell.
        entry: The cell in the summary.
        name: Unique on the page.

    Returns:
        The SVG, empty with fewer than three designs, and the correlation or None.
    """
    bold = {row["design"] for row in entry["leaderboard"] if row["may_be_best"]}
    designs = [
        Gained(row.design.label, row.design.family, gain, gradient, row.design.name in bold)
        for row in cell.rows
        if (gain := row.cost["initial_gain"])
        and gain > 0
        and (gradient := _first_gradient(row))
        and gradient > 0
    ]
    if len(designs) < _MOST_GAINED:
        return "", None
    correlation = rank_correlation([d.gain for d in designs], [d.gradient for d in designs])
    return draw_gain(designs, name=name), correlation


def family_legend(cell: Cell) -> list[tuple[str, str]]:
    """Return the cell's families with their colours, in catalogue order.

    Args:
        cell: The cell.

    Returns:
        Family and colour.
    """
    screened = cell.screening.rows if cell.screening else ()
    families = list(dict.fromkeys(row.design.family for row in (*cell.rows, *screened)))
    styles = family_styles(families)
    return [(family, styles.get(family, (MUTED, ""))[0]) for family in families]


def _validation_curves(row: Row) -> list[tuple[np.ndarray, np.ndarray]]:
    curves = [outcome.curve for outcome in row.finished]
    pairs = [(c["step"], c["validation_accuracy"]) for c in curves if "validation_accuracy" in c]
    known = [(step[np.isfinite(value)], value[np.isfinite(value)]) for step, value in pairs]
    return [(step, value) for step, value in known if len(step)]


def _first_gradient(row: Row) -> float | None:
    """Return the mean over seeds of the stem's gradient norm in the first epoch."""
    norms = [
        float(outcome.curve["stem_gradient_norm"][0])
        for outcome in row.finished
        if len(outcome.curve.get("stem_gradient_norm", ()))
    ]
    known = [norm for norm in norms if np.isfinite(norm)]
    return float(np.mean(known)) if known else None

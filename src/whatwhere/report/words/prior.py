"""What published rules would have said for a data set of this size: a prior, no evidence."""

from collections.abc import Sequence

from whatwhere.report.cells.cell import Cell, Row
from whatwhere.report.cells.claims import is_compared
from whatwhere.stats.hypotheses.published_rules import PUBLISHED_ORDER_RULE, PUBLISHED_SIZE_RULES

_SOURCE = "Liu and Jiang, arXiv 2601.07310"


def prior_sentence(cell: Cell) -> str:
    """Say which designs published rules favour here, and how those stand.

    Args:
        cell: The cell.

    Returns:
        A few sentences; empty where no attention was compared.
    """
    if not any(row.design.is_attention for row in _all_rows(cell)):
        return ""
    rule = next(rule for rule in PUBLISHED_SIZE_RULES if rule.holds_at(cell.size))
    return (
        f"Published rules ({_SOURCE}; a prior, no evidence on these images) would choose, for"
        f" {cell.size:,} training images, {_standing(cell, rule.first)}, and for fine-grained"
        f" classes {_standing(cell, PUBLISHED_ORDER_RULE.first)}."
    )


def _standing(cell: Cell, names: Sequence[str]) -> str:
    return " or ".join(f"{name} ({_stands(cell, name)})" for name in names)


def _stands(cell: Cell, name: str) -> str:
    rows = {row.design.name: row for row in cell.rows}
    if name in rows and not rows[name].finished:
        return "has no finished run here"
    if name in rows and is_compared(cell):
        return "may be best here" if name in cell.compared.may_be_best else "behind here"
    if name in rows:
        return "no claim here"
    fate = cell.screening.fates.get(name) if cell.screening else None
    return f"screened: {fate}" if fate else "not compared"


def _all_rows(cell: Cell) -> tuple[Row, ...]:
    return (*cell.rows, *(cell.screening.rows if cell.screening else ()))

"""What a cell may claim, and how sentences call its rows."""

from whatwhere.report.cells.cell import Cell, Row
from whatwhere.report.numbers import is_number
from whatwhere.stats.comparison import Pair
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS

SIGNIFICANCE_LEVEL = 0.05
MAX_LEAKED_SHARE = 0.01


def spoken(row: Row) -> str:
    """Return how sentences call a row: its label, and a control or a whole network as such.

    Args:
        row: The design's row.

    Returns:
        The words.
    """
    label = row.design.label
    if row.design.is_network:
        return f"the network {label}"
    return f"the control {label}" if row.design.kind == "control" else label


def is_compared(cell: Cell) -> bool:
    """Say whether the cell may claim anything: two designs with three finished seeds at least.

    Nothing is claimed either where rows had unequal budgets, or where more test images than
    MAX_LEAKED_SHARE were trained on. One design with fewer seeds, because its other runs failed,
    takes nothing from the others: nothing is claimed of it alone.

    Args:
        cell: The cell.

    Returns:
        Whether it may.
    """
    summaries = cell.comparison.summaries if cell.comparison else ()
    enough = sum(summary.num_seeds >= MIN_SEEDS_FOR_CLAIMS for summary in summaries) > 1
    return enough and not is_leaked(cell) and not is_unequal(cell)


def is_leaked(cell: Cell) -> bool:
    """Say whether too many test images are, pixel for pixel, among those trained on.

    Args:
        cell: The cell.

    Returns:
        Whether they are.
    """
    num_items = cell.comparison.num_items if cell.comparison else 0
    return cell.num_leaked > MAX_LEAKED_SHARE * num_items > 0


def is_unequal(cell: Cell) -> bool:
    """Say whether finished trials had different steps or another recipe.

    Args:
        cell: The cell.

    Returns:
        Whether they had.
    """
    finished = [outcome.record for row in cell.rows for outcome in row.finished]
    return len({(record.get("steps"), record.get("recipe_hash")) for record in finished}) > 1


def is_significant(pair: Pair) -> bool:
    """Say whether a difference holds after the correction for all comparisons.

    Args:
        pair: The two designs.

    Returns:
        Whether it does.
    """
    return is_number(pair.p_adjusted) and pair.p_adjusted < SIGNIFICANCE_LEVEL

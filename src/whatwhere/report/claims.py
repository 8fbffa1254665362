"""What a cell may claim, and how sentences call its rows."""

from whatwhere.report.cell import Cell, Row
from whatwhere.report.numbers import is_number
from whatwhere.stats.comparison import Pair
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS

SIGNIFICANCE_LEVEL = 0.05


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

    One design with fewer, because its other runs failed, takes nothing from the others: nothing
    is claimed of it alone.

    Args:
        cell: The cell.

    Returns:
        Whether it may.
    """
    summaries = cell.comparison.summaries if cell.comparison else ()
    return sum(summary.num_seeds >= MIN_SEEDS_FOR_CLAIMS for summary in summaries) > 1


def is_significant(pair: Pair) -> bool:
    """Say whether a difference holds after the correction for all comparisons.

    Args:
        pair: The two designs.

    Returns:
        Whether it does.
    """
    return is_number(pair.p_adjusted) and pair.p_adjusted < SIGNIFICANCE_LEVEL

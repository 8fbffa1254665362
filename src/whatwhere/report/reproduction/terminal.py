"""A reproduction for a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from whatwhere.report.reproduction.lines import Line, verdict_lines, yardstick_lines
from whatwhere.report.reproduction.verdicts import IMPOSSIBLE
from whatwhere.report.reproduction.written import point_cells
from whatwhere.report.text import visible


def print_reproduction(told: dict[str, Any], console: Console) -> None:
    """Print reported against measured, what a sweep says, and what is doubtful.

    Args:
        told: From `tell`.
        console: Where to print.
    """
    console.print()
    if told["status"]:
        console.print(Text(visible(told["status"]), style="bold"))
    if told["verdicts"]:
        console.print(_verdicts(verdict_lines(told)))
    if told["yardsticks"]:
        console.print(_yardsticks(yardstick_lines(told)))
    console.print(_points(told))
    for result in told["sweeps"]:
        for sentence in result["sentences"]:
            console.print(Text(visible(sentence)))
    for flaw in told["flaws"]:
        word = "impossible as printed" if flaw["impossible"] else "doubtful"
        console.print(Text(visible(f"{word}: {flaw['row']}: {flaw['sentence']}")))
    for text in told["contradictions"]:
        console.print(Text(visible(f"contradiction or doubt: {text}")))
    console.print()
    console.print(Text(visible(told["headline"]), style="bold"))


def _verdicts(lines: list[Line]) -> Table:
    table = _table("row", "metric", "reported", "measured [95 %]", "verdict")
    for line in lines:
        cells = (line.row, line.metric, line.reported, line.measured, _verdict(line))
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table


def _verdict(line: Line) -> str:
    """Return a verdict with its reason; what is impossible or doubtful is told below the table."""
    told_here = line.reason and line.verdict != IMPOSSIBLE
    return f"{line.verdict} ({line.reason})" if told_here else line.verdict


def _yardsticks(lines: list[tuple[str, ...]]) -> Table:
    headings = ("yardstick, not of the paper", "metric", "reported", "measured [95 %]")
    table = _table(*headings, "why not comparable")
    for line in lines:
        table.add_row(*(Text(visible(cell)) for cell in (*line[:4], line[-1])))
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place in (2, 3) else "left")
    return table


def _points(told: dict[str, Any]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("measured")
    for heading in ("recipe", "steps", "parameters", "accuracy % [95 %]", "runs"):
        table.add_column(heading, justify="right")
    for point in told["points"]:
        table.add_row(*(Text(visible(cell)) for cell in point_cells(point)))
    return table

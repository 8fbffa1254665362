"""A reproduction for a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from whatwhere.report.reproduction.told import metric_title, printed_label, shown_measured
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
        console.print(_verdicts(told))
    console.print(_points(told))
    for result in told["sweeps"]:
        for sentence in result["sentences"]:
            console.print(Text(visible(sentence)))
    for flaw in told["flaws"]:
        word = "impossible" if flaw["impossible"] else "doubtful"
        console.print(Text(visible(f"{word}: {flaw['row']}: {flaw['sentence']}")))
    for text in told["contradictions"]:
        console.print(Text(visible(f"contradiction or doubt: {text}")))
    console.print()
    console.print(Text(visible(told["headline"]), style="bold"))


def _verdicts(told: dict[str, Any]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("row")
    table.add_column("metric")
    table.add_column("reported", justify="right")
    table.add_column("measured [95 %]", justify="right")
    table.add_column("verdict")
    for verdict in told["verdicts"]:
        cells = (
            printed_label(verdict),
            metric_title(verdict["metric"]),
            verdict["printed"] + (f" ± {verdict['spread']}" if verdict["spread"] else ""),
            shown_measured(verdict),
            verdict["verdict"],
        )
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table


def _points(told: dict[str, Any]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("measured")
    for heading in ("recipe", "steps", "parameters", "accuracy % [95 %]", "runs"):
        table.add_column(heading, justify="right")
    for point in told["points"]:
        table.add_row(*(Text(visible(cell)) for cell in point_cells(point)))
    return table

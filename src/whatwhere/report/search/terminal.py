"""A search for a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from whatwhere.report.search.written import fresh_cells, top_trials, trial_cells
from whatwhere.report.text import visible

_SHOWN = 5


def print_search(told: dict[str, Any], console: Console) -> None:
    """Print the sentences of a search, its fresh runs and its best trials.

    Args:
        told: From `tell`.
        console: Where to print.
    """
    console.print(Text(visible(told["headline"]), style="bold"))
    if told["status"]:
        console.print(Text(visible(told["status"]), style="yellow"))
    for sentence in told["sentences"]:
        console.print(Text(visible(sentence)))
    if told["fresh"]:
        headings = (
            "validation, search",
            "validation, fresh",
            "test, fresh [95 %]",
            "points from default",
            "parameters",
            "multiply-adds",
            "runs",
        )
        console.print(_table("fresh seeds", headings, fresh_cells(told)))
    rows = [trial_cells(trial) for trial in top_trials(told)[:_SHOWN]]
    console.print(_table("trials", ("validation %", "parameters", "seconds"), rows))
    best = told["best"]
    if best is not None:
        console.print(Text(f'best: -d "{best["texts"]["design"]}"'), soft_wrap=True)
        console.print(Text(best["command"]), soft_wrap=True)


def _table(first: str, headings: tuple[str, ...], rows: list[list[str]]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right")
    for cells in rows:
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table

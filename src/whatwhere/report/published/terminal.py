"""A table of published results for a terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from whatwhere.report.published.checked import DOUBTFUL, IMPOSSIBLE, NOT_BOTH
from whatwhere.report.published.shown import PublishedLine, PublishedView
from whatwhere.report.text import shortened, visible

_STYLES = {IMPOSSIBLE: "bold red", NOT_BOTH: "red", DOUBTFUL: "yellow"}
_WIDTH = 26


def print_published(view: PublishedView, console: Console, *, with_ours: bool) -> None:
    """Print what was found, every line, and why numbers are flagged.

    Args:
        view: The table.
        console: Where to print.
        with_ours: Whether a run stands beside it.
    """
    console.print()
    console.print(Text(visible(view.sentence), style="bold"))
    if not view.lines:
        return
    console.print(_table(view, with_ours=with_ours))
    for sentence in dict.fromkeys(_flaws(view)):
        console.print(Text(visible(sentence)))
    for sentence in view.close_calls:
        console.print(Text(visible(sentence)))


def _table(view: PublishedView, *, with_ours: bool) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("paper", "row", "data", "metric"):
        table.add_column(heading)
    table.add_column("published", justify="right")
    table.add_column("check")
    if with_ours:
        table.add_column("ours, 95 %", justify="right")
        table.add_column("beside ours")
    for line in view.lines:
        table.add_row(*_cells(line, with_ours=with_ours), style=_STYLES.get(line.checked.verdict))
    return table


def _cells(line: PublishedLine, *, with_ours: bool) -> list[Text]:
    result = line.checked.result
    texts = [
        shortened(result.paper, width=_WIDTH),
        shortened(result.topology, width=_WIDTH),
        result.dataset,
        result.metric,
        line.value,
        line.checked.verdict,
    ]
    if with_ours:
        texts += [line.our_value, line.remark]
    return [Text(visible(text)) for text in texts]


def _flaws(view: PublishedView) -> list[str]:
    return [
        f"line {line.checked.result.line}, {line.checked.result.topology}: {flaw.sentence}"
        for line in view.lines
        for flaw in line.checked.flaws
        if flaw.metrics[0] == line.checked.result.metric
    ]

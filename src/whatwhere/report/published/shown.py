"""A run's table of published results, as the page and the terminal show it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whatwhere.errors import UsageError
from whatwhere.records import Run, write_atomically
from whatwhere.report.cells.cell import Cell
from whatwhere.report.numbers import large, percent
from whatwhere.report.published.beside import Ours, beside
from whatwhere.report.published.checked import (
    CheckedResult,
    check_results,
    close_calls,
    summary_sentence,
)
from whatwhere.settings.results_table import PublishedResult, read_results
from whatwhere.settings.setting import COSTS

FILE_NAME = "published_results.csv"
_SCORED = {verdict: f"{verdict} our interval" for verdict in ("within", "above", "below")}
_COUNTED = {"within": "as ours", "above": "more than ours", "below": "less than ours"}


@dataclass(frozen=True)
class PublishedLine:
    """One published number as it is shown.

    Args:
        checked: The number and what was found.
        ours: What the run measured of it.
        value: As printed, with its spread.
        our_value: Ours with its interval; a dash where there is none.
        remark: How both lie, or why nothing is said; may be empty.
    """

    checked: CheckedResult
    ours: Ours
    value: str
    our_value: str
    remark: str


@dataclass(frozen=True)
class PublishedView:
    """The whole table as it is shown.

    Args:
        sentence: What was found.
        close_calls: Leads that the test images can hardly show.
        lines: The numbers, in their order.
    """

    sentence: str
    close_calls: tuple[str, ...]
    lines: tuple[PublishedLine, ...]


def view_file(path: Path, cells: tuple[Cell, ...] = ()) -> PublishedView:
    """Read a table of published results and prepare it.

    Args:
        path: The CSV file.
        cells: Of the run whose figures stand beside it; none for the table alone.

    Returns:
        The view.

    Raises:
        UsageError: If the file cannot be read or a line is wrong.
    """
    results = read_results(path)
    checked = check_results(results)
    lines = [_line(item, beside(item, cells) if cells else Ours()) for item in checked]
    return PublishedView(summary_sentence(checked), tuple(close_calls(results)), tuple(lines))


def view_of_run(folder: Path, cells: tuple[Cell, ...]) -> PublishedView | None:
    """Prepare the table that lies in a run's folder.

    A table that cannot be read costs no report: the view then says why.

    Args:
        folder: The run's folder.
        cells: Its cells.

    Returns:
        The view; None where the run has no such table.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        return view_file(path, cells)
    except UsageError as error:
        return PublishedView(f"Published results are not shown: {error}.", (), ())


def keep(path: Path, folder: Path) -> None:
    """Put a table of published results into a run's folder, for this and every later report.

    Args:
        path: The CSV file.
        folder: The run's folder.

    Raises:
        UsageError: If the file cannot be read, a line is wrong, or the folder holds no run.
    """
    read_results(path)
    Run.read(folder)
    write_atomically(folder / FILE_NAME, path.read_bytes())


def facts_of(view: PublishedView) -> dict[str, Any]:
    """Return the view as plain values, for JSON."""
    return {
        "sentence": view.sentence,
        "close_calls": list(view.close_calls),
        "lines": [_facts(line) for line in view.lines],
    }


def _facts(line: PublishedLine) -> dict[str, Any]:
    result, ours = line.checked.result, line.ours
    return {
        "line": result.line,
        "paper": result.paper,
        "topology": result.topology,
        "dataset": result.dataset,
        "metric": result.metric,
        "printed": result.value.text,
        "value": result.value.value,
        "check": line.checked.verdict,
        "flaws": [flaw.sentence for flaw in line.checked.flaws],
        "ours": ours.value,
        "low": ours.low,
        "high": ours.high,
        "verdict": ours.verdict,
        "remark": line.remark,
    }


def _line(checked: CheckedResult, ours: Ours) -> PublishedLine:
    result = checked.result
    spread = f" ± {result.spread.text}" if result.spread else ""
    words = _COUNTED if result.metric in COSTS else _SCORED
    remark = words.get(ours.verdict, ours.reason)
    return PublishedLine(
        checked, ours, result.value.text + spread, _our_value(result, ours), remark
    )


def _our_value(result: PublishedResult, ours: Ours) -> str:
    if result.metric in COSTS:
        return large(ours.value)
    text = percent(ours.value, decimals=1)
    if ours.low is None or ours.high is None:
        return text if ours.value is None else f"{text} %"
    low, high = (percent(bound, decimals=1) for bound in (ours.low, ours.high))
    return f"{text} % ({low} to {high})"

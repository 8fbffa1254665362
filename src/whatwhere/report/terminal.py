"""The leaderboard for a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from whatwhere.report.evaluation import (
    Evaluated,
    calibration_sentence,
    headline,
    shown_value,
)
from whatwhere.report.numbers import DASH, count, milliseconds, percent
from whatwhere.report.scale.told import sentences
from whatwhere.report.text import shortened, visible
from whatwhere.report.words.protocol import decimals_of, decimals_of_row, failures_of
from whatwhere.report.words.wording import metric_name

_LABEL_WIDTH = 34


def print_leaderboard(summary: dict[str, Any], console: Console) -> None:
    """Print the leaderboard of every cell and the recommendation in words.

    Args:
        summary: The run's summary.
        console: Where to print.
    """
    for entry in summary["cells"]:
        console.print()
        if entry["leaderboard"]:
            console.print(_table(entry))
        for sentence in cell_sentences(entry):
            console.print(Text(visible(sentence)))
    console.print()
    for sentence in sentences(summary["together"]):
        console.print(Text(visible(sentence)))
    if summary["scope"]:
        console.print(Text(summary["scope"]))
    if summary["screening"]:
        console.print(Text(visible(summary["screening"])))
    console.print(Text(visible(summary["sentence"]), style="bold"))


def cell_sentences(entry: dict[str, Any]) -> list[str]:
    """Return what is said below a leaderboard, in the order in which it should be read.

    Args:
        entry: A cell of the run's summary.

    Returns:
        What could be detected, stages, cautions, what is useful, each row that may be chosen (set
        in by two spaces), what would decide further, and what published rules would choose.
    """
    advice = entry["advice"]
    members = [
        f"  {item['label']}: {item['reason']}" for item in advice["members"] if item["reason"]
    ]
    said = [entry["detectable"], *entry["stages"], *entry["cautions"], entry["useful"], *members]
    return [sentence for sentence in (*said, advice["further"], advice["prior"]) if sentence]


def _table(entry: dict[str, Any]) -> Table:
    table = Table(
        title=Text(visible(entry["title"])),
        title_justify="left",
        box=None,
        header_style="dim",
        pad_edge=False,
    )
    table.add_column("design")
    score = f"{metric_name(entry['metric'])} %"
    for heading in (score, "95 % interval", "parameters", "inference ms", "failed"):
        table.add_column(heading, justify="right")
    table.add_column("letters")
    for row in entry["leaderboard"]:
        table.add_row(*_cells(row, decimals_of(entry)), style="bold" if row["may_be_best"] else "")
    return table


def _cells(row: dict[str, Any], decimals: int) -> list[Text]:
    decimals = decimals_of_row(row, decimals)
    mean, low, high = (percent(row[name], decimals=decimals) for name in ("mean", "low", "high"))
    texts = [
        shortened(row["label"], width=_LABEL_WIDTH),
        mean,
        DASH if row["low"] is None else f"{low} to {high}",
        count(row["cost"]["parameters"]),
        milliseconds(row["cost"]["inference_ms"]),
        failures_of(row),
        row["letters"],
    ]
    return [Text(text) for text in texts]


def evaluation_text(evaluated: Evaluated) -> str:
    """Return what a terminal shows of a model's evaluation.

    Args:
        evaluated: The answers and their scores.

    Returns:
        Lines of text.
    """
    evaluation = evaluated.evaluation
    lines = [headline(evaluated), ""]
    lines += [f"  {score.title}: {shown_value(score)}" for score in evaluation.scores]
    lines += ["", calibration_sentence(evaluation.calibration)]
    if evaluation.temperature and evaluation.calibrated:
        after = 100 * evaluation.calibrated.equal_width.value
        lines.append(
            f"With temperature {evaluation.temperature:.2f}, fitted on the validation images, the"
            f" calibration error is {after:.1f} points."
        )
    lines += [f"caution: {warning}" for warning in evaluated.warnings]
    return "\n".join(visible(line) for line in lines) + "\n"

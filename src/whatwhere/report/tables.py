"""The tables of a run: every trial as CSV, the leaderboard as Markdown and LaTeX."""

import csv
import io
from typing import Any

from whatwhere.report.cells.cell import Cell, Outcome, Row
from whatwhere.report.numbers import count, large, milliseconds, percent
from whatwhere.report.text import csv_cell, latex, markdown, visible
from whatwhere.report.words.protocol import (
    decimals_of,
    decimals_of_row,
    failures_of,
    protocol_sentence,
)
from whatwhere.report.words.wording import metric_name

RESULT_COLUMNS = (
    "design",
    "title",
    "family",
    "dataset",
    "size",
    "seed",
    "state",
    "reason",
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "auc",
    "nll",
    "brier",
    "validation_accuracy",
    "validation_loss",
    "parameters",
    "macs",
    "train_step_ms",
    "inference_ms",
    "peak_bytes",
    "initial_gain",
    "seconds",
    "steps",
    "stage",
)
_COST_COLUMNS = (
    "parameters",
    "macs",
    "train_step_ms",
    "inference_ms",
    "peak_bytes",
    "initial_gain",
)
_HEADINGS = (
    "95 % interval",
    "Seeds",
    "Seed SD",
    "Letters",
    "Parameters",
    "MACs",
    "Inference ms",
    "Failures",
)


def results_csv(cells: tuple[Cell, ...]) -> bytes:
    """Write one row per trial, test scores of finished trials in full precision.

    Of two stages the first has no test scores: only the second is tested.

    Args:
        cells: The cells of a run.

    Returns:
        The CSV as UTF-8; no cell begins a spreadsheet formula.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(RESULT_COLUMNS)
    for cell in cells:
        screened = cell.screening.rows if cell.screening else ()
        for row in (*screened, *cell.rows):
            for outcome in row.outcomes:
                values = _result(row, outcome)
                writer.writerow([csv_cell(values.get(name)) for name in RESULT_COLUMNS])
    return buffer.getvalue().encode()


def _result(row: Row, outcome: Outcome) -> dict[str, Any]:
    record, design = outcome.record, row.design
    cost, validation = record.get("cost") or {}, record.get("validation") or {}
    return {
        "design": design.name,
        "title": design.title,
        "family": design.family,
        **{name: record.get(name) for name in ("dataset", "size", "seed", "seconds", "steps")},
        "state": outcome.state,
        "reason": outcome.reason,
        "stage": record.get("stage", 1),
        **{name.replace("-", "_"): value for name, value in outcome.scores.items()},
        "validation_accuracy": validation.get("accuracy"),
        "validation_loss": validation.get("loss"),
        **{name: cost.get(name) for name in _COST_COLUMNS},
    }


def table_markdown(summary: dict[str, Any], cells: tuple[Cell, ...]) -> bytes:
    """Write the leaderboards as Markdown tables, each with a sentence of protocol.

    Args:
        summary: The run's summary.
        cells: Its cells, for the protocol.

    Returns:
        The text as UTF-8.
    """
    parts = []
    for entry, cell in zip(summary["cells"], cells, strict=True):
        heading = [f"{metric_name(entry['metric'])} %", *_HEADINGS]
        lines = [
            f"**{markdown(entry['title'])}**",
            "",
            f"| Design | {' | '.join(heading)} |",
            f"| :--- |{' ---: |' * len(heading)}",
            *(_markdown_row(row, decimals_of(entry)) for row in entry["leaderboard"]),
            "",
            markdown(protocol_sentence(entry, cell)),
        ]
        parts.append("\n".join(lines))
    return ("\n\n".join(parts) + "\n").encode()


def _markdown_row(row: dict[str, Any], decimals: int) -> str:
    label = markdown(row["label"])
    first = f"**{label}**" if row["may_be_best"] else label
    return f"| {first} | {' | '.join(_shown(row, decimals))} |"


def table_latex(summary: dict[str, Any], cells: tuple[Cell, ...]) -> bytes:
    """Write the leaderboards as LaTeX tables (package booktabs), each with its protocol.

    Args:
        summary: The run's summary.
        cells: Its cells, for the protocol.

    Returns:
        The text as UTF-8.
    """
    parts = []
    for entry, cell in zip(summary["cells"], cells, strict=True):
        heading = ["Design", f"{metric_name(entry['metric'])} %", *_HEADINGS]
        lines = [
            r"\begin{table}",
            r"\centering\small",
            rf"\caption{{{latex(entry['title'])}. {latex(protocol_sentence(entry, cell))}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(heading) - 1)}}}",
            r"\toprule",
            " & ".join(latex(text) for text in heading) + r" \\",
            r"\midrule",
            *(_latex_row(row, decimals_of(entry)) for row in entry["leaderboard"]),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
        parts.append("\n".join(lines))
    return ("\n\n".join(parts) + "\n").encode()


def _latex_row(row: dict[str, Any], decimals: int) -> str:
    label = latex(visible(row["label"]))
    first = rf"\textbf{{{label}}}" if row["may_be_best"] else label
    return " & ".join([first, *(latex(text) for text in _shown(row, decimals))]) + r" \\"


def _shown(row: dict[str, Any], decimals: int) -> list[str]:
    decimals = decimals_of_row(row, decimals)
    low, high = (percent(row[name], decimals=decimals) for name in ("low", "high"))
    cost = row["cost"]
    return [
        percent(row["mean"], decimals=decimals),
        f"{low} to {high}" if row["low"] is not None else "–",
        str(row["num_seeds"]),
        percent(row["seed_sd"], decimals=max(decimals, 1)),
        row["letters"],
        count(cost["parameters"]),
        large(cost["macs"]),
        milliseconds(cost["inference_ms"]),
        failures_of(row),
    ]

"""The lines of a reproduction's table: what was reported beside what was measured, as text."""

from collections.abc import Callable
from typing import Any, NamedTuple

from whatwhere.report.numbers import count, large, percent
from whatwhere.settings.setting import COSTS
from whatwhere.stats.scoring.scores import TITLES

HEADINGS = ("Row", "Metric", "Reported", "Measured [95 %]", "SD of a run", "Runs", "Verdict", "Why")
YARDSTICK_HEADINGS = (*HEADINGS[:6], "Why not comparable")
LEGEND = (
    "within: the printed figure, with its rounding, meets our 95 % interval for new images and new"
    " runs; above, below: our interval lies wholly above, or below, the printed figure; each at"
    " 95 %, not corrected for their number. The printed figure varies between runs too; a single"
    " run of ours does by the standard deviation (SD) shown. Parameters and multiply-adds are"
    " counts and have no interval. Impossible as printed: arithmetic excludes the figure, whatever"
    " is measured; of a pair, it excludes that both are right, and each is still compared."
)
YARDSTICKS = (
    "Figures of others, from the source named: they are no part of the paper, and nothing is said"
    " of them."
)
_NAMES = {"parameters": "parameters", "macs": "multiply-adds", **TITLES}


class Line(NamedTuple):
    """One line of the table, ready to be shown.

    Args:
        row: Label, with the row that a difference is to and the source of a yardstick.
        metric: Title of the metric, or of two.
        reported: As printed.
        measured: With its interval; a dash where nothing was measured.
        sd: Standard deviation of a run; a dash where it is not known.
        num_runs: Our runs; a dash without.
        verdict: "" for a yardstick.
        why: The reason and the doubts; "" without.
        reason: The reason alone.
    """

    row: str
    metric: str
    reported: str
    measured: str
    sd: str
    num_runs: str
    verdict: str
    why: str
    reason: str


def verdict_lines(told: dict[str, Any]) -> list[Line]:
    """Return the figures of the paper with their verdicts, and the pairs that cannot be.

    Args:
        told: From `tell`.

    Returns:
        Lines; those of pairs stand behind the last figure of their row.
    """
    last = {verdict["row"]: place for place, verdict in enumerate(told["verdicts"])}
    lines = []
    for place, verdict in enumerate(told["verdicts"]):
        lines.append(_line(verdict))
        if last[verdict["row"]] == place:
            lines += [_pair(pair) for pair in told["pairs"] if pair["row"] == verdict["row"]]
    return lines


def yardstick_lines(told: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the figures of others.

    Args:
        told: From `tell`.

    Returns:
        Lines without verdicts, as YARDSTICK_HEADINGS heads them.
    """
    lines = [_line(entry) for entry in told["yardsticks"]]
    return [(*line[:6], line.reason) for line in lines]


def metric_title(metric: str) -> str:
    """Return a metric as tables head it."""
    return _NAMES[metric]


def _line(entry: dict[str, Any]) -> Line:
    minus = f" − {entry['minus']}" if entry["minus"] else ""
    source = f" ({entry['source']})" if entry["source"] else ""
    doubts = [flaw["sentence"] for flaw in entry["flaws"] if not flaw["impossible"]]
    beside = [f"impossible as printed beside {other}" for other in entry["beside"]]
    return Line(
        row=f"{entry['row']}{minus}{source}",
        metric=metric_title(entry["metric"]),
        reported=entry["printed"] + (f" ± {entry['spread']}" if entry["spread"] else ""),
        measured=_measured(entry),
        sd="–" if entry["seed_sd"] is None else _shown_as({**entry, "minus": ""})(entry["seed_sd"]),
        num_runs=str(entry["num_seeds"] or "–"),
        verdict="; ".join(filter(None, [entry["verdict"], *beside])),
        why="; ".join(filter(None, [entry["reason"], *(f"doubtful: {d}" for d in doubts)])),
        reason=entry["reason"],
    )


def _pair(pair: dict[str, Any]) -> Line:
    return Line(
        row=pair["row"],
        metric=" and ".join(metric_title(metric) for metric in pair["metrics"]),
        reported=" and ".join(pair["printed"]),
        measured="–",
        sd="–",
        num_runs="–",
        verdict=pair["verdict"],
        why=pair["reason"],
        reason=pair["reason"],
    )


def _measured(entry: dict[str, Any]) -> str:
    """Return what was measured with its interval, in the unit of the printed figure."""
    value = entry["measured"]
    if value is None:
        return "–"
    if entry["metric"] in COSTS:
        return f"{count(value)} ({large(value)})"
    shown = _shown_as(entry)
    text = shown(value)
    if entry["low"] is None:
        return f"{text} (one run)"
    return f"{text} [{shown(entry['low'])}, {shown(entry['high'])}]"


def _shown_as(entry: dict[str, Any]) -> Callable[[float], str]:
    """Return what writes a share as the figure is printed: points, percent, or a share of one."""
    if entry["minus"]:
        return lambda share: f"{100 * share:+.2f}".replace("-", "−")
    if "%" in entry["printed"]:
        return lambda share: percent(share, decimals=2)
    return lambda share: f"{share:.4f}"

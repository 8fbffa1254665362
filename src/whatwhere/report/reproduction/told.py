"""A reproduction as plain values: what terminal, result file and page all show."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from whatwhere.report.numbers import count, large, percent
from whatwhere.report.reproduction.scored import Scored, ScoredPoint
from whatwhere.report.reproduction.sweeps import SweepResult, sweep_results
from whatwhere.report.reproduction.verdicts import Verdict, find_flaws, judge
from whatwhere.settings.setting import COSTS
from whatwhere.stats.published import Flaw
from whatwhere.stats.scores import PUBLISHED_SCORES, TITLES

FORMAT = 1
SWEEP_SCORES = ("accuracy", "recall", "auc")
LEGEND = (
    "within: the printed figure, with its rounding, meets our 95 % interval for new images and new"
    " runs; above, below: our interval lies wholly above, or below, the printed figure. The printed"
    " figure varies between runs too; a single run of ours does by the standard deviation (SD)"
    " shown. Parameters and multiply-adds are counts and have no interval. Impossible as printed:"
    " arithmetic excludes the figure, whatever is measured."
)
_NAMES = {"parameters": "parameters", "macs": "multiply-adds", **TITLES}


def tell(scored: Scored, *, num_test: int, num_classes: int) -> dict[str, Any]:
    """Return everything about a reproduction as plain values.

    Args:
        scored: What was measured.
        num_test: Images of the published test.
        num_classes: Its classes.

    Returns:
        For JSON: numbers as numbers, shares as shares of one.
    """
    flaws = find_flaws(scored, num_test=num_test, num_classes=num_classes)
    verdicts = judge(scored, flaws)
    setting, sweeps = scored.setting, sweeps_of(scored)
    return {
        "format": FORMAT,
        "when": scored.when,
        "setting": setting.id,
        "title": setting.title,
        "paper": setting.paper,
        "doi": setting.doi,
        "table": setting.table,
        "status": status_of(scored),
        "command": scored.command,
        "commit": scored.commit,
        "environment": scored.environment,
        "data": {**asdict(scored.data), "test_counts": list(scored.data.test_counts)},
        "points": [_point(scored, point) for point in scored.points],
        "verdicts": [_verdict(verdict) for verdict in verdicts],
        "headline": headline(scored, verdicts, sweeps),
        "flaws": [_flaw(flaw) for flaw in flaws],
        "sweeps": [asdict(result) for result in sweeps],
        "claims": list(setting.claims),
        "contradictions": list(setting.contradictions),
        "unknown": list(setting.unknown),
        "choices": list(setting.choices),
        "expected": setting.expected,
        "warnings": list(scored.data.warnings),
        "failures": list(scored.failures),
    }


def sweeps_of(scored: Scored) -> tuple[SweepResult, ...]:
    """Return what the setting's sweep shows; empty where it has none, or nothing finished.

    On a balanced test macro recall is accuracy, and is not shown twice.
    """
    if scored.setting.sweep is None or not scored.finished:
        return ()
    scores = [name for name in SWEEP_SCORES if name != "recall" or not scored.data.is_balanced]
    return sweep_results(scored, scores=tuple(scores))


def status_of(scored: Scored) -> str:
    """Say in a few words whether the runs are those of the setting; "" where they are."""
    parts = [f"other data: {scored.data.other}"] if scored.data.other else []
    parts += [scored.length] if scored.length else []
    if scored.num_seeds < 3:
        parts.append(f"screening only: {scored.num_seeds} finished run(s) of each row")
    return "; ".join(parts)


def headline(
    scored: Scored, verdicts: tuple[Verdict, ...], sweeps: tuple[SweepResult, ...] = ()
) -> str:
    """Return the sentence of a reproduction: how many figures got which verdict, or its sweep's."""
    if not verdicts:
        said = next((sentence for result in sweeps for sentence in result.sentences), "")
        said = said or f"no figure is reported; {len(scored.finished)} rows were measured."
        return f"{scored.setting.title}: {said}"
    counts: dict[str, int] = {}
    for verdict in verdicts:
        counts[verdict.verdict] = counts.get(verdict.verdict, 0) + 1
    said = ", ".join(f"{number} {name}" for name, number in counts.items())
    figures = "figure" if len(verdicts) == 1 else "figures"
    return f"{scored.setting.title}: of {len(verdicts)} reported {figures}, {said}."


def metric_title(metric: str) -> str:
    """Return a metric as tables head it."""
    return _NAMES[metric]


def shown_measured(verdict: dict[str, Any]) -> str:
    """Return what was measured of a figure, with its interval, for a table.

    Args:
        verdict: From `tell`.

    Returns:
        For instance "93.10 [92.60, 93.60]", in the unit of the printed figure; a dash where nothing
        was measured.
    """
    value = verdict["measured"]
    if value is None:
        return "–"
    if verdict["metric"] in COSTS:
        return f"{count(value)} ({large(value)})"
    shown = _shown_as(verdict)
    text = shown(value)
    if verdict["low"] is None:
        return f"{text} (one run)"
    return f"{text} [{shown(verdict['low'])}, {shown(verdict['high'])}]"


def printed_label(verdict: dict[str, Any]) -> str:
    """Return what a figure is of: its row, and the row that it is the difference to."""
    minus = f" − {verdict['minus']}" if verdict["minus"] else ""
    source = f" ({verdict['source']})" if verdict["source"] else ""
    return f"{verdict['row']}{minus}{source}"


def shown_sd(verdict: dict[str, Any]) -> str:
    """Return the standard deviation of a run in the unit of the printed figure."""
    sd = verdict["seed_sd"]
    return "–" if sd is None else _shown_as({**verdict, "minus": ""})(sd)


def _shown_as(verdict: dict[str, Any]) -> Callable[[float], str]:
    """Return what writes a share as the figure is printed: points, percent, or a share of one."""
    if verdict["minus"]:
        return lambda share: f"{100 * share:+.2f}".replace("-", "−")
    if "%" in verdict["printed"]:
        return lambda share: percent(share, decimals=2)
    return lambda share: f"{share:.4f}"


def _point(scored: Scored, point: ScoredPoint) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    for name in PUBLISHED_SCORES:
        comparison = scored.comparison(name) if name in point.values and point.seeds else None
        if comparison is not None:
            (own,) = (s for s in comparison.summaries if s.name == point.label)
            known = own.num_seeds > 1
            scores[name] = {
                "mean": own.mean,
                "low": own.low if known else None,
                "high": own.high if known else None,
                "seed_sd": own.seed_sd if known else None,
                "runs": [float(values.mean()) for values in point.values[name]],
            }
    names = (
        "label", "row", "design", "protocol", "series", "value", "validation", "parameters",
        "macs", "num_failed", "steps", "full_steps", "batch_size", "learning_rate",
        "precision",
    )  # fmt: skip
    facts = {name: getattr(point, name) for name in names}
    return {**facts, "seeds": list(point.seeds), "scores": scores}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    figure = verdict.figure
    values = {
        name: getattr(verdict, name)
        for name in (
            "verdict", "reason", "measured", "low", "high", "seed_sd", "num_seeds", "point",
        )
    }  # fmt: skip
    return {
        **{
            name: getattr(figure, name)
            for name in ("row", "metric", "printed", "minus", "spread", "source")
        },
        **values,
        "flaws": [_flaw(flaw) for flaw in verdict.flaws],
    }


def _flaw(flaw: Flaw) -> dict[str, Any]:
    return {**asdict(flaw), "metrics": list(flaw.metrics)}

"""A reproduction as plain values: what terminal, result file and page all show."""

from dataclasses import asdict
from typing import Any

from whatwhere.report.reproduction.scored import Scored, ScoredPoint
from whatwhere.report.reproduction.sweeps import SweepResult, sweep_results
from whatwhere.report.reproduction.verdicts import (
    IMPOSSIBLE,
    Verdict,
    beside_yardsticks,
    find_flaws,
    judge,
)
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS
from whatwhere.stats.published import Flaw
from whatwhere.stats.scoring.scores import PUBLISHED_SCORES

FORMAT = 2
SWEEP_SCORES = ("accuracy", "recall", "auc")


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
    setting, sweeps, pairs = scored.setting, sweeps_of(scored), _pairs(scored, flaws)
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
        "pairs": pairs,
        "yardsticks": [_verdict(entry) for entry in beside_yardsticks(scored)],
        "headline": headline(scored, verdicts, sweeps, num_pairs=len(pairs)),
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
    parts = [scored.length] if scored.length else []
    parts += [f"other data: {scored.data.other}"] if scored.data.other else []
    if scored.num_seeds < MIN_SEEDS_FOR_CLAIMS:
        equal = len({len(point.seeds) for point in scored.finished}) < 2
        whose = "each row" if equal else "the row with the fewest"
        parts.append(f"screening only: {scored.num_seeds} finished run(s) of {whose}")
    return "; ".join(parts)


def headline(
    scored: Scored,
    verdicts: tuple[Verdict, ...],
    sweeps: tuple[SweepResult, ...] = (),
    *,
    num_pairs: int = 0,
) -> str:
    """Return the sentence of a reproduction: how many figures got which verdict, or its sweep's.

    Args:
        scored: What was measured.
        verdicts: Of the figures of the paper; yardsticks are not counted.
        sweeps: What its sweep shows.
        num_pairs: Pairs of figures that cannot both be as printed.

    Returns:
        One sentence, or several.
    """
    title = scored.setting.title
    if not verdicts:
        said = _of_sweep(scored, sweeps)
        known = "known of the paper" if scored.setting.kind == "published" else "reported"
        return (
            f"{title}: {said or f'no figure is {known}; {_rows(len(scored.finished))} measured.'}"
        )
    counts: dict[str, int] = {}
    for verdict in verdicts:
        counts[verdict.verdict] = counts.get(verdict.verdict, 0) + 1
    said = ", ".join(f"{number} {name}" for name, number in counts.items())
    figures = "figure" if len(verdicts) == 1 else "figures"
    if num_pairs:
        said += f"; {num_pairs} {'pair' if num_pairs == 1 else 'pairs'} {IMPOSSIBLE}"
    return f"{title}: of {len(verdicts)} reported {figures}, {said}."


def _of_sweep(scored: Scored, sweeps: tuple[SweepResult, ...]) -> str:
    """Return what a sweep shows on its first score, in every series; "" without a sweep."""
    if not sweeps:
        return ""
    # Of a shortened sweep only that it was shortened belongs into a headline.
    return " ".join(sweeps[0].sentences[: 1 if scored.length else None])


def _rows(number: int) -> str:
    return "1 row was" if number == 1 else f"{number} rows were"


def _pairs(scored: Scored, flaws: tuple[Flaw, ...]) -> list[dict[str, Any]]:
    """Return the figures that cannot stand beside each other, each pair with the verdict on it."""
    own = [figure for figure in scored.setting.figures if not (figure.source or figure.minus)]
    printed = {(figure.row, figure.metric): figure.printed for figure in own}
    return [
        {
            "row": flaw.row,
            "metrics": list(flaw.metrics),
            "printed": [printed[flaw.row, metric] for metric in flaw.metrics],
            "verdict": IMPOSSIBLE,
            "reason": flaw.sentence,
        }
        for flaw in flaws
        if flaw.impossible and flaw.of_pair
    ]


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
        "beside": list(verdict.beside),
        "flaws": [_flaw(flaw) for flaw in verdict.flaws],
    }


def _flaw(flaw: Flaw) -> dict[str, Any]:
    return {**asdict(flaw), "metrics": list(flaw.metrics)}

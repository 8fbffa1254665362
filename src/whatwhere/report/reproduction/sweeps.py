"""What a sweep shows: means, paired differences, and sentences that claim no more."""

from dataclasses import dataclass, replace

from whatwhere.report.numbers import percent, points_at_least, points_at_most, signed_points
from whatwhere.report.reproduction.scored import Scored, ScoredPoint
from whatwhere.settings import Sweep
from whatwhere.stats import Comparison, Pair
from whatwhere.stats.decide import ALPHA, MIN_SEEDS_FOR_CLAIMS
from whatwhere.stats.scoring.scores import TITLES


@dataclass(frozen=True)
class SweepPoint:
    """One value of a sweep on one score.

    Args:
        label: Of the point.
        series: Of the figure.
        value: On the axis.
        mean: Over runs.
        low: Lower 95 % bound for new images and new runs; None with one run.
        high: Upper bound.
        difference: Paired, to the reference of its series; 0 at the reference.
        difference_low: Lower 95 % bound, for this difference alone; None with one run.
        difference_high: Upper bound.
        p_adjusted: Of the difference, corrected for all values of the series; 1 at the reference.
        num_seeds: Runs.
    """

    label: str
    series: str
    value: float
    mean: float
    low: float | None
    high: float | None
    difference: float
    difference_low: float | None
    difference_high: float | None
    p_adjusted: float
    num_seeds: int


@dataclass(frozen=True)
class SweepResult:
    """A sweep on one score.

    Args:
        score: Its name.
        title: As people call it.
        axis: Label of the number that was varied.
        reference: The value that differences are from.
        points: By series, ascending.
        sentences: What may be said.
        logarithmic: Whether the values are spread by factors.
    """

    score: str
    title: str
    axis: str
    reference: float
    points: tuple[SweepPoint, ...]
    sentences: tuple[str, ...]
    logarithmic: bool


def sweep_results(scored: Scored, *, scores: tuple[str, ...]) -> tuple[SweepResult, ...]:
    """Return what a sweep shows on some scores.

    Args:
        scored: A setting with a sweep.
        scores: Names of scores; those that the images do not allow are left out.

    Returns:
        One result per score.
    """
    sweep = scored.setting.sweep
    assert sweep is not None
    finished = {
        score: points
        for score in scores
        if (points := tuple(point for point in scored.finished if score in point.values))
    }
    return tuple(
        _result(scored, sweep, score, points, num_looks=len(finished))
        for score, points in finished.items()
    )


def _result(
    scored: Scored, sweep: Sweep, score: str, points: tuple[ScoredPoint, ...], *, num_looks: int
) -> SweepResult:
    series = list(dict.fromkeys(point.series for point in points))
    found: list[SweepPoint] = []
    sentences = []
    for name in series:
        own = tuple(point for point in points if point.series == name)
        found += _of_series(scored, sweep, score, own)
        if sweep.asks == "loss":
            sentences.append(_loss_sentence(sweep, score, [p for p in found if p.series == name]))
    if sweep.asks == "best":
        said = _best_sentence(scored, sweep, score, _each_once(points))
        sentences.append(said + _looks(said, num_looks))
    if scored.length:
        sentences.insert(
            0,
            f"{scored.length[0].upper()}{scored.length[1:]}: this shows that the sweep runs, not"
            " what it would find.",
        )
    return SweepResult(
        score=score,
        title=TITLES[score],
        axis=sweep.axis,
        reference=sweep.reference,
        points=tuple(found),
        sentences=tuple(sentences),
        logarithmic=sweep.varies == "batch-size",
    )


def _looks(said: str, num_looks: int) -> str:
    """Say that a best value was looked for on several scores; "" where none is claimed."""
    if num_looks < 2 or " has the best " not in said:
        return ""
    return f" This is one of {num_looks} scores looked at; for that it is not corrected."


def _each_once(points: tuple[ScoredPoint, ...]) -> tuple[ScoredPoint, ...]:
    """Keep one of the points that series share, such as the batch size of the recipe's own rate."""
    kept: dict[tuple[object, ...], ScoredPoint] = {}
    for point in points:
        key = (point.row, point.design, point.value, point.batch_size, point.learning_rate)
        shared = key in kept
        kept[key] = replace(point, label=f"{point.value:g}") if shared else point
    return tuple(kept.values())


def _of_series(
    scored: Scored, sweep: Sweep, score: str, own: tuple[ScoredPoint, ...]
) -> list[SweepPoint]:
    reference = next((p.label for p in own if p.value == sweep.reference), "")
    comparison = scored.comparison(score, own, control=reference)
    assert comparison is not None
    summaries = {summary.name: summary for summary in comparison.summaries}
    found = []
    for point in own:
        summary = summaries[point.label]
        known = len(point.seeds) > 1
        pair = _pair(comparison, point.label, reference)
        sure = pair is not None and known and comparison.seeds_known
        found.append(
            SweepPoint(
                label=point.label,
                series=point.series,
                value=point.value or 0.0,
                mean=summary.mean,
                low=summary.low if known else None,
                high=summary.high if known else None,
                difference=pair.difference if pair else 0.0,
                difference_low=pair.low if pair and sure else None,
                difference_high=pair.high if pair and sure else None,
                p_adjusted=pair.p_adjusted if pair else 1.0,
                num_seeds=summary.num_seeds,
            )
        )
    return found


def _pair(comparison: Comparison, label: str, reference: str) -> Pair | None:
    return None if label == reference or not reference else comparison.pair(label, reference)


def _best_sentence(
    scored: Scored, sweep: Sweep, score: str, points: tuple[ScoredPoint, ...]
) -> str:
    """Name a best value only where the paired comparison leaves one, after its correction."""
    comparison = scored.comparison(score, points)
    assert comparison is not None
    what, best = TITLES[score], comparison.summaries[0]
    first = [one.name for one in comparison.summaries if one.mean == best.mean]
    highest = f"{best.name} has the highest mean"
    if len(first) > 1:
        highest = f"{', '.join(first)} share the highest mean"
    seeds = min(len(point.seeds) for point in points)
    if seeds < MIN_SEEDS_FOR_CLAIMS or len(points) < 2:
        return (
            f"Screening only ({seeds} run{'s' if seeds > 1 else ''} of each): nothing is claimed"
            f" about the best {sweep.axis}; {highest} {what}."
        )
    if comparison.unique_winner is not None:
        lead = points_at_least(max(0.0, comparison.winner_margin or 0.0))
        return (
            f"{best.name} has the best {what} of the {len(points)} values, by at least {lead}"
            " points over every other (paired, lower 95 % bound, all values at once)."
        )
    tied = ", ".join(comparison.may_be_best)
    floor = points_at_most(comparison.detectable_difference)
    return (
        f"No best {sweep.axis} can be claimed on {what}: {tied} may each be best (95 %, all values"
        f" at once); {highest}. This sweep could only have seen differences"
        f" above {floor} points (80 % power)."
    )


def _loss_sentence(sweep: Sweep, score: str, points: list[SweepPoint]) -> str:
    what, last = TITLES[score], points[-1]
    at = {point.value: point for point in points}
    reference = at.get(sweep.reference)
    name = f"{last.series}: " if last.series else ""
    if reference is None or last.value == sweep.reference:
        return f"{name}{what} at the reference {sweep.reference:g} was not measured."
    start, end = (percent(point.mean, decimals=1) for point in (reference, last))
    change = f"{name}{what} goes from {start} % ({sweep.axis} {sweep.reference:g}) to {end} %"
    change += f" ({last.value:g})"
    if last.num_seeds < MIN_SEEDS_FOR_CLAIMS or last.difference_low is None:
        return f"{change}. Screening only ({last.num_seeds} runs): nothing is claimed."
    assert last.difference_high is not None
    low, high = last.difference_low, last.difference_high
    shown = [p for p in points if p.p_adjusted < ALPHA and p.difference < 0]
    first = f"a loss is shown from {shown[0].value:g} on" if shown else "no loss is shown"
    if shown and any(p.p_adjusted >= ALPHA for p in points if p.value > shown[0].value):
        first = f"a loss is shown at {', '.join(f'{p.value:g}' for p in shown)}"
    return (
        f"{change}: {signed_points(low)} to {signed_points(high)} points (paired, 95 %); corrected"
        f" for {len(points) - 1} comparisons, {first}."
    )

"""Each reported figure beside what was measured, and what may be said of the two."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whatwhere.report.reproduction.scored import Scored, ScoredPoint
from whatwhere.settings.setting import COSTS, Figure
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS
from whatwhere.stats.published import Flaw, ScoredOn, difference_flaw, flaws_of_row
from whatwhere.stats.scoring.scores import TITLES

WITHIN, ABOVE, BELOW = "within", "above", "below"
NOT_COMPARABLE, IMPOSSIBLE = "not comparable", "impossible as printed"
VERDICTS = (WITHIN, ABOVE, BELOW, NOT_COMPARABLE, IMPOSSIBLE)


@dataclass(frozen=True)
class Verdict:
    """One reported figure and what was measured of it.

    Args:
        figure: As it was reported.
        verdict: One of VERDICTS; "above" and "below" are what *we* measured against the figure.
            "" of a yardstick, which is not judged.
        reason: Why; a sentence or "".
        measured: Our mean over runs, a difference where the figure is one; None without runs.
        low: Lower 95 % bound for new images and new runs; None where runs are too few, and for
            counts, which do not vary.
        high: Upper bound.
        seed_sd: Standard deviation of the score between runs; None below two.
        num_seeds: Our runs.
        point: Label of what was measured.
        flaws: Why the figure cannot be, or can hardly be.
        beside: Figures of the same row that it cannot stand beside, such as "macro recall 0.789".
    """

    figure: Figure
    verdict: str
    reason: str
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    seed_sd: float | None = None
    num_seeds: int = 0
    point: str = ""
    flaws: tuple[Flaw, ...] = ()
    beside: tuple[str, ...] = ()


def find_flaws(scored: Scored, *, num_test: int, num_classes: int) -> tuple[Flaw, ...]:
    """Check the numbers that the paper prints, as printed; nothing measured is needed.

    Args:
        scored: The setting.
        num_test: Images of the published test.
        num_classes: Its classes.

    Returns:
        Every flaw, by row.
    """
    setting = scored.setting
    own = [figure for figure in setting.figures if not figure.source]
    found: list[Flaw] = []
    for row in dict.fromkeys(figure.row for figure in own):
        plain = {f.metric: f for f in own if f.row == row and not f.minus}
        runs = {figure.num_runs or setting.num_runs for figure in plain.values()}
        scored_on = ScoredOn(
            num_test, num_classes, setting.balanced_test, runs.pop() if len(runs) == 1 else 0
        )
        numbers = {metric: figure.number for metric, figure in plain.items() if metric not in COSTS}
        found += flaws_of_row(row, numbers, scored_on)
    return (*found, *_difference_flaws(own))


def _difference_flaws(figures: Sequence[Figure]) -> list[Flaw]:
    plain = {(f.row, f.metric): f.number for f in figures if not f.minus}
    flaws = []
    for figure in figures:
        of = plain.get((figure.row, figure.metric))
        minus = plain.get((figure.minus, figure.metric))
        if figure.minus and of and minus:
            flaws.append(
                difference_flaw(
                    figure.row, figure.metric, printed=figure.number, of=of, minus=minus
                )
            )
    return [flaw for flaw in flaws if flaw]


def judge(scored: Scored, flaws: Sequence[Flaw]) -> tuple[Verdict, ...]:
    """Judge every figure of the paper.

    A figure is *within* where it, with its rounding, meets our 95 % interval; *above* or *below*
    where our interval lies wholly on that side of it. Below `MIN_SEEDS_FOR_CLAIMS` runs nothing is
    said. Counts have no interval: they are within where they are printed as ours would be.

    Args:
        scored: What was measured.
        flaws: From `find_flaws`.

    Returns:
        One verdict per figure of the paper, in the setting's order.
    """
    own = [figure for figure in scored.setting.figures if not figure.source]
    return tuple(_judged(scored, figure, flaws) for figure in own)


def beside_yardsticks(scored: Scored) -> tuple[Verdict, ...]:
    """Lay what was measured beside figures that others report; nothing is said of them.

    Args:
        scored: What was measured.

    Returns:
        One entry per figure with a source, in the setting's order, without a verdict.
    """
    others = [figure for figure in scored.setting.figures if figure.source]
    return tuple(replace(_measured(scored, figure), verdict="") for figure in others)


def _measured(scored: Scored, figure: Figure) -> Verdict:
    return _count(scored, figure) if figure.metric in COSTS else _score(scored, figure)


def _judged(scored: Scored, figure: Figure, flaws: Sequence[Flaw]) -> Verdict:
    own = tuple(
        flaw
        for flaw in flaws
        if (flaw.row, flaw.check == "difference") == (figure.row, bool(figure.minus))
        and figure.metric in flaw.metrics
    )
    verdict = _measured(scored, figure)
    verdict = replace(verdict, flaws=own, beside=_beside(scored, figure, own))
    alone = [flaw for flaw in own if flaw.impossible and not flaw.of_pair]
    if alone:
        return replace(verdict, verdict=IMPOSSIBLE, reason=alone[0].sentence)
    return verdict


def _beside(scored: Scored, figure: Figure, flaws: Sequence[Flaw]) -> tuple[str, ...]:
    """Return what the paper prints in the same row that cannot be as well."""
    excluded = {metric for flaw in flaws if flaw.impossible for metric in flaw.metrics}
    return tuple(
        f"{TITLES[other.metric]} {other.printed}"
        for other in scored.setting.figures
        if other.row == figure.row
        and other.metric in excluded - {figure.metric}
        and not (other.source or other.minus)
    )


def chosen_point(scored: Scored, row: str) -> ScoredPoint | None:
    """Return the point that stands for a row: of alternatives, the better one on validation.

    Args:
        scored: What was measured.
        row: Label of the row.

    Returns:
        The point, or None where no run of it finished.
    """
    points = [p for p in scored.finished if p.row == row and p.validation is not None]
    return max(points, key=lambda point: point.validation or 0.0, default=None)


def _count(scored: Scored, figure: Figure) -> Verdict:
    """Judge parameters or multiply-adds, which do not depend on how long was trained."""
    chosen = chosen_point(scored, figure.row)
    points = [p for p in scored.points if p.row == figure.row] if chosen is None else [chosen]
    points = [p for p in points if getattr(p, figure.metric) is not None]
    counts = {getattr(p, figure.metric) for p in points}
    if len(counts) != 1:
        # Of alternatives of different size the finished ones choose.
        reason = "no alternative finished" if counts else "not measured"
        return Verdict(figure, NOT_COMPARABLE, reason)
    (count,) = counts
    number = figure.number
    label = points[0].label
    if not scored.data.same_shape:
        reason = "other data: it has other classes or channels"
        return Verdict(figure, NOT_COMPARABLE, reason, measured=count, point=label)
    verdict = WITHIN
    if abs(count - number.value) > number.half:
        verdict = ABOVE if count > number.value else BELOW
    return Verdict(figure, verdict, "", measured=count, point=label)


def _score(scored: Scored, figure: Figure) -> Verdict:
    point = chosen_point(scored, figure.row)
    other = chosen_point(scored, figure.minus) if figure.minus else None
    if point is None or (figure.minus and other is None) or figure.metric not in point.values:
        return Verdict(figure, NOT_COMPARABLE, "not measured")
    comparison = scored.comparison(figure.metric)
    assert comparison is not None
    summaries = {summary.name: summary for summary in comparison.summaries}
    summary = summaries[point.label]
    if other is not None:
        if other.label not in summaries:
            return Verdict(figure, NOT_COMPARABLE, "not measured")
        pair = comparison.pair(point.label, other.label)
        measured, low, high = pair.difference, pair.low, pair.high
        num_seeds = min(len(point.seeds), len(other.seeds))
    else:
        measured, low, high = summary.mean, summary.low, summary.high
        num_seeds = len(point.seeds)
    known = num_seeds > 1
    found = Verdict(
        figure,
        NOT_COMPARABLE,
        "",
        measured=measured,
        low=low if known else None,
        high=high if known else None,
        seed_sd=summary.seed_sd if known and other is None else None,
        num_seeds=num_seeds,
        point=point.label,
    )
    num_failed = point.num_failed + (other.num_failed if other else 0)
    return _compared(scored, found, low, high, num_failed=num_failed)


def _compared(
    scored: Scored, found: Verdict, low: float, high: float, *, num_failed: int
) -> Verdict:
    reason = _why_not(scored, found.num_seeds)
    if reason:
        return replace(found, reason=reason)
    number = found.figure.number
    said = f"{num_failed} runs failed, and the mean is over the others" if num_failed else ""
    if number.high < low:
        return replace(found, verdict=ABOVE, reason=said)
    if number.low > high:
        return replace(found, verdict=BELOW, reason=said)
    return replace(found, verdict=WITHIN, reason=said)


def _why_not(scored: Scored, num_seeds: int) -> str:
    """Say why nothing measured here compares with the paper; "" where it does."""
    if scored.data.other:
        return f"other data: {scored.data.other}"
    if scored.length:
        return scored.length.removesuffix(", not comparable")
    if num_seeds < MIN_SEEDS_FOR_CLAIMS:
        return f"screening only: {num_seeds} run{'s' if num_seeds > 1 else ''}"
    return ""

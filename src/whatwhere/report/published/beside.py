"""Our own figures beside published ones, where the data set is the same."""

from collections.abc import Iterable
from dataclasses import dataclass

from whatwhere.report.cells.cell import NO_ATTENTION, Cell, Row
from whatwhere.report.published.checked import IMPOSSIBLE, NOT_BOTH, CheckedResult, scored_on
from whatwhere.settings.results_table import PublishedResult
from whatwhere.settings.setting import COSTS
from whatwhere.settings.test_sets import plain_name
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS

_OUR_SCORES = {
    "accuracy": "accuracy",
    "recall": "balanced-accuracy",
    "macro-f1": "macro-f1",
    "auc": "auc",
}
_BASELINES = ("none", "noattention", "baseline", "plain", "")


@dataclass(frozen=True)
class Ours:
    """What a run measured of a published number.

    Args:
        design: Label of the row of the run.
        value: Our mean over seeds, or our count; None where the run has none.
        low: Lower 95 % bound; None where it is not known.
        high: Upper bound.
        num_seeds: Our runs.
        verdict: How the published number lies to our interval: "within", "above" or "below"; ""
            where that may not be said.
        reason: Why nothing may be said, or why nothing is here.
    """

    design: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    num_seeds: int = 0
    verdict: str = ""
    reason: str = ""


def beside(checked: CheckedResult, cells: Iterable[Cell]) -> Ours:
    """Find our own figure of a published number.

    Args:
        checked: The published number.
        cells: The cells of a run.

    Returns:
        Ours, with a verdict only where test images, backbone and image size are the same.
    """
    result = checked.result
    name = plain_name(result.dataset)
    own = [cell for cell in cells if name in (plain_name(cell.dataset), plain_name(cell.title))]
    if not own:
        return Ours(reason="not in this run")
    cell = max(own, key=lambda cell: cell.size)
    row = _row(cell, result)
    if row is None:
        return Ours(reason="no such design in this run")
    return _judged(checked, cell, row, _measured(result, cell, row))


def _row(cell: Cell, result: PublishedResult) -> Row | None:
    name = plain_name(result.topology)
    backbone = plain_name(result.backbone)
    if name in _BASELINES or (backbone and name == backbone):
        name = NO_ATTENTION
    for row in cell.rows:
        design = row.design
        if row.finished and name in {
            plain_name(n) for n in (design.name, design.label, design.title)
        }:
            return row
    return None


def _measured(result: PublishedResult, cell: Cell, row: Row) -> Ours:
    label, num_seeds = row.design.label, len(row.finished)
    if result.metric in COSTS:
        return Ours(label, row.cost.get(result.metric), num_seeds=num_seeds)
    own = _OUR_SCORES.get(result.metric)
    value = row.mean_score(own) if own else None
    if own != cell.metric or cell.comparison is None:
        return Ours(label, value, num_seeds=num_seeds)
    summary = next(s for s in cell.comparison.summaries if s.name == row.design.name)
    return Ours(label, value, summary.low, summary.high, num_seeds)


def _judged(checked: CheckedResult, cell: Cell, row: Row, ours: Ours) -> Ours:
    result = checked.result
    reasons = _differences(result, cell)
    if ours.value is None:
        reasons = [f"this report has no {result.metric}"]
    elif checked.verdict == IMPOSSIBLE:
        reasons.append("impossible as printed")
    elif checked.verdict == NOT_BOTH:
        reasons.append("impossible beside another number of its row")
    elif result.metric not in COSTS and ours.low is None:
        reasons.append("no interval: the run compares by another score")
    elif ours.num_seeds < MIN_SEEDS_FOR_CLAIMS:
        reasons.append(f"screening only: {ours.num_seeds} runs of ours")
    verdict = "" if reasons else _place(result, ours)
    return Ours(
        ours.design, ours.value, ours.low, ours.high, ours.num_seeds, verdict, "; ".join(reasons)
    )


def _differences(result: PublishedResult, cell: Cell) -> list[str]:
    """Say what in the setting is not the same, or not said."""
    num_items = cell.comparison.num_items if cell.comparison else None
    recipe = cell.recipe
    pairs = (
        ("test images", scored_on(result).num_items or None, num_items),
        ("backbone", result.backbone, str(recipe.get("backbone") or "")),
        ("image size", result.image_size, recipe.get("image_size")),
    )
    reasons = []
    for what, theirs, mine in pairs:
        if not theirs:
            reasons.append(f"{what} not said there")
        elif plain_name(str(theirs)) != plain_name(str(mine)):
            reasons.append(f"{what} {theirs}, here {mine}")
    return reasons


def _place(result: PublishedResult, ours: Ours) -> str:
    """Say where the published number, with its rounding, lies to our interval or count."""
    low = ours.value if ours.low is None else ours.low
    high = ours.value if ours.high is None else ours.high
    assert low is not None
    assert high is not None
    if result.value.low > high:
        return "above"
    return "below" if result.value.high < low else "within"

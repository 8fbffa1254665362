"""The first of two stages, from its records: which designs validation images leave."""

from typing import Any

from whatwhere.records import Run, Trial
from whatwhere.report.cells.cell import NO_ATTENTION, Row, Screening
from whatwhere.report.cells.rows import compared_rows, rows_of
from whatwhere.report.cells.tested import SharedImages
from whatwhere.stats.comparison import Comparison

MOST_CONFIRMED = 5


def trials_of(run: Run, dataset: str, size: int, *, stage: int) -> list[Trial]:
    """Return the trials of one cell and stage; a record that names no stage is of the first.

    Args:
        run: The run.
        dataset: Name of the data set.
        size: Number of training images.
        stage: 1 for screening or a run of one stage, 2 for confirmation.

    Returns:
        The trials, in the order of the run.
    """
    return [
        trial
        for trial in run.trials
        if (trial.key.dataset, trial.key.size) == (dataset, size)
        and trial.record.get("stage", 1) == stage
    ]


def is_staged(run: Run, dataset: str, size: int) -> bool:
    """Say whether a cell was to be confirmed, so that only its second stage is judged."""
    return _cell_name(dataset, size) in _plan(run)


def metric_of(run: Run) -> str:
    """Return the metric that the run was asked to compare by.

    Args:
        run: The run.

    Returns:
        Name of the metric.
    """
    asked = run.config.get("asked", {})
    return asked.get("metric") or run.config.get("metric") or "accuracy"


def screened(run: Run, dataset: str, size: int) -> Screening:
    """Tell what the first stage shows, from answers to validation images alone.

    A design stays if no other is shown to beat it on the validation images, by the rule that also
    judges test images (images of one group count one by one here: this narrows a choice and claims
    nothing), all its runs finished, and it is among the MOST_CONFIRMED highest means.

    Args:
        run: The run.
        dataset: Name of the data set.
        size: Number of training images.

    Returns:
        The screening.
    """
    recipe = run.config.get("recipe", {}).get(dataset, {})
    metric, shared = metric_of(run), SharedImages()
    rows = rows_of(
        trials_of(run, dataset, size, stage=1),
        metric,
        shared,
        leaked=[],
        num_folds=len(recipe.get("folds") or [""]),
        split="validation",
    )
    comparison = compared_rows(rows, metric, shared)
    left_out = _left_out(rows)
    candidates = _leading(comparison, left_out)[:MOST_CONFIRMED]
    recorded = _plan(run).get(_cell_name(dataset, size), {}).get("rounds", [])
    rounds = tuple((entry["seeds"], tuple(entry["designs"])) for entry in recorded)
    confirmed = tuple(name for _, names in rounds for name in names)
    fates = {
        row.design.name: _fate(row, comparison, candidates, confirmed, left_out) for row in rows
    }
    return Screening(rows, comparison, candidates, confirmed, fates, rounds)


def _left_out(rows: tuple[Row, ...]) -> dict[str, str]:
    """Say why rows cannot be candidates whatever they score."""
    most_seeds = max((len(row.finished) for row in rows), default=0)
    reasons = {}
    for row in rows:
        wrong = [s for s in ("diverged", "failed") if row.num(s)]
        if wrong:
            reasons[row.design.name] = f"{wrong[0]} in {row.num(wrong[0])} of {len(row.outcomes)}"
        elif len(row.finished) < most_seeds:
            reasons[row.design.name] = f"only {len(row.finished)} of {most_seeds} seeds"
        elif row.design.kind == "control" or row.design.name == NO_ATTENTION:
            reasons[row.design.name] = "for comparison"
    return reasons


def _leading(comparison: Comparison | None, left_out: dict[str, str]) -> tuple[str, ...]:
    names = comparison.may_be_best if comparison else ()
    return tuple(name for name in names if name not in left_out)


def _fate(
    row: Row,
    comparison: Comparison | None,
    candidates: tuple[str, ...],
    confirmed: tuple[str, ...],
    left_out: dict[str, str],
) -> str:
    name = row.design.name
    if name in confirmed:
        return "confirmed"
    if name in candidates:
        return "may be best: only screened so far"
    if name in left_out:
        return left_out[name]
    if comparison is not None and name in comparison.may_be_best:
        return f"may be best, but {MOST_CONFIRMED} others lead it"
    return "behind"


def _plan(run: Run) -> dict[str, Any]:
    plan: dict[str, Any] = run.config.get("plan", {}).get("confirm", {})
    return plan


def _cell_name(dataset: str, size: int) -> str:
    return f"{dataset}-n{size}"

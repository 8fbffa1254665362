"""From the records of a run to what they show: the only place that opens test predictions.

A *cell* is one data set at one training size. Within it every design was tested on the same
images, so each run is one row of a table of per-image values, and the comparison is paired.
"""

from dataclasses import replace

from scipy.special import softmax

from whatwhere.records import Run
from whatwhere.report.cells.cell import NO_ATTENTION, Cell, Predicted, Row
from whatwhere.report.cells.rows import compared_rows, rows_of
from whatwhere.report.cells.screening import is_staged, metric_of, screened, trials_of
from whatwhere.report.cells.tested import SharedImages, by_seed, read_answers
from whatwhere.stats.choose import Recommendation, choose
from whatwhere.stats.comparison import Comparison
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS

# The cost that decides among designs that may be best: the first that every design has.
COSTS_TO_CHOOSE_BY = ("inference_ratio", "inference_ms", "macs", "parameters")


def gather(run: Run) -> tuple[Cell, ...]:
    """Compute every cell of a run from its records.

    Args:
        run: The run.

    Returns:
        The cells, by data set in the order of the plan, then by training size.

    Raises:
        MismatchError: If two trials of a data set were tested on different images.
    """
    places = {(trial.key.dataset, trial.key.size) for trial in run.trials}
    order = run.config.get("plan", {}).get("data", [])
    position = {name: place for place, name in enumerate(order)}
    keys = sorted(places, key=lambda key: (position.get(key[0], len(order)), *key))
    return tuple(_cell(run, dataset, size) for dataset, size in keys)


def predicted(run: Run, cell: Cell, design: str) -> Predicted:
    """Open what the first finished seed of a design predicted for the test images.

    Args:
        run: The run that holds the cell.
        cell: The cell.
        design: Name of a design with a finished trial.

    Returns:
        Its test predictions; always the lowest seed, never the luckiest.
    """
    trials = trials_of(run, cell.dataset, cell.size, stage=cell.stage)
    seeds = by_seed([t for t in trials if t.key.design == design], num_folds=cell.num_folds)
    trials = next(seed for seed in seeds if all(trial.finished for trial in seed))
    tested = read_answers(trials)
    probability = softmax(tested.logit, axis=1)
    return Predicted(design, trials[0].key.seed, probability, tested.label, tested.index)


def _cell(run: Run, dataset: str, size: int) -> Cell:
    metric = metric_of(run)
    data, recipe = run.data.get(dataset, {}), run.config.get("recipe", {}).get(dataset, {})
    screening = screened(run, dataset, size) if is_staged(run, dataset, size) else None
    shared = SharedImages()
    rows = rows_of(
        trials_of(run, dataset, size, stage=2 if screening else 1),
        metric,
        shared,
        leaked=data.get("leaked_test_indices", []),
        num_folds=len(recipe.get("folds") or [""]),
    )
    rows = _beside_networks(rows, recipe.get("backbone") or "the backbone")
    comparison = compared_rows(rows, metric, shared)
    most_seeds = max((len(row.finished) for row in rows), default=0)
    reasons = {row.design.name: _why_excluded(row, most_seeds) for row in rows}
    excluded = {name: reason for name, reason in reasons.items() if reason}
    chosen_by = _cost_for_choosing(rows) if comparison else None
    return Cell(
        dataset=dataset,
        size=size,
        data=data,
        recipe=recipe,
        metric=metric,
        rows=rows,
        comparison=comparison,
        recommendation=_recommended(comparison, rows, chosen_by, excluded),
        chosen_by=chosen_by,
        excluded=excluded,
        test_index=shared.first.index if shared.first else None,
        screening=screening,
        groups=shared.group,
    )


def _recommended(
    comparison: Comparison | None,
    rows: tuple[Row, ...],
    chosen_by: str | None,
    excluded: dict[str, str],
) -> Recommendation | None:
    if comparison is None:
        return None
    costs = {
        row.design.name: cost
        for row in rows
        if chosen_by and (cost := row.cost[chosen_by]) is not None
    }
    return choose(comparison, costs, excluded=excluded)


def _beside_networks(rows: tuple[Row, ...], backbone: str) -> tuple[Row, ...]:
    """Call the plain backbone by its name where it is compared with whole networks."""
    if not any(row.design.is_network for row in rows):
        return rows
    name = f"{backbone} without attention"
    return tuple(
        replace(row, design=replace(row.design, label=name, title=name))
        if row.design.name == NO_ATTENTION
        else row
        for row in rows
    )


def _why_excluded(row: Row, most_seeds: int) -> str | None:
    for state in ("diverged", "failed"):
        if row.num(state):
            return f"{state} in {row.num(state)} of {len(row.outcomes)} runs"
    if 0 < len(row.finished) < MIN_SEEDS_FOR_CLAIMS <= most_seeds:
        return f"only {len(row.finished)} finished runs"
    if row.design.kind == "control":
        return "a control: it is there to judge the designs by"
    return None


def _cost_for_choosing(rows: tuple[Row, ...]) -> str | None:
    finished = [row for row in rows if row.finished]
    for name in COSTS_TO_CHOOSE_BY:
        if all(row.cost[name] is not None for row in finished):
            return name
    return None

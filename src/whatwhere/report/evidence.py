"""From the records of a run to what they show: the only place that opens test predictions.

A *cell* is one data set at one training size. Within it every design was tested on the same
images, so each run is one row of a table of per-image values, and the comparison is paired.
"""

import math
import statistics
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import softmax

from whatwhere.errors import DataError
from whatwhere.records import Run, Trial
from whatwhere.report.cell import NO_ATTENTION, Cell, Design, Outcome, Predicted, Row
from whatwhere.report.tested import (
    Answered,
    SharedImages,
    by_seed,
    joined_curve,
    joined_record,
    read_tested,
)
from whatwhere.stats.choose import choose
from whatwhere.stats.comparison import Comparison, ItemTable, compare
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS
from whatwhere.stats.metrics import METRICS, brier, negative_log_likelihood

# The cost that decides among designs that may be best: the first that every design has.
COSTS_TO_CHOOSE_BY = ("inference_ms", "macs", "parameters")
COST_NAMES = (
    "parameters",
    "attention_parameters",
    "macs",
    "train_step_ms",
    "inference_ms",
    "train_ratio",
    "inference_ratio",
    "peak_bytes",
    "initial_gain",
)


def gather(run: Run) -> tuple[Cell, ...]:
    """Compute every cell of a run from its records.

    Args:
        run: The run.

    Returns:
        The cells, by data set in the order of the plan, then by training size.

    Raises:
        MismatchError: If two trials of a data set were tested on different images.
    """
    places: dict[tuple[str, int], list[Trial]] = {}
    for trial in run.trials:
        places.setdefault((trial.record["dataset"], trial.record["size"]), []).append(trial)
    order = run.config.get("plan", {}).get("data", [])
    position = {name: place for place, name in enumerate(order)}
    keys = sorted(places, key=lambda key: (position.get(key[0], len(order)), *key))
    return tuple(_cell(run, dataset, size, places[dataset, size]) for dataset, size in keys)


def metric_of(run: Run) -> str:
    """Return the metric that the run was asked to compare by.

    Args:
        run: The run.

    Returns:
        Name of the metric.
    """
    asked = run.config.get("asked", {})
    return asked.get("metric") or run.config.get("metric") or "accuracy"


def predicted(run: Run, cell: Cell, design: str) -> Predicted:
    """Open what the first finished seed of a design predicted for the test images.

    Args:
        run: The run that holds the cell.
        cell: The cell.
        design: Name of a design with a finished trial.

    Returns:
        Its test predictions; always the lowest seed, never the luckiest.
    """
    place = (cell.dataset, cell.size, design)
    own = [t for t in run.trials if (t.key.dataset, t.key.size, t.key.design) == place]
    seeds = by_seed(own, num_folds=cell.num_folds)
    trials = next(seed for seed in seeds if all(trial.finished for trial in seed))
    tested = read_tested(trials)
    probability = softmax(tested.logit, axis=1)
    return Predicted(design, trials[0].key.seed, probability, tested.label, tested.index)


def _cell(run: Run, dataset: str, size: int, trials: list[Trial]) -> Cell:
    metric = metric_of(run)
    data, recipe = run.data.get(dataset, {}), run.config.get("recipe", {}).get(dataset, {})
    shared = SharedImages()
    rows = _rows(trials, metric, shared, data=data, num_folds=len(recipe.get("folds") or [""]))
    rows = _beside_networks(rows, recipe.get("backbone") or "the backbone")
    comparison = _compared(rows, shared.group)
    most_seeds = max((len(row.finished) for row in rows), default=0)
    reasons = {row.design.name: _why_excluded(row, most_seeds) for row in rows}
    excluded = {name: reason for name, reason in reasons.items() if reason}
    chosen_by = _cost_for_choosing(rows) if comparison else None
    recommendation = None
    if comparison is not None:
        costs = {
            row.design.name: cost
            for row in rows
            if chosen_by and (cost := row.cost[chosen_by]) is not None
        }
        recommendation = choose(comparison, costs, excluded=excluded)
    return Cell(
        dataset=dataset,
        size=size,
        data=data,
        recipe=recipe,
        metric=metric,
        rows=rows,
        comparison=comparison,
        recommendation=recommendation,
        chosen_by=chosen_by,
        excluded=excluded,
        test_index=shared.first.index if shared.first else None,
        groups=shared.group,
    )


def _rows(
    trials: list[Trial],
    metric: str,
    shared: SharedImages,
    *,
    data: dict[str, Any],
    num_folds: int,
) -> tuple[Row, ...]:
    by_design: dict[str, list[Trial]] = {}
    for trial in trials:
        by_design.setdefault(trial.record["design"]["name"], []).append(trial)
    leaked = data.get("leaked_test_indices", [])
    rows = []
    for group in by_design.values():
        outcomes = tuple(
            _outcome(seed, metric, shared, leaked) for seed in by_seed(group, num_folds=num_folds)
        )
        rows.append(Row(_design(group[0].record["design"]), outcomes, _cost(outcomes)))
    return tuple(sorted(rows, key=lambda row: (row.design.number, row.design.name)))


def _design(card: dict[str, Any]) -> Design:
    title = card.get("title") or card["name"]
    label = title if card["name"] == NO_ATTENTION else card["name"]
    if card["name"].startswith("w-") and card.get("wiring"):
        label = card["wiring"]
    if card.get("network"):
        label = card["network"]
    return Design(
        name=card["name"],
        label=label,
        title=title,
        family=card.get("family") or card["kind"],
        kind=card["kind"],
        number=card["number"],
        wiring=card.get("wiring"),
        source=card.get("source") or "",
        departures=card.get("departures") or "",
    )


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


def _outcome(trials: list[Trial], metric: str, shared: SharedImages, leaked: list[int]) -> Outcome:
    """Return how a seed ended: of its one trial, or of the trials of all folds."""
    record, curve = joined_record(trials), joined_curve(trials)
    if record["state"] != "finished":
        return Outcome(record, curve=curve)
    tested = read_tested(trials)
    shared.check(trials[0], tested)
    try:
        values = tested.influence(metric)
    except DataError as error:
        return Outcome(record, curve=curve, unusable=str(error))
    scores = _scores(tested)
    if leaked:
        scores["clean"] = tested.keep(~np.isin(tested.index, leaked)).score(metric)
    return Outcome(record, scores, values, curve)


def _scores(tested: Answered) -> dict[str, float | None]:
    scores = {name: tested.score(name) for name in METRICS}
    scores["nll"] = float(negative_log_likelihood(tested.logit, tested.label).mean())
    scores["brier"] = float(brier(tested.logit, tested.label).mean())
    return scores


def _cost(outcomes: tuple[Outcome, ...]) -> dict[str, float | None]:
    return {name: _median(_recorded(outcomes, name)) for name in COST_NAMES}


def _recorded(outcomes: tuple[Outcome, ...], name: str) -> Iterable[float | None]:
    return ((outcome.record.get("cost") or {}).get(name) for outcome in outcomes)


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return statistics.median(known) if known else None


def _compared(rows: tuple[Row, ...], groups: np.ndarray | None) -> Comparison | None:
    finished = [row for row in rows if row.finished]
    if not finished:
        return None
    seeds = {tuple(outcome.seed for outcome in row.finished) for row in finished}
    table = ItemTable(
        methods=tuple(row.design.name for row in finished),
        values=tuple(_run_values(row) for row in finished),
        blocked=len(seeds) == 1,
        groups=groups,
    )
    return compare(table)


def _run_values(row: Row) -> np.ndarray:
    return np.stack([outcome.values for outcome in row.finished if outcome.values is not None])


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

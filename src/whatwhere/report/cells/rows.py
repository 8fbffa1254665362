"""From the trials of one cell to its rows: what each said about one split's images."""

import math
import statistics
from collections.abc import Iterable
from typing import Any

import numpy as np

from whatwhere.errors import DataError
from whatwhere.records import Trial
from whatwhere.report.cells.cell import NO_ATTENTION, Design, Outcome, Row
from whatwhere.report.cells.tested import (
    Answered,
    SharedImages,
    by_seed,
    joined_curve,
    joined_record,
    read_answers,
)
from whatwhere.stats.comparison import Comparison, ItemTable, compare
from whatwhere.stats.scoring.metrics import METRICS, STRATIFIED, brier, negative_log_likelihood

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


def rows_of(
    trials: Iterable[Trial],
    metric: str,
    shared: SharedImages,
    *,
    leaked: list[int],
    num_folds: int,
    split: str = "test",
) -> tuple[Row, ...]:
    """Open what trials said about the images of one split.

    Args:
        trials: Of one cell.
        metric: The metric that is compared.
        shared: What all must have been asked about.
        leaked: Test images that were trained on.
        num_folds: 1 without folds.
        split: "test" or "validation"; nothing of the other is read.

    Returns:
        One row per design, in catalogue order.

    Raises:
        MismatchError: If two trials were asked about different images.
    """
    by_design: dict[str, list[Trial]] = {}
    for trial in trials:
        by_design.setdefault(trial.record["design"]["name"], []).append(trial)
    rows = []
    for group in by_design.values():
        outcomes = tuple(
            _outcome(seed, metric, shared, leaked, split)
            for seed in by_seed(group, num_folds=num_folds)
        )
        rows.append(Row(_design(group[0].record["design"]), outcomes, _cost(outcomes)))
    rows.sort(key=lambda row: (row.design.number, row.design.name))
    return tuple(rows)


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
        added_parameters=card.get("added_parameters"),
        cost_control=card.get("cost_control"),
        gain_control=card.get("gain_control"),
    )


def _outcome(
    trials: list[Trial], metric: str, shared: SharedImages, leaked: list[int], split: str
) -> Outcome:
    """Return how a seed ended: of its one trial, or of the trials of all folds."""
    record, curve = joined_record(trials), joined_curve(trials)
    if record["state"] != "finished":
        return Outcome(record, curve=curve)
    tested = read_answers(trials, split=split)
    shared.check(trials[0], tested)
    try:
        values = tested.influence(metric)
    except DataError as error:
        return Outcome(record, curve=curve, unusable=str(error))
    if split != "test":
        return Outcome(record, {}, values, curve)
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


def compared_rows(rows: Iterable[Row], metric: str, shared: SharedImages) -> Comparison | None:
    """Compare the rows that have finished trials.

    Args:
        rows: Of one cell.
        metric: What their values are of.
        shared: The images that all were asked about.

    Returns:
        The comparison, None without any finished trial.
    """
    finished = [row for row in rows if row.finished]
    if not finished:
        return None
    seeds = {tuple(outcome.seed for outcome in row.finished) for row in finished}
    table = ItemTable(
        methods=tuple(row.design.name for row in finished),
        values=tuple(row.run_values for row in finished),
        blocked=len(seeds) == 1,
        groups=shared.group,
        strata=shared.label if metric in STRATIFIED else None,
    )
    return compare(table)

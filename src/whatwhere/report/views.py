"""From the summary to what the page's template prints: one view per cell and per data set."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from whatwhere.records import Run
from whatwhere.report import drawings
from whatwhere.report.cells.cell import NO_ATTENTION, Cell, Design, Row
from whatwhere.report.cells.evidence import predicted
from whatwhere.report.figures.classes import MOST_LABELLED, draw_class_counts, draw_confusion
from whatwhere.report.mistakes import Mistake, confusion, worst_mistakes
from whatwhere.report.numbers import is_number, plain
from whatwhere.report.words.protocol import decimals_of, protocol_sentence
from whatwhere.report.words.wording import metric_name

NUM_SAMPLE_CLASSES = 20
NUM_NEAR_PAIRS = 12
_STRIP_WIDTH, _STRIP_MARGIN = 130.0, 5.0


@dataclass(frozen=True)
class Answers:
    """What the recommended model said about the test images.

    Args:
        design: Label of the design.
        seed: Seed of the trial.
        confusion: The confusion matrix as SVG.
        mistakes: Its surest errors.
        num_wrong: Test images it got wrong.
        num_items: Test images.
    """

    design: str
    seed: int
    confusion: str
    mistakes: list[Mistake]
    num_wrong: int
    num_items: int


@dataclass(frozen=True)
class CellView:
    """One section of the page.

    Args:
        identifier: Of the section, unique on the page.
        entry: The cell in the summary.
        metric: Name of the metric.
        decimals: Digits of percentages.
        protocol: How the table was made.
        strips: Mark and interval of each row, in pixels of a small drawing.
        screening_strips: Likewise of the first of two stages.
        families: Family and colour, of all rows of both stages.
        drawn: The families of the leaderboard.
        forest: Figure, and likewise the others; empty where there is nothing to draw.
        costs: Figures, one per cost.
        curves: Figures, one per family.
        gain: Figure.
        correlation: Rank correlation of gradient and gain, as text.
        answers: Of the recommended model, or None.
        class_names: Of the data set.
        troubles: Trials that did not finish.
        dataset: Name of the data set.
        kind: What the rows are: "design", "network" or "design or network".
        base: What the row without attention is called.
    """

    identifier: str
    entry: dict[str, Any]
    metric: str
    decimals: int
    protocol: str
    strips: dict[str, dict[str, Any]]
    screening_strips: dict[str, dict[str, Any]]
    families: list[tuple[str, str]]
    drawn: frozenset[str]
    forest: str
    costs: list[str]
    curves: list[str]
    gain: str
    correlation: str
    answers: Answers | None
    class_names: list[str]
    troubles: list[dict[str, Any]]
    dataset: str
    kind: str
    base: str


@dataclass(frozen=True)
class DataView:
    """What one data set looked like.

    Args:
        name: Name of the data set.
        info: Its entry in `data.json`.
        counts: Figure of class counts, or empty.
        samples: Class name and indices of some training images, per class.
        num_classes: All its classes.
        near: Pairs of near duplicates across splits: test image, other image, differing bits.
    """

    name: str
    info: dict[str, Any]
    counts: str
    samples: list[tuple[str, list[int]]]
    num_classes: int
    near: list[list[int]]


def view_cell(run: Run, cell: Cell, entry: dict[str, Any], *, number: int) -> CellView:
    """Prepare the section of a cell.

    Args:
        run: The run.
        cell: The cell.
        entry: The cell in the summary.
        number: Place of the section on the page, from 1.

    Returns:
        The view, figures included.
    """
    identifier = f"cell{number}"
    gain, correlation = drawings.gain_figure(cell, entry, name=f"{identifier}-gain")
    return CellView(
        identifier=identifier,
        entry=entry,
        metric=metric_name(cell.metric),
        decimals=decimals_of(entry),
        protocol=protocol_sentence(entry, cell),
        strips=_strips(entry["leaderboard"]),
        screening_strips=_strips(entry["screening"]),
        families=drawings.family_legend(cell),
        drawn=frozenset(row.design.family for row in cell.rows),
        forest=drawings.forest_figure(cell, entry, name=f"{identifier}-forest"),
        costs=drawings.cost_figures(cell, entry, name=f"{identifier}-costs"),
        curves=drawings.curve_figures(cell, entry, name=f"{identifier}-curves"),
        gain=gain,
        correlation=plain(correlation, digits=2) if is_number(correlation) else "",
        answers=_answers(run, cell, entry, name=f"{identifier}-confusion"),
        class_names=_class_names(cell),
        troubles=[
            _trouble(row, outcome)
            for row in cell.rows
            for outcome in row.outcomes
            if outcome.state != "finished"
        ],
        dataset=cell.dataset,
        kind=cell.kind,
        base=next((r.design.label for r in cell.rows if r.design.name == NO_ATTENTION), "none"),
    )


def view_data(run: Run, name: str, *, number: int) -> DataView:
    """Prepare what the page says about a data set.

    Args:
        run: The run.
        name: The data set.
        number: Place on the page, from 1.

    Returns:
        The view, its figure included.
    """
    info = run.data.get(name, {})
    names = info.get("class_names", [])
    train = info.get("splits", {}).get("train", {}).get("class_counts") or []
    counts = ""
    if train and len(train) == len(names):
        counts = draw_class_counts(
            train, class_names=names, name=f"data{number}-counts", what="training images"
        )
    samples = list(zip(names, info.get("sample_indices") or [], strict=False))
    shown = samples[:NUM_SAMPLE_CLASSES]
    near = ((info.get("near_duplicates") or {}).get("pairs") or [])[:NUM_NEAR_PAIRS]
    return DataView(name, info, counts, shown, num_classes=len(names), near=near)


def wanted_pictures(views: list[CellView], data: list[DataView]) -> dict[str, list[int]]:
    """List the pictures that the page shows.

    Args:
        views: The cells.
        data: The data sets.

    Returns:
        Indices of images by data set.
    """
    wanted: dict[str, list[int]] = {view.name: [] for view in data}
    for view in data:
        wanted[view.name] += [index for _, indices in view.samples for index in indices]
        wanted[view.name] += [index for one, other, _ in view.near for index in (one, other)]
    for cell in views:
        if cell.answers:
            shown = [mistake.index for mistake in cell.answers.mistakes]
            wanted.setdefault(cell.dataset, []).extend(shown)
    return {name: sorted(set(indices)) for name, indices in wanted.items() if indices}


def view_designs(cells: tuple[Cell, ...]) -> list[tuple[Design, Row]]:
    """List every design of a run once, in catalogue order, with a row that has its costs.

    Args:
        cells: The cells of the run.

    Returns:
        Design and row.
    """
    rows: dict[str, Row] = {}
    for cell in cells:
        screened = cell.screening.rows if cell.screening else ()
        for row in (*cell.rows, *screened):
            known = rows.get(row.design.name)
            if known is None or (not known.finished and row.finished):
                rows[row.design.name] = row
    ordered = sorted(rows.values(), key=lambda row: (row.design.number, row.design.name))
    return [(row.design, row) for row in ordered]


def _class_names(cell: Cell) -> list[str]:
    return list(cell.data.get("class_names", []))


def _answers(run: Run, cell: Cell, entry: dict[str, Any], *, name: str) -> Answers | None:
    if not entry["recommended"] or not entry["is_compared"]:
        return None
    said = predicted(run, cell, entry["recommended"][0])
    counts = confusion(said)
    num_items = int(counts.sum())
    label = next(row["label"] for row in entry["leaderboard"] if row["design"] == said.design)
    return Answers(
        design=label,
        seed=said.seed,
        confusion=draw_confusion(counts, class_names=_class_names(cell), name=name),
        mistakes=worst_mistakes(said),
        num_wrong=num_items - int(np.trace(counts)),
        num_items=num_items,
    )


def _strips(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Place each row's mean and interval on one axis, in pixels of a small drawing."""
    drawn = [row for row in rows if is_number(row["mean"])]
    ends = [row[name] for row in drawn for name in ("low", "mean", "high") if is_number(row[name])]
    if not ends:
        return {}
    low, high = min(ends), max(ends)
    scale = (_STRIP_WIDTH - 2 * _STRIP_MARGIN) / (high - low if high > low else 1.0)
    place = lambda value: round(_STRIP_MARGIN + (value - low) * scale, 1)  # noqa: E731
    none = next((place(row["mean"]) for row in drawn if row["design"] == NO_ATTENTION), None)
    return {
        row["design"]: {
            "mean": place(row["mean"]),
            "low": place(row["low"] if is_number(row["low"]) else row["mean"]),
            "high": place(row["high"] if is_number(row["high"]) else row["mean"]),
            "none": none,
        }
        for row in drawn
    }


def _trouble(row: Row, outcome: Any) -> dict[str, Any]:
    where = outcome.record.get("diverged") or {}
    parts = [outcome.reason]
    if where:
        parts.append(
            f"at step {where.get('step')}, learning rate {plain(where.get('learning_rate'))},"
            f" gradient norm {plain(where.get('gradient_norm'))}"
        )
    return {
        "label": row.design.label,
        "seed": outcome.seed,
        "state": outcome.state,
        "reason": "; ".join(part for part in parts if part),
    }


def is_labelled(view: CellView) -> bool:
    """Say whether the confusion matrix has names and numbers.

    Args:
        view: The cell.

    Returns:
        Whether it has.
    """
    return len(view.class_names) <= MOST_LABELLED

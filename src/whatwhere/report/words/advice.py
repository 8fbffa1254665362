"""The recommendation as a set: its members, cheapest first, and what is left to decide."""

from dataclasses import dataclass

from whatwhere.report.cells.cell import NO_ATTENTION, Cell
from whatwhere.report.cells.claims import is_compared, spoken
from whatwhere.report.cells.useful import Judged, judge_designs
from whatwhere.report.words.further import to_decide
from whatwhere.report.words.prior import prior_sentence
from whatwhere.report.words.verdicts import usefulness
from whatwhere.report.words.wording import listed


@dataclass(frozen=True)
class Member:
    """A design that may be chosen.

    Args:
        design: Its name.
        label: How sentences call it.
        mean: Mean score.
        low: Lower 95 % bound.
        high: Upper bound.
        parameters: Of the whole network.
        inference_ms: Per batch.
        inference_ratio: Times no attention.
        reason: What is known of it beside its score.
    """

    design: str
    label: str
    mean: float
    low: float
    high: float
    parameters: float | None
    inference_ms: float | None
    inference_ratio: float | None
    reason: str


@dataclass(frozen=True)
class Advice:
    """What to choose and why.

    Args:
        members: The recommended designs, cheapest first.
        left_out: Rows that may be best and are not recommended, each with the reason.
        further: What it would take to decide further; may be empty.
        prior: What published rules would have said; may be empty.
    """

    members: tuple[Member, ...]
    left_out: tuple[str, ...]
    further: str
    prior: str


def advise(cell: Cell) -> Advice:
    """Put together what a user needs to choose.

    Args:
        cell: The cell.

    Returns:
        The advice; without members where nothing may be claimed.
    """
    if not is_compared(cell) or cell.recommendation is None:
        return Advice((), (), "", prior_sentence(cell))
    judged = {item.design: item for item in judge_designs(cell)}
    names = cell.recommendation.designs
    excluded = [name for name in cell.compared.may_be_best if name in cell.excluded]
    return Advice(
        members=tuple(_member(cell, name, judged.get(name)) for name in names),
        left_out=tuple(
            f"{listed([spoken(cell.row(name)) for name in excluded if cell.excluded[name] == why])}"
            f" ({why})"
            for why in dict.fromkeys(cell.excluded[name] for name in excluded)
        ),
        further=to_decide(cell),
        prior=prior_sentence(cell),
    )


def _member(cell: Cell, name: str, judged: Judged | None) -> Member:
    row = cell.row(name)
    summary = next(item for item in cell.compared.summaries if item.name == name)
    reason = usefulness(judged) if judged else ""
    if name == NO_ATTENTION:
        reason = "the backbone as it is: no block to add"
    return Member(
        design=name,
        label=spoken(row),
        mean=summary.mean,
        low=summary.low,
        high=summary.high,
        parameters=row.cost["parameters"],
        inference_ms=row.cost["inference_ms"],
        inference_ratio=row.cost["inference_ratio"],
        reason=reason,
    )

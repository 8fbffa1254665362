"""What a cell shows, put into sentences in the order in which they should be read."""

from dataclasses import dataclass

from whatwhere.report import cautions, wording
from whatwhere.report.cell import NO_ATTENTION, Cell
from whatwhere.report.claims import is_compared, spoken
from whatwhere.report.controls import Verdict, against_controls
from whatwhere.report.numbers import is_number
from whatwhere.report.protocol import protocol_name
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS

MAX_LEAKED_SHARE = 0.01


@dataclass(frozen=True)
class Story:
    """The sentences of one cell.

    Args:
        screening: That this is a screening; empty for longer protocols.
        headline: What is recommended, or why nothing is.
        remark: What the headline means for attention as such; may be empty.
        controls: For each control its words and title, and how the designs stand against it.
        detectable: What the table could have seen; empty without a comparison.
        cautions: Failures, short training, unbalanced classes.
    """

    screening: str
    headline: str
    remark: str
    controls: tuple[Verdict, ...]
    detectable: str
    cautions: tuple[str, ...]

    @property
    def recommendation(self) -> str:
        """The headline with its remark."""
        return f"{self.headline} {self.remark}".rstrip()


def tell(cell: Cell, *, place: str) -> Story:
    """Write the sentences of a cell.

    Args:
        cell: The cell.
        place: How to call its data set in a sentence.

    Returns:
        The sentences.
    """
    return Story(
        screening=wording.screening(protocol_name(cell), cell.recipe.get("steps"), kind=cell.kind),
        headline=_headline(cell, place),
        remark=_remark(cell),
        controls=against_controls(cell),
        detectable=_detectable(cell),
        cautions=tuple(_cautions(cell)),
    )


def _headline(cell: Cell, place: str) -> str:
    comparison, recommendation = cell.comparison, cell.recommendation
    if comparison is None or len(comparison.summaries) < 2:
        finished = [spoken(row) for row in cell.rows if row.finished]
        return wording.nothing_to_compare(place, labels=finished)
    if not is_compared(cell):
        num_seeds = max(summary.num_seeds for summary in comparison.summaries)
        highest = spoken(cell.row(comparison.summaries[0].name))
        return wording.screening_only(
            place, num_seeds=num_seeds, highest=highest, metric=cell.metric
        )
    labels = [spoken(cell.row(s.name)) for s in comparison.summaries if s.may_be_best]
    if recommendation is None or not recommendation.designs:
        return wording.nothing_recommended(place, labels=labels, kind=cell.kind)
    if comparison.winner_margin is not None:
        return wording.winner(
            place, label=labels[0], margin=comparison.winner_margin, kind=cell.kind
        )
    return wording.tied(
        place,
        labels=labels,
        num_designs=len(comparison.summaries),
        num_recommended=len(recommendation.designs),
        cheapest=spoken(cell.row(recommendation.designs[0])),
        chosen_by=cell.chosen_by,
        is_cheapest_of_all=_is_cheapest_of_all(cell, recommendation.designs[0]),
        kind=cell.kind,
    )


def _is_cheapest_of_all(cell: Cell, name: str) -> bool:
    """Say whether no design that may be best, recommended or not, costs less."""
    if cell.chosen_by is None:
        return True
    costs = {other: cell.row(other).cost[cell.chosen_by] for other in cell.compared.may_be_best}
    return all(cost is None or cost >= (costs[name] or 0.0) for cost in costs.values())


def _remark(cell: Cell) -> str:
    return " ".join(text for text in (_about_attention(cell), _leak_mark(cell)) if text)


def _leak_mark(cell: Cell) -> str:
    """Mark a recommendation that rests on test images which were trained on."""
    num_items = cell.comparison.num_items if cell.comparison else 0
    if cell.num_leaked <= MAX_LEAKED_SHARE * num_items or not num_items:
        return ""
    return wording.leak_mark(cell.num_leaked, num_items=num_items)


def _about_attention(cell: Cell) -> str:
    tied = is_compared(cell) and cell.compared.unique_winner is None
    if tied and NO_ATTENTION in cell.compared.may_be_best:
        finished = [row.design for row in cell.rows if row.finished]
        return wording.no_attention_may_be_best(
            spoken(cell.row(NO_ATTENTION)),
            attention=any(design.is_attention for design in finished),
            networks=any(design.is_network for design in finished),
        )
    return ""


def _detectable(cell: Cell) -> str:
    if not is_compared(cell) or not is_number(cell.compared.detectable_difference):
        return ""
    return wording.detectable(
        cell.compared.detectable_difference, num_comparisons=cell.compared.num_comparisons
    )


def _cautions(cell: Cell) -> list[str]:
    failed = [row for row in cell.rows if len(row.finished) < len(row.outcomes)]
    sentences = [
        cautions.failures(
            spoken(row),
            num_diverged=row.num("diverged"),
            num_failed=row.num("failed"),
            num_runs=len(row.outcomes),
        )
        for row in failed
    ]
    sentences += [
        cautions.few_seeds(spoken(row), num_finished=len(row.finished))
        for row in cell.rows
        if is_compared(cell) and 0 < len(row.finished) < MIN_SEEDS_FOR_CLAIMS and row not in failed
    ]
    sentences += [
        cautions.collapsed(spoken(row), num_collapsed=row.num_collapsed, num_runs=len(row.finished))
        for row in cell.rows
        if row.num_collapsed
    ]
    others = (_rising(cell), _unbalanced(cell), _mixed_numerics(cell))
    return sentences + [text for text in others if text]


def _mixed_numerics(cell: Cell) -> str:
    keys = {outcome.record.get("numerics_key") for outcome in cell.outcomes} - {None}
    return cautions.mixed_numerics(len(keys)) if len(keys) > 1 else ""


def _rising(cell: Cell) -> str:
    finished = [outcome for row in cell.rows for outcome in row.finished]
    num_rising = sum(bool(outcome.record.get("rising")) for outcome in finished)
    if not num_rising:
        return ""
    return cautions.under_trained(num_rising, num_trials=len(finished))


def _unbalanced(cell: Cell) -> str:
    counts = cell.data.get("splits", {}).get("train", {}).get("class_counts") or [0]
    return cautions.unbalanced(max(counts), min(counts), metric=cell.metric)

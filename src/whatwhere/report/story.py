"""What a cell shows, put into sentences in the order in which they should be read."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from whatwhere.report import cautions, verdicts, wording
from whatwhere.report.cell import NO_ATTENTION, Cell, Row
from whatwhere.report.evidence import MIN_SEEDS
from whatwhere.report.numbers import is_number
from whatwhere.report.protocol import protocol_name
from whatwhere.stats.comparison import Pair

SIGNIFICANCE_LEVEL = 0.05
MAX_LEAKED_SHARE = 0.01
_CONSTANT_GAIN = re.compile(r"(?:([0-9.e+-]+) \* )?x(?: / ([0-9.e+-]+))?")


@dataclass(frozen=True)
class Verdict:
    """How the designs stand against one control.

    Args:
        control: How sentences call the control.
        title: Its longer name.
        sentences: Who is ahead, behind, equivalent, undecided.
    """

    control: str
    title: str
    sentences: tuple[str, ...]


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
        screening=wording.screening(protocol_name(cell), cell.recipe.get("steps")),
        headline=_headline(cell, place),
        remark=_remark(cell),
        controls=_controls(cell),
        detectable=_detectable(cell),
        cautions=tuple(_cautions(cell)),
    )


def spoken(row: Row) -> str:
    """Return how sentences call a row: its label, and a control or a whole network as such.

    Args:
        row: The design's row.

    Returns:
        The words.
    """
    label = row.design.label
    if row.design.is_network:
        return f"the network {label}"
    return f"the control {label}" if row.design.kind == "control" else label


def is_compared(cell: Cell) -> bool:
    """Say whether the cell may claim anything: two designs with three finished seeds at least.

    One design with fewer, because its other runs failed, takes nothing from the others: nothing
    is claimed of it alone.

    Args:
        cell: The cell.

    Returns:
        Whether it may.
    """
    summaries = cell.comparison.summaries if cell.comparison else ()
    return sum(summary.num_seeds >= MIN_SEEDS for summary in summaries) > 1


def is_significant(pair: Pair) -> bool:
    """Say whether a difference holds after the correction for all comparisons.

    Args:
        pair: The two designs.

    Returns:
        Whether it does.
    """
    return is_number(pair.p_adjusted) and pair.p_adjusted < SIGNIFICANCE_LEVEL


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
        return wording.nothing_recommended(place, labels=labels)
    if comparison.winner_margin is not None:
        return wording.winner(place, label=labels[0], margin=comparison.winner_margin)
    return wording.tied(
        place,
        labels=labels,
        num_designs=len(comparison.summaries),
        num_recommended=len(recommendation.designs),
        cheapest=spoken(cell.row(recommendation.designs[0])),
        chosen_by=cell.chosen_by,
        is_cheapest_of_all=_is_cheapest_of_all(cell, recommendation.designs[0]),
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
            attention=any(design.is_attention for design in finished),
            networks=any(design.is_network for design in finished),
        )
    return ""


def _controls(cell: Cell) -> tuple[Verdict, ...]:
    """Judge every design against no attention, the widened backbone and the constant gain.

    A whole network is judged against no attention alone: the other controls say what attention is
    worth.
    """
    if not is_compared(cell):
        return ()
    finished = [row for row in cell.rows if len(row.finished) >= MIN_SEEDS]
    none = [row for row in finished if row.design.name == NO_ATTENTION]
    gains = [row for row in finished if _gain_of(row) is not None]
    others = [row for row in finished if row.design.kind == "control" and row not in gains]
    judged = [row for row in finished if row not in none + gains + others]
    attention = [row for row in judged if not row.design.is_network]
    opponents = [*((control, judged) for control in none)]
    opponents += [(control, attention) for control in others]
    for control in gains:
        nearest = [row for row in attention if _nearest_gain(row, gains + none) is control]
        opponents.append((control, nearest))
    return tuple(
        Verdict(spoken(control), control.design.title, tuple(_against(cell, control, rows)))
        for control, rows in opponents
        if rows
    )


def _gain_of(row: Row) -> float | None:
    """Return the factor of a constant-gain control, None for everything else."""
    match = _CONSTANT_GAIN.fullmatch(row.design.wiring or "")
    if match is None or row.design.kind != "control":
        return None
    return float(match[1] or 1) / float(match[2] or 1)


def _nearest_gain(row: Row, controls: list[Row]) -> Row:
    """Find the control whose gain is nearest to the design's own, as ratios go."""
    own = row.cost["initial_gain"]
    if not own or own <= 0:
        return controls[0]
    return min(controls, key=lambda control: abs(math.log((_gain_of(control) or 1.0) / own)))


def _against(cell: Cell, control: Row, judged: list[Row]) -> list[str]:
    name = spoken(control)
    place = {summary.name: rank for rank, summary in enumerate(cell.compared.summaries)}
    judged = sorted(judged, key=lambda row: place[row.design.name])
    pairs = [
        (spoken(row), cell.compared.pair(row.design.name, control.design.name)) for row in judged
    ]
    ahead = [(label, p.low) for label, p in pairs if is_significant(p) and p.difference > 0]
    behind = [(label, -p.high) for label, p in pairs if is_significant(p) and p.difference < 0]
    same = [label for label, p in pairs if not is_significant(p) and p.equivalent]
    undecided = [label for label, p in pairs if not is_significant(p) and not p.equivalent]
    return [
        *_if(ahead, lambda: verdicts.ahead_of_control(name, leads=ahead)),
        *_if(behind, lambda: verdicts.behind_control(name, lags=behind)),
        *_if(same, lambda: verdicts.equivalent_to_control(name, labels=same)),
        *_if(
            undecided,
            lambda: verdicts.not_ahead_of_control(
                name, labels=undecided, num_judged=len(judged), kind=_kind_of(judged)
            ),
        ),
    ]


def _kind_of(rows: list[Row]) -> str:
    kinds = {"network" if row.design.is_network else "design" for row in rows}
    return " or ".join(sorted(kinds))


def _if(condition: object, sentence: Callable[[], str]) -> list[str]:
    return [sentence()] if condition else []


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
        if is_compared(cell) and 0 < len(row.finished) < MIN_SEEDS and row not in failed
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

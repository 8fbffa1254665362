"""What a cell shows, put into sentences in the order in which they should be read."""

from dataclasses import dataclass

from whatwhere.report.cells.cell import NO_ATTENTION, Cell, Screening
from whatwhere.report.cells.claims import is_compared, is_leaked, is_unequal, spoken
from whatwhere.report.cells.useful import PURPOSES, Judged, judge_designs, plain_row
from whatwhere.report.numbers import is_number
from whatwhere.report.words import cautions, staging, withheld, wording
from whatwhere.report.words.advice import Advice, advise
from whatwhere.report.words.controls import Verdict, against_controls
from whatwhere.report.words.protocol import protocol_name
from whatwhere.report.words.verdicts import useful_designs
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS
from whatwhere.stats.highest import luck_of_highest

_FEWEST_IN_A_SWEEP = 3


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
        stages: How rows were chosen and what was only screened; empty for one stage.
        highest: How much luck is in the highest mean; empty where fresh seeds confirmed it.
        useful: Which designs are worth having, in one sentence; may be empty.
        judged: Every design against the three rows that it must beat.
        advice: What to choose, what is left to decide, and what was published.
    """

    screening: str
    headline: str
    remark: str
    controls: tuple[Verdict, ...]
    detectable: str
    cautions: tuple[str, ...]
    stages: tuple[str, ...]
    highest: str
    useful: str
    judged: tuple[Judged, ...]
    advice: Advice

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
    judged = judge_designs(cell)
    return Story(
        screening=withheld.screening(protocol_name(cell), cell.recipe.get("steps"), kind=cell.kind),
        headline=_headline(cell, place),
        remark=_remark(cell),
        controls=against_controls(cell),
        detectable=_detectable(cell),
        cautions=tuple(_cautions(cell)),
        stages=tuple(_stages(cell)),
        highest=_highest(cell),
        useful=useful_designs(
            judged, base=_base(cell), can_run=_can_run(cell), can_confirm=cell.num_folds == 1
        ),
        judged=judged,
        advice=advise(cell),
    )


def _base(cell: Cell) -> str:
    """Return what the backbone without attention is called."""
    rows = (*cell.rows, *(cell.screening.rows if cell.screening else ()))
    plain = plain_row(rows)
    return spoken(plain) if plain else "no attention"


def _stages(cell: Cell) -> list[str]:
    screening = cell.screening
    if screening is None or not screening.rounds:
        return []
    labels = {row.design.name: spoken(row) for row in (*screening.rows, *cell.rows)}
    sentences = [_two_stages(cell, screening)]
    if screening.only_screened:
        sentences.append(staging.only_screened([labels[n] for n in screening.only_screened]))
    if len(screening.rounds) > 1:
        num_fresh, names = screening.rounds[-1]
        joined = [labels.get(name, name) for name in names]
        sentences.append(
            staging.grown(joined, num_fresh=num_fresh, num_rounds=len(screening.rounds))
        )
    return sentences


def _two_stages(cell: Cell, screening: Screening) -> str:
    """Say what was screened and what ran again; a design may be screened at another size only."""
    known = {row.design.name: row for row in (*screening.rows, *cell.rows)}
    others = [name for name in screening.confirmed if name != NO_ATTENTION]
    # What neither was screened nor has run yet is a control: those join in the second stage.
    designs = [n for n in others if n in known and known[n].design.kind != "control"]
    num_run = {row.design.name: len(row.outcomes) for row in cell.rows}
    num_fresh = screening.rounds[-1][0]
    return staging.two_stages(
        num_screened=len(screening.rows),
        num_seeds=max((len(row.finished) for row in screening.rows), default=0),
        metric=cell.metric,
        labels=[spoken(known[name]) for name in designs],
        num_fresh=num_fresh,
        base=_base(cell),
        with_controls=len(designs) < len(others),
        is_complete=all(num_run.get(name, 0) >= num_fresh for name in screening.confirmed),
    )


def _highest(cell: Cell) -> str:
    """Say how much of the highest mean is luck, where all rows were one sweep."""
    if cell.screening or not is_compared(cell):
        return ""
    summaries = cell.compared.summaries
    if len(summaries) < _FEWEST_IN_A_SWEEP:
        return ""
    luck = luck_of_highest([s.seed_sd for s in summaries], [s.num_seeds for s in summaries])
    return staging.highest_mean(
        spoken(cell.row(summaries[0].name)),
        num_designs=len(summaries),
        luck=luck,
        metric=cell.metric,
        kind=cell.kind,
        can_confirm=cell.num_folds == 1,
    )


def _can_run(cell: Cell) -> tuple[str, ...]:
    """Return for what controls can be built: not for all backbones, none for trained weights."""
    attention, _, gain = PURPOSES
    if cell.recipe.get("pretrained") or cell.recipe.get("start") == "identity":
        return (attention,)
    return PURPOSES if cell.recipe.get("widened_inner_widths", True) else (attention, gain)


def _headline(cell: Cell, place: str) -> str:
    comparison, recommendation = cell.comparison, cell.recommendation
    if cell.screening and comparison is None:
        return staging.waits_for_second_stage(place)
    if comparison is None or len(comparison.summaries) < 2:
        finished = [spoken(row) for row in cell.rows if row.finished]
        return withheld.nothing_to_compare(place, labels=finished)
    if not is_compared(cell):
        # With as many as a claim takes in one row, it is the second most that holds it back.
        num_seeds = sorted(summary.num_seeds for summary in comparison.summaries)[-2]
        alone = num_seeds < max(summary.num_seeds for summary in comparison.summaries)
        highest = spoken(cell.row(comparison.summaries[0].name))
        reason = f"{withheld.seeds_at_most(num_seeds)}, but for one row" if alone else ""
        reason = withheld.LEAKED if is_leaked(cell) else reason
        reason = withheld.UNEQUAL_BUDGETS if is_unequal(cell) else reason
        return withheld.screening_only(
            place, num_seeds=num_seeds, highest=highest, metric=cell.metric, reason=reason
        )
    labels = [spoken(cell.row(s.name)) for s in comparison.summaries if s.may_be_best]
    if recommendation is None or not recommendation.designs:
        return withheld.nothing_recommended(place, labels=labels, kind=cell.kind)
    if comparison.winner_margin is not None:
        return wording.winner(
            place,
            label=labels[0],
            margin=comparison.winner_margin,
            kind=cell.kind,
            confirmed=cell.screening is not None,
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
        confirmed=cell.screening is not None,
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
    if not is_leaked(cell):
        return ""
    return withheld.leak_mark(cell.num_leaked, num_items=cell.compared.num_items)


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

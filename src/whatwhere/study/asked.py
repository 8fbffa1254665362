"""Which trials a request asks for."""

from collections.abc import Iterable, Sequence

from whatwhere.blocks.designs import Design
from whatwhere.records import TrialKey
from whatwhere.study.plan import PlannedTrial
from whatwhere.study.preparing.measure import trial_seconds
from whatwhere.study.preparing.ready import ReadyData

REFERENCE = "none"


def pilot_rows(designs: Sequence[Design]) -> tuple[Design, ...]:
    """Return the rows that pilot runs train: no attention and the first design.

    Args:
        designs: All rows, in their order.

    Returns:
        Both; fewer than two where nothing is compared.
    """
    others = [d for d in designs if d.name != REFERENCE and d.card.kind != "control"]
    reference = [design for design in designs if design.name == REFERENCE]
    return (*reference, *others)[:2]


def asked_trials(
    ready: Iterable[ReadyData], designs: Iterable[Design], seeds: Iterable[int]
) -> list[PlannedTrial]:
    """Return every trial that is asked for, seed after seed, the folds of a design together.

    Args:
        ready: The data sets.
        designs: The rows.
        seeds: Numbers of the seeds.

    Returns:
        The trials, each with its expected time.
    """
    return [
        PlannedTrial(
            key=TrialKey(item.name, size, design.name, seed, fold),
            seconds=trial_seconds(
                item.costs[design.name],
                item.protocol,
                len(item.prepared.source.indices("validation")),
            ),
            is_control=design.name == "none" or design.card.kind == "control",
        )
        for seed in seeds
        for item in ready
        for size in item.prepared.subsets
        for design in designs
        if design.name in item.costs
        for fold in item.prepared.fold_numbers
    ]

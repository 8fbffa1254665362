"""Which trials a request asks for."""

from collections.abc import Sequence

from whatwhere.blocks.designs import Design
from whatwhere.records import TrialKey
from whatwhere.study.measure import trial_seconds
from whatwhere.study.plan import PlannedTrial
from whatwhere.study.ready import ReadyData
from whatwhere.study.request import Request

REFERENCE = "none"


def pilot_designs(designs: Sequence[Design]) -> tuple[str, ...]:
    """Return the rows that pilot runs train: no attention and the first design.

    Args:
        designs: All rows, in their order.

    Returns:
        Their names; fewer than two where nothing is compared.
    """
    others = [d.name for d in designs if d.name != REFERENCE and d.card.kind != "control"]
    reference = [design.name for design in designs if design.name == REFERENCE]
    return (*reference, *others)[:2]


def asked_trials(
    ready: list[ReadyData], designs: tuple[Design, ...], request: Request, *, pilot: bool = False
) -> list[PlannedTrial]:
    """Return every trial that is asked for, seed after seed, the folds of a design together.

    Args:
        ready: The data sets.
        designs: The rows.
        request: Seeds and sizes.
        pilot: Whether only the rows of pilot runs are.

    Returns:
        The trials, each with its expected time.
    """
    rows = pilot_designs(designs) if pilot else tuple(design.name for design in designs)
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
        for seed in range(request.seeds)
        for item in ready
        for size in item.prepared.subsets
        for design in designs
        if design.name in item.costs and design.name in rows
        for fold in item.prepared.fold_numbers
    ]


def identities_of(
    ready: list[ReadyData], designs: tuple[Design, ...], request: Request, device: str
) -> dict[TrialKey, str]:
    """Return the hash of what decides the result, for every trial that is asked for.

    Args:
        ready: The data sets.
        designs: The rows.
        request: Seeds and sizes.
        device: The torch device.

    Returns:
        The hashes by trial.
    """
    return {
        trial.key: item.identity(design, trial.key, device=device)
        for item in ready
        for design in designs
        for trial in asked_trials([item], (design,), request)
    }

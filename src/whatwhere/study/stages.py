"""The second stage: what screening leaves is run again, with seeds that it never saw.

Seeds of the first stage are numbered from 0, at most MAX_SEEDS of them, those of the second from
FIRST_FRESH_SEED. The number alone says which stage a trial belongs to, so neither stage can grow
into the other, and a design that joins later gets the seeds that all others had.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from whatwhere.blocks.designs import Design, named_or_typed
from whatwhere.blocks.registered import WIDENED
from whatwhere.errors import WhatWhereError
from whatwhere.models import ModelSpec
from whatwhere.records import Run
from whatwhere.report.cells.screening import Screening, screened
from whatwhere.study.preparing.chosen import only_design
from whatwhere.study.preparing.controls import (
    NO_ATTENTION,
    cost_control,
    gain_controls,
    has_controls,
    in_order,
)
from whatwhere.study.preparing.measure import full_controls, gain_of
from whatwhere.study.trained import rebuildable

FIRST_FRESH_SEED = 1000


def stage_of(seed: int) -> int:
    """Return which stage a seed belongs to: 1 for screening, 2 for confirmation."""
    return 2 if seed >= FIRST_FRESH_SEED else 1


def fresh_seeds(number: int) -> range:
    """Return the numbers of the second stage's seeds."""
    return range(FIRST_FRESH_SEED, FIRST_FRESH_SEED + number)


@dataclass(frozen=True)
class Chosen:
    """What the second stage runs on one data set.

    Args:
        dataset: Name of the data set.
        screenings: By training size, what the first stage showed on validation images.
        designs: All rows, those that were confirmed before and the controls among them.
        notes: What a user should know.
    """

    dataset: str
    screenings: dict[int, Screening]
    designs: tuple[Design, ...]
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Names of the rows."""
        return [design.name for design in self.designs]

    def among(self, can_build: Callable[[Design], bool]) -> "Chosen":
        """Return the same with those rows only that can be built."""
        return replace(self, designs=tuple(filter(can_build, self.designs)))


def choose_confirmed(
    run: Run,
    dataset: str,
    sizes: Iterable[int],
    *,
    asked: Sequence[Design],
    controls: str,
    spec: ModelSpec,
) -> Chosen:
    """Choose what the second stage runs, by validation answers of the first alone.

    A design that may be best at one training size is confirmed at all of them, so that tables of
    different sizes keep the same rows. What was confirmed before stays.

    Args:
        run: The run.
        dataset: Name of the data set.
        sizes: Its training sizes.
        asked: The rows of this command.
        controls: "few" or "full".
        spec: The bare backbone.

    Returns:
        The rows: designs, no attention and the controls that judge them.
    """
    screenings = {size: screened(run, dataset, size) for size in sizes}
    before = [name for item in screenings.values() for name in item.confirmed]
    leading = [name for item in screenings.values() for name in item.candidates]
    known = {design.name: design for design in asked}
    rows: dict[str, Design] = {}
    notes = []
    for name in dict.fromkeys([*before, *leading]):
        design = known.get(name) or _rebuilt(run, dataset, name)
        if design is None:
            notes.append(f"{name} cannot be built from its record; name it with -d to confirm it")
        else:
            rows[name] = design
    joining = _joining(tuple(rows.values()), asked=asked, controls=controls, spec=spec)
    return Chosen(dataset, screenings, in_order([*joining, *rows.values()]), tuple(notes))


def most_confirmed(designs: Sequence[Design], *, most: int, controls: str) -> int:
    """Return how many rows the second stage has at most.

    Args:
        designs: The rows of the first.
        most: Designs that screening leaves at most.
        controls: "few" or "full".

    Returns:
        The designs, no attention and the controls that may be needed.
    """
    num_others = sum(design.card.kind != "control" for design in designs) - 1
    num_designs = max(0, min(most, num_others))
    num_attention = min(num_designs, sum(map(has_controls, designs)))
    num_gains = min(num_attention, 6)
    num_costs = num_attention if controls == "full" else min(num_attention, 1)
    return 1 + num_designs + num_gains + num_costs


def _joining(
    rows: Sequence[Design], *, asked: Sequence[Design], controls: str, spec: ModelSpec
) -> tuple[Design, ...]:
    """Return no attention and the controls; none where there is nothing to judge by them."""
    none = named_or_typed(NO_ATTENTION)
    judged = [design for design in rows if has_controls(design)]
    if not judged or spec.start == "identity":
        return (none,)
    if controls == "full":
        return (none, *full_controls(judged, spec))
    wide = (design for design in asked if design.name == WIDENED)
    return (none, *wide, *gain_controls(judged, lambda design: gain_of(design, spec.start)))


def _rebuilt(run: Run, dataset: str, name: str) -> Design | None:
    """Return a design of an earlier command, from what its trials recorded."""
    for trial in run.trials:
        facts = trial.record["design"]
        if (trial.key.dataset, trial.key.design) == (dataset, name):
            if facts.get("added_parameters") is not None:
                return cost_control(facts["added_parameters"])
            try:
                return only_design([facts.get("network") or rebuildable(facts)])
            except WhatWhereError:
                return None
    return None

"""How many seeds a run needs: from what is on record, or from an assumption that is named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from whatwhere.blocks.designs import Design
from whatwhere.errors import DataError
from whatwhere.records import Run, TrialKey
from whatwhere.report.cells.screening import MOST_CONFIRMED
from whatwhere.report.cells.tested import SharedImages, by_seed, read_answers
from whatwhere.stats.groups import by_group
from whatwhere.stats.planning.seeds import TARGETS, Pilot, SeedNeed, assumed_pilot, need, pilot_of
from whatwhere.study.asked import REFERENCE, asked_trials, pilot_rows
from whatwhere.study.plan import ASSUMED_DISAGREEMENT, ASSUMED_SEED_SD, WORKER_START_SECONDS
from whatwhere.study.preparing.prepare import Prepared
from whatwhere.study.preparing.ready import ReadyData
from whatwhere.study.request import Request
from whatwhere.study.session import Session
from whatwhere.study.stages import fresh_seeds, most_confirmed

MIN_PILOT_SEEDS = 2
PILOT_SEEDS = 3  # what is proposed where nothing is on record


@dataclass(frozen=True)
class PlannedNeed:
    """The seeds that one difference needs, and their time.

    Args:
        need: The seeds.
        seconds: Time until they are all on record, by what is on record already; None without a
            number of seeds.
    """

    need: SeedNeed
    seconds: float | None


@dataclass(frozen=True)
class SeedTable:
    """The plan of one data set at one training size.

    Args:
        title: Of the data set, with its size where a run has several.
        metric: What is compared.
        num_seeds: Seeds that are asked for.
        num_rows: Rows that will be compared, every two of them.
        num_items: Test images, of all folds.
        pilot: What the plan rests on.
        measured_on: Designs whose runs it was read from; empty for an assumption.
        detectable: What the seeds asked for could find, over all pairs.
        pair: One need per target for one planned pair: no attention and the dearest design alone.
        table: For the whole table.
        pilot_seconds: How long pilot runs would take; None where runs are on record.
        is_second_stage: Whether rows and seeds are those of a second stage, at most so many rows.
    """

    title: str
    metric: str
    num_seeds: int
    num_rows: int
    num_items: int
    pilot: Pilot
    measured_on: tuple[str, ...]
    detectable: float
    pair: tuple[PlannedNeed, ...]
    table: tuple[PlannedNeed, ...]
    pilot_seconds: float | None
    is_second_stage: bool = False


def seed_tables(
    session: Session,
    ready: Iterable[ReadyData],
    rows: Mapping[str, tuple[Design, ...]],
    settled: set[TrialKey],
) -> tuple[SeedTable, ...]:
    """Plan the seeds of every data set and training size.

    Runs on record are read for how much they vary and on how many test images they disagree; which
    of them is ahead is neither looked at nor told.

    Args:
        session: The command; the run's folder need not exist.
        ready: The data sets.
        rows: Designs by name of the data set.
        settled: Trials on record.

    Returns:
        The tables; none where fewer than two rows are asked for.
    """
    run, request = Run(session.path), session.request
    tables = []
    for item in ready:
        for size in item.prepared.subsets:
            if len(item.costs) > 1:
                cell = _Cell(item, size, rows[item.name], request, settled, session.num_workers)
                tables.append(cell.table(run))
    return tuple(tables)


@dataclass(frozen=True)
class _Cell:
    """One data set at one training size, about to be planned."""

    item: ReadyData
    size: int
    designs: tuple[Design, ...]
    request: Request
    settled: set[TrialKey]
    num_workers: int

    def table(self, run: Run) -> SeedTable:
        prepared, num_rows = self.item.prepared, self._num_rows
        known = _recorded(run, prepared, self.size, metric=self.request.metric)
        pilot = known[0] if known else _assumed(prepared)
        seconds = self._seconds_per_seed()
        dearest = max((name for name in seconds if name != REFERENCE), key=seconds.__getitem__)
        alone = {name: seconds[name] for name in (REFERENCE, dearest) if name in seconds}
        spread = pilot.of(num_rows).spread
        share = num_rows / self._num_first
        sized = f", {self.size:,} training images" if len(prepared.subsets) > 1 else ""
        return SeedTable(
            title=f"{prepared.source.title}{sized}",
            metric=self.request.metric,
            num_seeds=self._num_seeds,
            num_rows=num_rows,
            num_items=num_tested(prepared),
            pilot=pilot,
            measured_on=known[1] if known else (),
            detectable=spread.detectable_difference(self._num_seeds),
            pair=tuple(self._planned(pilot.of(2), target, alone) for target in TARGETS),
            table=tuple(
                self._planned(pilot.of(num_rows), target, seconds, share=share)
                for target in TARGETS
            ),
            pilot_seconds=None if known else self._pilot_seconds(seconds),
            is_second_stage=self.request.confirm_seeds is not None,
        )

    @property
    def _num_first(self) -> int:
        return sum(design.name in self.item.costs for design in self.designs)

    @property
    def _num_rows(self) -> int:
        """How many rows test images will judge: of two stages those of the second, at most."""
        if self.request.confirm_seeds is None:
            return self._num_first
        controls = self.request.controls
        return max(2, most_confirmed(self.designs, most=MOST_CONFIRMED, controls=controls))

    @property
    def _num_seeds(self) -> int:
        return self.request.confirm_seeds or self.request.seeds

    def _planned(
        self, pilot: Pilot, target: float, seconds: dict[str, float], *, share: float = 1.0
    ) -> PlannedNeed:
        """Plan one difference; `share` says how many rows there will be for each of these."""
        found = need(pilot, target)
        if found.num_seeds is None:
            return PlannedNeed(found, None)
        number = found.num_seeds
        wanted = range(number) if self.request.confirm_seeds is None else fresh_seeds(number)
        return PlannedNeed(found, share * self._time(seconds, wanted))

    def _pilot_seconds(self, seconds: dict[str, float]) -> float:
        names = [design.name for design in pilot_rows(self.designs)]
        own = {name: seconds[name] for name in names if name in seconds}
        return self._time(own, range(PILOT_SEEDS))

    def _time(self, seconds: dict[str, float], seeds: Iterable[int]) -> float:
        """Return how long these designs take for the seeds that are not on record."""
        missing = [
            seconds[name] for name in seconds for seed in seeds if not self._is_settled(name, seed)
        ]
        start = WORKER_START_SECONDS if self.num_workers and missing else 0.0
        return start + sum(missing) / max(1, self.num_workers)

    def _is_settled(self, design: str, seed: int) -> bool:
        keys = (
            TrialKey(self.item.name, self.size, design, seed, fold)
            for fold in self.item.prepared.fold_numbers
        )
        return all(key in self.settled for key in keys)

    def _seconds_per_seed(self) -> dict[str, float]:
        seconds: dict[str, float] = {}
        for trial in asked_trials([self.item], self.designs, range(1)):
            if trial.key.size == self.size:
                before = seconds.get(trial.key.design, 0.0)
                seconds[trial.key.design] = before + trial.seconds
        return seconds


def num_tested(prepared: Prepared) -> int:
    """Return the number of images that are tested in any fold.

    Args:
        prepared: The data set.

    Returns:
        The number of images.
    """
    return sum(len(prepared.on_fold(fold).source.indices("test")) for fold in prepared.fold_numbers)


def _assumed(prepared: Prepared) -> Pilot:
    return assumed_pilot(
        num_items=max(2, num_tested(prepared)),
        seed_sd=ASSUMED_SEED_SD,
        disagreement=ASSUMED_DISAGREEMENT,
    )


def _recorded(
    run: Run, prepared: Prepared, size: int, *, metric: str
) -> tuple[Pilot, tuple[str, ...]] | None:
    """Return what two or more designs with two or more runs each say; None without them."""
    shared = SharedImages()
    runs: dict[str, dict[int, np.ndarray]] = {}
    trials = [t for t in run.trials if (t.key.dataset, t.key.size) == (prepared.name, size)]
    for name in dict.fromkeys(trial.key.design for trial in trials):
        own = [trial for trial in trials if trial.key.design == name]
        for seed in by_seed(own, num_folds=max(1, len(prepared.folds))):
            if not all(trial.finished for trial in seed):
                continue
            tested = read_answers(seed)
            shared.check(seed[0], tested)
            try:
                runs.setdefault(name, {})[seed[0].key.seed] = tested.influence(metric)
            except DataError:  # the test images lack a class that the metric needs
                return None
    enough = {name: own for name, own in runs.items() if len(own) >= MIN_PILOT_SEEDS}
    if len(enough) < 2:
        return None
    common = set.intersection(*(set(own) for own in enough.values()))
    blocked = len(common) >= MIN_PILOT_SEEDS
    values = [
        by_group(np.stack([own[s] for s in sorted(common if blocked else own)]), shared.group)
        for own in enough.values()
    ]
    return pilot_of(values, blocked=blocked), tuple(enough)

"""What both stages of a comparison need, and how one stage is planned and run."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from whatwhere.blocks.designs import Design
from whatwhere.errors import BusyError
from whatwhere.records import Ledger, TrialKey, folder_lock
from whatwhere.study.asked import asked_trials
from whatwhere.study.display import Display
from whatwhere.study.folder import RunFolder
from whatwhere.study.history import adopt, recorded_costs, settled_trials
from whatwhere.study.plan import Plan, make_plan
from whatwhere.study.preparing.prepare import Prepared
from whatwhere.study.preparing.ready import ReadyData, make_ready
from whatwhere.study.request import Request
from whatwhere.study.running import Study


@dataclass(frozen=True, eq=False)
class Session:
    """One command at work on one run.

    Args:
        request: What is asked for.
        path: The run's folder.
        prepared: The data sets.
        device: The torch device.
        num_workers: Worker processes; 0 means this one.
        display: What to tell meanwhile.
        scratch: A folder for shared arrays.
        wait: Whether to wait for other processes that work on the same run.
        exact: Whether to refuse to add to trials of another version, processor or thread count.
    """

    request: Request
    path: Path
    prepared: Sequence[Prepared]
    device: str
    num_workers: int
    display: Display
    scratch: Path
    wait: bool
    exact: bool

    def alone(self) -> AbstractContextManager[None]:
        """Hold the run's folder against other processes."""
        text = f"another process prepares {self.path}; waiting for it"
        tell = partial(self.display.note, text)
        return folder_lock(self.path, wait=self.wait, on_wait=tell)

    def make_ready(self, run: RunFolder, rows: Mapping[str, Sequence[Design]]) -> list[ReadyData]:
        """Measure what is not on record yet.

        Args:
            run: The run's folder.
            rows: Designs by name of the data set; data sets that are not named are left out.

        Returns:
            The data sets, ready for trials.
        """
        return [
            make_ready(
                item,
                rows[item.name],
                run.recorded_protocol(item),
                recorded_costs(run.path, item.name),
                device=self.device,
                scratch=self.scratch,
            )
            for item in self.prepared
            if item.name in rows
        ]

    def plan(
        self,
        ready: Sequence[ReadyData],
        rows: Mapping[str, Sequence[Design]],
        seeds: Sequence[int],
        *,
        ledger: Ledger | None,
        budget_seconds: float | None,
    ) -> "Stage":
        """Plan what one stage still has to run.

        Args:
            ready: The data sets.
            rows: Designs by name of the data set.
            seeds: Numbers of the seeds.
            ledger: Of the run, None in a dry run.
            budget_seconds: Longest time, None for no limit.

        Returns:
            The stage.
        """
        asked = [t for item in ready for t in asked_trials([item], rows[item.name], seeds)]
        named = {item.name: {d.name: d for d in rows[item.name]} for item in ready}
        by_name = {item.name: item for item in ready}
        identities = {
            trial.key: by_name[trial.key.dataset].identity(
                named[trial.key.dataset][trial.key.design], trial.key, device=self.device
            )
            for trial in asked
        }
        settled = settled_trials(self.path, identities, self.display, ledger=ledger)
        missing = [trial for trial in asked if trial.key not in settled]
        plan = make_plan(missing, num_workers=self.num_workers, budget_seconds=budget_seconds)
        designs = {name: d for own in named.values() for name, d in own.items()}
        return Stage(plan, tuple(ready), designs, settled)

    def run(self, stage: "Stage", ledger: Ledger) -> None:
        """Run what a stage still has to run.

        Args:
            stage: The stage.
            ledger: Of the run.

        Raises:
            BusyError: If other processes have trials of it in hand and this one is not to wait.
        """
        adopt(ledger, self.path, stage.settled)
        study = Study(
            ledger, list(stage.ready), stage.designs, self.device, self.num_workers, self.display
        )
        num_left = study.run(stage.plan, wait=self.wait)
        if num_left:
            raise BusyError(
                f"another process still runs {num_left} trials of {self.path}; what this one"
                " finished is kept, and the other one will write the report"
            )


@dataclass(frozen=True, eq=False)
class Stage:
    """What one stage still has to run.

    Args:
        plan: The trials.
        ready: The data sets.
        designs: The rows by name.
        settled: Trials that are on record.
    """

    plan: Plan
    ready: tuple[ReadyData, ...]
    designs: dict[str, Design]
    settled: set[TrialKey]

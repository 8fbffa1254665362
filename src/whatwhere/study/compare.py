"""The main job: plan -> trials -> records -> report."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from whatwhere.blocks.designs import Design
from whatwhere.errors import UsageError
from whatwhere.models import Pretrained
from whatwhere.records import (
    Ledger,
    TrialKey,
    as_storage_error,
    read_trial,
    remove_stale_temporaries,
    trial_folder,
    write_trial,
)
from whatwhere.study.chosen import choose_designs
from whatwhere.study.display import Display, Silent
from whatwhere.study.folder import RunFolder, environment, numerics_key
from whatwhere.study.forecast import forecast
from whatwhere.study.history import recorded_costs, settled_trials
from whatwhere.study.measure import one_thread, trial_seconds, usable_device
from whatwhere.study.plan import Plan, PlannedTrial, make_plan
from whatwhere.study.pool import Ended, default_num_workers, run_all
from whatwhere.study.prepare import prepare
from whatwhere.study.pretrained import open_pretrained, without_controls
from whatwhere.study.ready import ReadyData, make_ready
from whatwhere.study.request import Request, refuse_data_folder
from whatwhere.study.results import finish
from whatwhere.study.trial import TrialSpec
from whatwhere.version import __version__

MAX_WORKERS = 256


@dataclass(frozen=True)
class CompareResult:
    """What a comparison left.

    Args:
        folder: The run's folder.
        plan: What was planned this time.
        forecast: What was told about the plan before it ran.
        failures: Trials that failed or diverged, each with its reason.
        report: The page, None after a dry run.
    """

    folder: Path
    plan: Plan
    forecast: tuple[str, ...]
    failures: tuple[str, ...]
    report: Path | None


def run_comparison(
    request: Request,
    *,
    folder: Path | None = None,
    display: Display | None = None,
    num_workers: int | None = None,
    dry_run: bool = False,
) -> CompareResult:
    """Compare designs: open, measure, plan, run what is missing, report.

    Args:
        request: What is asked for.
        folder: The run's folder; by default its name follows from the request.
        display: What to tell meanwhile; nothing by default.
        num_workers: Worker processes; by default one per core, none on an accelerator.
        dry_run: Whether to stop after the plan; nothing is written then.

    Returns:
        Where everything is.
    """
    display = display or Silent()
    device = usable_device(request.device)
    workers = default_num_workers(device) if num_workers is None else num_workers
    if not 0 <= workers <= MAX_WORKERS:
        raise UsageError(f"workers={workers}: expected 0 (this process) to {MAX_WORKERS}")
    run = RunFolder(folder or request.default_folder(), request)
    refuse_data_folder(run.path, request.data)
    designs = choose_designs(request.designs)
    pretrained = open_pretrained(request, display)
    if pretrained is not None:
        designs, left_out = without_controls(designs)
        display.note(left_out)
    with one_thread(), TemporaryDirectory(prefix="whatwhere-") as scratch:
        ready = _make_all_ready(request, run, designs, device, Path(scratch), display, pretrained)
        settled = settled_trials(
            run.path, _identities(ready, designs, request, device), display, repair=not dry_run
        )
        asked = _asked_trials(ready, designs, request)
        plan = make_plan(
            [trial for trial in asked if trial.key not in settled],
            num_workers=workers,
            budget_seconds=request.budget_seconds,
        )
        told = tuple(forecast(request, plan, ready, num_settled=len(settled)))
        if dry_run:
            return CompareResult(run.path, plan, told, (), None)
        for line in told:
            display.note(line)
        _write_configuration(run, ready, designs, device, workers)
        study = _Study(run.path, ready, {d.name: d for d in designs}, device, workers, display)
        study.run(plan)
        report, failures = finish(run.path, [item.prepared for item in ready])
    return CompareResult(run.path, plan, told, failures, report)


class _Study:
    """Runs the trials of a plan and writes their records."""

    def __init__(
        self,
        folder: Path,
        ready: list[ReadyData],
        designs: dict[str, Design],
        device: str,
        num_workers: int,
        display: Display,
    ) -> None:
        self.folder, self.designs, self.device = folder, designs, device
        self.num_workers, self.display = num_workers, display
        self.ready = {item.name: item for item in ready}
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.lock = threading.Lock()
        if self.ledger.notice:
            display.note(self.ledger.notice)

    def run(self, plan: Plan) -> None:
        if not plan.trials:
            return
        self.ledger.add(trial.key.text for trial in plan.trials)
        self.ledger.release(trial.key.text for trial in plan.trials)
        waiting = iter(plan.trials)
        claimed: set[str] = set()

        def next_trial() -> TrialSpec | None:
            with self.lock:
                for trial in waiting:
                    if self.ledger.claim(trial.key.text) and not self._is_done(trial.key):
                        claimed.add(trial.key.text)
                        return self._spec(trial.key)
            return None

        self.display.start(plan)
        workers = min(self.num_workers, len(plan.trials))
        with self._giving_back(claimed):
            for ended in run_all(next_trial, num_workers=workers, on_epoch=self.display.epoch):
                self._record(ended)
                claimed.discard(ended.spec.key.text)
                self.display.ended(ended.spec, ended.outcome)

    @contextmanager
    def _giving_back(self, claimed: set[str]) -> Iterator[None]:
        """Whatever interrupts the study, no trial stays claimed by it."""
        try:
            yield
        finally:
            self.display.stop()
            for trial in sorted(claimed):
                self.ledger.settle(trial, "waiting")

    def _is_done(self, key: TrialKey) -> bool:
        """Whether another process finished the trial after this one looked."""
        trial = read_trial(trial_folder(self.folder, key))
        done = trial is not None and trial.finished
        if done:
            self.ledger.settle(key.text, "finished")
        return done

    def _spec(self, key: TrialKey) -> TrialSpec:
        return self.ready[key.dataset].trial(
            self.designs[key.design], key, device=self.device, folder=self.folder
        )

    def _record(self, ended: Ended) -> None:
        spec, outcome = ended.spec, ended.outcome
        record = {
            "key": spec.identity,
            "design": self.ready[spec.key.dataset].design_facts(spec.design),
            "dataset": spec.key.dataset,
            "size": spec.key.size,
            "seed": spec.key.seed,
            "state": outcome.state,
            "steps": spec.protocol.steps,
            "cost": self.ready[spec.key.dataset].costs[spec.design.name],
            **self.ready[spec.key.dataset].hashes(),
            "numerics_key": numerics_key(self.device, self.num_workers),
            "version": __version__,
            **outcome.record,
        }
        self._log(
            f"{spec.key.text} {outcome.state} {outcome.record['reason'] or ''}\n{ended.trace}"
        )
        digest = write_trial(trial_folder(self.folder, spec.key), record, outcome.files)
        spec.checkpoint_path.unlink(missing_ok=True)
        self.ledger.settle(spec.key.text, outcome.state, digest)

    def _log(self, text: str) -> None:
        path = self.folder / "run.log"
        line = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text.strip()}\n"
        try:
            with path.open("a", encoding="utf-8") as log:
                log.write(line)
        except OSError as error:
            raise as_storage_error(error, path, num_bytes=len(line)) from error


def _make_all_ready(
    request: Request,
    run: RunFolder,
    designs: tuple[Design, ...],
    device: str,
    scratch: Path,
    display: Display,
    pretrained: Pretrained | None,
) -> list[ReadyData]:
    ready: list[ReadyData] = []
    for data in request.data:
        prepared = prepare(data, request, device=device, pretrained=pretrained)
        if any(item.name == prepared.name for item in ready):
            raise UsageError(
                f"two data sets are named '{prepared.name}'; rename one folder or file"
            )
        for note in (*prepared.source.warnings, *prepared.notes):
            display.note(f"{prepared.name}: {note}")
        recorded = run.recorded_protocol(prepared)
        costs = recorded_costs(run.path, prepared.name)
        ready.append(make_ready(prepared, designs, recorded, costs, device=device, scratch=scratch))
    return ready


def _asked_trials(
    ready: list[ReadyData], designs: tuple[Design, ...], request: Request
) -> list[PlannedTrial]:
    return [
        PlannedTrial(
            key=TrialKey(item.name, size, design.name, seed),
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
        if design.name in item.costs
    ]


def _identities(
    ready: list[ReadyData], designs: tuple[Design, ...], request: Request, device: str
) -> dict[TrialKey, str]:
    return {
        trial.key: item.identity(design, trial.key, device=device)
        for item in ready
        for design in designs
        for trial in _asked_trials([item], (design,), request)
    }


def _write_configuration(
    run: RunFolder,
    ready: list[ReadyData],
    designs: tuple[Design, ...],
    device: str,
    num_workers: int,
) -> None:
    remove_stale_temporaries(run.path)
    widths = {item.name: item.widths for item in ready}
    rows = [design.name for design in designs if any(design.name in item.costs for item in ready)]
    run.write([item.prepared for item in ready], widths, rows)
    timings = {item.name: item.timings for item in ready if item.timings}
    facts: dict[str, Any] = environment(device, num_workers)
    if timings:
        facts["step_ms_by_format"] = timings
    run.write_json("environment.json", facts, merge=True)
    run.write_json("data.json", {item.name: item.data_facts() for item in ready}, merge=True)

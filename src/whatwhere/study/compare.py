"""The main job: plan -> trials -> records -> report."""

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from whatwhere.blocks.designs import Design
from whatwhere.errors import BusyError, UsageError
from whatwhere.models import Pretrained
from whatwhere.records import (
    Ledger,
    TrialKey,
    as_storage_error,
    check_writable,
    folder_lock,
    read_trial,
    remove_stale_temporaries,
    sha256_of,
    trial_folder,
    write_trial,
)
from whatwhere.study.asked import asked_trials, identities_of
from whatwhere.study.checkpoint import remove_checkpoints
from whatwhere.study.chosen import choose_designs
from whatwhere.study.claims import Claims
from whatwhere.study.display import Display, Silent
from whatwhere.study.folder import RunFolder, environment, numerics_key
from whatwhere.study.forecast import forecast
from whatwhere.study.history import adopt, check_numerics, recorded_costs, settled_trials
from whatwhere.study.measure import one_thread, usable_device
from whatwhere.study.plan import Plan, make_plan
from whatwhere.study.pool import Ended, default_num_workers, run_all
from whatwhere.study.prepare import Prepared, prepare
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
    wait: bool = True,
    exact: bool = False,
) -> CompareResult:
    """Compare designs: open, measure, plan, run what is missing, report.

    Args:
        request: What is asked for.
        folder: The run's folder; by default its name follows from the request.
        display: What to tell meanwhile; nothing by default.
        num_workers: Worker processes; by default one per core, none on an accelerator.
        dry_run: Whether to stop after the plan; nothing is written then.
        wait: Whether to wait for other processes that work on the same run.
        exact: Whether to refuse to add to trials of another version, processor or thread count.

    Returns:
        Where everything is.

    Raises:
        BusyError: If other processes are at work in the folder and `wait` is False.
        MismatchError: If data or, where `exact`, numerics differ from what is on record.
    """
    display = display or Silent()
    device = usable_device(request.device)
    workers = default_num_workers(device) if num_workers is None else num_workers
    if not 0 <= workers <= MAX_WORKERS:
        raise UsageError(f"workers={workers}: expected 0 (this process) to {MAX_WORKERS}")
    path = folder or request.default_folder()
    RunFolder(path, request)  # another recipe is refused before any image is read
    refuse_data_folder(path, request.data)
    if not dry_run:
        check_writable(path)
    designs = choose_designs(request.designs)
    pretrained = open_pretrained(request, display)
    if pretrained is not None:
        designs, left_out = without_controls(designs)
        display.note(left_out)
    with one_thread(), TemporaryDirectory(prefix="whatwhere-") as scratch:
        prepared = _prepare_all(request, device, display, pretrained)

        def alone() -> AbstractContextManager[None]:
            tell = partial(display.note, f"another process prepares {path}; waiting for it")
            return folder_lock(path, wait=wait, on_wait=tell)

        with nullcontext() if dry_run else alone():
            run = RunFolder(path, request)
            ready = _make_all_ready(prepared, run, designs, device, Path(scratch))
            ledger = None if dry_run else Ledger(path / "ledger.sqlite", known=bool(run.config))
            identities = identities_of(ready, designs, request, device)
            settled = settled_trials(path, identities, display, ledger=ledger)
            asked = asked_trials(ready, designs, request)
            plan = make_plan(
                [trial for trial in asked if trial.key not in settled],
                num_workers=workers,
                budget_seconds=request.budget_seconds,
            )
            told = tuple(forecast(request, plan, ready, num_settled=len(settled)))
            key = numerics_key(device, workers)
            notice = check_numerics(path, key, settled, exact=exact) if plan.trials else ""
            if ledger is None:
                return CompareResult(path, plan, told, (), None)
            for line in (*told, ledger.notice, notice):
                if line:
                    display.note(line)
            adopt(ledger, path, settled)
            _write_configuration(run, ready, designs, device, workers)
        study = _Study(ledger, ready, {d.name: d for d in designs}, device, workers, display)
        num_left = study.run(plan, wait=wait)
        if num_left:
            raise BusyError(
                f"another process still runs {num_left} trials of {path}; what this one finished is"
                " kept, and the other one will write the report"
            )
        with alone():
            report, failures = finish(path, prepared)
    return CompareResult(path, plan, told, failures, report)


class _Study:
    """Runs the trials of a plan and writes their records."""

    def __init__(
        self,
        ledger: Ledger,
        ready: list[ReadyData],
        designs: dict[str, Design],
        device: str,
        num_workers: int,
        display: Display,
    ) -> None:
        self.ledger, self.folder = ledger, ledger.path.parent
        self.designs, self.device = designs, device
        self.num_workers, self.display = num_workers, display
        self.ready = {item.name: item for item in ready}
        self.started = time.time()

    def run(self, plan: Plan, *, wait: bool) -> int:
        """Run what no other process runs; return how many trials others have still in hand."""
        if not plan.trials:
            return 0
        keys = [trial.key for trial in plan.trials]
        self.ledger.add(key.text for key in keys)
        self.ledger.release(key.text for key in keys)
        claims = Claims(
            self.ledger, keys, is_done=self._is_done, wait=wait, on_wait=self._tell_waiting
        )

        def next_trial() -> TrialSpec | None:
            key = claims.take()
            return None if key is None else self._spec(key)

        self.display.start(plan)
        with claims.giving_back():
            try:
                for ended in run_all(
                    next_trial,
                    num_workers=min(self.num_workers, len(plan.trials)),
                    on_epoch=self.display.epoch,
                    stopping=claims.stopping,
                ):
                    claims.settle(ended.spec.key, ended.outcome.state, self._record(ended))
                    self.display.ended(ended.spec, ended.outcome)
            finally:
                self.display.stop()
        return len(claims.open)

    def _tell_waiting(self, num_trials: int) -> None:
        self.display.note(f"waiting for {num_trials} trials that another process runs")

    def _is_done(self, key: TrialKey) -> bool:
        """Whether another process ended the trial after this one looked."""
        trial = read_trial(trial_folder(self.folder, key))
        if trial is None:
            return False
        record = trial.folder / "record.json"
        done = trial.record["state"] != "failed" or record.stat().st_mtime >= self.started
        if done:
            self.ledger.settle(key.text, trial.record["state"], sha256_of(record))
        return done

    def _spec(self, key: TrialKey) -> TrialSpec:
        return self.ready[key.dataset].trial(
            self.designs[key.design], key, device=self.device, folder=self.folder
        )

    def _record(self, ended: Ended) -> str:
        """Write how a trial ended; return the SHA-256 of its record."""
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
        remove_checkpoints(spec.checkpoint_path)
        for notice in outcome.record.get("notices", ()):
            self.display.note(notice)
        return digest

    def _log(self, text: str) -> None:
        path = self.folder / "run.log"
        line = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text.strip()}\n"
        try:
            with path.open("a", encoding="utf-8") as log:
                log.write(line)
        except OSError as error:
            raise as_storage_error(error, path, num_bytes=len(line)) from error


def _prepare_all(
    request: Request, device: str, display: Display, pretrained: Pretrained | None
) -> list[Prepared]:
    """Open every data set and tell what a user should know of it."""
    opened: list[Prepared] = []
    for data in request.data:
        prepared = prepare(data, request, device=device, pretrained=pretrained)
        if any(item.name == prepared.name for item in opened):
            raise UsageError(
                f"two data sets are named '{prepared.name}'; rename one folder or file"
            )
        for note in (*prepared.source.warnings, *prepared.notes):
            display.note(f"{prepared.name}: {note}")
        opened.append(prepared)
    return opened


def _make_all_ready(
    prepared: list[Prepared],
    run: RunFolder,
    designs: tuple[Design, ...],
    device: str,
    scratch: Path,
) -> list[ReadyData]:
    return [
        make_ready(
            item,
            designs,
            run.recorded_protocol(item),
            recorded_costs(run.path, item.name),
            device=device,
            scratch=scratch,
        )
        for item in prepared
    ]


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

"""The main job: plan -> trials -> records -> report."""

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
    check_writable,
    folder_lock,
    remove_stale_temporaries,
)
from whatwhere.study.asked import asked_trials, identities_of
from whatwhere.study.chosen import choose_designs
from whatwhere.study.display import Display, Silent
from whatwhere.study.folder import RunFolder, environment, numerics_key
from whatwhere.study.forecast import forecast
from whatwhere.study.history import adopt, check_numerics, recorded_costs, settled_trials
from whatwhere.study.measure import one_thread, usable_device
from whatwhere.study.networks import refuse_networks
from whatwhere.study.plan import Plan, make_plan
from whatwhere.study.pool import default_num_workers
from whatwhere.study.prepare import Prepared, prepare
from whatwhere.study.pretrained import open_pretrained, without_controls
from whatwhere.study.ready import ReadyData, make_ready
from whatwhere.study.request import Request, refuse_data_folder
from whatwhere.study.results import finish
from whatwhere.study.running import Study
from whatwhere.study.seeds import SeedTable, seed_tables

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
        seeds: After a dry run, how many seeds each data set needs.
    """

    folder: Path
    plan: Plan
    forecast: tuple[str, ...]
    failures: tuple[str, ...]
    report: Path | None
    seeds: tuple[SeedTable, ...] = ()


def run_comparison(
    request: Request,
    *,
    folder: Path | None = None,
    display: Display | None = None,
    num_workers: int | None = None,
    dry_run: bool = False,
    pilot: bool = False,
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
        pilot: Whether to run no attention and one design only, of all that is asked for.
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
    designs = choose_designs(request.designs, alone=bool(request.reproduces))
    if request.pretrained is not None:
        refuse_networks(designs, request.pretrained)
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
            asked = asked_trials(ready, designs, request, pilot=pilot)
            plan = make_plan(
                [trial for trial in asked if trial.key not in settled],
                num_workers=workers,
                budget_seconds=request.budget_seconds,
            )
            told = tuple(forecast(request, plan, ready, settled, dry_run=dry_run))
            key = numerics_key(device, workers)
            notice = check_numerics(path, key, settled, exact=exact) if plan.trials else ""
            if ledger is None:
                needed = seed_tables(path, request, ready, designs, settled, num_workers=workers)
                return CompareResult(path, plan, told, (), None, needed)
            for line in (*told, ledger.notice, notice):
                if line:
                    display.note(line)
            adopt(ledger, path, settled)
            _write_configuration(run, ready, designs, device, workers)
        study = Study(ledger, ready, {d.name: d for d in designs}, device, workers, display)
        num_left = study.run(plan, wait=wait)
        if num_left:
            raise BusyError(
                f"another process still runs {num_left} trials of {path}; what this one finished is"
                " kept, and the other one will write the report"
            )
        with alone():
            report, failures = finish(path, prepared)
    return CompareResult(path, plan, told, failures, report)


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

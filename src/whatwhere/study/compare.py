"""The main job: plan -> trials -> records -> report."""

import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from whatwhere.blocks.designs import Design
from whatwhere.blocks.registered import WIDENED
from whatwhere.errors import UsageError
from whatwhere.models import Pretrained
from whatwhere.records import (
    Ledger,
    check_writable,
    remove_stale_temporaries,
)
from whatwhere.study.asked import pilot_rows
from whatwhere.study.confirming import forecast_second_stage, numerics_notice, plan_second_stage
from whatwhere.study.display import Display, Silent
from whatwhere.study.folder import RunFolder, environment
from whatwhere.study.forecast import forecast
from whatwhere.study.history import adopt
from whatwhere.study.plan import Plan, joined
from whatwhere.study.preparing.chosen import choose_designs
from whatwhere.study.preparing.controls import in_order
from whatwhere.study.preparing.measure import full_controls, one_thread, usable_device
from whatwhere.study.preparing.networks import refuse_networks
from whatwhere.study.preparing.prepare import Prepared, prepare
from whatwhere.study.preparing.pretrained import open_pretrained, without_controls
from whatwhere.study.preparing.ready import ReadyData
from whatwhere.study.request import Request, refuse_data_folder
from whatwhere.study.results import finish
from whatwhere.study.seeds import SeedTable, seed_tables
from whatwhere.study.session import Session
from whatwhere.study.trials.pool import default_num_workers

MAX_WORKERS = 256
UNFINISHED_FIRST_STAGE = (
    "stage two waits: the budget left out trials of stage one; run the same command again"
)


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
    pilot_seeds: int | None = None,
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
        pilot_seeds: Where given, run only no attention and one design, with so many seeds, of all
            that is asked for.
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
        session = Session(
            request, path, prepared, device, workers, display, Path(scratch), wait, exact
        )
        plan, told, seeds = _run_stages(session, designs, dry_run=dry_run, pilot_seeds=pilot_seeds)
        if dry_run:
            return CompareResult(path, plan, told, (), None, seeds)
        with session.alone():
            report, failures = finish(path, prepared)
    return CompareResult(path, plan, told, failures, report)


def _run_stages(
    session: Session, designs: tuple[Design, ...], *, dry_run: bool, pilot_seeds: int | None
) -> tuple[Plan, tuple[str, ...], tuple[SeedTable, ...]]:
    """Plan and run the first stage, then the second where it is asked for."""
    request, path, started = session.request, session.path, time.monotonic()
    with nullcontext() if dry_run else session.alone():
        run = RunFolder(path, request)
        rows = {item.name: _rows(item, designs, request) for item in session.prepared}
        ready = session.make_ready(run, rows)
        ledger = None if dry_run else Ledger(path / "ledger.sqlite", known=bool(run.config))
        budget = request.budget_seconds
        pilot = pilot_seeds is not None
        seeds = range(pilot_seeds or request.seeds)
        planned = {name: pilot_rows(own) if pilot else own for name, own in rows.items()}
        first = session.plan(ready, planned, seeds, ledger=ledger, budget_seconds=budget)
        told = tuple(forecast(request, first.plan, ready, first.settled, dry_run=dry_run))
        if request.confirm_seeds and first.plan.trials and not pilot:
            told += (forecast_second_stage(session, designs, first),)
        notice = numerics_notice(session, first)
        if ledger:
            for line in (*told, ledger.notice, notice):
                if line:
                    session.display.note(line)
            adopt(ledger, path, first.settled)
            _write_configuration(run, ready, rows, session)
    if ledger:
        session.run(first, ledger)
    needed = () if ledger else seed_tables(session, ready, rows, first.settled)
    if pilot or not request.confirm_seeds or (dry_run and first.plan.trials):
        return first.plan, told, needed
    if first.plan.left_out:
        session.display.note(UNFINISHED_FIRST_STAGE)
        return first.plan, told, needed
    left = None if budget is None else max(0.0, budget - (time.monotonic() - started))
    second, more = plan_second_stage(session, designs, ledger=ledger, budget_seconds=left)
    if ledger:
        for line in more:
            session.display.note(line)
        session.run(second, ledger)
    return joined(first.plan, second.plan), (*told, *more), needed


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


def _rows(prepared: Prepared, designs: tuple[Design, ...], request: Request) -> tuple[Design, ...]:
    """Return the rows of the first stage, with the controls that judge each by its own measure.

    Of two stages only the second has those controls: screening does not judge.
    """
    if request.controls == "few" or request.confirm_seeds:
        return designs
    kept = [d for d in designs if d.name != WIDENED or WIDENED in request.designs]
    return in_order([*kept, *full_controls(kept, prepared.model)])


def _write_configuration(
    run: RunFolder,
    ready: list[ReadyData],
    rows: dict[str, tuple[Design, ...]],
    session: Session,
) -> None:
    remove_stale_temporaries(run.path)
    widths = {item.name: item.widths for item in ready}
    costed = {item.name: item.costs for item in ready}
    names = [d.name for item in ready for d in rows[item.name] if d.name in costed[item.name]]
    run.write([item.prepared for item in ready], widths, list(dict.fromkeys(names)))
    timings = {item.name: item.timings for item in ready if item.timings}
    facts: dict[str, Any] = environment(session.device, session.num_workers)
    if timings:
        facts["step_ms_by_format"] = timings
    run.write_json("environment.json", facts, merge=True)
    run.write_json("data.json", {item.name: item.data_facts() for item in ready}, merge=True)

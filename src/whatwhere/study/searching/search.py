"""`whatwhere search`: try configurations on validation, then run the winner with fresh seeds."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from whatwhere.records import check_writable, folder_lock
from whatwhere.report.search.told import tell
from whatwhere.report.search.written import write_search
from whatwhere.study.display import Display, Silent
from whatwhere.study.folder import environment
from whatwhere.study.preparing.measure import one_thread, usable_device
from whatwhere.study.preparing.prepare import prepare
from whatwhere.study.request import refuse_data_folder
from whatwhere.study.searching.begun import begin, refuse_other_search
from whatwhere.study.searching.facts import facts_of_search
from whatwhere.study.searching.fresh import finalists, run_fresh
from whatwhere.study.searching.proposals import Proposals
from whatwhere.study.searching.space import Space, load_space
from whatwhere.study.searching.store import Tried, dashboard, open_study, optuna_module
from whatwhere.study.searching.trials import Bench, try_one
from whatwhere.study.searching.wanted import Wanted
from whatwhere.study.trials.pool import default_num_workers
from whatwhere.study.trials.trial import shared_images

_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Found:
    """What a search left.

    Args:
        folder: Where everything is.
        told: The result as plain values: trials, fresh runs, sentences.
        page: The page; beside it lies the same as JSON.
    """

    folder: Path
    told: dict[str, Any]
    page: Path

    @property
    def failures(self) -> tuple[str, ...]:
        """Trials that failed, and fresh runs that failed or diverged, each with its reason."""
        return tuple(self.told["failures"])

    @property
    def trials(self) -> list[dict[str, Any]]:
        """One dictionary per proposal, in their order."""
        return list(self.told["trials"])

    @property
    def best(self) -> dict[str, Any] | None:
        """The trial with the best validation accuracy, None where none finished."""
        return self.told["best"]

    def __repr__(self) -> str:
        return f"Found({str(self.folder)!r}): {self.told['headline']}"


def run_search(
    wanted: Wanted, *, folder: Path | None = None, display: Display | None = None
) -> Found:
    """Search a space on validation images, and run the winner again with fresh seeds.

    The same command again, at the same time or later, shares the work: it tries what is missing.

    Args:
        wanted: What is asked for.
        folder: Of the search; by default below `searches/`.
        display: What to tell meanwhile.

    Returns:
        What was found and where it is written.

    Raises:
        UsageError: If a number is wrong, Optuna is missing, or the folder holds another search.
        MismatchError: If the data has changed since the search began.
    """
    began = time.monotonic()
    display = display or Silent()
    optuna_module()
    space = load_space(wanted.space)
    path = folder or wanted.default_folder()
    refuse_other_search(path, wanted, space)
    refuse_data_folder(path, (wanted.data,))
    check_writable(path)
    with TemporaryDirectory(prefix="whatwhere-") as scratch, ExitStack() as stack:
        bench = _bench(wanted, space, path, Path(scratch), display)

        def alone() -> AbstractContextManager[None]:
            return folder_lock(path, wait=True, on_wait=lambda: None)

        with one_thread():
            with alone():
                bench = begin(bench, wanted, space, display)
                opened = stack.enter_context(open_study(path, two=wanted.is_two))
            display.note(f"every trial, live: {dashboard(path)}")
            proposals = Proposals(opened, space, wanted, check=bench.check, alone=alone)
            _search(bench, proposals, display, partial(_has_time, wanted, began))
        chosen = finalists(proposals.tried(), wanted)
        fresh, failures = run_fresh(bench, space, chosen, wanted, display=display)
        told = tell(
            facts_of_search(bench, space, wanted, proposals),
            fresh,
            failures=failures,
            environment=environment(bench.device, 0),
            when=datetime.now().astimezone().isoformat(timespec="seconds"),
        )
    return Found(path, told, write_search(path, told))


def _bench(wanted: Wanted, space: Space, path: Path, scratch: Path, display: Display) -> Bench:
    """Open the data; a name in the space that is not known stops here."""
    device = usable_device(wanted.device)
    request = wanted.request(space.protocol)
    prepared = prepare(wanted.data, request, device=device)
    for note in prepared.source.warnings:
        display.note(f"{prepared.name}: {note}")
    images_path = shared_images(prepared.source.images, scratch)
    bench = Bench(prepared, request, images_path, device, path, wanted.seed, wanted.max_parameters)
    bench.resolve(space.fill(space.defaults))
    return bench


def _search(
    bench: Bench,
    proposals: Proposals,
    display: Display,
    has_time: Callable[[tuple[Tried, ...]], bool],
) -> None:
    """Try what is missing, then wait for what other processes have in hand."""
    told_waiting = False
    while True:
        _try_all(bench, proposals, display, has_time)
        num_running = proposals.num_running()
        if num_running == 0:
            return
        if not told_waiting:
            display.note(f"waiting for {num_running} trial(s) that other processes run")
            told_waiting = True
        time.sleep(_POLL_SECONDS)


def _try_all(
    bench: Bench,
    proposals: Proposals,
    display: Display,
    has_time: Callable[[tuple[Tried, ...]], bool],
) -> None:
    while has_time(proposals.tried()):
        taken = proposals.take()
        if taken is None:
            return
        try:
            line = try_one(bench, proposals, taken)
        except BaseException:
            proposals.give_back(taken)
            raise
        best = max((item.accuracy or 0.0 for item in proposals.tried()), default=0.0)
        display.note(f"{line}; best so far {100 * best:.2f} %")


def _has_time(wanted: Wanted, began: float, tried: tuple[Tried, ...]) -> bool:
    """Say whether a trial and then the fresh runs still fit into the budget.

    Nothing is known before the first trial ends, so that one is always tried.
    """
    seconds = [item.seconds for item in tried if item.outcome == "finished"]
    if wanted.budget_seconds is None or not seconds:
        return True
    mean = sum(seconds) / len(seconds)
    num_fresh = (wanted.finalists + 1) * wanted.seeds * bool(wanted.finalists)
    spent = time.monotonic() - began
    return spent + mean * (1 + num_fresh / _num_workers(wanted)) < wanted.budget_seconds


def _num_workers(wanted: Wanted) -> int:
    workers = wanted.num_workers
    if workers is None:
        workers = default_num_workers(usable_device(wanted.device))
    return max(1, workers)

"""Pilot runs: a few trials of a comparison, run first so that its plan rests on measurements."""

from dataclasses import replace
from pathlib import Path

from whatwhere.errors import UsageError
from whatwhere.study.asked import pilot_rows
from whatwhere.study.compare import CompareResult, run_comparison
from whatwhere.study.display import Display
from whatwhere.study.preparing.chosen import choose_designs
from whatwhere.study.request import MAX_SEEDS, Request
from whatwhere.study.seeds import MIN_PILOT_SEEDS


def run_pilot(
    request: Request,
    *,
    num_seeds: int,
    folder: Path | None = None,
    display: Display | None = None,
    num_workers: int | None = None,
    wait: bool = True,
    exact: bool = False,
) -> CompareResult:
    """Run no attention and the first design that is asked for, then plan the rest.

    The pilot's trials are the first ones of the comparison itself: the same command without a
    pilot goes on from them.

    Args:
        request: The whole comparison.
        num_seeds: Seeds of both, at least 2.
        folder: The run's folder; by default its name follows from the request.
        display: What to tell meanwhile; nothing by default.
        num_workers: Worker processes; by default one per core, none on an accelerator.
        wait: Whether to wait for other processes that work on the same run.
        exact: Whether to refuse to add to trials of another version, processor or thread count.

    Returns:
        The plan that follows, as of a dry run, with the pilot's failures.

    Raises:
        UsageError: If there are too few seeds, or no design beside no attention.
    """
    if not MIN_PILOT_SEEDS <= num_seeds <= MAX_SEEDS:
        raise UsageError(
            f"pilot={num_seeds}: expected {MIN_PILOT_SEEDS} to {MAX_SEEDS} seeds; how much runs"
            " vary cannot be read from a single one"
        )
    if len(pilot_rows(choose_designs(request.designs))) < 2:
        raise UsageError("a pilot needs a design beside no attention, such as -d csa")
    run = run_comparison(
        request,
        folder=folder,
        display=display,
        num_workers=num_workers,
        pilot_seeds=num_seeds,
        wait=wait,
        exact=exact,
    )
    plan = run_comparison(request, folder=run.folder, num_workers=num_workers, dry_run=True)
    return replace(plan, failures=run.failures)

"""Running the second stage: chosen by validation, planned, told, recorded."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from whatwhere.blocks.designs import Design
from whatwhere.records import Ledger, Run
from whatwhere.report.cells.screening import MOST_CONFIRMED
from whatwhere.study.asked import REFERENCE
from whatwhere.study.display import Silent
from whatwhere.study.folder import RunFolder, numerics_key
from whatwhere.study.forecast import detectable_line
from whatwhere.study.history import check_numerics, settled_trials
from whatwhere.study.plan import duration
from whatwhere.study.preparing.ready import ReadyData
from whatwhere.study.session import Session, Stage
from whatwhere.study.stages import Chosen, choose_confirmed, fresh_seeds, most_confirmed


def plan_second_stage(
    session: Session,
    designs: Sequence[Design],
    *,
    ledger: Ledger | None,
    budget_seconds: float | None,
) -> tuple[Stage, tuple[str, ...]]:
    """Choose and plan the second stage, and write down what was chosen.

    Args:
        session: The command at work; the first stage is complete.
        designs: The rows of this command.
        ledger: Of the run; None in a dry run, which writes nothing.
        budget_seconds: Longest time that is left, None for no limit.

    Returns:
        The stage, and what to tell of it.
    """
    request, run = session.request, Run(session.path)
    with session.alone() if ledger else nullcontext():
        chosen = [
            choose_confirmed(
                run,
                item.name,
                item.subsets,
                asked=designs,
                controls=request.controls,
                spec=item.model,
            )
            for item in session.prepared
        ]
        folder = RunFolder(session.path, request)
        num_seeds = folder.confirmed_seeds({c.dataset: list(c.screenings) for c in chosen})
        rows = {item.dataset: item.designs for item in chosen}
        ready = session.make_ready(folder, rows)
        # A backbone that cannot be widened has no widened row, so none may be waited for.
        chosen = [c.among(item.can_build) for item, c in zip(ready, chosen, strict=True)]
        rows = {item.dataset: item.designs for item in chosen}
        _refuse_other_code(session, run, ready, rows)
        stage = session.plan(
            ready, rows, fresh_seeds(num_seeds), ledger=ledger, budget_seconds=budget_seconds
        )
        notice = numerics_notice(session, stage)
        if ledger:
            names = {c.dataset: (list(c.screenings), c.names) for c in chosen}
            folder.confirm(names, num_seeds)
    told = [_told(item, num_seeds) for item in chosen]
    told += [
        detectable_line(item, num_rows=len(c.designs), num_seeds=num_seeds)
        for item, c in zip(ready, chosen, strict=True)
    ]
    told += [note for item in chosen for note in item.notes]
    return stage, tuple(line for line in (*told, *_planned(stage), notice) if line)


def _refuse_other_code(
    session: Session,
    run: Run,
    ready: Sequence[ReadyData],
    rows: Mapping[str, Sequence[Design]],
) -> None:
    """Refuse to confirm a design whose code is no longer that which was screened."""
    identities = {
        trial.key: item.identity(design, trial.key, device=session.device)
        for item in ready
        for design in rows[item.name]
        for trial in run.trials
        if (trial.key.dataset, trial.key.design) == (item.name, design.name)
    }
    # What is damaged is repaired by the stage that needs it.
    settled_trials(session.path, identities, Silent(), ledger=None)


def numerics_notice(session: Session, stage: Stage) -> str:
    """Say whether trials on record were computed as this command would compute them.

    Args:
        session: The command at work.
        stage: What is to be added.

    Returns:
        A notice, empty where nothing is to be said.

    Raises:
        MismatchError: If they were not and the session is exact.
    """
    if not stage.plan.trials:
        return ""
    key = numerics_key(session.device, session.num_workers)
    return check_numerics(session.path, key, stage.settled, exact=session.exact)


def forecast_second_stage(session: Session, designs: Sequence[Design], first: Stage) -> str:
    """Say what the second stage may take before it is known whom it runs.

    Args:
        session: The command at work.
        designs: The rows of the first stage.
        first: The first stage.

    Returns:
        One line of text.
    """
    request = session.request
    assert request.confirm_seeds is not None
    most = most_confirmed(designs, most=MOST_CONFIRMED, controls=request.controls)
    num_cells = sum(len(item.prepared.subsets) for item in first.ready)
    num_trials = most * request.confirm_seeds * num_cells
    planned = [*first.plan.trials, *first.plan.left_out]
    total = num_trials * sum(trial.seconds for trial in planned) / len(planned)
    return (
        f"then a second stage: of {len(designs)} rows those that validation leaves, at most"
        f" {MOST_CONFIRMED} per table, with {request.confirm_seeds} fresh seeds: at most"
        f" {num_trials} trials, about {duration(total / max(1, session.num_workers))}"
    )


def _told(chosen: Chosen, num_seeds: int) -> str:
    leading = [d.name for d in chosen.designs if d.card.kind != "control" and d.name != REFERENCE]
    num_controls = sum(d.card.kind == "control" for d in chosen.designs)
    return (
        f"{chosen.dataset}: stage two runs {', '.join(leading) or 'no design'}, no attention and"
        f" {num_controls} control{'' if num_controls == 1 else 's'} with {num_seeds} fresh seeds,"
        " chosen by validation"
    )


def _planned(stage: Stage) -> Sequence[str]:
    done = f", {len(stage.settled)} are on record already" if stage.settled else ""
    line = f"{len(stage.plan.trials)} trials to run, about {duration(stage.plan.seconds)}{done}"
    return (line, stage.plan.left_out_text())

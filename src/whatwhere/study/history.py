"""What earlier sessions left in a run: finished trials, and the costs they carry."""

from pathlib import Path
from typing import Any

from whatwhere.errors import UsageError
from whatwhere.records import Run, Trial, TrialKey, damaged_files, set_aside
from whatwhere.study.display import Display


def settled_trials(
    folder: Path, identities: dict[TrialKey, str], display: Display, *, repair: bool
) -> set[TrialKey]:
    """Return the trials that need not be run again.

    A trial whose files changed since it was written is set aside, named, and run again; so is one
    that failed.

    Args:
        folder: The run's folder.
        identities: Hash of what decides the result, for every trial asked for.
        display: Where to name what is repaired.
        repair: Whether to set damaged trials aside; a dry run only names them.

    Returns:
        Keys of the finished and the diverged ones.

    Raises:
        UsageError: If a recorded trial was made by other code than the design asked for.
    """
    settled = set()
    for trial in _trials(folder):
        if trial.key not in identities or trial.record["state"] == "failed":
            continue
        if trial.record["key"] != identities[trial.key]:
            raise UsageError(
                f"{trial.folder} was made by another version of '{trial.key.design}' or on another"
                " kind of device; rename the design, or start a new run with another -o"
            )
        damaged = damaged_files(trial)
        if damaged:
            display.note(
                f"{trial.folder}: {', '.join(damaged)} changed or gone since the trial"
                " was written; set aside and run again"
            )
            if repair:
                set_aside(trial.folder)
        else:
            settled.add(trial.key)
    return settled


def recorded_costs(folder: Path, dataset: str) -> dict[str, dict[str, Any]]:
    """Return the costs that a data set's records carry, by design.

    Args:
        folder: The run's folder.
        dataset: Name of the data set.

    Returns:
        The costs that a data set's records carry, by design.
    """
    return {
        trial.key.design: trial.record["cost"]
        for trial in _trials(folder)
        if trial.key.dataset == dataset and trial.record["state"] != "failed"
    }


def _trials(folder: Path) -> tuple[Trial, ...]:
    return Run(folder).trials

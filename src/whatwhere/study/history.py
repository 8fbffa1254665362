"""What earlier sessions left in a run: finished trials, and the costs they carry."""

from pathlib import Path
from typing import Any

from whatwhere.errors import MismatchError, UsageError
from whatwhere.records import (
    Ledger,
    Run,
    Trial,
    TrialKey,
    damaged_files,
    set_aside,
    sha256_of,
)
from whatwhere.study.display import Display


def settled_trials(
    folder: Path,
    identities: dict[TrialKey, str],
    display: Display,
    *,
    ledger: Ledger | None,
) -> set[TrialKey]:
    """Return the trials that need not be run again.

    A trial whose files changed since it was written is set aside, named, and run again; so is one
    that failed.

    Args:
        folder: The run's folder.
        identities: Hash of what decides the result, for every trial asked for.
        display: Where to name what is repaired.
        ledger: Of the run, which knows the hashes of the records; None in a dry run, which only
            names damaged trials and sets none aside.

    Returns:
        Keys of the finished and the diverged ones.

    Raises:
        UsageError: If a recorded trial was made by other code than the design asked for.
    """
    settled = set()
    hashes = ledger.record_hashes() if ledger else {}
    for trial in _trials(folder):
        if trial.key not in identities or trial.record["state"] == "failed":
            continue
        if trial.record["key"] != identities[trial.key]:
            raise UsageError(
                f"{trial.folder} was made by another version of '{trial.key.design}' or on another"
                " kind of device; rename the design, or start a new run with another -o"
            )
        damaged = damaged_files(trial)
        digest = sha256_of(trial.folder / "record.json")
        if hashes.get(trial.key.text, digest) != digest:
            damaged.append("record.json")
        if damaged:
            display.note(
                f"{trial.folder}: {', '.join(damaged)} changed or gone since the trial"
                " was written; set aside and run again"
            )
            if ledger:
                set_aside(trial.folder)
        else:
            settled.add(trial.key)
    return settled


def check_numerics(folder: Path, key: str, settled: set[TrialKey], *, exact: bool) -> str:
    """Say whether finished trials were computed as this process would compute them.

    Args:
        folder: The run's folder.
        key: The numerics key of this process.
        settled: Finished trials.
        exact: Whether to refuse others.

    Returns:
        A notice, empty where all have this key.

    Raises:
        MismatchError: If others are refused and there are some.
    """
    others = [
        trial
        for trial in _trials(folder)
        if trial.key in settled and trial.record.get("numerics_key", key) != key
    ]
    if not others:
        return ""
    text = (
        f"{len(others)} finished trials were computed by another version, processor or number of"
        " threads; they are kept, and their last bits are not comparable with the new ones"
    )
    if exact:
        raise MismatchError(f"{folder}: {text.partition(';')[0]}, and --exact refuses to mix them")
    return text


def adopt(ledger: Ledger, folder: Path, settled: set[TrialKey]) -> None:
    """Write finished trials into a ledger that does not know them.

    Args:
        ledger: Of the run.
        folder: The run's folder.
        settled: Finished trials.
    """
    ledger.adopt(
        (trial.key.text, trial.record["state"], sha256_of(trial.folder / "record.json"))
        for trial in _trials(folder)
        if trial.key in settled
    )


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

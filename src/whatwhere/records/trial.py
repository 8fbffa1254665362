"""One trial's folder: its files first, its record last, so a record means a whole trial."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whatwhere.records.failpoints import failpoint
from whatwhere.records.files import write_atomically

FORMAT = 1


@dataclass(frozen=True, order=True)
class TrialKey:
    """The place of a trial in a study.

    Args:
        dataset: Name of the data set.
        size: Number of training images.
        design: Name of the design, a legal file name.
        seed: Seed of the trial.
        fold: Which fold of a cross-validation is the test; None without folds.
    """

    dataset: str
    size: int
    design: str
    seed: int
    fold: int | None = None

    @property
    def cell(self) -> str:
        """Data set and size, the unit within which designs are compared."""
        return f"{self.dataset}-n{self.size}"

    @property
    def text(self) -> str:
        """The trial's folder below `trials/`."""
        fold = "" if self.fold is None else f"-f{self.fold}"
        return f"{self.cell}/{self.design}/s{self.seed}{fold}"


def trial_folder(run: Path, key: TrialKey) -> Path:
    """Return the folder of a trial within a run."""
    return run / "trials" / key.text


def write_trial(folder: Path, record: dict[str, Any], files: dict[str, bytes]) -> str:
    """Write a trial's files, then the record that carries their hashes.

    Args:
        folder: The trial's folder.
        record: Everything about the trial but the hashes.
        files: Content by file name.

    Returns:
        SHA-256 of the record's bytes.
    """
    hashes = {name: write_atomically(folder / name, content) for name, content in files.items()}
    failpoint("trial:before-record")
    whole = {"format": FORMAT, **record, "files": hashes}
    content = json.dumps(whole, indent=1, allow_nan=False).encode() + b"\n"
    return write_atomically(folder / "record.json", content)


def set_aside(folder: Path) -> Path:
    """Move a damaged trial out of the way, so that it is run again and nothing is destroyed.

    Args:
        folder: The trial's folder.

    Returns:
        Where it went: the same name with `.damaged`.
    """
    target = folder.with_name(folder.name + ".damaged")
    if target.exists():
        shutil.rmtree(target)
    folder.rename(target)
    return target

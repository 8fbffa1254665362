"""Reading a run back from its folder; no torch, so a report is remade anywhere in seconds."""

import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from whatwhere.config import read_toml
from whatwhere.errors import MismatchError, UsageError
from whatwhere.records.files import sha256_of
from whatwhere.records.trial import FORMAT, TrialKey

_SEED_FOLDER = re.compile(r"s\d+(-f\d+)?")


@dataclass(frozen=True)
class Trial:
    """One trial as it lies on disk.

    Args:
        folder: Where its files are.
        record: The content of `record.json`.
    """

    folder: Path
    record: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Trial":
        """Return the trial in `folder`.

        Args:
            folder: The trial's folder.

        Returns:
            The trial in `folder`.

        Raises:
            MismatchError: If it holds no whole record.
        """
        trial = read_trial(folder)
        if trial is None:
            raise MismatchError(
                f"{folder} holds no whole trial; run the same compare command again"
            )
        return trial

    @property
    def key(self) -> TrialKey:
        """The trial's place in the study."""
        record = self.record
        design = record["design"]["name"]
        return TrialKey(
            record["dataset"], record["size"], design, record["seed"], record.get("fold")
        )

    @property
    def finished(self) -> bool:
        """Whether it ended with a model and predictions."""
        return self.record["state"] == "finished"

    def curve(self) -> dict[str, np.ndarray]:
        """Return the training curve, one float array per column of `curve.csv`."""
        content = self.content("curve.csv").decode()
        rows = list(csv.DictReader(io.StringIO(content)))
        names = rows[0] if rows else {}
        return {name: np.array([float(row[name]) for row in rows]) for name in names}

    def predictions(self) -> dict[str, np.ndarray]:
        """Return the arrays of `predictions.npz` (`test_logit`, `test_label`, ...)."""
        with np.load(io.BytesIO(self.content("predictions.npz")), allow_pickle=False) as arrays:
            return dict(arrays)

    def content(self, name: str) -> bytes:
        """Return a file's bytes; bytes that changed since the trial are refused.

        Args:
            name: For instance "model.safetensors".

        Returns:
            The content.

        Raises:
            MismatchError: If its hash is not the recorded one.
        """
        path = self.folder / name
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != self.record["files"].get(name):
            raise MismatchError(
                f"{path} is not the file that the trial wrote (its SHA-256 differs); run the same"
                " compare command again to repair the trial"
            )
        return content


@dataclass(frozen=True)
class Run:
    """One run folder: its configuration and all its trials.

    Args:
        folder: The run's folder.
    """

    folder: Path

    @classmethod
    def read(cls, folder: Path) -> "Run":
        """Return the run in `folder`.

        Args:
            folder: A folder that `whatwhere compare` wrote.

        Returns:
            The run.

        Raises:
            UsageError: If the folder holds no run.
        """
        if not (folder / "config.toml").is_file():
            raise UsageError(
                f"{folder} is not a run: it has no config.toml (expected the folder"
                " that `whatwhere compare` printed, for instance runs/NAME)"
            )
        return cls(folder)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The content of `config.toml`."""
        return read_toml(self.folder / "config.toml")

    @cached_property
    def environment(self) -> dict[str, Any]:
        """The content of `environment.json`."""
        return self._json("environment.json")

    @cached_property
    def data(self) -> dict[str, Any]:
        """The content of `data.json`: one entry per data set."""
        return self._json("data.json")

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """All trials with a readable record, by data set, size, design number, seed and fold."""
        trials = [trial for folder in self._trial_folders() if (trial := read_trial(folder))]
        return tuple(sorted(trials, key=_order))

    def _trial_folders(self) -> list[Path]:
        found = self.folder.glob("trials/*/*/s*")
        return [path for path in found if _SEED_FOLDER.fullmatch(path.name)]

    def _json(self, name: str) -> dict[str, Any]:
        try:
            return json.loads((self.folder / name).read_bytes())
        except FileNotFoundError:
            return {}


def read_trial(folder: Path) -> Trial | None:
    """Return the trial in `folder`, or None where there is no whole record.

    Args:
        folder: The trial's folder.

    Returns:
        The trial, whatever its state, or None.
    """
    try:
        record = json.loads((folder / "record.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return Trial(folder, record) if record.get("format") == FORMAT else None


def damaged_files(trial: Trial) -> list[str]:
    """Return the names of a trial's files that are missing or changed since it was written."""
    return [
        name
        for name, recorded in trial.record["files"].items()
        if not (trial.folder / name).is_file() or sha256_of(trial.folder / name) != recorded
    ]


def _order(trial: Trial) -> tuple[str, int, int, str, int, int]:
    key, number = trial.key, trial.record["design"]["number"]
    return key.dataset, key.size, number, key.design, key.seed, key.fold or 0

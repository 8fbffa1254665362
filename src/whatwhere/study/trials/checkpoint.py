"""The state of an interrupted trial: the last two, each in a file that carries its own hash."""

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from whatwhere.records import write_atomically

MIN_SECONDS = 30.0  # a trial younger than this is simply run again
_HASH_BYTES = 32


class Checkpoint:
    """Saves and loads the state of one trial.

    Args:
        path: The file.
        identity: Hash of all that decides the trial's result; another trial's state is ignored.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self.path = path
        self.identity = identity
        self.previous = previous_of(path)
        self.notices: list[str] = []

    def save(self, trained_seconds: float, state: Callable[[], dict[str, Any]]) -> None:
        """Write the state, if the trial is old enough for a restart to hurt; keep the one before.

        Args:
            trained_seconds: How long the trial has been running.
            state: Returns the state; called only if it is written.
        """
        if trained_seconds < MIN_SECONDS:
            return
        buffer = io.BytesIO()
        torch.save({"identity": self.identity, **state()}, buffer)
        content = buffer.getvalue()
        if self.path.exists():
            os.replace(self.path, self.previous)
        write_atomically(self.path, hashlib.sha256(content).digest() + content)

    def load(self) -> dict[str, Any] | None:
        """Return the state to resume from, or None.

        Bytes whose hash is wrong are never looked at: the state before is taken, or the trial
        starts anew. What was found damaged is named in `notices`.
        """
        for path, instead in ((self.path, "the one before it"), (self.previous, "a new start")):
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            digest, content = content[:_HASH_BYTES], content[_HASH_BYTES:]
            if hashlib.sha256(content).digest() != digest:
                self.notices.append(f"{path} is damaged (its SHA-256 differs): {instead} is used")
                continue
            # A state of another kind of device is opened too, if only to see that it is not ours.
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            if state.pop("identity") == self.identity:
                return state
        return None


def previous_of(path: Path) -> Path:
    """Return where the checkpoint before the last one is."""
    return path.with_name(f"{path.name}.previous")


def remove_checkpoints(path: Path) -> None:
    """Remove the checkpoints of a trial that ended."""
    for file in (path, previous_of(path)):
        file.unlink(missing_ok=True)

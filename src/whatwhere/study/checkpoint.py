"""The state of an interrupted trial: one file that carries its own hash."""

import hashlib
import io
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

    def save(self, trained_seconds: float, state: Callable[[], dict[str, Any]]) -> None:
        """Write the state, if the trial is old enough for a restart to hurt.

        Args:
            trained_seconds: How long the trial has been running.
            state: Returns the state; called only if it is written.
        """
        if trained_seconds < MIN_SECONDS:
            return
        buffer = io.BytesIO()
        torch.save({"identity": self.identity, **state()}, buffer)
        content = buffer.getvalue()
        write_atomically(self.path, hashlib.sha256(content).digest() + content)

    def load(self) -> dict[str, Any] | None:
        """Return the state to resume from, or None.

        Bytes whose hash is wrong are never looked at; the trial then starts anew.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        digest, content = content[:_HASH_BYTES], content[_HASH_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            return None
        state = torch.load(io.BytesIO(content), weights_only=True)
        return state if state.pop("identity") == self.identity else None

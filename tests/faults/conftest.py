"""Running the real command line on a study of seconds."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest


class Cli:
    """Starts `whatwhere` in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, *words, failpoint=None, **options):
        return subprocess.run(
            [sys.executable, "-m", "whatwhere", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            env=self.environment(failpoint),
            stdin=subprocess.DEVNULL,
            **options,
        )

    def start(self, *words):
        return subprocess.Popen(
            [sys.executable, "-m", "whatwhere", *words],
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(None),
            stdin=subprocess.DEVNULL,
        )

    def environment(self, failpoint):
        values = {**os.environ, "WHATWHERE_DATA": str(self.folder / "cache")}
        values.pop("WHATWHERE_FAILPOINT", None)
        return {**values, "WHATWHERE_FAILPOINT": failpoint} if failpoint else values

    def results(self, run="run"):
        """Hashes of what every trial computed, without times."""
        found = {}
        for record in sorted((self.folder / run).glob("trials/*/*/s*/record.json")):
            content = json.loads(record.read_bytes())
            files = content["files"]
            found[str(record.parent.relative_to(self.folder / run))] = (
                content["state"],
                files.get("predictions.npz"),
                files.get("model.safetensors"),
            )
        return found


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


@pytest.fixture(scope="module")
def shared_cli(tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("study"))


def wait_for(condition, *, seconds=90):
    """Wait until something has happened."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


__all__ = ["Cli", "hashlib", "signal", "wait_for"]

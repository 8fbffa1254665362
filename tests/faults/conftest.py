"""Running the real command line on a study of seconds."""

import json
import time

import pytest

from tests.command_line import CommandLine


class Cli(CommandLine):
    """Runs `whatwhere` in a folder of its own, and tells what it left there."""

    def dies_at(self, failpoint, *words):
        """Run a command in a process that ends as if killed at a named point."""
        done = self.process(*words, env={"WHATWHERE_FAILPOINT": failpoint})
        assert done.returncode == 137, done.stderr

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

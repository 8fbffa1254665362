"""The command line for tests: in the test's own process, or in one of its own.

To import torch and its compiler takes a process four seconds, many times what most commands take.
A process of its own is for what needs one: a crash, a signal, a limit, the way from the shell.
"""

import contextlib
import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Ended:
    """How a command ended, as `subprocess.run` says it."""

    returncode: int
    stdout: str
    stderr: str


class CommandLine:
    """Runs `whatwhere` in a folder, with a cache of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.added = {"WHATWHERE_DATA": str(folder / "cache"), "COLUMNS": "100", **environment}

    def __call__(self, *words: str) -> Ended:
        """Run a command in this process."""
        # At the top it would be imported before jaxtyping's pytest plugin can check its shapes.
        from whatwhere.cli.ending import main
        from whatwhere.cli.options import set_mode

        set_mode(False, False, False)  # what the last command was told; a process begins so
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        out, err = io.StringIO(), io.StringIO()
        with contextlib.ExitStack() as stack:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            for name, value in self.added.items():
                patch.setenv(name, value)
            stack.enter_context(contextlib.chdir(self.folder))
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
            ended = stack.enter_context(pytest.raises(SystemExit))
            try:
                main(list(words))
            finally:
                for number, handler in handlers.items():
                    signal.signal(number, handler)
        code = ended.value.code
        assert isinstance(code, int)
        return Ended(code, out.getvalue(), err.getvalue())

    def process(self, *words: str, **options) -> subprocess.CompletedProcess:
        """Run a command in a process of its own; options are those of `subprocess.run`."""
        return subprocess.run(
            self.command(*words),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            env=self.environment() | options.pop("env", {}),
            stdin=subprocess.DEVNULL,
            **options,
        )

    def start(self, *words: str) -> subprocess.Popen:
        """Start a command in a process of its own."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
        )

    def environment(self) -> dict[str, str]:
        """Return what a process is told: as many threads as a user's has, not one as a test's."""
        return {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"} | self.added

    @staticmethod
    def command(*words: str) -> list[str]:
        """Return the words that start `whatwhere`."""
        return [sys.executable, "-m", "whatwhere", *words]

"""How the process ends: the documented exit codes, one line for every error."""

import json
import os
import signal
import sys
import traceback
from typing import Any, NoReturn

import typer

from whatwhere.cli.options import Mode
from whatwhere.cli.verbs import app
from whatwhere.errors import WhatWhereError
from whatwhere.version import __version__

_CONTINUED = (["compare"], ["reproduce"], ["search"])


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with the documented exit code.

    Args:
        arguments: Words after the program's name; by default the process's own.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words == ["--version"]:
        print(__version__)
        sys.exit(0)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        code = app(args=words, standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except WhatWhereError as error:
        _fail(error.code_name, error.exit_code, str(error), error)
    except Stopped as stopped:
        kept = "finished trials are kept, the same command continues"
        text = f"stopped; {kept}" if words[:1] in _CONTINUED else "stopped"
        _fail("STOPPED", 128 + stopped.number, text, stopped)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        _unexpected(error)


class Stopped(BaseException):
    """A signal asked this process to stop; no library in between takes it for its own.

    Args:
        number: Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _stop(number: int, frame: Any) -> None:
    # A second signal ends the process at once.
    signal.signal(number, signal.SIG_DFL)
    raise Stopped(number)


def _unexpected(error: Exception) -> NoReturn:
    if isinstance(error, typer.Exit):
        sys.exit(error.exit_code)
    if hasattr(error, "format_message"):  # what typer raises for words it cannot read
        _fail("USAGE", 2, f"{error.format_message()} (see whatwhere --help)", error)
    traceback.print_exc()
    _fail(
        "INTERNAL",
        1,
        f"{type(error).__name__}: {error}; this is a bug of whatwhere, please"
        " report it with the lines above",
        error,
    )


def _fail(name: str, code: int, message: str, error: BaseException) -> NoReturn:
    if Mode.debug and code != 1:
        traceback.print_exception(error)
    if Mode.json:
        print(json.dumps({"error": name, "exit_code": code, "message": message}))
    print(f"error[{name}]: {message}", file=sys.stderr)
    sys.exit(code)

"""The command line: parses, calls the api, prints. Everything heavy is imported when needed."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn, Optional

import typer

from whatwhere.errors import WhatWhereError
from whatwhere.version import __version__

app = typer.Typer(
    name="whatwhere",
    help="Which attention design is worth its cost on my images?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Mode:
    """What holds for every verb: how to print, how to fail."""

    json = False
    quiet = False
    debug = False


Data = Annotated[
    Optional[list[str]],  # noqa: UP045  typer reads this form
    typer.Argument(metavar="[DATA]...", help="Known names, folders, CSV or npz files."),
]
Designs = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("-d", "--design", help="Name, family, wildcard, wiring or file.py:Block;"
                 " repeatable, bare names may be comma-separated."),
]
Output = Annotated[Optional[Path], typer.Option("-o", "--output", help="Folder of the result.")]  # noqa: UP045
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Say nothing but the result.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
Steps = Annotated[Optional[int], typer.Option(help="Optimiser steps of a trial.")]  # noqa: UP045
Epochs = Annotated[Optional[float], typer.Option(help="Passes over the data, instead of steps.")]  # noqa: UP045
Batch = Annotated[Optional[int], typer.Option(help="Images per step.")]  # noqa: UP045
Rate = Annotated[Optional[float], typer.Option("--lr", help="Peak learning rate.")]  # noqa: UP045
Backbone = Annotated[Optional[str], typer.Option(help="resnet8, resnet20, timm:resnet18, ...")]  # noqa: UP045
Where = Annotated[Optional[str], typer.Option(help="branch, block or stage.")]  # noqa: UP045
ImageSize = Annotated[Optional[int], typer.Option(help="Side of the images, in pixels.")]  # noqa: UP045
ValueRange = Annotated[Optional[str], typer.Option(help="LOW,HIGH of images that are not 8 bit.")]  # noqa: UP045
Device = Annotated[Optional[str], typer.Option(help="cpu, cuda, cuda:1, ...")]  # noqa: UP045
SkipBad = Annotated[bool, typer.Option(help="Leave out files that cannot be read.")]
Frame = Annotated[Optional[str], typer.Option(help="first: take the first picture of animations.")]  # noqa: UP045
MissingClass = Annotated[bool, typer.Option(help="Allow a class to be missing in a split.")]


@app.callback()
def _common(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Which attention design is worth its cost on my images?"""


@app.command()
def compare(
    data: Data = None,
    design: Designs = None,
    seeds: Annotated[int, typer.Option(help="Paired seeds.")] = 3,
    sizes: Annotated[str, typer.Option(help="Training sizes, such as 100,300,all.")] = "all",
    budget: Annotated[Optional[str], typer.Option(help="Longest time, such as 10m.")] = None,  # noqa: UP045
    metric: Annotated[str, typer.Option(help="accuracy, balanced-accuracy, macro-f1 or auc.")] = "accuracy",
    protocol: Annotated[Optional[str], typer.Option(help="quick, standard or thorough.")] = None,  # noqa: UP045
    steps: Steps = None,
    epochs: Epochs = None,
    batch: Batch = None,
    lr: Rate = None,
    backbone: Backbone = None,
    where: Where = None,
    image_size: ImageSize = None,
    value_range: ValueRange = None,
    device: Device = None,
    skip_bad: SkipBad = False,
    frame: Frame = None,
    allow_missing_class: MissingClass = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    output: Output = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare designs fairly on your images; the main job. Without DATA: cluttered digits."""
    _set_mode(json_, quiet, debug)
    from whatwhere.api import DEFAULT_DATA
    from whatwhere.study import request as asking
    from whatwhere.study.compare import run_comparison
    from whatwhere.study.display import default_display

    request = asking.Request(
        data=tuple(data or [DEFAULT_DATA]),
        designs=tuple(design or ()),
        seeds=seeds,
        sizes=asking.parse_sizes(sizes),
        budget_seconds=asking.parse_budget(budget) if budget else None,
        metric=metric,
        protocol=protocol,
        steps=steps,
        epochs=epochs,
        batch_size=batch,
        learning_rate=lr,
        backbone=backbone,
        where=where,
        image_size=image_size,
        value_range=asking.parse_value_range(value_range) if value_range else None,
        device=device,
        skip_bad=skip_bad,
        frame=frame,
        allow_missing_class=allow_missing_class,
    )
    display = default_display(quiet=quiet or json_)
    result = run_comparison(request, folder=output, display=display, dry_run=dry_run)
    if dry_run:
        _print_plan(result)
        return
    _print_result(result)
    if result.failures:
        raise typer.Exit(4)


@app.command()
def train(
    data: Annotated[str, typer.Argument(metavar="DATA")],
    design: Designs = None,
    protocol: Annotated[str, typer.Option(help="quick, standard or thorough.")] = "standard",
    steps: Steps = None,
    epochs: Epochs = None,
    batch: Batch = None,
    lr: Rate = None,
    backbone: Backbone = None,
    where: Where = None,
    image_size: ImageSize = None,
    value_range: ValueRange = None,
    device: Device = None,
    skip_bad: SkipBad = False,
    frame: Frame = None,
    allow_missing_class: MissingClass = False,
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    output: Output = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Train one design well, and keep the model with its card."""
    _set_mode(json_, quiet, debug)
    from whatwhere.study import request as asking
    from whatwhere.study.display import default_display
    from whatwhere.study.training import default_model_folder, train_one

    request = asking.Request(
        data=(data,),
        designs=tuple(design or ()),
        protocol=protocol,
        steps=steps,
        epochs=epochs,
        batch_size=batch,
        learning_rate=lr,
        backbone=backbone,
        where=where,
        image_size=image_size,
        value_range=asking.parse_value_range(value_range) if value_range else None,
        device=device,
        skip_bad=skip_bad,
        frame=frame,
        allow_missing_class=allow_missing_class,
    )
    folder = output or default_model_folder(request)
    display = default_display(quiet=quiet or json_)
    sentence = train_one(request, folder=folder, seed=seed, display=display)
    _say({"model": str(folder), "result": sentence}, f"{sentence}\nmodel: {folder}")


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A trained model, or a finished run.")],
    images: Annotated[Path, typer.Argument(help="A folder or one image.")],
    value_range: ValueRange = None,
    output: Annotated[Optional[Path], typer.Option("-o", "--output", help="CSV file to write.")] = None,  # noqa: UP045
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Label a folder of images, as CSV."""
    _set_mode(json_, quiet, debug)
    from whatwhere import api
    from whatwhere.records import write_atomically
    from whatwhere.study.request import parse_value_range

    wanted = parse_value_range(value_range) if value_range else None
    labelled = api.predict(model, images, value_range=wanted)
    if output is None and not json_:
        sys.stdout.write(labelled.table)
    elif output is not None:
        write_atomically(output, labelled.table.encode())
    facts = {"num_images": labelled.num_images, "bad": labelled.bad,
             "table": str(output) if output else labelled.table}
    if json_:
        print(json.dumps(facts))
    elif output is not None and not quiet:
        print(f"{labelled.num_images} images labelled: {output}")
    for path, reason in labelled.bad.items():
        print(f"{path} {reason}", file=sys.stderr)
    if labelled.bad:
        raise typer.Exit(4)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Rebuild tables and page of a run from its records."""
    _set_mode(json_, quiet, debug)
    from whatwhere.report.build import write_report

    page = write_report(run)
    _say({"report": str(page)}, f"report: {page}")


@app.command(name="list")
def list_(
    what: Annotated[str, typer.Argument(help="designs or data")],
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """List designs or data sets with their cards."""
    _set_mode(json_, quiet, debug)
    from whatwhere.study.listing import list_cards, print_cards

    cards = list_cards(what)
    if json_:
        print(json.dumps(cards))
    else:
        print_cards(what, cards)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with the documented exit code.

    Args:
        arguments: Words after the program's name; by default the process's own.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words == ["--version"]:
        print(__version__)
        sys.exit(0)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = app(args=words, standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except WhatWhereError as error:
        _fail(error.code_name, error.exit_code, str(error), error)
    except KeyboardInterrupt as interrupt:
        terminated = isinstance(interrupt, _Terminated)
        _fail("STOPPED", 143 if terminated else 130,
              "stopped; finished trials are kept, the same command continues", interrupt)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        _unexpected(error)


class _Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C but with its own exit code."""


def _terminated(signum: int, frame: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise _Terminated


def _unexpected(error: Exception) -> NoReturn:
    import click

    if isinstance(error, click.ClickException):
        _fail("USAGE", 2, error.format_message(), error)
    if isinstance(error, click.exceptions.Exit):
        sys.exit(error.exit_code)
    if isinstance(error, click.exceptions.Abort):
        _fail("STOPPED", 130, "stopped", error)
    import traceback

    traceback.print_exc()
    _fail("INTERNAL", 1, f"{type(error).__name__}: {error}; this is a bug of whatwhere, please"
          " report it with the lines above", error)


def _fail(name: str, code: int, message: str, error: BaseException) -> NoReturn:
    if Mode.debug and code != 1:
        import traceback

        traceback.print_exception(error)
    if Mode.json:
        print(json.dumps({"error": name, "exit_code": code, "message": message}))
    print(f"error[{name}]: {message}", file=sys.stderr)
    sys.exit(code)


def _set_mode(json_: bool, quiet: bool, debug: bool) -> None:
    Mode.json, Mode.quiet, Mode.debug = json_, quiet, debug


def _say(facts: dict[str, Any], text: str) -> None:
    print(json.dumps(facts) if Mode.json else text)


def _print_plan(result: Any) -> None:
    facts = {
        "run": str(result.folder),
        "trials": [trial.key.text for trial in result.plan.trials],
        "seconds": result.plan.seconds,
        "left_out": [trial.key.text for trial in result.plan.left_out],
        "forecast": list(result.forecast),
    }
    _say(facts, "\n".join([*result.forecast, f"run folder: {result.folder} (nothing was written)"]))


def _print_result(result: Any) -> None:
    from whatwhere.report.summary import read_summary

    summary = read_summary(result.folder)
    if Mode.json:
        facts = {"run": str(result.folder), "report": str(result.report), "summary": summary,
                 "failures": list(result.failures)}
        print(json.dumps(facts))
        return
    from rich.console import Console

    from whatwhere.report.terminal import print_leaderboard

    print_leaderboard(summary, Console())
    for failure in result.failures:
        print(failure, file=sys.stderr)
    print(f"report: {result.report}")

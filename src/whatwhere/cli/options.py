"""Options that several verbs share, and what holds for every verb."""

from pathlib import Path
from typing import Annotated, Optional

import typer

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
Precision = Annotated[Optional[str], typer.Option(help="fp32 or bf16; default: measured.")]  # noqa: UP045
Layout = Annotated[Optional[str], typer.Option(help="nchw or channels_last; default: measured.")]  # noqa: UP045
SkipBad = Annotated[bool, typer.Option(help="Leave out files that cannot be read.")]
Frame = Annotated[Optional[str], typer.Option(help="first: take the first picture of animations.")]  # noqa: UP045
MissingClass = Annotated[bool, typer.Option(help="Allow a class to be missing in a split.")]


class Mode:
    """How to print and how to fail."""

    json = False
    quiet = False
    debug = False


def set_mode(json_: bool, quiet: bool, debug: bool) -> None:
    """Remember the options that hold for every verb."""
    Mode.json, Mode.quiet, Mode.debug = json_, quiet, debug

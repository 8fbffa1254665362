"""Options that several verbs share, and what holds for every verb."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DATA]...", help="Known names, folders, CSV or npz files."),
]
Designs = Annotated[
    list[str] | None,
    typer.Option(
        "-d",
        "--design",
        help="Name, family, wildcard, wiring, file.py:Block, or a whole network such as samc;"
        " repeatable, several may be comma-separated.",
    ),
]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Folder of the result.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Say nothing but the result.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
PROTOCOL_HELP = (
    "quick, standard or thorough; or a recipe: r0_samc, r0_samc_adamw, r0_dmsca, r0_amsra,"
    " r0_medmnist, topologies_cifar, topologies_medmnist, r1. Numbers are changed in parentheses:"
    " 'r1(label_noise=0.2)'."
)
Steps = Annotated[int | None, typer.Option(help="Optimiser steps of a trial.")]
Epochs = Annotated[float | None, typer.Option(help="Passes over the data, instead of steps.")]
Batch = Annotated[int | None, typer.Option(help="Images per step.")]
Rate = Annotated[float | None, typer.Option("--lr", help="Peak learning rate.")]
Backbone = Annotated[str | None, typer.Option(help="resnet8, resnet20, timm:resnet18, ...")]
Pretrained = Annotated[
    str | None,
    typer.Option(
        help="Begin with weights: timm:NAME, a file (with --backbone), or a trained model's folder."
    ),
]
Where = Annotated[str | None, typer.Option(help="branch, block, stage or a pattern of names.")]
ImageSize = Annotated[int | None, typer.Option(help="Side of the images, in pixels.")]
ValueRange = Annotated[str | None, typer.Option(help="LOW,HIGH of images that are not 8 bit.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, ...")]
Precision = Annotated[str | None, typer.Option(help="fp32 or bf16; default: measured.")]
Layout = Annotated[str | None, typer.Option(help="nchw or channels_last; default: measured.")]
SkipBad = Annotated[bool, typer.Option(help="Leave out files that cannot be read.")]
Frame = Annotated[str | None, typer.Option(help="first: take the first picture of animations.")]
MissingClass = Annotated[bool, typer.Option(help="Allow a class to be missing in a split.")]
Dedup = Annotated[bool, typer.Option(help="Leave copies of later images out of training.")]
Strict = Annotated[bool, typer.Option(help="Refuse data whose splits share images.")]

ClassWeights = Annotated[
    str | None, typer.Option(help="none, balanced, or a CSV file of class,weight.")
]


class Mode:
    """How to print and how to fail."""

    json = False
    quiet = False
    debug = False


def set_mode(json_: bool, quiet: bool, debug: bool) -> None:
    """Remember the options that hold for every verb."""
    Mode.json, Mode.quiet, Mode.debug = json_, quiet, debug

"""The public functions: what the command line does, for scripts and notebooks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from whatwhere.api.comparison import Comparison
from whatwhere.errors import UsageError
from whatwhere.report.evaluation import Evaluated
from whatwhere.study.compare import run_comparison
from whatwhere.study.display import default_display
from whatwhere.study.evaluating import Reading, default_evaluation_folder, score_model
from whatwhere.study.labelling import Labelled, label_images
from whatwhere.study.reproducing.reproduce import reproduce as reproduce
from whatwhere.study.request import ALL, Request, parse_confirmation
from whatwhere.study.searching.public import search as search
from whatwhere.study.training import train_one
from whatwhere.study.trials.class_weights import parse_class_weights

DEFAULT_DATA = "cluttered-digits"


def compare(
    data: str | Path | Sequence[str | Path] = DEFAULT_DATA,
    *,
    designs: Sequence[Any] = (),
    seeds: int = 3,
    sizes: Sequence[int] = (ALL,),
    budget_seconds: float | None = None,
    metric: str = "accuracy",
    controls: str = "few",
    confirm: bool = False,
    confirm_seeds: int | None = None,
    protocol: str | None = None,
    steps: int | None = None,
    epochs: float | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    backbone: str | None = None,
    pretrained: str | Path | None = None,
    where: str | None = None,
    image_size: int | None = None,
    value_range: tuple[float, float] | None = None,
    device: str | None = None,
    precision: str | None = None,
    layout: str | None = None,
    skip_bad: bool = False,
    frame: str | None = None,
    allow_missing_class: bool = False,
    dedup: bool = False,
    strict: bool = False,
    class_weights: str | dict[str, float] | None = None,
    folds: int | None = None,
    output: str | Path | None = None,
    num_workers: int | None = None,
    quiet: bool = False,
) -> Comparison:
    """Compare attention designs on images, fairly, and say what can be said.

    The same call again continues where it stopped; more designs, seeds, sizes or data sets add
    only what is new.

    Args:
        data: Known names, folders, CSV or npz files.
        designs: Names, families, wildcards, wirings, "file.py:Block" or module classes; empty for
            all published wirings and references. No attention always joins, and the controls do
            unless weights are pretrained.
        seeds: Number of paired seeds, from 1.
        sizes: Numbers of training images, nested and stratified; 0 for all.
        budget_seconds: Longest time to plan for, in seconds.
        metric: "accuracy", "balanced-accuracy", "macro-f1" or "auc".
        controls: "few", or "full" for a widened backbone of every design's own size and the
            constant gain nearest to its own.
        confirm: Whether to screen by validation images alone and to run what leads again, with
            seeds that screening never saw; only the second stage is judged.
        confirm_seeds: How many such seeds, from 3; None for 10.
        protocol: "quick" (default on a CPU), "standard" (default on a GPU), "thorough", or the name
            of a publication's recipe such as "r1".
        steps: Optimiser steps of every trial.
        epochs: Passes over the largest training set, instead of steps.
        batch_size: Images per step.
        learning_rate: At its peak.
        backbone: One of our ResNets, or "timm:NAME".
        pretrained: Weights to begin with: "timm:NAME", a file (with `backbone`), or the folder of
            a model that was trained without attention. Attention then starts as the identity,
            and images are resized and normalised as the weights want them (see
            `whatwhere.models.Pretrained` for what differs from timm's evaluation).
        where: "branch" (default), "block", "stage" or a pattern of module names.
        image_size: Side of the images, in pixels.
        value_range: Lowest and highest value of images that are not 8 bit.
        device: A torch device.
        precision: "fp32" or "bf16"; by default what a measurement finds faster by half.
        layout: "nchw" or "channels_last"; by default what is faster.
        skip_bad: Whether to leave out files that cannot be read.
        frame: "first" takes the first picture of animations and documents.
        allow_missing_class: Whether a class may be missing in a split.
        dedup: Whether images that are in a later split too are left out of training.
        strict: Whether to refuse data whose splits share images.
        class_weights: "none", "balanced", a CSV file of class,weight, or weights by class name.
        folds: Cross-validation, from 2 to 20: all images are dealt into so many folds, whatever
            splits are given, and each fold is once the test.
        output: The run's folder; by default its name follows from data and recipe.
        num_workers: Worker processes; by default one per core.
        quiet: Whether to say nothing meanwhile.

    Returns:
        The finished comparison.

    Raises:
        UsageError: If an argument is outside its range, or the folder holds another recipe.
        DataError: If the images or labels cannot be trusted.
    """
    many = [data] if isinstance(data, (str, Path)) else list(data)
    request = Request(
        data=tuple(str(item) for item in many),
        designs=tuple(designs),
        seeds=seeds,
        sizes=tuple(sizes),
        budget_seconds=budget_seconds,
        metric=metric,
        controls=controls,
        confirm_seeds=parse_confirmation(confirm, confirm_seeds),
        protocol=protocol,
        steps=steps,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        backbone=backbone,
        pretrained=None if pretrained is None else str(pretrained),
        where=where,
        image_size=image_size,
        value_range=value_range,
        device=device,
        precision=precision,
        layout=layout,
        skip_bad=skip_bad,
        frame=frame,
        allow_missing_class=allow_missing_class,
        dedup=dedup,
        strict=strict,
        class_weights=parse_class_weights(class_weights),
        folds=folds,
    )
    result = run_comparison(
        request,
        folder=Path(output) if output else None,
        display=default_display(quiet=quiet),
        num_workers=num_workers,
    )
    return Comparison(result, designs=designs)


def train(
    data: str | Path,
    *,
    design: Any,
    output: str | Path,
    protocol: str = "standard",
    steps: int | None = None,
    backbone: str | None = None,
    pretrained: str | Path | None = None,
    seed: int = 0,
    quiet: bool = False,
) -> str:
    """Train one design on one data set and keep the model.

    Args:
        data: A known name, a folder, a CSV or an npz file.
        design: As for `compare`, but one.
        output: Folder for `model.safetensors`, `config.toml` and `README.md`.
        protocol: "quick", "standard", "thorough", or the name of a publication's recipe such as
            "r1".
        steps: Optimiser steps instead of the protocol's.
        backbone: As for `compare`.
        pretrained: As for `compare`.
        seed: Of the run.
        quiet: Whether to say nothing meanwhile.

    Returns:
        One sentence about the result.
    """
    request = Request(
        data=(str(data),),
        designs=(design,),
        protocol=protocol,
        steps=steps,
        backbone=backbone,
        pretrained=None if pretrained is None else str(pretrained),
    )
    return train_one(request, folder=Path(output), seed=seed, display=default_display(quiet=quiet))


def predict(
    model: str | Path,
    images: str | Path,
    *,
    value_range: tuple[float, float] | None = None,
) -> Labelled:
    """Label a folder of images with a trained model.

    Args:
        model: What `train` wrote, or the folder of a finished comparison.
        images: A folder or one image.
        value_range: Lowest and highest value of images that are not 8 bit.

    Returns:
        A table as CSV text, and the files that could not be read.
    """
    return label_images(Path(model), Path(images), value_range=value_range)


def evaluate_model(
    model: str | Path,
    data: str | Path,
    *,
    value_range: tuple[float, float] | None = None,
    skip_bad: bool = False,
    frame: str | None = None,
    device: str | None = None,
    output: str | Path | None = None,
) -> tuple[Evaluated, Path]:
    """Score a trained model on labelled images and write a page about it.

    Scored are the test images that the data gives, or those of the split that the model was
    trained with when it is the same data; otherwise all images.

    Args:
        model: What `train` wrote, or a finished run, whose recommended model is taken.
        data: A known name, a folder, an archive, a CSV or an npz file.
        value_range: Lowest and highest value of images that are not 8 bit.
        skip_bad: Whether to leave out files that cannot be read.
        frame: "first" takes the first picture of animations and documents.
        device: A torch device; a GPU where there is one by default.
        output: Folder of the page; by default `evaluations/MODEL-DATA`.

    Returns:
        What was found (`.evaluation` has every score), and the page.
    """
    if frame not in (None, "first"):
        raise UsageError(f"frame '{frame}': expected first, or nothing")
    folder = Path(output) if output else default_evaluation_folder(Path(model), str(data))
    reading = Reading(value_range=value_range, skip_bad=skip_bad, frame_first=frame == "first")
    return score_model(Path(model), str(data), folder=folder, reading=reading, device=device)

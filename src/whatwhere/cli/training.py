"""The verb that trains one model."""

from typing import Annotated

import typer

from whatwhere.cli.options import (
    PROTOCOL_HELP,
    Backbone,
    Batch,
    ClassWeights,
    DebugOption,
    Dedup,
    Designs,
    Device,
    Epochs,
    Frame,
    ImageSize,
    JsonOption,
    Layout,
    MissingClass,
    Output,
    Precision,
    Pretrained,
    QuietOption,
    Rate,
    SkipBad,
    Steps,
    Strict,
    ValueRange,
    Where,
    set_mode,
)
from whatwhere.cli.printing import say


def train(
    data: Annotated[str, typer.Argument(metavar="DATA")],
    design: Designs = None,
    protocol: Annotated[str, typer.Option(help=PROTOCOL_HELP)] = "standard",
    steps: Steps = None,
    epochs: Epochs = None,
    batch: Batch = None,
    lr: Rate = None,
    backbone: Backbone = None,
    pretrained: Pretrained = None,
    where: Where = None,
    image_size: ImageSize = None,
    value_range: ValueRange = None,
    device: Device = None,
    precision: Precision = None,
    layout: Layout = None,
    skip_bad: SkipBad = False,
    frame: Frame = None,
    allow_missing_class: MissingClass = False,
    dedup: Dedup = False,
    strict: Strict = False,
    class_weights: ClassWeights = None,
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    output: Output = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Train one design well, and keep the model with its card."""
    set_mode(json_, quiet, debug)
    from whatwhere.study import request as asking
    from whatwhere.study.display import default_display
    from whatwhere.study.training import default_model_folder, train_one
    from whatwhere.study.trials.class_weights import parse_class_weights

    request = asking.Request(
        data=(data,),
        designs=tuple(design or ()),
        protocol=protocol,
        steps=steps,
        epochs=epochs,
        batch_size=batch,
        learning_rate=lr,
        backbone=backbone,
        pretrained=pretrained,
        where=where,
        image_size=image_size,
        value_range=asking.parse_value_range(value_range) if value_range else None,
        device=device,
        precision=precision,
        layout=layout,
        skip_bad=skip_bad,
        frame=frame,
        allow_missing_class=allow_missing_class,
        dedup=dedup,
        strict=strict,
        class_weights=parse_class_weights(class_weights),
    )
    folder = output or default_model_folder(request)
    display = default_display(quiet=quiet or json_)
    sentence = train_one(request, folder=folder, seed=seed, display=display)
    say({"model": str(folder), "result": sentence}, f"{sentence}\nmodel: {folder}")

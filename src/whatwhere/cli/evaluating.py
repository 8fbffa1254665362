"""The verb that scores a trained model."""

from pathlib import Path
from typing import Annotated

import typer

from whatwhere.cli.options import (
    DebugOption,
    Device,
    Frame,
    JsonOption,
    Output,
    QuietOption,
    SkipBad,
    ValueRange,
    set_mode,
)
from whatwhere.cli.printing import say


def eval_(
    model: Annotated[Path, typer.Argument(help="A trained model, or a finished run.")],
    data: Annotated[str, typer.Argument(help="Labelled images: as for compare.")],
    value_range: ValueRange = None,
    skip_bad: SkipBad = False,
    frame: Frame = None,
    device: Device = None,
    output: Output = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Score a trained model on labelled images: accuracy, AUC, per class, calibration."""
    set_mode(json_, quiet, debug)
    from whatwhere import api
    from whatwhere.report.evaluation import summary_of
    from whatwhere.report.terminal import evaluation_text
    from whatwhere.study.request import parse_value_range

    evaluated, page = api.evaluate_model(
        model,
        data,
        value_range=parse_value_range(value_range) if value_range else None,
        skip_bad=skip_bad,
        frame=frame,
        device=device,
        output=output,
    )
    facts = {**summary_of(evaluated), "page": str(page)}
    text = "" if quiet else evaluation_text(evaluated)
    say(facts, f"{text}page: {page}")

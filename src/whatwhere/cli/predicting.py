"""The verb that labels images."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from whatwhere.cli.options import (
    DebugOption,
    JsonOption,
    QuietOption,
    ValueRange,
    set_mode,
)


def predict(
    model: Annotated[Path, typer.Argument(help="A trained model, or a finished run.")],
    images: Annotated[Path, typer.Argument(help="A folder or one image.")],
    value_range: ValueRange = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="CSV file to write.")
    ] = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Label a folder of images, as CSV."""
    set_mode(json_, quiet, debug)
    from whatwhere import api
    from whatwhere.records import write_atomically
    from whatwhere.study.request import parse_value_range

    wanted = parse_value_range(value_range) if value_range else None
    labelled = api.predict(model, images, value_range=wanted)
    if output is None and not json_:
        sys.stdout.write(labelled.table)
    elif output is not None:
        write_atomically(output, labelled.table.encode())
    facts = {
        "num_images": labelled.num_images,
        "bad": labelled.bad,
        "table": str(output) if output else labelled.table,
    }
    if json_:
        print(json.dumps(facts))
    elif output is not None and not quiet:
        print(f"{labelled.num_images} images labelled: {output}")
    for path, reason in labelled.bad.items():
        print(f"{path} {reason}", file=sys.stderr)
    if labelled.bad:
        raise typer.Exit(4)

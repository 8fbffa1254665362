"""The verb that runs a published setting again."""

import json
import sys
from typing import Annotated

import typer

from whatwhere.cli.options import (
    DebugOption,
    Device,
    JsonOption,
    Layout,
    Mode,
    Output,
    Precision,
    QuietOption,
    set_mode,
)


def reproduce(
    setting: Annotated[str, typer.Argument(help="Its name: see whatwhere list settings.")],
    seeds: Annotated[int | None, typer.Option(help="Runs of every row.")] = None,
    steps: Annotated[
        int | None, typer.Option(help="Steps of a shortened run, which is marked as such.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Another data set, or a file or folder of its own.")
    ] = None,
    row: Annotated[
        list[str] | None, typer.Option(help="Run this row of the table only; repeatable.")
    ] = None,
    device: Device = None,
    precision: Precision = None,
    layout: Layout = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; 0: this one. Default: one per core.")
    ] = None,
    output: Output = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Run a published setting again: what was reported beside what is measured."""
    set_mode(json_, quiet, debug)
    from whatwhere import api

    found = api.reproduce(
        setting,
        seeds=seeds,
        steps=steps,
        data=data,
        rows=tuple(row or ()),
        device=device,
        precision=precision,
        layout=layout,
        output=output,
        num_workers=workers,
        quiet=quiet or json_,
    )
    if Mode.json:
        files = {"result": str(found.result), "page": str(found.page)}
        print(json.dumps({**found.told, **files}))
    else:
        from rich.console import Console

        from whatwhere.report.reproduction.terminal import print_reproduction

        console = Console()
        # Piped, a table must not be cut at 80 columns.
        wide = console if console.is_terminal else Console(width=160)
        print_reproduction(found.told, wide)
        print(f"result: {found.result}\npage: {found.page}")
    if found.failures:
        for failure in found.failures:
            print(failure, file=sys.stderr)
        raise typer.Exit(4)

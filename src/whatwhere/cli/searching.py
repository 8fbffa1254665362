"""The verb that searches a space of configurations."""

import json
import sys
from typing import Annotated

import typer

from whatwhere.cli.options import (
    PROTOCOL_HELP,
    Batch,
    DebugOption,
    Dedup,
    Device,
    Frame,
    ImageSize,
    JsonOption,
    MissingClass,
    Mode,
    Output,
    QuietOption,
    SkipBad,
    Steps,
    ValueRange,
    set_mode,
)


def search(
    data: Annotated[str, typer.Argument(metavar="DATA")],
    space: Annotated[str, typer.Option(help="samc, wirings, or a TOML file.")] = "samc",
    trials: Annotated[int, typer.Option(help="Trials of all processes together.")] = 40,
    budget: Annotated[
        str | None, typer.Option(help="Longest time, fresh runs included, such as 30m.")
    ] = None,
    objective: Annotated[
        str, typer.Option(help="accuracy, or accuracy-parameters for both at once.")
    ] = "accuracy",
    max_parameters: Annotated[
        int | None, typer.Option(help="Refuse larger networks before they are built.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help=f"Instead of the space's. {PROTOCOL_HELP}")
    ] = None,
    steps: Steps = None,
    batch: Batch = None,
    seed: Annotated[int, typer.Option(help="Seed of the search.")] = 0,
    seeds: Annotated[int, typer.Option(help="Fresh runs of the finalists and of the default.")] = 3,
    finalists: Annotated[
        int, typer.Option(help="Configurations to run again with fresh seeds; 0: none.")
    ] = 1,
    image_size: ImageSize = None,
    value_range: ValueRange = None,
    device: Device = None,
    skip_bad: SkipBad = False,
    frame: Frame = None,
    allow_missing_class: MissingClass = False,
    dedup: Dedup = False,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Worker processes of the fresh runs; 0: this one. Default: one per core."
        ),
    ] = None,
    output: Output = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Search networks, wirings and recipes on validation images; the winner runs again afresh.

    Start the same command several times to share the work.
    """
    set_mode(json_, quiet, debug)
    from whatwhere import api
    from whatwhere.study.request import parse_budget, parse_value_range

    found = api.search(
        data,
        space=space,
        trials=trials,
        budget_seconds=parse_budget(budget) if budget else None,
        objective=objective,
        max_parameters=max_parameters,
        protocol=protocol,
        steps=steps,
        batch_size=batch,
        seed=seed,
        seeds=seeds,
        finalists=finalists,
        image_size=image_size,
        value_range=parse_value_range(value_range) if value_range else None,
        device=device,
        skip_bad=skip_bad,
        frame=frame,
        allow_missing_class=allow_missing_class,
        dedup=dedup,
        num_workers=workers,
        output=output,
        quiet=quiet or json_,
    )
    if Mode.json:
        print(json.dumps({**found.told, "page": str(found.page)}))
    else:
        from rich.console import Console

        from whatwhere.report.search.terminal import print_search

        console = Console()
        # Piped, a table must not be cut at 80 columns.
        print_search(found.told, console if console.is_terminal else Console(width=160))
        print(f"every trial: {found.told['dashboard']}\npage: {found.page}")
    if found.failures:
        for failure in found.failures:
            print(failure, file=sys.stderr)
        raise typer.Exit(4)

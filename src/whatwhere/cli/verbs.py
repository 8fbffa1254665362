"""The verbs: parse, call the api, print. Everything heavy is imported when needed."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from whatwhere.cli.evaluating import eval_
from whatwhere.cli.options import (
    PROTOCOL_HELP,
    Backbone,
    Batch,
    ClassWeights,
    Data,
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
from whatwhere.cli.printing import print_plan, print_result, say
from whatwhere.cli.reproducing import reproduce
from whatwhere.cli.searching import search

app = typer.Typer(
    name="whatwhere",
    help="Which attention design is worth its cost on my images?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
    budget: Annotated[str | None, typer.Option(help="Longest time, such as 10m.")] = None,
    metric: Annotated[
        str, typer.Option(help="accuracy, balanced-accuracy, macro-f1 or auc.")
    ] = "accuracy",
    protocol: Annotated[str | None, typer.Option(help=PROTOCOL_HELP)] = None,
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
    folds: Annotated[
        int | None, typer.Option(help="Cross-validate: every image is tested in one of N folds.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; 0: this one. Default: one per core.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Do not wait for other processes on the same run.")
    ] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Refuse to add to a run of another machine or version.")
    ] = False,
    output: Output = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare designs fairly on your images; the main job. Without DATA: cluttered digits."""
    set_mode(json_, quiet, debug)
    from whatwhere.api import DEFAULT_DATA
    from whatwhere.study import request as asking
    from whatwhere.study.class_weights import parse_class_weights
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
        folds=folds,
    )
    display = default_display(quiet=quiet or json_)
    result = run_comparison(
        request,
        folder=output,
        display=display,
        num_workers=workers,
        dry_run=dry_run,
        wait=not no_wait,
        exact=exact,
    )
    if dry_run:
        print_plan(result)
        return
    print_result(result)
    if result.failures:
        raise typer.Exit(4)


@app.command()
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
    from whatwhere.study.class_weights import parse_class_weights
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


@app.command()
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


app.command(name="eval")(eval_)
app.command()(reproduce)
app.command()(search)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Rebuild tables and page of a run from its records."""
    set_mode(json_, quiet, debug)
    from whatwhere.report.build import write_report

    page = write_report(run)
    say({"report": str(page)}, f"report: {page}")


@app.command(name="list")
def list_(
    what: Annotated[str, typer.Argument(help="designs, networks, data or settings")],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Show these cards in full; wildcards work."),
    ] = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """List designs, whole networks, data sets or published settings."""
    set_mode(json_, quiet, debug)
    from whatwhere.study.listing import list_cards, print_cards, print_in_full, with_facts

    cards = list_cards(what, names or ())
    if json_ or names:
        cards = [with_facts(what, card) for card in cards]
    if json_:
        print(json.dumps(cards))
    elif names:
        print_in_full(cards)
    else:
        print_cards(what, cards)

"""The verb that compares: the main job."""

from typing import Annotated, Any

import typer

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
from whatwhere.cli.printing import print_plan, print_result
from whatwhere.errors import UsageError


def compare(
    data: Data = None,
    design: Designs = None,
    seeds: Annotated[int, typer.Option(help="Paired seeds.")] = 3,
    sizes: Annotated[str, typer.Option(help="Training sizes, such as 100,300,all.")] = "all",
    budget: Annotated[str | None, typer.Option(help="Longest time, such as 10m.")] = None,
    metric: Annotated[
        str, typer.Option(help="accuracy, balanced-accuracy, macro-f1 or auc.")
    ] = "accuracy",
    controls: Annotated[
        str, typer.Option(help="few, or full: a widened backbone and a constant gain per design.")
    ] = "few",
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm", help="Screen by validation, then run what leads again with fresh seeds."
        ),
    ] = False,
    confirm_seeds: Annotated[
        int | None, typer.Option(help="Fresh seeds of --confirm. Default: 10.")
    ] = None,
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
    pilot: Annotated[
        int | None,
        typer.Option(
            help="First run no attention and one design with this many seeds, then plan as"
            " --dry-run does, from what they measured; the trials count."
        ),
    ] = None,
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
    from whatwhere.study.compare import run_comparison
    from whatwhere.study.display import default_display
    from whatwhere.study.pilot import run_pilot
    from whatwhere.study.trials.class_weights import parse_class_weights

    request = asking.Request(
        data=tuple(data or [DEFAULT_DATA]),
        designs=tuple(design or ()),
        seeds=seeds,
        sizes=asking.parse_sizes(sizes),
        budget_seconds=asking.parse_budget(budget) if budget else None,
        metric=metric,
        controls=controls,
        confirm_seeds=asking.parse_confirmation(confirm, confirm_seeds),
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
    running: dict[str, Any] = {
        "folder": output,
        "display": default_display(quiet=quiet or json_),
        "num_workers": workers,
        "wait": not no_wait,
        "exact": exact,
    }
    if dry_run and pilot is not None:
        raise UsageError(
            f"--dry-run with --pilot {pilot}: a dry run trains nothing and a pilot trains; leave"
            " out --dry-run (the pilot prints the same plan, and stops) or --pilot"
        )
    if pilot is not None:
        result = run_pilot(request, num_seeds=pilot, **running)
    else:
        result = run_comparison(request, dry_run=dry_run, **running)
    if dry_run or pilot is not None:
        print_plan(result, piloted=pilot is not None)
    else:
        print_result(result)
    if result.failures:
        raise typer.Exit(4)

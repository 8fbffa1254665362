"""The search as a function, for scripts and notebooks."""

from pathlib import Path

from whatwhere.study.display import default_display
from whatwhere.study.searching.search import Found, run_search
from whatwhere.study.searching.wanted import Wanted


def search(
    data: str | Path,
    *,
    space: str | Path = "samc",
    trials: int = 40,
    budget_seconds: float | None = None,
    objective: str = "accuracy",
    max_parameters: int | None = None,
    protocol: str | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    seeds: int = 3,
    finalists: int = 1,
    image_size: int | None = None,
    value_range: tuple[float, float] | None = None,
    device: str | None = None,
    skip_bad: bool = False,
    frame: str | None = None,
    allow_missing_class: bool = False,
    dedup: bool = False,
    num_workers: int | None = None,
    output: str | Path | None = None,
    quiet: bool = False,
) -> Found:
    """Search networks, wirings and recipes on validation images, and run the winner again.

    The same call again, later or in several processes at once, shares the work. No test image is
    looked at before the search has ended; what then counts is measured with fresh seeds, beside
    the space's default that nothing was tuned of.

    Args:
        data: A known name, a folder, a CSV or an npz file.
        space: "samc", "wirings", or a TOML file (see docs/search.md).
        trials: Trials of all processes together.
        budget_seconds: Longest time of this call, fresh runs included; at least one trial runs.
        objective: "accuracy", or "accuracy-parameters" for both at once.
        max_parameters: Larger networks are refused before they are built.
        protocol: Instead of the space's; as for `compare`.
        steps: Optimiser steps of every trial.
        batch_size: Images per step.
        seed: Of the search: what it proposes, and how its trials begin.
        seeds: Fresh runs of every finalist and of the default.
        finalists: Configurations that are run again with fresh seeds; 0 for none.
        image_size: Side of the images, in pixels.
        value_range: Lowest and highest value of images that are not 8 bit.
        device: A torch device.
        skip_bad: Whether to leave out files that cannot be read.
        frame: "first" takes the first picture of animations and documents.
        allow_missing_class: Whether a class may be missing in a split.
        dedup: Whether images that are in a later split too are left out of training.
        num_workers: Worker processes of the fresh runs; by default one per core.
        output: Folder of the search; by default below `searches/`.
        quiet: Whether to say nothing meanwhile.

    Returns:
        Every trial, the best one, the fresh runs and the page.

    Raises:
        UsageError: If Optuna is missing, the space is wrong, or the folder holds another search.
        DataError: If the images or labels cannot be trusted.
    """
    wanted = Wanted(
        data=str(data),
        space=str(space),
        trials=trials,
        budget_seconds=budget_seconds,
        seeds=seeds,
        finalists=finalists,
        num_workers=num_workers,
        objective=objective,
        max_parameters=max_parameters,
        protocol=protocol,
        steps=steps,
        batch_size=batch_size,
        seed=seed,
        image_size=image_size,
        value_range=value_range,
        skip_bad=skip_bad,
        frame=frame,
        allow_missing_class=allow_missing_class,
        dedup=dedup,
        device=device,
    )
    folder = Path(output) if output else None
    return run_search(wanted, folder=folder, display=default_display(quiet=quiet))

"""`whatwhere reproduce`: a published setting, run again and laid beside what was reported."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from whatwhere.data.sources.catalogue import CATALOGUE
from whatwhere.report.reproduction.told import tell
from whatwhere.report.reproduction.written import (
    append_result,
    check_results,
    write_reproduction_page,
)
from whatwhere.settings import Setting, load_setting
from whatwhere.study.display import Display, Silent, default_display
from whatwhere.study.reproducing.collected import collect
from whatwhere.study.reproducing.points import layout
from whatwhere.study.reproducing.runs import Wanted, refuse_what_cannot_run, run_arms

REPRODUCTIONS = Path("reproductions")
IMAGENET = (50_000, 1000)  # validation images and classes of ILSVRC 2012


@dataclass(frozen=True)
class Reproduction:
    """A setting that was run.

    Args:
        folder: Where everything is.
        told: The result as plain values: verdicts, points, sweeps, machine.
        result: The dated result file, JSON; beside it lies the same as Markdown.
        page: The page.
    """

    folder: Path
    told: dict[str, Any]
    result: Path
    page: Path

    @property
    def failures(self) -> tuple[str, ...]:
        """Runs that failed or diverged, each with its reason."""
        return tuple(self.told["failures"])

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """One dictionary per figure that the paper reports."""
        return list(self.told["verdicts"])

    def __repr__(self) -> str:
        return f"Reproduction({str(self.folder)!r}): {self.told['headline']}"


def reproduce(
    setting: str,
    *,
    seeds: int | None = None,
    steps: int | None = None,
    data: str | Path | None = None,
    rows: Sequence[str] = (),
    device: str | None = None,
    precision: str | None = None,
    layout: str | None = None,
    output: str | Path | None = None,
    num_workers: int | None = None,
    quiet: bool = False,
) -> Reproduction:
    """Run a published setting again, and lay what was reported beside what is measured.

    The same call again continues where it stopped; every call that found something new appends to
    the result file of its day.

    Args:
        setting: Its name (`whatwhere list settings`).
        seeds: Runs of every row; by default the setting's own number.
        steps: Optimiser steps instead of the whole recipe; the result is marked as shortened, and
            no figure is compared.
        data: Another data set, or a file or folder of the setting's own.
        rows: Labels of the rows to run; empty for all.
        device: A torch device.
        precision: "fp32" or "bf16"; by default what a measurement finds faster by half.
        layout: "nchw" or "channels_last"; by default what is faster.
        output: Folder of the result; by default below `reproductions/`.
        num_workers: Worker processes; by default one per core.
        quiet: Whether to say nothing meanwhile.

    Returns:
        The verdicts, the result file and the page.

    Raises:
        UnknownNameError: If there is no such setting or row.
        DataError: If the setting's data cannot be had.
    """
    wanted = Wanted(
        seeds=seeds,
        steps=steps,
        data=None if data is None else str(data),
        rows=tuple(rows),
        device=device,
        num_workers=num_workers,
        precision=precision,
        layout=layout,
    )
    return run_setting(
        load_setting(setting),
        wanted,
        folder=Path(output) if output else None,
        make_display=partial(default_display, quiet=quiet),
    )


def default_reproduction_folder(setting: Setting, wanted: Wanted) -> Path:
    """Return where a reproduction goes by default: one folder per setting and length.

    Args:
        setting: The setting.
        wanted: How it is run; another length or other data is another recipe, and goes elsewhere.

    Returns:
        A folder below `reproductions/`.
    """
    name = setting.id
    if wanted.data is not None:
        name += f"-{Path(wanted.data).stem}"
    if wanted.steps is not None:
        name += f"-{wanted.steps}-steps"
    return REPRODUCTIONS / name


def run_setting(
    setting: Setting,
    wanted: Wanted,
    *,
    folder: Path | None = None,
    make_display: Callable[[], Display] = Silent,
) -> Reproduction:
    """Run a setting, and write what was reported beside what was measured.

    The same call again continues where it stopped and repeats nothing that is finished.

    Args:
        setting: The setting.
        wanted: How to run it.
        folder: Where to; by default below `reproductions/`.
        make_display: Returns what to tell meanwhile; called for every run of the setting.

    Returns:
        What was found and where it is written.

    Raises:
        DataError: If the setting's data cannot be had.
        UsageError: If a row or a number is wrong, or the folder holds another recipe.
        MismatchError: If the folder holds a result file that does not read.
    """
    refuse_what_cannot_run(setting, wanted)
    path = folder or default_reproduction_folder(setting, wanted)
    check_results(path, setting.id)
    arms, points = layout(setting, rows=wanted.rows)
    failures = run_arms(setting, arms, wanted, folder=path, make_display=make_display)
    scored = collect(setting, arms, points, wanted, folder=path, failures=failures)
    num_test, num_classes = published_test(setting)
    told = tell(scored, num_test=num_test, num_classes=num_classes)
    result = append_result(path, told)
    page = write_reproduction_page(path, told)
    return Reproduction(path, told, result, page)


def published_test(setting: Setting) -> tuple[int, int]:
    """Return test images and classes of the data set that a setting's figures are on.

    Args:
        setting: The setting.

    Returns:
        Both counts; ImageNet's validation images where the data set is ImageNet.
    """
    if setting.data in CATALOGUE:
        card = CATALOGUE.card(setting.data)
        return card.splits[-1], len(card.classes)
    return IMAGENET

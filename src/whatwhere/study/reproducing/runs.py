"""Running the arms of a setting through `compare`, one run folder each."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from whatwhere.data.sources.catalogue import CATALOGUE
from whatwhere.errors import DataError, UsageError, unknown_name
from whatwhere.records import Run
from whatwhere.settings import Setting
from whatwhere.study.compare import run_comparison
from whatwhere.study.display import Display
from whatwhere.study.reproducing.points import Arm, batch_name
from whatwhere.study.request import Request
from whatwhere.training.changes import split_changes
from whatwhere.training.presets import PRESETS


@dataclass(frozen=True)
class Wanted:
    """How a setting is to be run.

    Args:
        seeds: Runs of every row; None for the setting's own number.
        steps: Optimiser steps at the setting's batch size, instead of the whole recipe; None for
            the whole.
        data: A data set instead of the setting's; None for its own.
        rows: Labels of the rows to run; empty for all.
        device: A torch device.
        num_workers: Worker processes; None for one per core.
        precision: "fp32" or "bf16"; None for what a measurement finds.
        layout: "nchw" or "channels_last"; None likewise.
    """

    seeds: int | None = None
    steps: int | None = None
    data: str | None = None
    rows: tuple[str, ...] = ()
    device: str | None = None
    num_workers: int | None = None
    precision: str | None = None
    layout: str | None = None

    def num_seeds(self, setting: Setting) -> int:
        """Return how many runs every row has."""
        return setting.seeds if self.seeds is None else self.seeds

    def command(self, setting: Setting, folder: Path) -> str:
        """Return the command line that continues or repeats this.

        Args:
            setting: What is run.
            folder: Where.

        Returns:
            The command line.
        """
        return shlex.join(self.words(setting, folder))

    def words(self, setting: Setting, folder: Path) -> list[str]:
        """Return the words of `command`.

        Args:
            setting: What is run.
            folder: Where.

        Returns:
            The words.
        """
        words = ["whatwhere", "reproduce", setting.id]
        options = {
            "--seeds": self.seeds,
            "--steps": self.steps,
            "--data": self.data,
            "--device": self.device,
            "--precision": self.precision,
            "--layout": self.layout,
        }
        for option, value in options.items():
            words += [] if value is None else [option, str(value)]
        for row in self.rows:
            words += ["--row", row]
        return [*words, "-o", str(folder)]


def refuse_what_cannot_run(setting: Setting, wanted: Wanted) -> None:
    """Refuse a setting whose data or recipe is not there, before anything is made.

    Args:
        setting: The setting.
        wanted: How it is to be run.

    Raises:
        DataError: If its data set is none that can be fetched.
        UsageError: If a number is out of range, or a protocol is not known.
    """
    if setting.refused:
        raise DataError(f"{setting.id} cannot be run: {setting.refused}")
    if wanted.data is None and setting.data not in CATALOGUE:
        raise unknown_name("data set", setting.data, CATALOGUE)
    if wanted.steps is not None and wanted.steps < 1:
        raise UsageError(f"steps={wanted.steps}: expected at least 1")
    for text in {setting.protocol, *(row.protocol for row in setting.rows if row.protocol)}:
        name, _ = split_changes(text)
        if name not in PRESETS:
            raise unknown_name("protocol", name, PRESETS)


def run_arms(
    setting: Setting,
    arms: Sequence[Arm],
    wanted: Wanted,
    *,
    folder: Path,
    make_display: Callable[[], Display],
) -> tuple[str, ...]:
    """Run every arm; what is finished already is not run again.

    Args:
        setting: The setting.
        arms: Its runs.
        wanted: How to run.
        folder: Where the runs go, one folder each below `runs/`.
        make_display: Returns what to tell meanwhile; a fresh one for every run, since it counts.

    Returns:
        One text per trial that failed or diverged.
    """
    failures: list[str] = []
    for number, arm in enumerate(arms, start=1):
        display = make_display()
        if len(arms) > 1:
            display.note(f"run {number} of {len(arms)}: {arm.name}")
        result = run_comparison(
            request_of(setting, arm, wanted, folder=folder),
            folder=arm_folder(folder, arm.name),
            display=display,
            num_workers=wanted.num_workers,
        )
        failures += [f"{arm.name}/{text}" for text in result.failures]
    return tuple(failures)


def arm_folder(folder: Path, name: str) -> Path:
    """Return the folder of one run of a reproduction."""
    return folder / "runs" / name


def request_of(setting: Setting, arm: Arm, wanted: Wanted, *, folder: Path) -> Request:
    """Return what one run asks for.

    A shortened sweep of batch sizes shows every network the same number of images: `steps` holds at
    the setting's own batch size.

    Args:
        setting: The setting.
        arm: The run.
        wanted: How to run.
        folder: Where the runs go.

    Returns:
        The request.
    """
    steps = wanted.steps
    if steps is not None and arm.batch_size and setting.sweep:
        steps = max(1, round(steps * setting.batch_size / arm.batch_size))
    return Request(
        data=(wanted.data or setting.data,),
        designs=arm.designs,
        seeds=wanted.num_seeds(setting),
        reproduces=tuple(wanted.words(setting, folder)),
        protocol=arm.protocol,
        steps=steps,
        batch_size=arm.batch_size or None,
        learning_rate=_rate(setting, arm, folder),
        backbone=setting.backbone or None,
        device=wanted.device,
        precision=wanted.precision,
        layout=wanted.layout,
        validation_fraction=setting.validation_fraction or None,
    )


def _rate(setting: Setting, arm: Arm, folder: Path) -> float | None:
    """Return the learning rate of the run at the reference, scaled; None for the recipe's own."""
    if arm.rate_factor == 1.0:
        return None
    assert setting.sweep is not None
    reference = arm_folder(folder, batch_name(arm.protocol, setting.sweep.reference))
    (recipe,) = Run.read(reference).config["recipe"].values()
    return recipe["learning_rate"] * arm.rate_factor

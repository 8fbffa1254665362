"""What a user asks of a search."""

import shlex
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from whatwhere.config import fingerprint
from whatwhere.errors import UsageError, unknown_name
from whatwhere.study.request import MAX_SEEDS, Request

OBJECTIVES = ("accuracy", "accuracy-parameters")
MAX_TRIALS = 10_000
_MAY_CHANGE = ("data", "trials", "budget_seconds", "seeds", "finalists", "num_workers")


@dataclass(frozen=True)
class Wanted:
    """A search as it was asked for.

    Args:
        data: One data set.
        space: Name of a search space, or a TOML file.
        trials: Trials of the whole search, whichever process runs them.
        budget_seconds: Longest time of this call; None for no limit.
        seeds: Fresh runs of every finalist and of the default.
        finalists: Configurations that are run again with fresh seeds; 0 for none.
        num_workers: Worker processes of the fresh runs; None for one per core.
        objective: "accuracy", or "accuracy-parameters" for both at once.
        max_parameters: Largest network that is tried; None for no limit.
        protocol: Instead of the space's.
        steps: Optimiser steps of every trial, instead of the protocol's.
        batch_size: Images per step.
        seed: Of the search: what it proposes, and how its trials begin.
        image_size: Side of the images, in pixels.
        value_range: Lowest and highest value of images that are not 8 bit.
        skip_bad: Whether to leave out files that cannot be read.
        frame: "first" takes the first picture of animations and documents.
        allow_missing_class: Whether a class may be missing in a split.
        dedup: Whether images that are in a later split too are left out of training.
        device: A torch device.

    Raises:
        UsageError: If a number is outside its range.
    """

    data: str
    space: str = "samc"
    trials: int = 40
    budget_seconds: float | None = None
    seeds: int = 3
    finalists: int = 1
    num_workers: int | None = None
    objective: str = "accuracy"
    max_parameters: int | None = None
    protocol: str | None = None
    steps: int | None = None
    batch_size: int | None = None
    seed: int = 0
    image_size: int | None = None
    value_range: tuple[float, float] | None = None
    skip_bad: bool = False
    frame: str | None = None
    allow_missing_class: bool = False
    dedup: bool = False
    device: str | None = None

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise unknown_name("objective", self.objective, OBJECTIVES)
        for name, low, high in (
            ("trials", 1, MAX_TRIALS),
            ("finalists", 0, 10),
            ("seeds", 1, MAX_SEEDS),
            ("seed", 0, 1000),
            ("max_parameters", 1, 10**12),
            ("steps", 1, 10_000_000),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"{name}={value}: expected {low:,} to {high:,}")

    @property
    def is_two(self) -> bool:
        """Whether accuracy and parameters are both looked at."""
        return self.objective == "accuracy-parameters"

    def recipe(self) -> dict[str, Any]:
        """Return what a search keeps once it has begun; what was left open is not in it."""
        values = {key: value for key, value in asdict(self).items() if key not in _MAY_CHANGE}
        values["value_range"] = list(self.value_range) if self.value_range else None
        return {key: value for key, value in values.items() if value not in (None, False)}

    def default_folder(self) -> Path:
        """Return `searches/` + space, data and six digits: same command, same search."""
        digits = fingerprint([self.data, self.recipe()])[:6]
        return Path("searches") / f"{Path(self.space).stem}-{Path(self.data).stem}-{digits}"

    def request(self, protocol: str) -> Request:
        """Return what `compare` would be asked for the space's data and recipe.

        Args:
            protocol: The space's; "" where it leaves that to the device.

        Returns:
            The request.
        """
        return Request(
            data=(self.data,),
            protocol=self.protocol or protocol or None,
            steps=self.steps,
            batch_size=self.batch_size,
            image_size=self.image_size,
            value_range=self.value_range,
            skip_bad=self.skip_bad,
            frame=self.frame,
            allow_missing_class=self.allow_missing_class,
            dedup=self.dedup,
            device=self.device,
        )

    def words(self, folder: Path) -> tuple[str, ...]:
        """Return the words of the command that continues or repeats this.

        Args:
            folder: Of the search.

        Returns:
            The words.
        """
        words = ["whatwhere", "search", self.data]
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if value == field.default and field.name != "space":
                continue
            option = "--" + _OPTIONS.get(field.name, field.name.replace("_", "-"))
            if value is True:
                words.append(option)
            elif isinstance(value, tuple):
                words += [option, ",".join(f"{item:.12g}" for item in value)]
            else:
                words += [option, f"{value:g}s" if field.name == "budget_seconds" else str(value)]
        return (*words, "-o", str(folder))

    def command(self, folder: Path) -> str:
        """Return the command line that continues or repeats this.

        Args:
            folder: Of the search.

        Returns:
            The command line.
        """
        return shlex.join(self.words(folder))


_OPTIONS = {"batch_size": "batch", "num_workers": "workers", "budget_seconds": "budget"}

"""What was measured of a setting, as verdicts, sweeps and pages read it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from whatwhere.settings import Setting
from whatwhere.stats import Comparison, ItemTable, compare


@dataclass(frozen=True, eq=False)
class ScoredPoint:
    """One row of a table, or one value of a sweep, with all its runs.

    Args:
        label: Unique within the setting.
        row: Label of the row in the table.
        design: Its name in the records.
        protocol: Its recipe.
        seeds: Of the finished runs, ascending.
        values: By score, an array (seed, image) whose means over images are the scores; a score
            that these images do not allow is missing.
        validation: Mean validation accuracy over the runs, None without any.
        parameters: Learned values; None where nothing was measured.
        macs: Multiply-adds for one image.
        num_failed: Runs that failed or diverged.
        steps: Optimiser steps of every run.
        full_steps: Steps of the whole recipe.
        batch_size: Images per step.
        learning_rate: At its peak.
        precision: Number format of training, "fp32" or "bf16".
        series: Of a sweep's figure; "" where nothing is swept.
        value: Of a sweep, or None.
    """

    label: str
    row: str
    design: str
    protocol: str
    seeds: tuple[int, ...]
    values: dict[str, np.ndarray]
    validation: float | None
    parameters: int | None
    macs: int | None
    num_failed: int
    steps: int
    full_steps: int
    batch_size: int
    learning_rate: float
    precision: str
    series: str = ""
    value: float | None = None


@dataclass(frozen=True)
class DataUsed:
    """The data that a setting was run on.

    Args:
        name: Name of the data set.
        title: What people call it.
        other: Why figures of the setting's own data set do not compare; "" where they do.
        same_shape: Whether channels and number of classes are those of the setting's data set, so
            that parameters compare even so.
        num_train: Training images.
        num_validation: Validation images, which no network was trained on.
        num_test: Test images.
        num_classes: Classes.
        test_counts: Test images of each class.
        content_hash: Of all images.
        warnings: What the data room found.
    """

    name: str
    title: str
    other: str
    same_shape: bool
    num_train: int
    num_validation: int
    num_test: int
    num_classes: int
    test_counts: tuple[int, ...]
    content_hash: str
    warnings: tuple[str, ...] = ()

    @property
    def is_balanced(self) -> bool:
        """Whether every class has equally many test images."""
        return len(set(self.test_counts)) == 1


@dataclass(frozen=True, eq=False)
class Scored:
    """A setting with everything that was measured of it.

    Args:
        setting: The setting.
        data: What it was run on.
        points: What was measured, in the order of the setting.
        failures: Runs that failed or diverged, each with its reason.
        command: What runs it again or continues it.
        environment: Machine and versions.
        when: Date and time, ISO 8601.
        commit: Of the code, where it is known.
    """

    setting: Setting
    data: DataUsed
    points: tuple[ScoredPoint, ...]
    failures: tuple[str, ...]
    command: str
    environment: dict[str, Any] = field(default_factory=dict)
    when: str = ""
    commit: str = ""

    @property
    def finished(self) -> tuple[ScoredPoint, ...]:
        """The points with a finished run."""
        return tuple(point for point in self.points if point.seeds)

    @property
    def num_seeds(self) -> int:
        """Fewest finished runs of a point that has any."""
        return min((len(point.seeds) for point in self.finished), default=0)

    @property
    def length(self) -> str:
        """Say that the runs were not those of the recipe; "" where they were."""
        other = [point for point in self.points if point.steps != point.full_steps]
        if not other:
            return ""
        sweep = self.setting.sweep
        own = [point for point in other if sweep and point.value == sweep.reference]
        point = (own or other)[0]
        word = "shortened" if point.steps < point.full_steps else "lengthened"
        return f"{word}: {point.steps:,} of {point.full_steps:,} steps, not comparable"

    def comparison(
        self, score: str, points: tuple[ScoredPoint, ...] | None = None, *, control: str = ""
    ) -> Comparison | None:
        """Compare points on a score, for new images and new runs.

        Args:
            score: Name of the score.
            points: Which points; all by default. Those without the score are left out.
            control: Label of the point that the others are compared with; "" for all pairs.

        Returns:
            The comparison, or None where no point has the score.
        """
        chosen = [p for p in points or self.points if p.seeds and score in p.values]
        if not chosen:
            return None
        table = ItemTable(
            methods=tuple(point.label for point in chosen),
            values=tuple(point.values[score] for point in chosen),
            blocked=len({point.seeds for point in chosen}) == 1,
        )
        return compare(table, control=control or None)

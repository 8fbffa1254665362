"""What a simulation is: cells, what a repeat of one shows, and limits that the means must keep.

Every repeat has its own generator, seeded by (seed, cell, repeat). What a cell shows after R
repeats so depends neither on the machine nor on how many processes share the work.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

# How many standard errors a mean may lie beyond its limit before chance no longer explains it.
BEYOND_CHANCE = 3.1
# From fewer the standard errors themselves are not known.
MIN_REPEATS_TO_JUDGE = 50


@dataclass(frozen=True)
class Limit:
    """Bounds of the mean of one quantity; either may be infinite."""

    at_least: float = -math.inf
    at_most: float = math.inf

    def broken_by(self, mean: float, error: float) -> bool:
        """Say whether the mean lies outside by more than chance."""
        slack = BEYOND_CHANCE * error
        return mean + slack < self.at_least or mean - slack > self.at_most


@dataclass(frozen=True)
class Simulation:
    """A simulation study.

    `one_repeat` takes a cell, what `prepare` returned for it and a generator. It returns numbers by
    name, NaN where a repeat does not have one.
    """

    name: str
    cells: Sequence[Any]
    one_repeat: Callable[[Any, Any, np.random.Generator], dict[str, float]]
    replications: int
    limits: Mapping[str, Limit] = field(default_factory=dict)
    prepare: Callable[[Any, np.random.Generator], Any] | None = None


@dataclass
class Sums:
    """Sums over repeats from which means and standard errors follow."""

    repeats: int = 0
    seconds: float = 0.0
    values: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, other: "Sums") -> None:
        """Add the sums of other repeats."""
        self.repeats += other.repeats
        self.seconds += other.seconds
        for name, value in other.values.items():
            self.values[name] = self.values.get(name, np.zeros(3)) + value

    def mean_and_error(self, name: str) -> tuple[float, float]:
        """Return the mean and its standard error, NaN without a value."""
        count, total, squares = self.values[name]
        if count == 0:
            return math.nan, math.nan
        mean = total / count
        if count == 1:
            return float(mean), math.inf
        variance = max(0.0, squares / count - mean**2) / (count - 1)
        if variance == 0 and mean in (0, 1):
            # Where no repeat, or every one, shows a thing, the next may still differ.
            return float(mean), 1 / count
        return float(mean), math.sqrt(variance)


def repeats_of(
    simulation: Simulation, *, cell: int, prepared: Any, start: int, stop: int, seed: int
) -> Sums:
    """Carry out some repeats of one cell; seconds are left to the caller."""
    sums = Sums(repeats=stop - start)
    for repeat in range(start, stop):
        rng = np.random.default_rng((seed, cell, repeat))
        found = simulation.one_repeat(simulation.cells[cell], prepared, rng)
        for name, value in found.items():
            one = np.array([1.0, value, value**2]) if not math.isnan(value) else np.zeros(3)
            sums.values[name] = sums.values.get(name, np.zeros(3)) + one
    return sums


def row_of(simulation: Simulation, cell: int, sums: Sums) -> dict[str, Any]:
    """Return one row of the result file: the setting, the means, and which limits are broken."""
    row: dict[str, Any] = {**asdict(simulation.cells[cell]), "repeats": sums.repeats}
    broken = []
    for name in sums.values:
        mean, error = sums.mean_and_error(name)
        row[name] = None if math.isnan(mean) else f"{mean:.4f} ± {error:.4f}"
        limit = simulation.limits.get(name)
        if limit is not None and limit.broken_by(mean, error):
            broken.append(name)
    judged = sums.repeats >= MIN_REPEATS_TO_JUDGE
    row["beyond its limit"] = (", ".join(broken) or "none") if judged else "too few repeats"
    return row


def limits_in_words(simulation: Simulation) -> str:
    """Return the limits for the head of the result file."""
    parts = []
    for name, limit in simulation.limits.items():
        if limit.at_least > -math.inf:
            parts.append(f"{name} >= {limit.at_least}")
        if limit.at_most < math.inf:
            parts.append(f"{name} <= {limit.at_most}")
    return "; ".join(parts) or "none"

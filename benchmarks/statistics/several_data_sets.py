"""Error rates, coverage and power of what is said over several data sets.

    python -m benchmarks.statistics.several_data_sets [--processes 1] [--replications 1000]

Every repeat draws per-image tables of D data sets. A design has a true difference on each data set,
normal around its mean: 0 for all designs but, in the power cells, the last, whose mean is planted.
False claims are counted among the other designs. All designs are compared with the first.
One core, about six minutes at 1,000 repeats.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Limit, Simulation

from whatwhere.stats import AcrossDataSets, ItemTable, across_data_sets
from whatwhere.stats.several.signed_rank import CALLED_FROM
from whatwhere.stats.simulate import simulated_runs


@dataclass(frozen=True)
class SetsCell:
    """One setting; `between` is the standard deviation over data sets of a design's difference."""

    data_sets: int
    methods: int
    seeds: int
    items: tuple[int, ...]
    between_points: float
    planted_points: float = 0.0


CELLS = (
    SetsCell(4, 6, 3, (156, 600), 0.0),
    SetsCell(5, 6, 3, (156, 600, 2000), 0.0),
    SetsCell(5, 6, 3, (156, 600, 2000), 1.0),
    SetsCell(11, 6, 3, (156, 600, 2000), 0.0),
    SetsCell(11, 6, 5, (156, 600, 2000), 1.0),
    SetsCell(11, 18, 3, (156, 600), 0.5),
    SetsCell(20, 6, 3, (156, 600), 1.0),
    SetsCell(11, 6, 3, (156, 600, 2000), 0.5, planted_points=3.0),
    SetsCell(20, 6, 3, (156, 600, 2000), 0.5, planted_points=1.5),
)


def one_study(cell: SetsCell, rng: np.random.Generator) -> AcrossDataSets:
    """Draw the tables of all data sets and compare over them."""
    names = tuple(f"design {number}" for number in range(cell.methods))
    tables = {}
    for number in range(cell.data_sets):
        gain = rng.normal(0, cell.between_points / 100, cell.methods)
        gain[-1] += cell.planted_points / 100
        values = simulated_runs(
            seed_sd=[0.01] * cell.methods,
            num_seeds=cell.seeds,
            num_items=cell.items[number % len(cell.items)],
            interaction=0.05,
            seed_correlation=0.3,
            gain=gain.tolist(),
            rng=rng,
        )
        tables[f"set {number}"] = ItemTable(names, tuple(values), True)
    return across_data_sets(tables, control=names[0])


def counted(cell: SetsCell, _: None, rng: np.random.Generator) -> dict[str, float]:
    """Return shares of false claims, of intervals that hold the truth, and of what is found."""
    found = one_study(cell, rng)
    last = f"design {cell.methods - 1}"
    null = [pair for pair in found.pairs if pair.first != last or not cell.planted_points]
    planted = next(pair for pair in found.pairs if pair.first == last)
    truth = {pair.first: 0.0 for pair in found.pairs}
    truth[last] = cell.planted_points / 100
    nan = float("nan")
    tests = [pair.wilcoxon.p_adjusted < 0.05 for pair in null if pair.wilcoxon]
    beliefs = [
        max(pair.practical.better, pair.practical.worse) > CALLED_FROM
        for pair in null
        if pair.practical
    ]
    holds = [
        pair.pooled.low <= truth[pair.first] <= pair.pooled.high
        for pair in found.pairs
        if pair.pooled
    ]
    return {
        "friedman_false": (
            float(found.friedman.p_value < 0.05)
            if found.friedman and not cell.planted_points
            else nan
        ),
        "wilcoxon_family": float(any(tests)) if tests else nan,
        "practical_false": float(np.mean(beliefs)) if beliefs else nan,
        "pooled_covers": float(np.mean(holds)) if holds else nan,
        "wins_or_losses": float(np.mean([pair.wins + pair.losses for pair in null])),
        "planted_wilcoxon": float(planted.wilcoxon.p_adjusted < 0.05) if planted.wilcoxon else nan,
        "planted_pooled": float(planted.pooled.low > 0) if planted.pooled else nan,
        "planted_practical": (
            float(planted.practical.better > CALLED_FROM) if planted.practical else nan
        ),
    }


LIMITS = {
    "friedman_false": Limit(at_most=0.07),
    "wilcoxon_family": Limit(at_most=0.06),
    "practical_false": Limit(at_most=0.06),
    "pooled_covers": Limit(at_least=0.92),
}
SIMULATION = Simulation("several-data-sets", CELLS, counted, 1000, LIMITS)

if __name__ == "__main__":
    main("several_data_sets")

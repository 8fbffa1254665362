"""Error rates, coverage and power of what is said over several data sets.

    OMP_NUM_THREADS=1 python benchmarks/statistics/several_data_sets.py [--repeats 500] [--seed 1]

Every repeat draws per-image tables of D data sets. A design has a true difference on each data set,
normal around its mean: 0 for all designs but, in the power cells, the last, whose mean is planted.
False claims are counted among the other designs. All designs are compared with the first.
One core, about fifteen minutes at 500 repeats.
"""

import argparse
import time
from dataclasses import asdict, dataclass

import numpy as np
from benchmarks.results_file import write_result

from whatwhere.stats import AcrossDataSets, ItemTable, across_data_sets
from whatwhere.stats.simulate import simulated_runs

DECIDED = 0.95


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


def counted(cell: SetsCell, found: AcrossDataSets) -> dict[str, float]:
    """Return shares of false claims, of intervals that hold the truth, and of what is found."""
    last = f"design {cell.methods - 1}"
    null = [pair for pair in found.pairs if pair.first != last or not cell.planted_points]
    planted = next(pair for pair in found.pairs if pair.first == last)
    truth = {pair.first: 0.0 for pair in found.pairs}
    truth[last] = cell.planted_points / 100
    nan = float("nan")
    tests = [pair.wilcoxon.p_adjusted < 0.05 for pair in null if pair.wilcoxon]
    beliefs = [
        max(pair.practical.better, pair.practical.worse) > DECIDED
        for pair in null
        if pair.practical
    ]
    holds = [
        pair.pooled.low <= truth[pair.first] <= pair.pooled.high
        for pair in found.pairs
        if pair.pooled
    ]
    return {
        "friedman": float(found.friedman.p_value < 0.05) if found.friedman else nan,
        "wilcoxon_family": float(any(tests)) if tests else nan,
        "practical_false": float(np.mean(beliefs)) if beliefs else nan,
        "pooled_covers": float(np.mean(holds)) if holds else nan,
        "wins_or_losses": float(np.mean([pair.wins + pair.losses for pair in null])),
        "planted_wilcoxon": float(planted.wilcoxon.p_adjusted < 0.05) if planted.wilcoxon else nan,
        "planted_pooled": float(planted.pooled.low > 0) if planted.pooled else nan,
        "planted_practical": (
            float(planted.practical.better > DECIDED) if planted.practical else nan
        ),
    }


def main() -> None:
    """Run every cell and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-file", action="store_true", help="print only")
    asked = parser.parse_args()
    rows, started = [], time.perf_counter()
    for number, cell in enumerate(CELLS):
        rng = np.random.default_rng((asked.seed, number))
        studies = [counted(cell, one_study(cell, rng)) for _ in range(asked.repeats)]
        row = asdict(cell)
        for name in studies[0]:
            mean = float(np.mean([study[name] for study in studies]))
            row[name] = None if np.isnan(mean) else round(mean, 4)
        rows.append(row)
        print(row, flush=True)
    settings = {
        "repeats": asked.repeats,
        "seed": asked.seed,
        "seconds": round(time.perf_counter() - started),
    }
    if not asked.no_file:
        print(write_result("several-data-sets", settings=settings, rows=rows))


if __name__ == "__main__":
    main()

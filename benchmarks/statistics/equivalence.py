"""How often methods that differ by exactly the margin are called equivalent, and equal ones.

    python -m benchmarks.statistics.equivalence [--processes 1] [--replications 4000]

The first method differs from all others by the margin of half a point, up in one half of the
repeats and down in the other. `false` counts its pairs that are called equivalent; `true` those of
two equal methods. One core, about three minutes at 4,000 repeats.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Limit, Simulation

from whatwhere.stats.comparison import EQUIVALENCE_MARGIN
from whatwhere.stats.decide import equivalent
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import pair_estimates
from whatwhere.stats.simulate import simulated_runs


@dataclass(frozen=True)
class EquivalenceCell:
    """One setting."""

    methods: int
    seeds: int
    items: int
    seed_sd_points: float
    correlation: float = 0.0


CELLS = (
    EquivalenceCell(2, 3, 10_000, 0.05),
    EquivalenceCell(3, 5, 10_000, 0.1),
    EquivalenceCell(8, 5, 10_000, 0.05, correlation=0.5),
    EquivalenceCell(8, 10, 10_000, 0.3),
    EquivalenceCell(18, 3, 10_000, 0.05),
    EquivalenceCell(4, 10, 20_000, 0.1, correlation=0.5),
)


def one_table(cell: EquivalenceCell, _: None, rng: np.random.Generator) -> dict[str, float]:
    """Return the shares of pairs that are called equivalent."""
    sign = 1 if rng.random() < 0.5 else -1
    values = simulated_runs(
        seed_sd=[cell.seed_sd_points / 100] * cell.methods,
        num_seeds=cell.seeds,
        num_items=cell.items,
        seed_correlation=cell.correlation,
        gain=[sign * EQUIVALENCE_MARGIN, *[0.0] * (cell.methods - 1)],
        rng=rng,
    )
    pairs = pair_estimates(moments_of(values, paired=True))
    close = equivalent(pairs, margin=EQUIVALENCE_MARGIN)
    others = np.triu_indices(cell.methods - 1, k=1)
    found = close[1:, 1:][others]
    return {
        "false_equivalent": float(close[0, 1:].mean()),
        "true_equivalent": float(found.mean()) if len(found) else float("nan"),
    }


LIMITS = {"false_equivalent": Limit(at_most=0.06)}
SIMULATION = Simulation("equivalence", CELLS, one_table, 4000, LIMITS)

if __name__ == "__main__":
    main("equivalence")

"""How often a comparison of equally good methods claims something, and how its intervals cover.

    python -m benchmarks.statistics.family_wise_error [--processes 1] [--replications 4000]

Every cell draws tables in which all methods, or every second one and the others worse, have exactly
the same accuracy. A false claim is any pair of those with an adjusted p below 0.05 (family-wise
error), one of those that is left out of "may be best", or a unique winner. One core, about ten
minutes at 4,000 repeats.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Limit, Simulation

from whatwhere.stats.decide import ALPHA, MIN_SEEDS_FOR_CLAIMS, TAIL, adjust, may_be_best
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates
from whatwhere.stats.simulate import MEAN_ACCURACY, simulated_runs

# Share or number of unstable methods, and their seed SD as a multiple of that of the others.
PATTERNS = {
    "equal": (0, 1.0),
    "half 3x": (0.5, 3.0),
    "quarter 3x": (0.25, 3.0),
    "one 3x": (1, 3.0),
    "one 5x": (1, 5.0),
    "two 5x": (2, 5.0),
    "one 10x": (1, 10.0),
}
GRID_PATTERNS = ("equal", "half 3x", "quarter 3x", "one 3x")


NAN = float("nan")


@dataclass(frozen=True)
class NullCell:
    """One setting of the simulation; the seed SD is in points beyond the noise of images."""

    methods: int
    seeds: int
    items: int
    seed_sd_points: float
    pattern: str
    interaction: float
    correlation: float
    unequal: bool = False
    skewed: bool = False
    worse_points: float = 0.0  # by which every second method is worse than the others


CELLS = (
    NullCell(18, 3, 600, 1.5, "equal", 0.05, 0.4),
    NullCell(24, 3, 10_000, 1.0, "quarter 3x", 0.0, 0.0),
    NullCell(18, 5, 10_000, 0.3, "half 3x", 0.05, 0.4),
    NullCell(18, 3, 600, 0.0, "equal", 0.14, 0.0),
    NullCell(24, 3, 10_000, 2.0, "quarter 3x", 0.0, 0.0),
    NullCell(24, 2, 10_000, 2.0, "quarter 3x", 0.0, 0.0),
    NullCell(18, 3, 10_000, 2.0, "one 3x", 0.0, 0.5),
    NullCell(4, 3, 2_000, 2.0, "one 3x", 0.0, 0.0),
    NullCell(4, 10, 600, 0.3, "half 3x", 0.05, 0.5),
    NullCell(8, 5, 156, 1.0, "half 3x", 0.14, 0.5),
    NullCell(24, 10, 600, 0.3, "quarter 3x", 0.05, 0.5),
    NullCell(3, 3, 600, 1.0, "one 3x", 0.05, 0.5),
    NullCell(2, 5, 2_000, 0.3, "equal", 0.05, 0.0),
    NullCell(24, 3, 600, 1.0, "quarter 3x", 0.05, 0.4, unequal=True),
    NullCell(18, 5, 2_000, 1.0, "half 3x", 0.0, 0.4, unequal=True),
    NullCell(18, 3, 10_000, 1.0, "one 5x", 0.0, 0.4),
    NullCell(18, 5, 2_000, 1.0, "two 5x", 0.0, 0.0),
    NullCell(18, 3, 2_000, 0.6, "one 10x", 0.0, 0.0),
    NullCell(18, 3, 2_000, 1.0, "quarter 3x", 0.0, 0.0, skewed=True),
    NullCell(8, 5, 600, 1.0, "equal", 0.05, 0.4, skewed=True),
    NullCell(18, 3, 2_000, 1.0, "quarter 3x", 0.0, 0.0, worse_points=3.0),
    NullCell(8, 5, 600, 1.0, "one 3x", 0.05, 0.4, worse_points=6.0),
)


def seed_sds(cell: NullCell) -> np.ndarray:
    """Return the seed SD of each method, the unstable ones first."""
    share, factor = PATTERNS[cell.pattern]
    unstable = share if isinstance(share, int) else round(share * cell.methods)
    factors = np.where(np.arange(cell.methods) < unstable, factor, 1.0)
    return factors * cell.seed_sd_points / 100


def null_values(cell: NullCell, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw per method an array (seed, item)."""
    worse = np.arange(cell.methods) % 2 * cell.worse_points / 100
    values = list(
        simulated_runs(
            seed_sd=seed_sds(cell).tolist(),
            num_seeds=cell.seeds,
            num_items=cell.items,
            interaction=cell.interaction,
            seed_correlation=cell.correlation,
            gain=(-worse).tolist(),
            skewed=cell.skewed,
            rng=rng,
        )
    )
    if cell.unequal:
        return [runs[: 1 + k % cell.seeds] for k, runs in enumerate(values)]
    return values


def one_table(cell: NullCell, _: None, rng: np.random.Generator) -> dict[str, float]:
    """Draw a table, decide, and count what is false as shares of what is equal."""
    moments = moments_of(null_values(cell, rng), paired=True)
    pairs, own = pair_estimates(moments), method_estimates(moments)
    best = np.arange(cell.methods) % 2 == 0 if cell.worse_points else np.full(cell.methods, True)
    equal = np.triu(np.outer(best, best), k=1)
    sds = seed_sds(cell)
    stable = best & (sds == sds.min())
    unstable = best & (sds > sds.min())
    p_values, excluded = pairs.p_values(), ~may_be_best(pairs)
    low, high = own.score_interval(TAIL)
    covered = (low <= MEAN_ACCURACY) & (high >= MEAN_ACCURACY)
    # With two runs of a method, or one, a table is a screening and its intervals claim nothing.
    claims = cell.seeds >= MIN_SEEDS_FOR_CLAIMS and not cell.unequal
    kind = {True: "own_cover", False: "screening_cover"}
    return {
        "family": float((adjust(p_values, control=None)[equal] < ALPHA).any()),
        "winner": float(excluded.sum() == cell.methods - 1),
        "raw": float((p_values[equal] < ALPHA).mean()),
        "excluded_stable": share(excluded, stable),
        "excluded_unstable": share(excluded, unstable),
        "pair_cover": float((np.abs(pairs.value) <= pairs.half_width(TAIL))[equal].mean()),
        f"{kind[claims]}_stable": share(covered, stable),
        f"{kind[claims]}_unstable": share(covered, unstable),
        f"{kind[not claims]}_stable": NAN,
        f"{kind[not claims]}_unstable": NAN,
    }


def share(marks: np.ndarray, among: np.ndarray) -> float:
    """Return the share of marks, NaN among none."""
    return float(marks[among].mean()) if among.any() else NAN


# What the specification allows a truly valid rule to show by chance.
LIMITS = {
    "family": Limit(at_most=0.06),
    "winner": Limit(at_most=0.05),
    "excluded_stable": Limit(at_most=0.06),
    "excluded_unstable": Limit(at_most=0.06),
    "pair_cover": Limit(at_least=0.945),
    "own_cover_stable": Limit(at_least=0.92),
    "own_cover_unstable": Limit(at_least=0.92),
}
SIMULATION = Simulation("family-wise-error", CELLS, one_table, 4000, LIMITS)

if __name__ == "__main__":
    main("family_wise_error")

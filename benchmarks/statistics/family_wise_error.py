"""How often a comparison of equally good methods claims something, and how its intervals cover.

    python -m benchmarks.statistics.family_wise_error [--processes 1] [--replications 4000]

Every cell draws tables in which all methods have exactly the same accuracy. A false claim is any
pair with an adjusted p below 0.05 (family-wise error), a method that is left out of "may be best",
or a unique winner. One core, about ten minutes at 4,000 repeats.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Limit, Simulation

from whatwhere.stats.decide import ALPHA, MIN_SEEDS_FOR_CLAIMS, TAIL, adjust, may_be_best
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates
from whatwhere.stats.simulate import MEAN_ACCURACY, simulated_runs

PATTERNS = {"equal": 0.0, "half 3x": 0.5, "quarter 3x": 0.25, "one 3x": None}


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
)


def seed_sds(cell: NullCell) -> np.ndarray:
    """Return the seed SD of each method, the unstable ones first."""
    share = PATTERNS[cell.pattern]
    unstable = 1 if share is None else round(share * cell.methods)
    factor = np.where(np.arange(cell.methods) < unstable, 3.0, 1.0)
    return factor * cell.seed_sd_points / 100


def one_table(cell: NullCell, _: None, rng: np.random.Generator) -> dict[str, float]:
    """Draw a table, decide, and count the false claims as shares."""
    sds = seed_sds(cell)
    values = list(
        simulated_runs(
            seed_sd=sds,
            num_seeds=cell.seeds,
            num_items=cell.items,
            interaction=cell.interaction,
            seed_correlation=cell.correlation,
            rng=rng,
        )
    )
    if cell.unequal:
        values = [runs[: 1 + k % cell.seeds] for k, runs in enumerate(values)]
    moments = moments_of(values, paired=True)
    pairs, own = pair_estimates(moments), method_estimates(moments)
    p_values = pairs.p_values()
    upper = np.triu_indices(cell.methods, k=1)
    excluded = ~may_be_best(pairs)
    low, high = own.score_interval(TAIL)
    covered = (low <= MEAN_ACCURACY) & (high >= MEAN_ACCURACY)
    stable = sds == sds.min()
    own_1x = float(covered[stable].mean())
    own_3x = NAN if stable.all() else float(covered[~stable].mean())
    # With two runs of a method, or one, a table is a screening and its intervals claim nothing.
    claims = cell.seeds >= MIN_SEEDS_FOR_CLAIMS and not cell.unequal
    return {
        "family": float((adjust(p_values, control=None)[upper] < ALPHA).any()),
        "winner": float(excluded.sum() == cell.methods - 1),
        "raw": float((p_values[upper] < ALPHA).mean()),
        "excluded_1x": float(excluded[stable].mean()),
        "excluded_3x": float(excluded[~stable].mean()) if not stable.all() else NAN,
        "pair_cover": float((np.abs(pairs.value) <= pairs.half_width(TAIL))[upper].mean()),
        "own_cover_1x": own_1x if claims else NAN,
        "own_cover_3x": own_3x if claims else NAN,
        "screening_cover_1x": NAN if claims else own_1x,
        "screening_cover_3x": NAN if claims else own_3x,
    }


# What the specification allows a truly valid rule to show by chance.
LIMITS = {
    "family": Limit(at_most=0.06),
    "winner": Limit(at_most=0.05),
    "excluded_1x": Limit(at_most=0.06),
    "excluded_3x": Limit(at_most=0.06),
    "pair_cover": Limit(at_least=0.945),
    "own_cover_1x": Limit(at_least=0.92),
    "own_cover_3x": Limit(at_least=0.92),
}
SIMULATION = Simulation("family-wise-error", CELLS, one_table, 4000, LIMITS)

if __name__ == "__main__":
    main("family_wise_error")

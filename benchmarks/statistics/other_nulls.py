"""How often Friedman's test and Wilson's interval err.

    python -m benchmarks.statistics.other_nulls [--processes 1] [--replications 4000]

Friedman: methods in random order on D data sets; with the chi-square form for comparison.
Wilson: the share of right answers of one model of given accuracy.
One core, seconds at 4,000 repeats.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Limit, Simulation
from scipy.special import chdtrc

from whatwhere.stats.decide import ALPHA
from whatwhere.stats.scoring.evaluation import wilson
from whatwhere.stats.several.ranks import friedman


@dataclass(frozen=True)
class OtherCell:
    """One setting of one kind."""

    kind: str
    size: int  # data sets or images
    methods: int = 0
    accuracy: float = 0.0


CELLS = (
    *(OtherCell("friedman", sets, methods=k) for sets in (5, 6, 11, 20) for k in (3, 5, 10, 18)),
    *(OtherCell("wilson", n, accuracy=p) for n in (156, 2000) for p in (0.5, 0.8, 0.93, 0.99)),
)


def one_friedman(cell: OtherCell, rng: np.random.Generator) -> dict[str, float]:
    """Return whether either form of the test rejects."""
    found = friedman(rng.random((cell.size, cell.methods)))
    chi_square = chdtrc(cell.methods - 1, found.chi_square)
    return {
        "friedman_rejects": float(found.p_value < ALPHA),
        "chi_square_rejects": float(chi_square < ALPHA),
    }


def one_wilson(cell: OtherCell, rng: np.random.Generator) -> dict[str, float]:
    """Return whether the interval holds the accuracy."""
    low, high = wilson(int(rng.binomial(cell.size, cell.accuracy)), cell.size)
    return {"wilson_covers": float(low <= cell.accuracy <= high)}


def one_repeat(cell: OtherCell, _: None, rng: np.random.Generator) -> dict[str, float]:
    """Return what this kind of cell shows, NaN for what it does not."""
    kinds = {"friedman": one_friedman, "wilson": one_wilson}
    columns = ("friedman_rejects", "chi_square_rejects", "wilson_covers")
    none = dict.fromkeys(columns, float("nan"))
    return {**none, **kinds[cell.kind](cell, rng)}


LIMITS = {
    "friedman_rejects": Limit(at_most=0.07),
    "wilson_covers": Limit(at_least=0.93),
}
SIMULATION = Simulation("other-nulls", CELLS, one_repeat, 4000, LIMITS)

if __name__ == "__main__":
    main("other_nulls")

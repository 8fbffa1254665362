"""The 48 null cells of the specification: false claims and coverage over a wide grid.

    python -m benchmarks.statistics.null_grid [--processes 1] [--replications 2000]

Methods {4, 8, 18, 24} x runs {3, 5, 10} x the pattern of seed SDs; images, seed SD, interaction and
seed correlation are drawn once for each cell, from the seed below. One core, about half an hour at
2,000 repeats.
"""

import itertools

import numpy as np
from benchmarks.statistics.family_wise_error import GRID_PATTERNS, LIMITS, NullCell, one_table
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Simulation

FACTOR_SEED = 2026
ITEMS = (156, 600, 2000, 10_000)
SEED_SD_POINTS = (0.0, 0.05, 0.3, 1.0, 2.0)
INTERACTIONS = (0.0, 0.05, 0.14)
CORRELATIONS = (0.0, 0.5)


def drawn_cells() -> tuple[NullCell, ...]:
    """Return the cells, always the same."""
    rng = np.random.default_rng(FACTOR_SEED)
    grid = itertools.product((4, 8, 18, 24), (3, 5, 10), GRID_PATTERNS)
    return tuple(
        NullCell(
            methods,
            seeds,
            int(rng.choice(ITEMS)),
            float(rng.choice(SEED_SD_POINTS)),
            pattern,
            float(rng.choice(INTERACTIONS)),
            float(rng.choice(CORRELATIONS)),
        )
        for methods, seeds, pattern in grid
    )


SIMULATION = Simulation("null-grid", drawn_cells(), one_table, 2000, LIMITS)

if __name__ == "__main__":
    main("null_grid")

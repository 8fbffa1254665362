"""The six null cells in which a rule errs most: each error rate to a standard error of .0015.

    python -m benchmarks.statistics.hardest_cells [--processes 1] [--replications 20000]

One core, about half an hour at 20,000 repeats.
"""

from benchmarks.statistics.family_wise_error import LIMITS, NullCell, one_table
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Simulation

CELLS = (
    NullCell(24, 3, 10_000, 2.0, "quarter 3x", 0.0, 0.0),
    NullCell(24, 2, 10_000, 2.0, "quarter 3x", 0.0, 0.0),
    NullCell(24, 3, 2000, 1.0, "quarter 3x", 0.0, 0.0),
    NullCell(18, 3, 10_000, 2.0, "one 3x", 0.0, 0.5),
    NullCell(18, 2, 2000, 2.0, "quarter 3x", 0.0, 0.0),
    NullCell(4, 3, 2000, 2.0, "one 3x", 0.0, 0.0),
)
SIMULATION = Simulation("hardest-cells", CELLS, one_table, 20_000, LIMITS)

if __name__ == "__main__":
    main("hardest_cells")

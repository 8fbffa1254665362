"""Run every simulation of the statistics side by side, as far as the time allows.

    python -m benchmarks.statistics.all --processes 10 --minutes 7 --output FOLDER

All cells reach about the same share of their planned repeats; the result files say how many. Needs
NumPy, SciPy and statsmodels. Not in it, because they need more: the A/A study on real training
(real_a_a) and the mutation check (mutation_check).
"""

from benchmarks.statistics.running import main

SIMULATIONS = (
    "family_wise_error",
    "hardest_cells",
    "null_grid",
    "metric_coverage",
    "power",
    "equivalence",
    "other_nulls",
    "calibration_null",
    "several_data_sets",
    "size_interaction",
    "guideline_test",
    "dependent_images",
)

if __name__ == "__main__":
    main(*SIMULATIONS)

"""How often a perfectly calibrated model is called miscalibrated.

    python -m benchmarks.statistics.calibration_null [--processes 1] [--replications 1000]

The labels are drawn from the model's own probabilities. One core, about three minutes at 1,000
repeats.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Limit, Simulation
from scipy.special import softmax

from whatwhere.stats.scoring.calibration import (
    expected_calibration_error,
    sweep_calibration_error,
    top_label,
    with_null_band,
)

NUM_CLASSES, NUM_DRAWS = 7, 199


@dataclass(frozen=True)
class CalibrationCell:
    """One setting; the larger the sharpness, the surer the model."""

    images: int
    sharpness: float


CELLS = tuple(CalibrationCell(n, s) for n in (156, 400, 2000) for s in (1.0, 3.0))


def one_model(cell: CalibrationCell, _: None, rng: np.random.Generator) -> dict[str, float]:
    """Return whether a calibrated model is called miscalibrated."""
    probability = softmax(cell.sharpness * rng.normal(size=(cell.images, NUM_CLASSES)), axis=1)
    label = (probability.cumsum(axis=1) < rng.random((cell.images, 1))).sum(axis=1)
    confidence, right = top_label(probability, np.minimum(label, NUM_CLASSES - 1))
    seed = int(rng.integers(2**31))
    forms = {"equal_width": expected_calibration_error, "sweep": sweep_calibration_error}
    return {
        f"{name}_rejects": float(
            with_null_band(
                error, confidence, right, seed=seed, num_draws=NUM_DRAWS
            ).shows_miscalibration
        )
        for name, error in forms.items()
    }


LIMITS = {"equal_width_rejects": Limit(at_most=0.07), "sweep_rejects": Limit(at_most=0.07)}
SIMULATION = Simulation("calibration-null", CELLS, one_model, 1000, LIMITS)

if __name__ == "__main__":
    main("calibration_null")

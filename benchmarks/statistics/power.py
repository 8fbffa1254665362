"""How often a true difference is found, and whether plan and table predict it.

    python -m benchmarks.statistics.power [--processes 1] [--replications 2000]

One method is better, in every other repeat worse, by a known difference; `found` is the share found
of its pairs with the others, after the correction for all comparisons; against a control (the last
method) its pair with that one.

Planned cells: the specification's example of one planned pair. Half of the images are certain, so
that single runs of two methods disagree on 5 % of the images.

Detectable cells: the difference planted is the one that tables of this kind print as detectable
with 80 % power, or the one that the plan predicts from three pilot runs of two methods.
One core, about six minutes at 2,000 repeats.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Limit, Simulation

from whatwhere.stats.decide import ALPHA, adjust, detectable
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import pair_estimates
from whatwhere.stats.planning.plan import Spread, spread_of
from whatwhere.stats.simulate import (
    CLEAR_SHAPE,
    MEAN_ACCURACY,
    OPEN_SHAPE,
    OPEN_SHARE,
    simulated_runs,
)

NAN = float("nan")
NUM_TABLES_TO_PREPARE = 200
NUM_PILOT_METHODS, NUM_PILOT_RUNS = 2, 3
# 2 p (1 - p) on average, of an image that is clear (Beta(a, 1)) or open (Beta(b, b)).
DISAGREEMENT = 2 * (
    (1 - OPEN_SHARE) * CLEAR_SHAPE / ((CLEAR_SHAPE + 1) * (CLEAR_SHAPE + 2))
    + OPEN_SHARE * OPEN_SHAPE / (2 * (2 * OPEN_SHAPE + 1))
)


@dataclass(frozen=True)
class PowerCell:
    """One setting; `planted` is a number of points, "printed" or "planned"."""

    methods: int
    seeds: int
    items: int
    seed_sd_points: float
    planted: float | str
    disagreement: float = DISAGREEMENT
    half_unstable: bool = False
    against_control: bool = False
    interaction: float = 0.05
    correlation: float = 0.0


CELLS = (
    PowerCell(2, 5, 10_000, 0.2, 1.0, disagreement=0.05, interaction=0.0),
    PowerCell(2, 5, 10_000, 0.2, 1.0, disagreement=0.05, interaction=0.02, correlation=0.4),
    PowerCell(18, 5, 10_000, 0.2, 1.0, disagreement=0.05, interaction=0.0, against_control=True),
    PowerCell(2, 5, 2_000, 0.3, "printed"),
    PowerCell(8, 3, 2_000, 1.0, "printed"),
    PowerCell(18, 3, 600, 1.5, "printed"),
    PowerCell(18, 5, 10_000, 0.3, "printed"),
    PowerCell(18, 5, 2_000, 0.3, "printed", against_control=True),
    PowerCell(18, 3, 2_000, 1.0, "printed", half_unstable=True),
    PowerCell(18, 5, 2_000, 1.0, "printed", half_unstable=True),
    PowerCell(2, 5, 2_000, 0.5, "planned"),
    PowerCell(8, 5, 2_000, 0.5, "planned"),
    PowerCell(18, 3, 600, 1.5, "planned"),
    PowerCell(18, 5, 2_000, 0.3, "planned", against_control=True),
    PowerCell(18, 10, 10_000, 0.3, "planned"),
)


def draw(
    cell: PowerCell,
    difference: float,
    rng: np.random.Generator,
    *,
    num_methods: int | None = None,
    num_seeds: int | None = None,
) -> np.ndarray:
    """Draw a table (method, seed, item) whose first method differs from the others."""
    num_methods = num_methods or cell.methods
    uncertain = round(cell.items * min(1.0, cell.disagreement / DISAGREEMENT))
    # On the uncertain images alone everything that moves a run moves it further.
    scale = cell.items / uncertain
    factor = np.where(np.arange(num_methods) % 2 == cell.half_unstable, 1.0, 3.0)
    factor = factor if cell.half_unstable else np.ones(num_methods)
    values = simulated_runs(
        seed_sd=(factor * cell.seed_sd_points / 100 * scale).tolist(),
        num_seeds=num_seeds or cell.seeds,
        num_items=uncertain,
        interaction=cell.interaction,
        seed_correlation=cell.correlation,
        gain=[difference * scale, *[0.0] * (num_methods - 1)],
        rng=rng,
    )
    certain = np.arange(cell.items - uncertain) < MEAN_ACCURACY * (cell.items - uncertain)
    shape = (*values.shape[:2], len(certain))
    return np.concatenate([values, np.broadcast_to(certain.astype(float), shape)], axis=2)


def difference_of(cell: PowerCell, rng: np.random.Generator) -> float:
    """Return the difference to plant: as given, or what tables and plans say on average."""
    if isinstance(cell.planted, float):
        return cell.planted / 100
    control = control_of(cell)
    found = []
    for _ in range(NUM_TABLES_TO_PREPARE):
        if cell.planted == "printed":
            moments = moments_of(draw(cell, 0.0, rng), paired=True)
            found.append(detectable(pair_estimates(moments), control=control))
        else:
            found.append(planned(cell, rng))
    return float(np.mean(found))


def control_of(cell: PowerCell) -> int | None:
    """Return the place of the control."""
    return cell.methods - 1 if cell.against_control else None


def planned(cell: PowerCell, rng: np.random.Generator) -> float:
    """Return what pilot runs predict to be detectable."""
    pilot = draw(cell, 0.0, rng, num_methods=NUM_PILOT_METHODS, num_seeds=NUM_PILOT_RUNS)
    found = spread_of(pilot, blocked=True)
    spread = Spread(
        num_methods=cell.methods,
        num_items=cell.items,
        run_variance=found.run_variance,
        item_noise=found.item_noise,
        lasting=found.lasting,
        blocked=True,
    )
    return spread.detectable_difference(cell.seeds, against_control=cell.against_control)


def one_table(cell: PowerCell, difference: float, rng: np.random.Generator) -> dict[str, float]:
    """Return the share found of the pairs with the first method."""
    sign = 1 if rng.random() < 0.5 else -1
    moments = moments_of(draw(cell, sign * difference, rng), paired=True)
    pairs = pair_estimates(moments)
    others = slice(1 if control_of(cell) is None else cell.methods - 1, None)
    shown = adjust(pairs.p_values(), control=control_of(cell))[0, others] < ALPHA
    ahead = sign * pairs.value[0, others]
    found, wrong = float((shown & (ahead > 0)).mean()), float((shown & (ahead < 0)).any())
    return {
        "points_planted": 100 * difference,
        "found": found,
        "found_as_planned": found if cell.planted == 1.0 else NAN,
        "found_as_printed": NAN if cell.half_unstable or cell.planted == 1.0 else found,
        "wrong_sign": wrong,
    }


LIMITS = {
    "found_as_planned": Limit(at_least=0.80),
    "found_as_printed": Limit(at_least=0.75, at_most=0.90),
    "wrong_sign": Limit(at_most=0.01),
}
SIMULATION = Simulation("power", CELLS, one_table, 2000, LIMITS, prepare=difference_of)

if __name__ == "__main__":
    main("power")

"""Whether a plan's predicted power is that of simulated studies.

    OMP_NUM_THREADS=1 python benchmarks/statistics/planned_power.py [--repeats 2000] [--seed 1]

Every cell plants one method ahead of all others, draws whole studies image by image, judges them
as a report would, and counts how often a pair with that method is found. Beside it stands what
`whatwhere.stats.planning.power` predicts from the spread alone, and what two methods with three
pilot runs each would have predicted for the same lead. One core, about four minutes at 2,000
repeats.
"""

import argparse
import time
from dataclasses import asdict, dataclass

import numpy as np
from benchmarks.results_file import write_result

from whatwhere.stats.decide import ALPHA, adjust
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import pair_estimates
from whatwhere.stats.planning.plan import Spread
from whatwhere.stats.planning.power import power
from whatwhere.stats.planning.seeds import pilot_of
from whatwhere.stats.simulate import simulated_runs

# Simulated tables from which the true spread of a cell is averaged.
NUM_FOR_TRUTH = 40
NUM_PILOTS = 40


@dataclass(frozen=True)
class PowerCell:
    """One setting: the seed SD is in points beyond the noise of images, so is the lead."""

    methods: int
    seeds: int
    items: int
    seed_sd_points: float
    interaction: float
    lead_points: float


CELLS = (
    PowerCell(2, 5, 10_000, 0.2, 0.0, 0.65),
    PowerCell(2, 3, 2_000, 0.3, 0.05, 2.2),
    PowerCell(2, 5, 2_000, 1.0, 0.05, 2.4),
    PowerCell(2, 10, 600, 1.5, 0.05, 2.8),
    PowerCell(2, 30, 600, 1.0, 0.05, 2.0),
    PowerCell(3, 5, 2_000, 1.0, 0.05, 2.9),
    PowerCell(4, 5, 2_000, 1.0, 0.05, 3.4),
    PowerCell(6, 3, 2_000, 0.3, 0.05, 3.0),
    PowerCell(8, 5, 2_000, 0.3, 0.05, 2.2),
    PowerCell(18, 5, 2_000, 0.3, 0.05, 2.6),
    PowerCell(18, 10, 10_000, 1.0, 0.0, 2.0),
    PowerCell(24, 5, 10_000, 0.3, 0.05, 1.4),
)


def main() -> None:
    """Run all cells and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.perf_counter()
    rows = [_row(cell, arguments.repeats, arguments.seed) for cell in CELLS]
    settings = {**vars(arguments), "seconds": round(time.perf_counter() - started)}
    print(write_result("planned-power", settings=settings, rows=rows))


def _row(cell: PowerCell, repeats: int, seed: int) -> dict[str, object]:
    rng = np.random.default_rng([seed, CELLS.index(cell)])
    lead = cell.lead_points / 100
    spreads = [_pilot(cell, rng, methods=6, seeds=10).spread for _ in range(NUM_FOR_TRUTH)]
    noise, lasting = (
        float(np.mean([getattr(spread, name) for spread in spreads]))
        for name in ("item_noise", "lasting")
    )
    variance = (cell.seed_sd_points / 100) ** 2 + noise
    true = Spread(cell.methods, cell.items, variance, noise, lasting)
    predicted = power(true, lead, num_seeds=cell.seeds, num_draws=4000)
    pilots = [_pilot(cell, rng, methods=2, seeds=3).of(cell.methods) for _ in range(NUM_PILOTS)]
    from_pilots = [power(p.spread, lead, num_seeds=cell.seeds, num_draws=200) for p in pilots]
    fewer = repeats if cell.methods <= 8 and cell.items <= 2_000 else repeats // 2
    simulated, error = _simulated(cell, rng, repeats=fewer)
    row = {
        **asdict(cell),
        "repeats": fewer,
        "simulated": round(simulated, 3),
        "standard_error": round(error, 3),
        "predicted": round(predicted, 3),
        "from_pilots_median": round(float(np.median(from_pilots)), 3),
        "from_pilots_tenth_to_ninetieth": "{:.2f} to {:.2f}".format(
            *np.quantile(from_pilots, (0.1, 0.9))
        ),
    }
    print(row, flush=True)
    return row


def _pilot(cell: PowerCell, rng: np.random.Generator, *, methods: int, seeds: int):
    values = simulated_runs(
        seed_sd=[cell.seed_sd_points / 100] * methods,
        num_seeds=seeds,
        num_items=cell.items,
        interaction=cell.interaction,
        rng=rng,
    )
    return pilot_of(list(values), blocked=True)


def _simulated(cell: PowerCell, rng: np.random.Generator, *, repeats: int) -> tuple[float, float]:
    found = []
    for _ in range(repeats):
        values = simulated_runs(
            seed_sd=[cell.seed_sd_points / 100] * cell.methods,
            num_seeds=cell.seeds,
            num_items=cell.items,
            interaction=cell.interaction,
            gain=[cell.lead_points / 100] + [0.0] * (cell.methods - 1),
            rng=rng,
        )
        pairs = pair_estimates(moments_of(list(values), paired=True))
        significant = adjust(pairs.p_values(), control=None)[0, 1:] < ALPHA
        found.append(np.mean(significant & (pairs.value[0, 1:] > 0)))
    return float(np.mean(found)), float(np.std(found) / np.sqrt(repeats))


if __name__ == "__main__":
    main()

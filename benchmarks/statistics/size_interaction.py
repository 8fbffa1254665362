"""Error rates, coverage and power of the size study, and how often a rule gets which verdict.

    python -m benchmarks.statistics.size_interaction [--processes 1] [--replications 1000]

Designs answer the same test images after training on 100 to 3,000 images; all lose accuracy and
vary more with fewer. In null cells no difference changes with size. In planted cells that of the
last design changes by a slope per tenfold. The rule says that the last design exceeds the others,
taken as one family, below 1,000 training images. One core, about seven minutes at 1,000 repeats.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Limit, Simulation

from whatwhere.stats import ItemTable, SizeRule, judge, size_rule_claim, size_study
from whatwhere.stats.simulate import simulated_sizes

SIZES = (100, 300, 1000, 3000)
LOSS = np.array([-0.2, -0.1, -0.05, 0.0])
NOISIER = np.array([3.0, 2.0, 1.5, 1.0])
LOG_SIZE = np.log10(SIZES) - np.log10(SIZES).mean()


@dataclass(frozen=True)
class SizeCell:
    """One setting; the seed SD is that at the largest size, of the first half of the designs."""

    methods: int
    seeds: int
    items: int
    seed_sd_points: float
    others_factor: float
    interaction: float
    correlation: float
    slope_points: float = 0.0


CELLS = (
    SizeCell(18, 3, 600, 1.0, 1.0, 0.05, 0.4),
    SizeCell(18, 3, 2000, 0.5, 3.0, 0.0, 0.0),
    SizeCell(6, 3, 600, 1.0, 3.0, 0.05, 0.4),
    SizeCell(6, 5, 2000, 0.3, 1.0, 0.05, 0.0),
    SizeCell(3, 5, 600, 1.0, 1.0, 0.05, 0.4),
    SizeCell(2, 3, 600, 1.0, 3.0, 0.0, 0.0),
    SizeCell(6, 3, 600, 0.0, 1.0, 0.14, 0.0),
    SizeCell(6, 5, 2000, 0.5, 1.0, 0.05, 0.4, slope_points=-5.0),
    SizeCell(6, 5, 2000, 0.5, 1.0, 0.05, 0.4, slope_points=5.0),
    SizeCell(18, 5, 10_000, 0.3, 1.0, 0.05, 0.4, slope_points=-2.0),
)


def one_study(cell: SizeCell, rng: np.random.Generator) -> dict[int, ItemTable]:
    """Draw the tables of all sizes."""
    names = tuple(f"design {number}" for number in range(cell.methods))
    factor = np.where(np.arange(cell.methods) < (cell.methods + 1) // 2, 1.0, cell.others_factor)
    gain = np.tile(LOSS[:, None], cell.methods)
    gain[:, -1] += LOG_SIZE * cell.slope_points / 100
    values = simulated_sizes(
        seed_sd=NOISIER[:, None] * factor * cell.seed_sd_points / 100,
        gain=gain,
        num_seeds=cell.seeds,
        num_items=cell.items,
        interaction=cell.interaction,
        seed_correlation=cell.correlation,
        rng=rng,
    )
    return {
        size: ItemTable(names, tuple(runs), True) for size, runs in zip(SIZES, values, strict=True)
    }


def counted(cell: SizeCell, _: None, rng: np.random.Generator) -> dict[str, float]:
    """Return shares of false claims, of intervals that hold the truth, and of what is found."""
    tables = one_study(cell, rng)
    last, slope = f"design {cell.methods - 1}", cell.slope_points / 100
    others = tuple(f"design {number}" for number in range(cell.methods - 1))
    trends = size_study(tables).trends
    truth = [slope * ((t.first == last) - (t.second == last)) for t in trends]
    shown = [t.p_adjusted < 0.05 for t in trends]
    holds = [t.low <= true <= t.high for t, true in zip(trends, truth, strict=True)]
    false = [s for s, true in zip(shown, truth, strict=True) if true == 0]
    right = [
        s and t.per_tenfold * true > 0
        for s, t, true in zip(shown, trends, truth, strict=True)
        if true
    ]
    wrong = [
        s and t.per_tenfold * true < 0 for s, t, true in zip(shown, trends, truth, strict=True)
    ]
    rule = SizeRule("rule", "simulated", first=(last,), rivals=(others,), below=1000)
    (finding,) = judge([size_rule_claim(tables, rule=rule)])
    return {
        "family": float(any(false)),
        "covers": float(np.mean(holds)),
        "found": float(np.mean(right)) if right else float("nan"),
        "wrong_sign": float(any(wrong)),
        "supported": float(finding.verdict == "supported"),
        "contradicted": float(finding.verdict == "contradicted"),
        "false_verdict": float("nan") if slope else float(finding.verdict != "undecided"),
    }


LIMITS = {
    "family": Limit(at_most=0.06),
    "covers": Limit(at_least=0.945),
    "wrong_sign": Limit(at_most=0.01),
    "false_verdict": Limit(at_most=0.06),
}
SIMULATION = Simulation("size-interaction", CELLS, counted, 1000, LIMITS)

if __name__ == "__main__":
    main("size_interaction")

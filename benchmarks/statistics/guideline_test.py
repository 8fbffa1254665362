"""Error rates and power of the test of a guideline over data sets.

    python -m benchmarks.statistics.guideline_test [--processes 1] [--replications 4000]

Each of D data sets has a size; a rule picks one of three designs by it. Scores vary between data
sets and, by a noise of equal size for all designs, within them. Without a law the rule's choices
gain nothing; with one they gain a planted amount. Where one design leads everywhere, the rule gains
over no fixed default. One core, about one minute at 1,000 repeats.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Limit, Simulation

from whatwhere.stats import GuidelineTest, check_guideline

DESIGNS = ("few", "some", "many", "none", "other")
BOUNDS = (1000, 50_000)


@dataclass(frozen=True)
class RuleCell:
    """One setting; the leader is ahead on all data sets, the law where the rule picks."""

    data_sets: int
    noise_points: float
    law_points: float
    leader_points: float


CELLS = (
    RuleCell(5, 1.0, 0.0, 0.0),
    RuleCell(11, 1.0, 0.0, 0.0),
    RuleCell(11, 1.0, 0.0, 2.0),
    RuleCell(20, 1.0, 0.0, 0.0),
    RuleCell(40, 1.0, 0.0, 0.0),
    RuleCell(11, 1.0, 1.0, 0.0),
    RuleCell(11, 1.0, 2.0, 0.0),
    RuleCell(20, 1.0, 1.0, 0.0),
)


def rule(num_train: int) -> tuple[str, ...]:
    """Pick by size."""
    return (DESIGNS[sum(num_train >= bound for bound in BOUNDS)],)


def one_test(cell: RuleCell, rng: np.random.Generator) -> GuidelineTest:
    """Draw scores and test the rule."""
    scores, sizes = {}, {}
    for number in range(cell.data_sets):
        name = f"set {number}"
        sizes[name] = int(10 ** rng.uniform(2.5, 5.2))
        values = rng.uniform(0.6, 0.9) + rng.normal(0, cell.noise_points / 100, len(DESIGNS))
        scores[name] = dict(zip(DESIGNS, values.tolist(), strict=True))
        scores[name]["none"] += cell.leader_points / 100
        scores[name][rule(sizes[name])[0]] += cell.law_points / 100
    return check_guideline(scores, sizes, rule, num_shuffles=999, seed=int(rng.integers(2**31)))


def counted(cell: RuleCell, _: None, rng: np.random.Generator) -> dict[str, float]:
    """Return what is said of one rule; its support is false where there is no law."""
    found = one_test(cell, rng)
    assert found.regret is not None
    supported = float(found.verdict == "supported")
    shuffled = found.shuffled
    return {
        "sizes_matter": float(shuffled.p_value < 0.05) if shuffled else 0.0,
        "rule_better": float(found.regret.high < 0),
        "rule_worse": float(found.regret.low > 0),
        "supported": supported,
        "false_support": float("nan") if cell.law_points else supported,
        "regret_points": 100 * found.regret.mean,
    }


LIMITS = {"false_support": Limit(at_most=0.05)}
SIMULATION = Simulation("guideline-test", CELLS, counted, 4000, LIMITS)

if __name__ == "__main__":
    main("guideline_test")

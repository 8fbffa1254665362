"""Error rates and power of the test of a guideline over data sets.

    OMP_NUM_THREADS=1 python benchmarks/statistics/guideline_test.py [--repeats 1000] [--seed 1]

Each of D data sets has a size; a rule picks one of three designs by it. Scores vary between data
sets and, by a noise of equal size for all designs, within them. Without a law the rule's choices
gain nothing; with one they gain a planted amount. Where one design leads everywhere, the rule gains
over no fixed default. One core, about one minute at 1,000 repeats.
"""

import argparse
import time
from dataclasses import asdict, dataclass

import numpy as np
from benchmarks.results_file import write_result

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


def counted(found: GuidelineTest) -> dict[str, float]:
    """Return what is said of one rule."""
    assert found.regret is not None
    shuffled = found.shuffled
    return {
        "sizes_matter": float(shuffled.p_value < 0.05) if shuffled else 0.0,
        "rule_better": float(found.regret.high < 0),
        "rule_worse": float(found.regret.low > 0),
        "supported": float(found.verdict == "supported"),
        "regret_points": 100 * found.regret.mean,
    }


def main() -> None:
    """Run every cell and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-file", action="store_true", help="print only")
    asked = parser.parse_args()
    rows, started = [], time.perf_counter()
    for number, cell in enumerate(CELLS):
        rng = np.random.default_rng((asked.seed, number))
        tests = [counted(one_test(cell, rng)) for _ in range(asked.repeats)]
        means = {name: round(float(np.mean([t[name] for t in tests])), 4) for name in tests[0]}
        rows.append({**asdict(cell), **means})
        print(rows[-1], flush=True)
    settings = {
        "repeats": asked.repeats,
        "seed": asked.seed,
        "seconds": round(time.perf_counter() - started),
    }
    if not asked.no_file:
        print(write_result("guideline-test", settings=settings, rows=rows))


if __name__ == "__main__":
    main()

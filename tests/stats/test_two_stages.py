"""Screening by validation, then a verdict from fresh seeds: what it errs and what it finds."""

import numpy as np
import pytest
from scipy.stats import binom

from whatwhere.report.cells.screening import MOST_CONFIRMED
from whatwhere.stats.comparison import ItemTable, compare
from whatwhere.stats.simulate import simulated_runs

NUM_METHODS, NUM_REPEATS = 18, 200


def _table(values):
    names = tuple(f"m{number}" for number in range(len(values)))
    return ItemTable(names, tuple(values), blocked=True)


def _two_stages(rng, seed_sd, gain):
    """Return the second stage's comparison, and which methods it had."""
    seed_sd, gain = np.asarray(seed_sd), np.asarray(gain)
    first = simulated_runs(
        seed_sd=seed_sd, gain=gain, num_seeds=3, num_items=211, interaction=0.05, rng=rng
    )
    leading = compare(_table(first)).may_be_best[:MOST_CONFIRMED]
    kept = sorted({0, *(int(name[1:]) for name in leading)})  # 0 is no attention
    second = simulated_runs(
        seed_sd=seed_sd[kept],
        gain=gain[kept],
        num_seeds=5,
        num_items=601,
        interaction=0.05,
        rng=rng,
    )
    return compare(_table(second)), kept


@pytest.mark.parametrize("unstable", [1.0, 3.0])
def test_equal_methods_are_seldom_told_apart(unstable):
    rng = np.random.default_rng(17)
    seed_sd = [0.01 * (unstable if number % 4 == 0 else 1.0) for number in range(NUM_METHODS)]
    wrong = winners = 0
    for _ in range(NUM_REPEATS):
        found, _ = _two_stages(rng, seed_sd, np.zeros(NUM_METHODS))
        wrong += any(pair.p_adjusted < 0.05 for pair in found.pairs)
        winners += found.unique_winner is not None
    most = binom.ppf(0.999, NUM_REPEATS, 0.055)
    assert wrong <= most
    assert winners <= most


def test_a_better_method_reaches_the_second_stage_and_is_found_there():
    rng = np.random.default_rng(19)
    gain = np.zeros(NUM_METHODS)
    gain[7] = 0.08
    reached = found = 0
    for _ in range(60):
        comparison, kept = _two_stages(rng, [0.01] * NUM_METHODS, gain)
        reached += 7 in kept
        found += comparison.unique_winner == f"m{kept.index(7)}" if 7 in kept else 0
    assert reached >= 58
    assert found >= 45

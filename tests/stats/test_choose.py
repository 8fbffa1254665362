"""The recommendation: a set where that is the truth, cheapest first, with its reasons."""

import numpy as np

from whatwhere.stats.choose import choose
from whatwhere.stats.comparison import ItemTable, compare
from whatwhere.stats.simulate import simulated_runs

NAMES = ("csa", "none", "se", "wide", "sa")


def comparison(gain, *, num_seeds=3):
    values = simulated_runs(
        seed_sd=[0.005] * 5,
        num_seeds=num_seeds,
        num_items=1999,
        gain=gain,
        rng=np.random.default_rng(0),
    )
    return compare(ItemTable(NAMES, tuple(values), True))


def test_the_cheapest_of_those_that_may_be_best_comes_first():
    found = choose(
        comparison([0, 0, 0, 0, -0.3]),
        {"csa": 3.0, "none": 1.0, "se": 2.0, "wide": 0.5, "sa": 0.1},
        excluded={"wide": "a control"},
    )
    assert found.designs == ("none", "se", "csa")
    assert found.because == (
        "4 of 5 may be best",
        "none costs least of those that may be best",
        "wide may be best but is left out: a control",
    )
    assert found.not_settled == ("which is best of none, se, csa",)


def test_a_unique_winner_is_all_there_is():
    found = choose(comparison([0.05, -0.2, -0.2, -0.2, -0.3]), dict.fromkeys(NAMES, 1.0))
    assert found.designs == ("csa",)
    assert found.because == ("csa is the only one of 5 that may be best",)
    assert found.not_settled == ()


def test_nothing_is_recommended_when_the_best_is_excluded():
    found = choose(
        comparison([0.05, -0.2, -0.2, -0.2, -0.3]),
        dict.fromkeys(NAMES, 1.0),
        excluded={"csa": "diverged in 1 of 3 runs"},
    )
    assert found.designs == ()
    assert found.because[-1] == "csa may be best but is left out: diverged in 1 of 3 runs"


def test_equal_costs_keep_the_order_of_means_and_unknown_ones_come_last():
    result = comparison([0, 0, 0, 0, -0.3])
    first = result.may_be_best[0]
    found = choose(result, {name: 1.0 for name in NAMES if name != first})
    assert found.designs == (*result.may_be_best[1:], first)
    assert choose(result, dict.fromkeys(NAMES, 0.0)).designs == result.may_be_best


def test_few_seeds_are_said_to_settle_nothing():
    one = choose(comparison([0.05, -0.2, -0.2, -0.2, -0.3], num_seeds=1), {})
    assert one.not_settled[0] == "one run each: how much runs vary is unknown"
    assert set(one.designs) == set(NAMES)
    two = choose(comparison([0.05, -0.2, -0.2, -0.2, -0.3], num_seeds=2), {})
    assert two.not_settled == ("screening only: fewer than three runs of a design",)

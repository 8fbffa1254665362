"""Plans: the formula by hand, the published examples, and what simulated studies reach."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats as scipy_stats

from whatwhere.errors import UsageError
from whatwhere.stats.comparison import ItemTable, compare
from whatwhere.stats.planning.plan import (
    Spread,
    predicted_detectable_difference,
    seeds_needed,
    spread_of,
)
from whatwhere.stats.simulate import simulated_runs

SPREAD = Spread(
    num_methods=18, num_items=601, run_variance=3e-4, item_noise=8e-5, lasting=2e-5, blocked=True
)


def test_detectable_difference_by_hand():
    guard = 1 + 1 / math.sqrt(math.pi * 4)
    v = 2e-5 + 2 * guard * 3e-4 / 5
    df = v**2 / (
        (2 * 3e-4 / 5) ** 2 / (2 / 3 * 17 * 4)
        + (2e-5 + 2 * 8e-5 / 5) ** 2 / 600
        + 2 * ((guard - 1) * 3e-4 / 5) ** 2 / 4
    )
    for control, count in [(False, 153), (True, 17)]:
        quantiles = scipy_stats.t.isf(0.025 / count, df) + scipy_stats.t.ppf(0.8, df)
        expected = (1 + 0.25 / 4) * quantiles * math.sqrt(v)
        found = SPREAD.detectable_difference(5, against_control=control)
        assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("target", [0.2, 0.06, 0.03, 0.02])
def test_seeds_needed_is_the_smallest_number_that_will_do(target):
    plan = seeds_needed(SPREAD, target=target)
    assert not plan.unanswerable
    assert SPREAD.detectable_difference(plan.num_seeds) <= target
    assert SPREAD.detectable_difference(plan.num_seeds - 1) > target


def test_a_target_below_the_floor_of_the_images_is_unanswerable():
    floor = (scipy_stats.norm.isf(0.025 / 153) + scipy_stats.norm.ppf(0.8)) * math.sqrt(2e-5)
    plan = seeds_needed(SPREAD, target=0.999 * floor)
    assert (plan.num_seeds, plan.unanswerable) == (None, True)
    assert plan.floor == pytest.approx(floor, rel=1e-12)
    assert not seeds_needed(SPREAD, target=1.01 * floor).unanswerable
    assert not seeds_needed(SPREAD, target=0.999 * floor, against_control=True).unanswerable


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1])
def test_a_target_must_be_a_share(target):
    with pytest.raises(UsageError, match=r"between 0 and 1, not be"):
        seeds_needed(SPREAD, target=target)


def test_more_seeds_always_detect_smaller_differences():
    found = [SPREAD.detectable_difference(num_seeds) for num_seeds in range(1, 40)]
    assert found[0] == 1
    assert all(x > y for x, y in pairwise(found))


@pytest.mark.parametrize(
    ("num_items", "seed_sd", "all_pairs", "with_control"),
    [
        (600, 0.015, (0.096, 0.063, 0.042), (0.080, 0.054, 0.036)),
        (2000, 0.003, (0.032, 0.021, 0.015), (0.026, 0.018, 0.013)),
        (10000, 0.003, (0.020, 0.014, 0.009), (0.017, 0.011, 0.008)),
    ],
)
def test_prediction_reproduces_the_examples_of_the_design_study(
    num_items, seed_sd, all_pairs, with_control
):
    """18 methods whose single runs disagree on about a tenth of the images; S = 3, 5, 10."""
    for control, expected in [(False, all_pairs), (True, with_control)]:
        found = [
            predicted_detectable_difference(
                num_methods=18,
                num_seeds=num_seeds,
                num_items=num_items,
                seed_sd=seed_sd,
                disagreement=0.1,
                against_control=control,
            )
            for num_seeds in (3, 5, 10)
        ]
        np.testing.assert_allclose(found, expected, atol=0.0012, rtol=0.05)


@pytest.mark.parametrize("num_methods", [3, 11])
def test_prediction_agrees_with_what_simulated_studies_print(num_methods):
    rng = np.random.default_rng(num_methods)
    printed, disagreement = [], []
    for _ in range(25):
        values = simulated_runs(
            seed_sd=[0.01] * num_methods, num_seeds=5, num_items=997, interaction=0.05, rng=rng
        )
        names = tuple(map(str, range(num_methods)))
        printed.append(compare(ItemTable(names, tuple(values), True)).detectable_difference)
        disagreement.append((values[0, 0] != values[1, 0]).mean())
    predicted = predicted_detectable_difference(
        num_methods=num_methods,
        num_seeds=5,
        num_items=997,
        seed_sd=0.01,
        disagreement=float(np.mean(disagreement)),
    )
    assert np.median(printed) == pytest.approx(predicted, rel=0.15)


def test_spread_of_pilot_runs_finds_what_was_put_in():
    """Noise of single images: p (1 - p) averages .85 x 30/992 + .15 x 3/16 for the two betas."""
    rng = np.random.default_rng(13)
    spreads = [
        spread_of(
            simulated_runs(
                seed_sd=[sd] * 9, num_seeds=3, num_items=997, seed_correlation=0.4, rng=rng
            ),
            blocked=True,
        )
        for _ in range(60)
        for sd in (0.0, 0.02)
    ]
    noise = (0.85 * 30 / 992 + 0.15 * 3 / 16) / 997
    still, moving = spreads[::2], spreads[1::2]
    assert np.mean([spread.item_noise for spread in still]) == pytest.approx(noise, rel=0.03)
    assert np.mean([spread.run_variance for spread in still]) == pytest.approx(noise, rel=0.1)
    # What runs share by their seed, .4 of the seed variance, drops out of differences.
    expected = 0.6 * 0.02**2 + noise
    assert np.mean([spread.run_variance for spread in moving]) == pytest.approx(expected, rel=0.1)
    assert np.mean([spread.lasting for spread in still]) < 0.3 * noise


def test_spread_needs_two_methods_with_two_runs():
    with pytest.raises(UsageError, match="two methods with two runs each"):
        spread_of([np.ones((3, 7)), np.ones((1, 7))], blocked=False)
    with pytest.raises(UsageError, match="two methods with two runs each"):
        spread_of([np.ones((3, 7))], blocked=False)


def test_prediction_refuses_impossible_plans():
    with pytest.raises(UsageError, match=r"at least 2 methods.*num_methods=1"):
        predicted_detectable_difference(
            num_methods=1, num_seeds=3, num_items=100, seed_sd=0.01, disagreement=0.1
        )
    with pytest.raises(UsageError, match=r"disagreement in \[0, 1\], not .*disagreement=10"):
        predicted_detectable_difference(
            num_methods=2, num_seeds=3, num_items=100, seed_sd=0.01, disagreement=10
        )


def test_no_spread_at_all_detects_anything():
    nothing = Spread(num_methods=5, num_items=101, run_variance=0, item_noise=0, lasting=0)
    assert nothing.detectable_difference(2) == 0
    assert seeds_needed(nothing, target=0.01).num_seeds == 2

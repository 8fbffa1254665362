"""Simulated studies: equally good methods are not told apart, planted differences are found.

Repeats and bounds: with R repeats a rate that is truly .05 exceeds its bound once in a thousand.
"""

import dataclasses

import numpy as np
import pytest
from scipy.stats import binom

from whatwhere.stats import pairwise
from whatwhere.stats.choose import choose
from whatwhere.stats.comparison import ItemTable, compare
from whatwhere.stats.decide import adjust, detectable, equivalent, may_be_best
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates
from whatwhere.stats.simulate import MEAN_ACCURACY, simulated_runs

# K, S, n, seed SD, share of methods with three times that SD, interaction, seed correlation
NULL_CELLS = [
    (18, 3, 600, 0.015, 0.0, 0.05, 0.4),
    (24, 3, 10_000, 0.010, 0.25, 0.0, 0.0),
    (18, 5, 10_000, 0.003, 0.5, 0.05, 0.4),
    (18, 3, 600, 0.0, 0.0, 0.14, 0.0),
]
NUM_REPEATS = 1000
# 99.9 % of correct rules, whose true rate is .05, claim something at most so often.
MOST_CLAIMS = 70


def claims(values):
    """Return whether any pair differs, whether one method is left, and the share of raw p < .05."""
    pairs = pair_estimates(moments_of(values, paired=True))
    p_values, upper = pairs.p_values(), np.triu_indices(len(values), k=1)
    family = (adjust(p_values, control=None)[upper] < 0.05).any()
    return family, may_be_best(pairs).sum() == 1, (p_values[upper] < 0.05).mean()


def null_tables(cell, repeats):
    num_methods, num_seeds, num_items, sd, share, interaction, correlation = cell
    unstable = np.arange(num_methods) < share * num_methods
    rng = np.random.default_rng((num_methods, num_seeds, num_items))
    for _ in range(repeats):
        yield simulated_runs(
            seed_sd=np.where(unstable, 3 * sd, sd),
            num_seeds=num_seeds,
            num_items=num_items,
            interaction=interaction,
            seed_correlation=correlation,
            rng=rng,
        )


def most_allowed(repeats, *, rate=0.05):
    return binom.ppf(0.999, repeats, rate)


@pytest.mark.parametrize("cell", NULL_CELLS, ids=str)
def test_equal_methods_are_rarely_told_apart(cell):
    """A study of one design against itself under many names, without training."""
    found = np.array([claims(values) for values in null_tables(cell, NUM_REPEATS)], dtype=float)
    family, winner, raw = found.T
    assert np.maximum(family, winner).sum() <= MOST_CLAIMS
    assert 0.015 <= raw.mean() <= 0.045


def named_as_the_only_one(values):
    """Return whether the recommendation says that one design alone may be best."""
    names = tuple(f"design {number}" for number in range(len(values)))
    found = choose(compare(ItemTable(names, tuple(values), True)), dict.fromkeys(names, 1.0))
    return any("is the only one of" in sentence for sentence in found.because)


@pytest.mark.parametrize(("num_methods", "num_seeds"), [(2, 5), (5, 3)])
def test_the_recommendation_rarely_names_one_of_equal_designs(num_methods, num_seeds):
    cell = (num_methods, num_seeds, 601, 0.01, 0.25, 0.05, 0.4)
    found = [named_as_the_only_one(values) for values in null_tables(cell, 400)]
    assert sum(found) <= most_allowed(400)
    # The count is of the sentence that a winner does get.
    better = simulated_runs(
        seed_sd=[0.001] * 3,
        num_seeds=3,
        num_items=997,
        gain=[0.2, 0, 0],
        rng=np.random.default_rng(5),
    )
    assert named_as_the_only_one(better)


@pytest.mark.parametrize("sign", [-1, 1])
def test_methods_that_differ_by_the_margin_are_rarely_called_equivalent(sign):
    """Two one-sided tests, each with an error of 5 %; tables large enough that they can pass."""
    rng, repeats, margin, found = np.random.default_rng(23), 1000, 0.02, 0
    for _ in range(repeats):
        values = simulated_runs(
            seed_sd=[0.002] * 2, num_seeds=5, num_items=1999, gain=[sign * margin, 0], rng=rng
        )
        found += equivalent(pair_estimates(moments_of(values)), margin=margin)[0, 1]
    assert 10 <= found <= most_allowed(repeats)


def without_guard(monkeypatch):
    def stripped(form):
        def spread(moments):
            whole = form(moments)
            return dataclasses.replace(whole, excess=np.zeros_like(whole.excess))

        return spread

    for name in ("blocked_spread", "independent_spread"):
        monkeypatch.setattr(pairwise, name, stripped(getattr(pairwise, name)))


def with_images_only(monkeypatch):
    def combine(*, value, item, moments, known=True, **_):
        df = np.full_like(value, moments.num_items - 1)
        return pairwise.Estimates(value, item, df, item == 0, moments.num_items, known)

    monkeypatch.setattr(pairwise, "_combine", combine)


@pytest.mark.parametrize("break_it", [without_guard, with_images_only])
def test_the_simulation_notices_a_broken_rule(break_it, monkeypatch):
    break_it(monkeypatch)
    cell = (24, 3, 2_000, 0.010, 0.25, 0.0, 0.0)
    families = [claims(values)[0] for values in null_tables(cell, 60)]
    assert sum(families) > most_allowed(60)


def power(difference, *, repeats, rng, num_methods, **settings):
    """Return the share found of the pairs of a method that is better, every other time worse.

    Both ways, because a worse method is noisier: its images are nearer to a coin toss.
    """
    found = []
    for repeat in range(repeats):
        gain = [difference * (-1) ** repeat] + [0.0] * (num_methods - 1)
        values = simulated_runs(gain=gain, rng=rng, **settings)
        adjusted = adjust(pair_estimates(moments_of(values, paired=True)).p_values(), control=None)
        found.append((adjusted[0, 1:] < 0.05).mean())
    return np.mean(found)


@pytest.mark.parametrize(
    ("difference", "num_items", "num_seeds", "sd", "least"),
    [(0.10, 600, 3, 0.015, 0.80), (0.03, 2000, 5, 0.003, 0.95)],
)
def test_a_planted_difference_is_found(difference, num_items, num_seeds, sd, least):
    found = power(
        difference,
        repeats=300,
        rng=np.random.default_rng(num_items),
        num_methods=18,
        seed_sd=[sd] * 18,
        num_seeds=num_seeds,
        num_items=num_items,
        interaction=0.02,
        seed_correlation=0.4,
    )
    assert found >= least


def test_a_difference_of_the_detectable_size_is_found_four_times_in_five():
    rng = np.random.default_rng(17)
    settings = {"seed_sd": [0.01] * 8, "num_seeds": 3, "num_items": 997}
    sizes = []
    for _ in range(80):
        moments = moments_of(simulated_runs(rng=rng, **settings), paired=True)
        sizes.append(detectable(pair_estimates(moments), control=None))
    found = power(float(np.mean(sizes)), repeats=500, rng=rng, num_methods=8, **settings)
    # Standard error about .015.
    assert 0.73 <= found <= 0.90


@pytest.mark.parametrize(
    ("num_methods", "num_seeds", "spread"), [(1, 5, 1), (8, 5, 1), (8, 3, 3), (1, 3, 1)]
)
def test_intervals_of_single_methods_cover_the_true_accuracy(num_methods, num_seeds, spread):
    """The first method is the one looked at; the standard error is at most .011."""
    rng = np.random.default_rng((num_methods, num_seeds))
    covered = []
    for _ in range(600):
        values = simulated_runs(
            seed_sd=[0.01 * spread, *[0.01] * (num_methods - 1)],
            num_seeds=num_seeds,
            num_items=1201,
            seed_correlation=0.3,
            rng=rng,
        )
        low, high = method_estimates(moments_of(values, paired=True)).score_interval(0.025)
        covered.append(low[0] <= MEAN_ACCURACY <= high[0])
    assert np.mean(covered) >= binom.ppf(0.001, 600, 0.92) / 600
    assert np.mean(covered) <= 0.99


def test_the_generator_keeps_the_mean_accuracy_whatever_the_spread():
    rng = np.random.default_rng(19)
    means = np.mean(
        [
            simulated_runs(
                seed_sd=[0, 0.06], num_seeds=7, num_items=199, interaction=0.1, rng=rng
            ).mean(axis=(1, 2))
            for _ in range(1500)
        ],
        axis=0,
    )
    # Standard errors .0006 and .0009.
    np.testing.assert_allclose(means, MEAN_ACCURACY, atol=0.003)

"""Simulated studies: equally good methods are not told apart, planted differences are found.

Repeats and bounds: with R repeats a rate that is truly .05 exceeds its bound once in a thousand.
"""

import dataclasses

import numpy as np
import pytest
from scipy.stats import binom

from whatwhere.stats import pairwise
from whatwhere.stats.decide import adjust, detectable, may_be_best
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates
from whatwhere.stats.simulate import MEAN_ACCURACY, simulated_runs

# K, S, n, seed SD, share of methods with three times that SD, interaction, seed correlation, R
NULL_CELLS = [
    (18, 3, 600, 0.015, 0.0, 0.05, 0.4, 1000),
    (24, 3, 10_000, 0.010, 0.25, 0.0, 0.0, 100),
    (18, 5, 10_000, 0.003, 0.5, 0.05, 0.4, 100),
    (18, 3, 600, 0.0, 0.0, 0.14, 0.0, 1000),
]


def claims(values):
    """Return whether any pair differs, whether one method is left, and the share of raw p < .05."""
    pairs = pair_estimates(moments_of(values, paired=True))
    p_values, upper = pairs.p_values(), np.triu_indices(len(values), k=1)
    family = (adjust(p_values, control=None)[upper] < 0.05).any()
    return family, may_be_best(pairs).sum() == 1, (p_values[upper] < 0.05).mean()


def null_tables(cell, repeats):
    num_methods, num_seeds, num_items, sd, share, interaction, correlation, _ = cell
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
    repeats = cell[-1]
    found = np.array([claims(values) for values in null_tables(cell, repeats)], dtype=float)
    family, winner, raw = found.sum(axis=0)
    assert family <= most_allowed(repeats)
    assert winner <= most_allowed(repeats, rate=0.01)
    assert 0.015 <= raw / repeats <= 0.045


def without_guard(monkeypatch):
    def stripped(form):
        def spread(moments):
            whole = form(moments)
            return dataclasses.replace(whole, excess=np.zeros_like(whole.excess))

        return spread

    for name in ("blocked_spread", "independent_spread"):
        monkeypatch.setattr(pairwise, name, stripped(getattr(pairwise, name)))


def with_images_only(monkeypatch):
    def combine(*, value, item, num_items, known=True, **_):
        df = np.full_like(value, num_items - 1)
        return pairwise.Estimates(value, item, df, item == 0, num_items, known)

    monkeypatch.setattr(pairwise, "_combine", combine)


@pytest.mark.parametrize("break_it", [without_guard, with_images_only])
def test_the_simulation_notices_a_broken_rule(break_it, monkeypatch):
    break_it(monkeypatch)
    cell = (24, 3, 2_000, 0.010, 0.25, 0.0, 0.0, 0)
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


@pytest.mark.parametrize("num_methods", [1, 8])
def test_intervals_of_single_methods_cover_the_true_accuracy(num_methods):
    rng = np.random.default_rng(num_methods)
    covered = []
    for _ in range(250):
        values = simulated_runs(
            seed_sd=[0.01] * num_methods, num_seeds=5, num_items=601, seed_correlation=0.3, rng=rng
        )
        low, high = method_estimates(moments_of(values, paired=True)).score_interval(0.025)
        covered.append(((low <= MEAN_ACCURACY) & (high >= MEAN_ACCURACY)).mean())
    assert 0.91 <= np.mean(covered) <= 0.985


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

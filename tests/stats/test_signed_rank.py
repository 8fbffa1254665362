"""Signed ranks of differences: enumeration, SciPy, and baycomp draw for draw."""

import itertools

import baycomp
import numpy as np
import pytest
from scipy import stats as scipy_stats

from whatwhere.stats.several.signed_rank import (
    data_sets_needed,
    practical_probabilities,
    smallest_wilcoxon_p,
    wilcoxon_p,
)


def enumerated(differences):
    """Count all signs, with mean ranks of tied sizes."""
    used = differences[differences != 0]
    ranks = scipy_stats.rankdata(np.abs(used))
    observed = ranks[used > 0].sum()
    sums = [
        ranks[list(signs)].sum() for signs in itertools.product([False, True], repeat=len(used))
    ]
    low = np.mean([total <= observed + 1e-9 for total in sums])
    high = np.mean([total >= observed - 1e-9 for total in sums])
    return min(1.0, 2 * min(low, high))


def test_five_positive_differences():
    assert wilcoxon_p(np.array([0.1, 0.2, 0.3, 0.4, 0.5])) == 0.0625
    assert wilcoxon_p(-np.array([0.1, 0.2, 0.3, 0.4, 0.5])) == 0.0625


@pytest.mark.parametrize("num_sets", [6, 11, 23])
def test_without_ties_it_is_scipys(num_sets):
    differences = np.random.default_rng(num_sets).normal(0.5, 1, num_sets)
    expected = scipy_stats.wilcoxon(differences, method="exact").pvalue
    assert wilcoxon_p(differences) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "differences",
    [
        [0.1, 0.1, -0.1, 0.2, 0.3, 0.3, 0.3],
        [0.0, 0.0, 0.2, -0.1, 0.2, 0.4, 0.5],
        [0.2, 0.2, 0.2, 0.2, 0.2, 0.2],
    ],
)
def test_ties_and_zeros_are_counted_exactly(differences):
    differences = np.array(differences)
    assert wilcoxon_p(differences) == pytest.approx(enumerated(differences), rel=1e-12)


def test_no_difference_at_all():
    assert wilcoxon_p(np.zeros(7)) == 1.0


def test_smallest_p_and_data_sets_needed():
    assert smallest_wilcoxon_p(6) == 2 / 64
    assert smallest_wilcoxon_p(6) == wilcoxon_p(np.arange(1.0, 7.0))
    assert (data_sets_needed(17), data_sets_needed(153)) == (10, 13)
    for count in (1, 5, 17, 153):
        needed = data_sets_needed(count)
        assert count * smallest_wilcoxon_p(needed) < 0.05 <= count * smallest_wilcoxon_p(needed - 1)


@pytest.mark.parametrize("shift", [-0.01, 0.0, 0.004])
def test_probabilities_are_those_of_baycomp(shift):
    differences = np.random.default_rng(7).normal(shift, 0.01, 11)
    # One difference on the margin, and two that sum to twice the margin.
    differences[:3] = [0.005, 0.003, 0.007]
    found = practical_probabilities(differences, margin=0.005, num_draws=997, seed=3)
    left, rope, right = baycomp.SignedRankTest.probs(
        np.zeros(11), differences, rope=0.005, nsamples=997, random_state=3
    )
    assert (found.worse, found.equal, found.better) == pytest.approx((left, rope, right), abs=1e-12)


def test_probabilities_say_what_is_plain():
    better = practical_probabilities(np.full(7, 0.03), margin=0.005)
    assert better.better > 0.99
    worse = practical_probabilities(np.full(7, -0.03), margin=0.005)
    assert worse.worse > 0.99
    equal = practical_probabilities(np.full(7, 0.001), margin=0.005)
    assert equal.equal == 1
    assert better.worse + better.equal + better.better == pytest.approx(1)
    assert better == practical_probabilities(np.full(7, 0.03), margin=0.005)

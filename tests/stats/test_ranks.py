"""Friedman, Iman-Davenport and Nemenyi: a published example, SciPy, and the null."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats as scipy_stats
from scipy.stats import binom

from whatwhere.stats.several.ranks import (
    critical_difference,
    friedman,
    nemenyi_difference,
    rank_rows,
)

# Demsar (2006), table 6: AUC of C4.5 with m and cf tuned or not, on 14 data sets.
DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],  # both printed as 0.975, ranked 2 and 3
        [0.957, 0.978, 0.946, 0.970],
    ]
)


def test_demsars_example():
    found = friedman(DEMSAR)
    np.testing.assert_allclose(found.mean_ranks, [3.143, 2.000, 2.893, 1.964], atol=5e-4)
    assert found.chi_square == pytest.approx(9.28, abs=0.005)
    assert found.statistic == pytest.approx(3.69, abs=0.005)
    assert found.p_value == pytest.approx(scipy_stats.f.sf(found.statistic, 3, 39), rel=1e-10)
    # Printed as 1.25, from q / sqrt 2 = 2.569 cut to 2.56.
    assert nemenyi_difference(num_methods=4, num_sets=14) == pytest.approx(1.2536, abs=5e-4)


@pytest.mark.parametrize(
    ("num_methods", "expected"), [(5, 2.728), (10, 3.164), (18, 3.489), (25, 3.658)]
)
def test_quantiles_of_the_studentized_range(num_methods, expected):
    ranks = math.sqrt(num_methods * (num_methods + 1) / 6)
    found = nemenyi_difference(num_methods=num_methods, num_sets=1)
    assert found / ranks == pytest.approx(expected, abs=5e-4)


def test_two_data_sets_cannot_separate_eighteen_methods():
    assert nemenyi_difference(num_methods=18, num_sets=2) == pytest.approx(18.6, abs=0.05)
    assert nemenyi_difference(num_methods=18, num_sets=11) == pytest.approx(7.9, abs=0.05)


def test_ranks_with_ties():
    found = rank_rows(np.array([[0.7, 0.9, 0.7, 0.1], [0.5, 0.5, 0.5, 0.5]]))
    np.testing.assert_array_equal(found, [[2.5, 1, 2.5, 4], [2.5, 2.5, 2.5, 2.5]])


@pytest.mark.parametrize(("num_sets", "num_methods"), [(7, 3), (11, 5)])
def test_chi_square_equals_scipy_without_ties(num_sets, num_methods):
    scores = np.random.default_rng(num_sets).random((num_sets, num_methods))
    expected = scipy_stats.friedmanchisquare(*scores.T)[0]
    assert friedman(scores).chi_square == pytest.approx(expected, rel=1e-12)


def test_f_is_the_analysis_of_variance_of_the_ranks():
    scores = np.random.default_rng(5).random((7, 5))
    ranks = rank_rows(scores)
    between = 7 * ((ranks.mean(axis=0) - 3) ** 2).sum() / 4
    rest = ((ranks - ranks.mean(axis=0)) ** 2).sum() / (4 * 6)
    assert friedman(scores).statistic == pytest.approx(between / rest, rel=1e-12)


def test_one_order_on_all_data_sets_has_the_exact_p():
    found = friedman(np.tile([0.9, 0.7, 0.8], (5, 1)))
    assert found.mean_ranks == (1, 3, 2)
    assert found.statistic == math.inf
    assert found.p_value == pytest.approx(6.0**-4)


def test_nothing_but_ties():
    found = friedman(np.full((5, 3), 0.5))
    assert (found.chi_square, found.statistic, found.p_value) == (0, 0, 1)


def test_groups_are_those_that_a_diagram_joins():
    value = nemenyi_difference(num_methods=5, num_sets=11)
    assert value == pytest.approx(1.839, abs=1e-3)
    found = critical_difference((4.9, 1.0, 2.5, 3.0, 3.6), num_sets=11)
    assert found.groups == ((1, 2), (2, 3, 4), (4, 0))
    assert "depends on which other methods are in it" in found.caption
    assert "Friedman" not in found.caption
    chance = critical_difference((4.9, 1.0, 2.5, 3.0, 3.6), num_sets=11, rejected=False)
    assert chance.caption.startswith("Friedman's test does not show that any of these methods")
    assert chance.caption.endswith(found.caption) and chance.groups == found.groups
    alone = critical_difference((1.0, 4.0), num_sets=11)
    assert alone.groups == ()


def test_groups_agree_with_all_pairs():
    ranks = tuple(np.random.default_rng(3).uniform(1, 7, 7))
    found = critical_difference(ranks, num_sets=17)
    joined = {
        frozenset(pair) for group in found.groups for pair in itertools.combinations(group, 2)
    }
    for i, j in itertools.combinations(range(7), 2):
        assert (frozenset((i, j)) in joined) == (abs(ranks[i] - ranks[j]) < found.value)


@pytest.mark.parametrize(("num_sets", "num_methods"), [(5, 3), (5, 17), (11, 7)])
def test_equal_methods_are_rarely_told_apart(num_sets, num_methods):
    rng = np.random.default_rng(num_methods)
    repeats = 800
    found = sum(
        friedman(rng.random((num_sets, num_methods))).p_value < 0.05 for _ in range(repeats)
    )
    # The F form is slightly liberal; the bound of the specification is .07.
    assert binom.ppf(0.001, repeats, 0.05) <= found <= binom.ppf(0.999, repeats, 0.06)

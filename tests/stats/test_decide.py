"""Decisions from pairwise estimates: known answers and independent implementations."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from whatwhere.stats.decide import (
    adjust,
    detectable,
    equivalent,
    holm,
    lead,
    may_be_best,
    num_comparisons,
)
from whatwhere.stats.estimates import Estimates
from whatwhere.stats.letters import letters


def estimates(mean, *, error, df=11.0, num_items=997):
    mean = np.asarray(mean, dtype=float)
    shape = (len(mean), len(mean))
    return Estimates(
        value=mean[:, None] - mean,
        variance=np.full(shape, float(error) ** 2),
        degrees_of_freedom=np.full(shape, df),
        unanimous=np.eye(len(mean), dtype=bool),
        num_items=num_items,
    )


def test_holm_known_answer():
    adjusted = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(adjusted, [0.03, 0.06, 0.06, 0.02], rtol=1e-14)


@pytest.mark.parametrize("count", [1, 2, 7, 153])
def test_holm_equals_statsmodels(count):
    p_values = np.random.default_rng(count).uniform(0, 1, count) ** 3
    p_values[: count // 2] = np.round(p_values[: count // 2], 2)
    expected = multipletests(p_values, method="holm")[1]
    np.testing.assert_allclose(holm(p_values), expected, rtol=1e-13)


def test_a_control_is_corrected_for_fewer_tests_and_leaves_other_pairs_untested():
    p_values = np.array([[1, 0.02, 0.01], [0.02, 1, 0.001], [0.01, 0.001, 1]])
    expected = np.array([[1, 0.02, 0.02], [0.02, 1, 1], [0.02, 1, 1]])
    np.testing.assert_allclose(adjust(p_values, control=0), expected, rtol=1e-14)
    everything = adjust(p_values, control=None)
    assert everything[1, 2] == pytest.approx(0.003)
    assert everything[0, 2] == pytest.approx(0.02)
    assert everything[0, 1] == pytest.approx(0.02)


def test_number_of_comparisons():
    assert num_comparisons(18, against_control=False) == 153
    assert num_comparisons(18, against_control=True) == 17
    assert num_comparisons(1, against_control=False) == 0


def test_letters_of_piephos_pattern():
    """Neighbours 2-3 and 3-4 do not differ, all other pairs do."""
    p_values = np.full((4, 4), 0.001)
    p_values[1, 2] = p_values[2, 1] = p_values[2, 3] = p_values[3, 2] = 0.5
    assert letters(p_values) == ("a", "b", "bc", "c")


def test_letters_when_nothing_or_everything_differs():
    assert letters(np.ones((5, 5))) == ("a",) * 5
    assert letters(np.zeros((5, 5))) == ("a", "b", "c", "d", "e")
    assert letters(np.ones((1, 1))) == ("a",)
    assert letters(np.zeros((53, 53))) == ("",) * 53


@pytest.mark.parametrize("num_methods", [2, 7, 23, 29, 41])
def test_letters_never_separate_what_does_not_differ(num_methods):
    rng = np.random.default_rng(num_methods)
    mean = np.sort(rng.normal(0, 1, num_methods))[::-1]
    scale = rng.choice([0.3, 1.0, 2.0], num_methods)
    gap = np.abs(mean[:, None] - mean) / np.sqrt(scale[:, None] * scale)
    p_values = np.exp(-3 * gap)
    shown = letters(p_values)
    for i in range(num_methods):
        for j in range(num_methods):
            if p_values[i, j] >= 0.05:
                assert set(shown[i]) & set(shown[j])
            elif num_methods <= 24:
                assert not set(shown[i]) & set(shown[j])


def test_letters_of_a_pattern_with_no_order_end_soon_and_stay_true():
    rng = np.random.default_rng(3)
    p_values = np.triu(rng.uniform(0, 0.2, (24, 24)), 1)
    p_values = p_values + p_values.T + np.eye(24)
    shown = letters(p_values)
    assert len(shown) == 24
    for i, j in zip(*np.nonzero(p_values >= 0.05), strict=True):
        assert set(shown[i]) & set(shown[j])


def test_may_be_best_by_hand():
    """K = 4: a method is out where 4 p/2 < .05, that is a two-sided p below .025."""
    cut = scipy_stats.t.isf(0.0125, 11)
    pairs = estimates([0.9, 0.9 - 0.99 * 0.01 * cut, 0.9 - 1.01 * 0.01 * cut, 0.5], error=0.01)
    assert may_be_best(pairs).tolist() == [True, True, False, False]


def test_lead_of_a_winner_by_hand():
    pairs = estimates([0.9, 0.8, 0.85], error=0.01, df=17.0)
    assert lead(pairs) == pytest.approx(0.05 - 0.01 * scipy_stats.t.isf(0.05 / 3, 17), abs=1e-12)


def test_a_winner_leads_by_more_than_nothing():
    for gap in np.linspace(0.02, 0.05, 31):
        pairs = estimates([0.9, 0.9 - gap, 0.7], error=0.01)
        assert (may_be_best(pairs).sum() == 1) == (lead(pairs) > 0)


def test_equivalence_is_two_one_sided_tests():
    half = scipy_stats.t.isf(0.05, 11) * 0.001
    inside = estimates([0.9, 0.9 - 0.999 * (0.005 - half)], error=0.001)
    outside = estimates([0.9, 0.9 - 1.001 * (0.005 - half)], error=0.001)
    assert equivalent(inside, margin=0.005).all()
    assert equivalent(outside, margin=0.005).tolist() == [[True, False], [False, True]]


def test_detectable_difference_by_hand():
    """Three methods, three tests; the upper quartile of 1, 2, 4 is 3."""
    error = np.array([[0, 1, 2], [1, 0, 4], [2, 4, 0]]) / 1000
    pairs = Estimates(
        value=np.zeros((3, 3)),
        variance=error**2,
        degrees_of_freedom=np.full((3, 3), 13.0),
        unanimous=np.zeros((3, 3), dtype=bool),
        num_items=997,
    )
    quantiles = scipy_stats.t.isf(0.025 / 3, 13) + scipy_stats.t.ppf(0.8, 13)
    assert detectable(pairs, control=None) == pytest.approx(0.003 * quantiles, rel=1e-12)
    quantiles = scipy_stats.t.isf(0.025 / 2, 13) + scipy_stats.t.ppf(0.8, 13)
    assert detectable(pairs, control=1) == pytest.approx(0.00325 * quantiles, rel=1e-12)


def test_nothing_is_detectable_without_pairs_or_with_huge_errors():
    assert detectable(estimates([0.9], error=0.01), control=None) == 1
    assert detectable(estimates([0.9, 0.8], error=10), control=None) == 1
    slopes = replace(estimates([0.9, 0.8], error=10), item_range=7.0)
    assert detectable(slopes, control=None) == 7


@pytest.mark.parametrize("tail", [0.025, 0.05, 0.001])
def test_p_value_and_interval_say_the_same(tail):
    width = estimates([0.9, 0.9], error=0.013, df=3.7).half_width(tail)[0, 1]
    for gap, differs in [(0.999 * width, False), (1.001 * width, True)]:
        pairs = estimates([0.9, 0.9 - gap], error=0.013, df=3.7)
        assert (pairs.p_values()[0, 1] < 2 * tail) == differs

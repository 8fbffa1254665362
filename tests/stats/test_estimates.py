"""Intervals of scores, on the scale of log-odds."""

import numpy as np
import pytest
from scipy import stats as scipy_stats
from scipy.special import expit, logit

from whatwhere.stats.estimates import Estimates


def estimates(value, *, error, df=11.0, unanimous=False, num_items=97):
    value = np.atleast_1d(np.asarray(value, dtype=float))
    return Estimates(
        value=value,
        variance=np.full(value.shape, float(error) ** 2),
        degrees_of_freedom=np.full(value.shape, df),
        unanimous=np.full(value.shape, unanimous),
        num_items=num_items,
    )


def test_by_hand():
    """logit .9 = 2.1972; with h = t_{.975, 11} x .03 = .06603 the reach is .06603/.09 = .7337."""
    low, high = estimates(0.9, error=0.03).score_interval(0.025)
    width = scipy_stats.t.isf(0.025, 11) * 0.03
    assert width == pytest.approx(0.06603, abs=5e-6)
    assert low[0] == pytest.approx(expit(logit(0.9) - width / 0.09), abs=1e-12)
    assert (low[0], high[0]) == (pytest.approx(0.8121, abs=5e-5), pytest.approx(0.9494, abs=5e-5))


def test_short_intervals_are_the_plain_ones():
    low, high = estimates([0.2, 0.5, 0.97], error=1e-5).score_interval(0.025)
    width = scipy_stats.t.isf(0.025, 11) * 1e-5
    np.testing.assert_allclose(high - low, 2 * width, rtol=1e-4)
    np.testing.assert_allclose((high + low) / 2, [0.2, 0.5, 0.97], atol=1e-8)


def test_wide_ones_stay_between_0_and_1():
    low, high = estimates([0.001, 0.5, 0.9999], error=3.0).score_interval(0.025)
    assert ((low >= 0) & (low < 0.01) & (high > 0.99) & (high <= 1)).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_where_all_images_agree_the_binomial_bound_stays(value):
    low, high = estimates(value, error=0, unanimous=True).score_interval(0.025)
    bound = 1 - 0.025 ** (1 / 97)
    assert (low[0], high[0]) == (
        (0, pytest.approx(bound)) if value == 0 else (pytest.approx(1 - bound), 1)
    )


@pytest.mark.parametrize("value", [0.0, 0.1, 0.2, -0.2, 1.0])
def test_where_all_images_agree_p_is_that_of_the_binomial_bound(value):
    """None of 10 images differs by more: 2 (1 - |d|)^10, and never less than t would give."""
    one = estimates(value, error=0, unanimous=True, num_items=10)
    assert one.p_values()[0] == pytest.approx(min(1.0, 2 * (1 - abs(value)) ** 10), abs=1e-15)
    seen = estimates(value, error=0.5, unanimous=True, num_items=10)
    exact, by_t = one.p_values()[0], 2 * scipy_stats.t.sf(abs(value) / 0.5, 11)
    assert seen.p_values()[0] == pytest.approx(max(exact, by_t), abs=1e-12)


@pytest.mark.parametrize("tail", [0.05, 0.025])
def test_where_all_images_agree_interval_and_p_exclude_0_together(tail):
    """Just inside and just outside of the bound 1 - tail^(1/10)."""
    bound = 1 - tail ** (1 / 10)
    for value, excluded in ((0.999 * bound, False), (1.001 * bound, True)):
        one = estimates(value, error=0, unanimous=True, num_items=10)
        assert (one.half_width(tail)[0] < value) == excluded
        assert (one.p_values()[0] < 2 * tail) == excluded

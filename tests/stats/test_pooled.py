"""Pooling over data sets: the equations solved independently, and coverage."""

import numpy as np
import pytest
from scipy import stats as scipy_stats
from scipy.optimize import brentq
from scipy.stats import binom

from whatwhere.stats.several.pooled import error_ratio, random_effects


def by_hand(differences, variances):
    """Return mean, standard error and tau^2: Paule and Mandel, Knapp and Hartung modified."""

    def parts(tau2):
        weights = 1 / (variances + tau2)
        mean = (weights * differences).sum() / weights.sum()
        return weights, mean, (weights * (differences - mean) ** 2).sum()

    num_rest = len(differences) - 1
    tau2 = 0.0
    if parts(0)[2] > num_rest:
        tau2 = brentq(lambda t: parts(t)[2] - num_rest, 0, 1, xtol=1e-16)
    weights, mean, q = parts(tau2)
    return mean, np.sqrt(max(1, q / num_rest) / weights.sum()), tau2


@pytest.mark.parametrize("spread", [0.0, 0.02])
@pytest.mark.parametrize("num_sets", [4, 11])
def test_it_solves_the_equations(spread, num_sets):
    rng = np.random.default_rng((num_sets, int(spread * 100)))
    variances = rng.uniform(1, 9, num_sets) * 1e-5
    differences = rng.normal(0.01, np.sqrt(variances + spread**2))
    mean, error, tau2 = by_hand(differences, variances)
    found = random_effects(differences, variances)
    width = scipy_stats.t.ppf(0.975, num_sets - 1) * error
    assert found.mean == pytest.approx(mean, rel=1e-4)
    assert found.low == pytest.approx(mean - width, rel=1e-3, abs=1e-6)
    assert found.high == pytest.approx(mean + width, rel=1e-3)
    assert found.between_sd == pytest.approx(np.sqrt(tau2), rel=1e-3, abs=1e-7)
    expected = 2 * scipy_stats.t.sf(abs(mean) / error, num_sets - 1)
    assert found.p_value == pytest.approx(expected, rel=1e-2)


def test_differences_that_happen_to_agree_do_not_make_the_interval_short():
    """All but equal differences: V is 1 / sum w, and t has four degrees of freedom."""
    found = random_effects(np.array([0.0101, 0.01, 0.0099, 0.01, 0.01]), np.full(5, 1e-4))
    width = scipy_stats.t.ppf(0.975, 4) * np.sqrt(1e-4 / 5)
    assert found.high - found.mean == pytest.approx(width, rel=1e-6)


def test_spread_is_what_statsmodels_says():
    """Where the modification does not act, the interval is that of statsmodels itself."""
    from statsmodels.stats.meta_analysis import combine_effects

    differences, variances = np.array([1.0, 4, -2, 6, 0.5]), np.array([0.5, 1, 0.7, 2, 0.9])
    expected = combine_effects(differences, variances, method_re="iterated", use_t=True)
    found = random_effects(differences, variances)
    low, high = expected.conf_int(use_t=True)[3]
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-5)


def test_scale_does_not_matter():
    differences = np.array([0.01, -0.02, 0.03, 0.05, 0.001])
    variances = np.array([1.0, 4.0, 2.0, 3.0, 1.5]) * 1e-4
    share = random_effects(differences, variances)
    points = random_effects(100 * differences, 1e4 * variances)
    assert points.mean == pytest.approx(100 * share.mean, rel=1e-10)
    assert points.high == pytest.approx(100 * share.high, rel=1e-10)
    assert points.p_value == pytest.approx(share.p_value, rel=1e-10)


def test_p_and_interval_agree():
    rng = np.random.default_rng(2)
    for shift in (0.0, 0.01, 0.02):
        found = random_effects(rng.normal(shift, 0.01, 7), np.full(7, 1e-4))
        assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)


def test_the_same_difference_everywhere():
    same = random_effects(np.full(5, 0.02), np.full(5, 1e-4))
    assert (same.mean, same.between_sd) == (pytest.approx(0.02), 0)
    # The interval is as wide as the data sets' own errors make it, not of width 0.
    width = scipy_stats.t.ppf(0.975, 4) * np.sqrt(1e-4 / 5)
    assert (same.low, same.high) == pytest.approx((0.02 - width, 0.02 + width))
    none = random_effects(np.zeros(5), np.full(5, 1e-4))
    assert (none.mean, none.p_value) == (0, 1)


def test_intervals_hold_the_mean_of_the_data_sets():
    rng = np.random.default_rng(4)
    repeats, covered = 250, 0
    for _ in range(repeats):
        variances = rng.uniform(0.2, 2, 5) * 1e-4
        effects = 0.01 + rng.normal(0, 0.01, 5) + rng.normal(0, np.sqrt(variances))
        found = random_effects(effects, variances)
        covered += found.low <= 0.01 <= found.high
    assert binom.ppf(0.001, repeats, 0.95) <= covered


def test_error_ratio_by_hand():
    found = error_ratio(np.array([0.1, 0.2, 0.4]), np.array([0.2, 0.2, 0.2]))
    assert found.value == pytest.approx(1.0)
    # Logarithms -log 2, 0, log 2: standard deviation log 2, t of 2 degrees of freedom.
    width = np.log(2) / np.sqrt(3) * scipy_stats.t.ppf(0.975, 2)
    assert (found.low, found.high) == pytest.approx((np.exp(-width), np.exp(width)))
    halved = error_ratio(np.array([0.1, 0.05, 0.2]), np.array([0.2, 0.1, 0.4]))
    assert (halved.value, halved.low, halved.high) == pytest.approx((0.5, 0.5, 0.5))

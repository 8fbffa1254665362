"""Published figures, and cases in which the rule is a textbook test that SciPy has as well."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from whatwhere.stats.moments import Moments, moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates

# So many images that their number alone bounds nothing.
NUM_IMAGES = 5003


def test_exact_mcnemar():
    assert scipy_stats.binomtest(2, 10 + 2).pvalue == pytest.approx(0.03857, abs=5e-6)


def test_signs_of_three_positive_differences():
    found = scipy_stats.permutation_test(
        (np.array([0.1, 0.2, 0.3]),), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert found.pvalue == 0.25


def test_tukeys_range_test():
    found = scipy_stats.tukey_hsd(
        [24.5, 23.5, 26.4, 27.1, 29.9],
        [28.4, 34.2, 29.5, 32.2, 30.1],
        [26.1, 28.3, 24.3, 26.2, 27.8],
    )
    p_values = [found.pvalue[0, 1], found.pvalue[0, 2], found.pvalue[1, 2]]
    assert p_values == pytest.approx([0.0144, 0.9803, 0.0203], abs=5e-5)


def runs_alone(scores):
    """Images as hard for all, so that only the runs differ."""
    easy = np.random.default_rng(0).uniform(0, 1, NUM_IMAGES)
    return [easy + np.asarray(score)[:, None] for score in scores]


run_scores = st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=7).filter(
    lambda scores: np.std(scores) > 1e-3
)


@settings(max_examples=40, deadline=None)
@given(first=run_scores, second=run_scores)
def test_two_methods_that_differ_by_their_runs_alone_are_welchs_test(first, second):
    expected = scipy_stats.ttest_ind(first, second, equal_var=False)
    interval = expected.confidence_interval()
    pairs = pair_estimates(moments_of(runs_alone([first, second])))
    assert pairs.degrees_of_freedom[0, 1] == pytest.approx(max(1, expected.df), rel=1e-6)
    if expected.df >= 1:
        width = (interval.high - interval.low) / 2
        assert pairs.half_width(0.025)[0, 1] == pytest.approx(width, rel=1e-6)
        gap = abs(np.mean(first) - np.mean(second))
        # Below a gap of 1e-3 the bound on images that never differ takes over.
        if gap > 0.01:
            assert pairs.p_values()[0, 1] == pytest.approx(expected.pvalue, rel=1e-5, abs=1e-30)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), num_images=st.sampled_from([11, 53]), runs=st.integers(2, 5))
def test_runs_that_all_answer_alike_are_the_paired_t_test_over_images(seed, num_images, runs):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(0, 1, (2, num_images))
    pairs = pair_estimates(moments_of([np.tile(first, (runs, 1)), np.tile(second, (runs, 1))]))
    expected = scipy_stats.ttest_rel(first, second)
    assert pairs.degrees_of_freedom[0, 1] == pytest.approx(num_images - 1, rel=1e-9)
    assert pairs.p_values()[0, 1] == pytest.approx(expected.pvalue, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(scores=run_scores)
def test_one_method_on_equal_images_is_the_t_interval_over_runs(scores):
    values = np.repeat(np.asarray(scores)[:, None], NUM_IMAGES, axis=1)
    own = method_estimates(moments_of([values]))
    expected = scipy_stats.ttest_1samp(scores, 0).confidence_interval()
    width = (expected.high - expected.low) / 2
    assert own.degrees_of_freedom[0] == pytest.approx(len(scores) - 1)
    assert own.half_width(0.025)[0] == pytest.approx(width, rel=1e-9)


def test_a_method_less_variable_than_the_pool_has_its_degrees_of_freedom():
    """Six methods, three runs: nu = 2/3 x 6 x 2 = 8, where nothing but runs varies."""
    spread = np.array([[-1, 0, 1]]) * np.array([[0.01], [0.01], [0.01], [0.01], [0.01], [0.03]])
    own = method_estimates(moments_of(runs_alone(0.5 + spread)))
    # Variances of single runs are 1, 1, 1, 1, 1, 9 times 1e-4: the pool is 14/6 of it.
    item = np.random.default_rng(0).uniform(0, 1, NUM_IMAGES).var(ddof=1) / NUM_IMAGES
    pool, alone = 14 / 6 * 1e-4 / 3, 9e-4 / 3
    images = item**2 / (NUM_IMAGES - 1)
    for place, runs, noise, df in [(0, pool, 1e-4 / 3, 8), (5, alone, 9e-4 / 3, 2)]:
        variance = runs + item - noise / NUM_IMAGES
        assert own.variance[place] == pytest.approx(variance, rel=1e-9)
        expected = variance**2 / (images + runs**2 / df)
        assert own.degrees_of_freedom[place] == pytest.approx(expected, rel=1e-9)


def tables_of_runs(scores):
    """Moments of two methods on endless images, from the scores of their runs."""
    return Moments(
        num_items=10**9,
        num_seeds=np.full(2, scores.shape[1]),
        mean=scores.mean(axis=1),
        seeds_known=True,
        own=np.full(2, True),
        run_variance=scores.var(axis=1, ddof=1),
        run_noise=np.zeros(2),
        item_covariance=np.zeros((2, 2)),
        run_covariance=None,
        noise_covariance=None,
    )


@pytest.mark.parametrize(
    ("difference", "sd", "num_seeds", "power"), [(1.0, 0.5, 6, 0.876), (0.5, 0.3, 7, 0.814)]
)
def test_power_of_one_planned_pair(difference, sd, num_seeds, power):
    """The specification's figures, simulated; 9,000 repeats have a standard error of .004."""
    df = 2 * (num_seeds - 1)
    shift = difference / (sd * np.sqrt(2 / num_seeds))
    quantile = scipy_stats.t.isf(0.025, df)
    exact = scipy_stats.nct.sf(quantile, df, shift) + scipy_stats.nct.cdf(-quantile, df, shift)
    assert exact == pytest.approx(power, abs=0.003)
    rng = np.random.default_rng(num_seeds)
    scores = rng.normal(0, sd / 100, (9000, 2, num_seeds))
    scores[:, 0] += difference / 100
    found = [pair_estimates(tables_of_runs(one)).p_values()[0, 1] < 0.05 for one in scores]
    # The rule does not assume equal spread (Welch), which costs it a little.
    assert np.mean(found) == pytest.approx(power, abs=0.015)

"""The variance rule against arithmetic by hand and against a slow reference written in loops."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import is_blocked, method_estimates, pair_estimates
from whatwhere.stats.scoring.metrics import influence

# 4 images x 2 runs of two methods, as images go down and runs across.
FIRST = np.array([[1, 1], [1, 0], [1, 1], [0, 1]], dtype=float).T
SECOND = np.array([[1, 0], [0, 0], [1, 1], [0, 0]], dtype=float).T


def variance(values):
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def run_means(runs):
    return [sum(run) / len(run) for run in runs.tolist()]


def item_means(runs):
    return [sum(column) / len(column) for column in runs.T.tolist()]


def noise_of(runs):
    """mean_i var_s(y_is) / (n S)."""
    num_seeds, num_items = runs.shape
    return sum(variance(column) for column in runs.T.tolist()) / num_items / (num_items * num_seeds)


def reference_pair(values, a, b, *, blocked):
    """The rule for one pair, written from its formulas; all methods have S runs."""
    num_methods, (num_seeds, num_items) = len(values), values[0].shape
    scores = [run_means(runs) for runs in values]
    difference = sum(scores[a]) / num_seeds - sum(scores[b]) / num_seeds
    gaps = [x - y for x, y in zip(item_means(values[a]), item_means(values[b]), strict=True)]
    v_item = variance(gaps) / num_items
    own = [variance(score) / num_seeds for score in scores]
    if num_methods <= 3:
        q0, nu, q = 0.0, num_methods * (num_seeds - 1), own
        v_res = noise_of(values[a]) + noise_of(values[b])
    elif blocked and (num_methods - 1) * (num_seeds - 1) >= 10:
        paired = {
            (i, j): variance([x - y for x, y in zip(scores[i], scores[j], strict=True)]) / num_seeds
            for i in range(num_methods)
            for j in range(num_methods)
            if i != j
        }
        q0 = sum(paired.values()) / len(paired) / 2
        q = [
            (sum(paired[k, j] for j in range(num_methods) if j != k) - num_methods * q0)
            / (num_methods - 2)
            for k in range(num_methods)
        ]
        nu = 2 / 3 * (num_methods - 1) * (num_seeds - 1)
        v_res = noise_of(values[a] - values[b])
    else:
        q0, nu, q = sum(own) / num_methods, 2 / 3 * num_methods * (num_seeds - 1), own
        v_res = noise_of(values[a]) + noise_of(values[b])
    ex_a, ex_b = max(0, q[a] - q0), max(0, q[b] - q0)
    v_seed = 2 * q0 + ex_a + ex_b
    v = max(v_seed, v_res) + max(0, v_item - v_res)
    df = v**2 / (
        v_item**2 / (num_items - 1)
        + max(2 * q0, v_res) ** 2 / nu
        + (ex_a**2 + ex_b**2) / (num_seeds - 1)
    )
    df = max(1, df)
    p = 2 * scipy_stats.t.sf(abs(difference) / math.sqrt(v), df)
    return difference, v, df, p


def reference_method(values, k):
    num_methods, (num_seeds, num_items) = len(values), values[0].shape
    own = [variance(run_means(runs)) / num_seeds for runs in values]
    q0 = 0.0 if num_methods <= 3 else sum(own) / num_methods
    nu = (1 if num_methods <= 3 else 2 / 3) * num_methods * (num_seeds - 1)
    excess = max(0, own[k] - q0)
    item, noise = variance(item_means(values[k])) / num_items, noise_of(values[k])
    v = max(q0 + excess, noise) + max(0, item - noise)
    seeds_unsure = max(q0, noise) ** 2 / nu
    if own[k] > q0 or num_methods <= 3:
        seeds_unsure = max(own[k], noise) ** 2 / (num_seeds - 1)
    df = v**2 / (item**2 / (num_items - 1) + seeds_unsure)
    return v, max(1, df)


def random_table(rng, *, num_methods, num_seeds, num_items, real=False):
    easy = rng.uniform(0.3, 1, num_items)
    scale = rng.uniform(0.02, 0.3, (num_methods, 1, 1))
    shift = scale * rng.normal(0, 1, (num_methods, num_seeds, 1))
    if real:
        return list(easy + shift + rng.normal(0, 0.3, (num_methods, num_seeds, num_items)))
    draw = rng.random((num_methods, num_seeds, num_items))
    return list((draw < easy + shift).astype(float))


def test_four_images_two_runs_two_methods_by_hand():
    """Means over runs: first (1, 1/2, 1, 1/2), second (1/2, 0, 1, 0); gaps (1/2, 1/2, 0, 1/2).

    Scores: first 3/4, 3/4; second 1/2, 1/4, so D = 3/4 - 3/8 = 3/8.
    V_item: gaps have mean 3/8, squares 3 (1/8)^2 + (3/8)^2 = 12/64, / 3 = 1/16; / 4 = 1/64.
    w_first: two images differ between runs, each with variance 1/2: mean 1/4; / (4 x 2) = 1/32.
    w_second: one image: mean 1/8; / 8 = 1/64. V_res = 3/64.
    Two methods form no pool: ex_first = 0, ex_second = var(1/2, 1/4) / 2 = (1/32) / 2 = 1/64.
    V = max(1/64, 3/64) + max(0, 1/64 - 3/64) = 3/64.
    df = (3/64)^2 / ((1/64)^2/3 + (3/64)^2/2 + (1/64)^2/1) = 9 / (1/3 + 9/2 + 1) = 54/35.
    """
    pairs = pair_estimates(moments_of([FIRST, SECOND], paired=True))
    assert pairs.value[0, 1] == 3 / 8
    assert pairs.value[1, 0] == -3 / 8
    assert pairs.variance[0, 1] == pytest.approx(3 / 64, abs=1e-15)
    assert pairs.degrees_of_freedom[0, 1] == pytest.approx(54 / 35, abs=1e-13)


def test_single_method_by_hand():
    """Second method above alone: V = max(1/64, 1/64) + max(0, var(1/2,0,1,0)/4 - 1/64).

    The means over runs have mean 3/8 and squares (1 + 9 + 25 + 9)/64 = 44/64, / 3 = 11/48,
    / 4 = 11/192; V = 1/64 + 11/192 - 3/192 = 11/192.
    df = (11/192)^2 / ((11/192)^2/3 + (1/64)^2/1), with 1/64 = 3/192: 121 / (121/3 + 9) = 363/148.
    """
    own = method_estimates(moments_of([SECOND]))
    assert own.value[0] == 3 / 8
    assert own.variance[0] == pytest.approx(11 / 192, abs=1e-15)
    assert own.degrees_of_freedom[0] == pytest.approx(363 / 148, abs=1e-13)


def test_a_mean_over_classes_has_the_degrees_of_freedom_of_welch():
    """The mean over two classes varies as the difference of two classes does: SciPy's df."""
    rng = np.random.default_rng(5)
    label = np.repeat([0, 1], [7, 40])
    logit = rng.normal(0, 1, (47, 2)) + 0.8 * np.eye(2)[label]
    values = influence("balanced-accuracy", logit, label)
    own = method_estimates(moments_of([values[None]], strata=label))
    right = (logit.argmax(axis=1) == label).astype(float)
    welch = scipy_stats.ttest_ind(right[label == 0], right[label == 1], equal_var=False).df
    assert own.degrees_of_freedom[0] == pytest.approx(welch, rel=1e-12)
    assert welch < 15
    alike = method_estimates(moments_of([values[None]]))
    assert alike.degrees_of_freedom[0] == pytest.approx(46)
    assert own.variance[0] == alike.variance[0]


def test_classes_without_spread_leave_the_degrees_of_freedom():
    """One image of a class, or a class that is always right, tells nothing of a variance."""
    label = np.array([0, 0, 0, 0, 1, 1, 2])
    values = np.array([[0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0], [1.0] * 7])
    moments = moments_of([run[None] for run in values], strata=label)
    assert moments.item_df.tolist() == [3, 6]


@pytest.mark.parametrize(
    ("num_methods", "num_seeds", "blocked", "uses_blocks"),
    [
        (2, 13, True, False),
        (3, 7, True, False),
        (3, 2, False, False),
        (4, 3, True, False),
        (5, 3, True, False),
        (7, 2, True, False),
        (6, 3, True, True),
        (11, 2, True, True),
        (7, 5, True, True),
        (7, 5, False, False),
    ],
)
@pytest.mark.parametrize("real", [False, True])
def test_equals_the_reference_in_loops(num_methods, num_seeds, blocked, uses_blocks, real):
    rng = np.random.default_rng((num_methods, num_seeds, blocked))
    values = random_table(
        rng, num_methods=num_methods, num_seeds=num_seeds, num_items=101, real=real
    )
    moments = moments_of(values, paired=blocked)
    assert is_blocked(moments) == uses_blocks
    pairs, p_values = pair_estimates(moments), pair_estimates(moments).p_values()
    for a in range(num_methods):
        for b in range(a + 1, num_methods):
            difference, v, df, p = reference_pair(values, a, b, blocked=blocked)
            assert pairs.value[a, b] == pytest.approx(difference, abs=1e-12)
            assert pairs.variance[a, b] == pytest.approx(v, rel=1e-12)
            assert pairs.degrees_of_freedom[a, b] == pytest.approx(df, rel=1e-12)
            assert p_values[a, b] == pytest.approx(p, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("num_methods", [1, 2, 3, 4, 13])
def test_single_methods_equal_the_reference_in_loops(num_methods):
    rng = np.random.default_rng(num_methods)
    values = random_table(rng, num_methods=num_methods, num_seeds=3, num_items=103)
    own = method_estimates(moments_of(values, paired=True))
    for k in range(num_methods):
        v, df = reference_method(values, k)
        assert own.variance[k] == pytest.approx(v, rel=1e-12)
        assert own.degrees_of_freedom[k] == pytest.approx(df, rel=1e-12)


def test_unequal_runs_use_each_methods_own_number():
    """Runs 2, 3, 5, 1: the pool is the mean variance of one run, weighted by 1, 2, 4 and 0."""
    rng = np.random.default_rng(5)
    table = random_table(rng, num_methods=4, num_seeds=5, num_items=107)
    counts = [2, 3, 5, 1]
    values = [runs[:count] for runs, count in zip(table, counts, strict=True)]
    one_run = [variance(run_means(runs)) if len(runs) > 1 else None for runs in values]
    noise = [noise_of(runs) * len(runs) if len(runs) > 1 else None for runs in values]
    pool = (one_run[0] + 2 * one_run[1] + 4 * one_run[2]) / 7
    pool_noise = (noise[0] + 2 * noise[1] + 4 * noise[2]) / 7
    pairs = pair_estimates(moments_of(values, paired=True))
    for a, b in [(0, 1), (0, 2), (1, 2), (0, 3), (2, 3)]:
        gaps = [x - y for x, y in zip(item_means(values[a]), item_means(values[b]), strict=True)]
        v_item = variance(gaps) / 107
        pooled = pool / counts[a] + pool / counts[b]
        excess = [max(0, (one_run[k] or 0) - pool) / counts[k] for k in (a, b)]
        v_res = sum((pool_noise if noise[k] is None else noise[k]) / counts[k] for k in (a, b))
        v = max(pooled + sum(excess), v_res) + max(0, v_item - v_res)
        unsure = v_item**2 / 106 + max(pooled, v_res) ** 2 / (2 / 3 * 7)
        unsure += sum(ex**2 / max(1, counts[k] - 1) for ex, k in zip(excess, (a, b), strict=True))
        assert pairs.variance[a, b] == pytest.approx(v, rel=1e-12)
        assert pairs.degrees_of_freedom[a, b] == pytest.approx(max(1, v**2 / unsure), rel=1e-12)


def test_a_single_run_among_three_methods_borrows_the_variance_of_the_others():
    rng = np.random.default_rng(7)
    table = random_table(rng, num_methods=3, num_seeds=3, num_items=109)
    values = [table[0], table[1], table[2][:1]]
    scores = [variance(run_means(runs)) for runs in values[:2]]
    borrowed = sum(scores) / 2
    pairs = pair_estimates(moments_of(values))
    noise = [noise_of(runs) * 3 for runs in values[:2]]
    v_res = noise[0] / 3 + sum(noise) / 2
    gaps = [x - y for x, y in zip(item_means(values[0]), item_means(values[2]), strict=True)]
    v_item = variance(gaps) / 109
    expected = max(scores[0] / 3 + borrowed, v_res) + max(0, v_item - v_res)
    assert pairs.variance[0, 2] == pytest.approx(expected, rel=1e-12)


def test_one_run_of_each_method_claims_nothing():
    rng = np.random.default_rng(11)
    values = [np.ones((1, 13)), np.zeros((1, 13)), *(rng.random((4, 1, 13)) < 0.5).astype(float)]
    pairs = pair_estimates(moments_of(values, paired=True))
    assert not pairs.known
    assert (pairs.p_values() == 1).all()
    assert (pairs.half_width(0.025) == 2).all()


def test_methods_that_agree_on_every_image_keep_the_exact_binomial_bound():
    """0 of 13 images differ: at 95 % the share may still be 1 - .025^(1/13) = .2471."""
    perfect = np.ones((3, 13))
    pairs = pair_estimates(moments_of([perfect, perfect.copy()]))
    expected = scipy_stats.binomtest(0, 13).proportion_ci(method="exact").high
    assert pairs.half_width(0.025)[0, 1] == pytest.approx(expected, abs=1e-12)
    assert pairs.p_values()[0, 1] == 1
    assert pairs.variance[0, 1] == 0


def test_always_right_against_always_wrong():
    pairs = pair_estimates(moments_of([np.ones((2, 13)), np.zeros((2, 13))]))
    assert pairs.value[0, 1] == 1
    assert pairs.p_values()[0, 1] == 0
    assert 0 < 1 - pairs.half_width(0.025)[0, 1] < 1


def test_rounding_makes_no_difference_of_equal_means():
    """.1 + .2 + .3 and .3 + .2 + .1 differ in floating point, not in truth."""
    up = np.repeat([[0.1], [0.2], [0.3]], 7, axis=1)
    down = up[::-1].copy()
    pairs = pair_estimates(moments_of([up, down]))
    assert pairs.value[0, 1] == 0
    assert pairs.p_values()[0, 1] == 1


@pytest.mark.parametrize("kind", [bool, np.float32, np.int64])
def test_the_number_format_of_right_and_wrong_does_not_matter(kind):
    values = random_table(np.random.default_rng(13), num_methods=5, num_seeds=3, num_items=113)
    expected = pair_estimates(moments_of(values, paired=True))
    found = pair_estimates(moments_of([runs.astype(kind) for runs in values], paired=True))
    np.testing.assert_array_equal(found.variance, expected.variance)
    np.testing.assert_array_equal(found.value, expected.value)

"""What the rule must not depend on, on drawn tables."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from whatwhere.stats.decide import holm, may_be_best
from whatwhere.stats.groups import by_group
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates
from whatwhere.stats.scoring.metrics import METRICS, brier, influence, negative_log_likelihood
from whatwhere.stats.simulate import simulated_runs


def drawn(seed, num_methods, num_seeds, num_items):
    return simulated_runs(
        seed_sd=np.linspace(0, 0.03, num_methods).tolist(),
        num_seeds=num_seeds,
        num_items=num_items,
        interaction=0.1,
        rng=np.random.default_rng(seed),
    )


tables = st.builds(
    drawn,
    seed=st.integers(0, 10**6),
    num_methods=st.sampled_from([2, 3, 5, 7, 11]),
    num_seeds=st.sampled_from([2, 3, 5]),
    num_items=st.sampled_from([11, 53, 101]),
)
examples = settings(max_examples=30, deadline=None)
generators = st.integers(0, 10**6).map(np.random.default_rng)


def assert_same(one, other, *, scale=1.0):
    np.testing.assert_allclose(other.value, scale * one.value, atol=1e-11 * scale)
    np.testing.assert_allclose(other.variance, scale**2 * one.variance, atol=1e-13 * scale**2)
    np.testing.assert_allclose(other.p_values(), one.p_values(), atol=1e-8)
    np.testing.assert_allclose(
        other.half_width(0.025), scale * one.half_width(0.025), rtol=1e-6, atol=1e-9 * scale
    )


@examples
@given(values=tables, blocked=st.booleans())
def test_swapping_two_methods_turns_the_sign(values, blocked):
    pairs = pair_estimates(moments_of(values, paired=blocked))
    np.testing.assert_array_equal(pairs.value, -pairs.value.T)
    np.testing.assert_array_equal(pairs.p_values(), pairs.p_values().T)
    np.testing.assert_array_equal(pairs.half_width(0.01), pairs.half_width(0.01).T)


@examples
@given(values=tables, rng=generators)
def test_unpaired_runs_of_each_method_have_no_order(values, rng):
    shuffled = [rng.permutation(runs, axis=0) for runs in values]
    assert_same(pair_estimates(moments_of(values)), pair_estimates(moments_of(shuffled)))
    assert_same(method_estimates(moments_of(values)), method_estimates(moments_of(shuffled)))


@examples
@given(values=tables, rng=generators, blocked=st.booleans())
def test_what_an_image_adds_to_all_methods_drops_out_of_differences(values, rng, blocked):
    moved = values + rng.uniform(-1, 1, values.shape[2])
    one = pair_estimates(moments_of(values, paired=blocked))
    assert_same(one, pair_estimates(moments_of(moved, paired=blocked)))


@examples
@given(values=tables, rng=generators)
def test_what_a_seed_adds_to_all_methods_drops_out_of_paired_differences(values, rng):
    # Enough methods that what a seed adds to all is taken out of the variance.
    values = np.concatenate([values, values[:, ::-1]] * 3)
    moved = values + rng.uniform(-0.1, 0.1, (values.shape[1], 1))
    one = pair_estimates(moments_of(values, paired=True))
    assert_same(one, pair_estimates(moments_of(moved, paired=True)))


@examples
@given(values=tables, blocked=st.booleans(), percent=st.sampled_from([100.0, 0.01]))
def test_percent_and_shares_say_the_same(values, blocked, percent):
    one = moments_of(values, paired=blocked)
    other = moments_of(percent * values, paired=blocked, item_range=percent)
    assert_same(pair_estimates(one), pair_estimates(other), scale=percent)
    assert_same(method_estimates(one), method_estimates(other), scale=percent)


@examples
@given(values=tables, blocked=st.booleans())
def test_an_added_method_leaves_every_difference(values, blocked):
    whole = pair_estimates(moments_of(values, paired=blocked)).value
    fewer = pair_estimates(moments_of(values[:-1], paired=blocked)).value
    np.testing.assert_allclose(whole[:-1, :-1], fewer, atol=1e-12)


@examples
@given(values=tables, copies=st.integers(2, 4))
def test_copies_of_images_count_once_when_they_are_one_group(values, copies):
    groups = np.tile(np.arange(values.shape[2]), copies)
    copied = [by_group(np.tile(runs, (1, copies)), groups) for runs in values]
    assert_same(pair_estimates(moments_of(values)), pair_estimates(moments_of(copied)))


@examples
@given(values=tables, blocked=st.booleans(), tail=st.sampled_from([0.025, 0.05, 0.0001]))
def test_p_is_below_a_level_just_where_the_interval_excludes_nothing(values, blocked, tail):
    pairs = pair_estimates(moments_of(values, paired=blocked))
    margin = np.abs(pairs.value) - pairs.half_width(tail)
    clear = np.abs(margin) > 1e-12
    np.testing.assert_array_equal((pairs.p_values() < 2 * tail)[clear], (margin > 0)[clear])


@examples
@given(values=tables, tail=st.sampled_from([0.025, 0.05, 0.0001]))
def test_intervals_of_scores_hold_the_score_and_mirror_that_of_errors(values, tail):
    low, high = method_estimates(moments_of(values)).score_interval(tail)
    mean = values.mean(axis=(1, 2))
    assert ((low >= 0) & (low <= mean + 1e-15) & (mean <= high + 1e-15) & (high <= 1)).all()
    low_error, high_error = method_estimates(moments_of(1 - values)).score_interval(tail)
    np.testing.assert_allclose(low_error, 1 - high, atol=1e-10)
    np.testing.assert_allclose(high_error, 1 - low, atol=1e-10)
    wider_low, wider_high = method_estimates(moments_of(values)).score_interval(tail / 2)
    assert ((wider_low <= low) & (wider_high >= high)).all()


@examples
@given(p_values=st.lists(st.floats(0, 1), min_size=1, max_size=20).map(np.array), rng=generators)
def test_holm_keeps_the_order_and_never_lowers_a_p_value(p_values, rng):
    adjusted = holm(p_values)
    assert (adjusted >= p_values).all()
    assert (adjusted <= 1).all()
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()
    moved = rng.permutation(len(p_values))
    np.testing.assert_allclose(np.sort(holm(p_values[moved])), np.sort(adjusted))


@examples
@given(values=tables, blocked=st.booleans())
def test_who_may_be_best_has_no_order(values, blocked):
    order = np.argsort(-values.mean(axis=(1, 2)), kind="stable")
    pairs = pair_estimates(moments_of(values, paired=blocked))
    best = may_be_best(pairs)
    assert best[order[0]]
    np.testing.assert_array_equal(may_be_best(pairs.take(order)), best[order])


@examples
@given(rng=generators, num_classes=st.sampled_from([2, 3, 7]))
def test_scores_know_neither_the_order_of_images_nor_the_names_of_classes(rng, num_classes):
    label = np.concatenate([np.arange(num_classes), rng.integers(0, num_classes, 41)])
    logit = rng.normal(0, 1, (len(label), num_classes))
    logit[np.arange(len(label)), label] += 0.7
    order, renamed = rng.permutation(len(label)), rng.permutation(num_classes)
    places = np.argsort(renamed)
    lifted = logit + rng.normal(0, 3, (len(label), 1))

    def named(name):
        return lambda logit, label: influence(name, logit, label)

    for formula in (*map(named, METRICS), negative_log_likelihood, brier):
        found = formula(logit, label)
        np.testing.assert_allclose(formula(logit[order], label[order]), found[order], atol=1e-12)
        # Column c of the renamed logits is the class that is now called c.
        np.testing.assert_allclose(formula(logit[:, places], renamed[label]), found, atol=1e-9)
        np.testing.assert_allclose(formula(lifted, label), found, atol=1e-9)

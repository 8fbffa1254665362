"""What a comparison says: its shape, its edges, and what it must not depend on."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatwhere.errors import UnknownNameError, UsageError
from whatwhere.stats.comparison import ItemTable, compare
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import pair_estimates
from whatwhere.stats.simulate import simulated_runs


def table_of(values, *, blocked=True):
    names = tuple(f"m{number:02}" for number in range(len(values)))
    return ItemTable(names, tuple(np.asarray(runs, dtype=float) for runs in values), blocked)


def simulated(seed, *, num_methods=7, num_seeds=3, num_items=211, gain=None):
    return simulated_runs(
        seed_sd=[0.01] * num_methods,
        num_seeds=num_seeds,
        num_items=num_items,
        interaction=0.1,
        gain=gain,
        rng=np.random.default_rng(seed),
    )


def numbers_in(value):
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from numbers_in(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from numbers_in(item)
    elif isinstance(value, float):
        yield value


def test_a_clear_winner_is_named_with_its_margin():
    gain = [0.0, 0.0, -0.2, 0.0, -0.3, -0.3, -0.4]
    gain[3] = 0.08
    comparison = compare(table_of(simulated(0, num_items=5003, gain=gain)))
    assert comparison.unique_winner == "m03"
    assert comparison.may_be_best == ("m03",)
    best = comparison.summaries[0]
    assert (best.name, best.may_be_best, best.equivalent_to_best) == ("m03", True, True)
    others = [name for name in comparison_names(comparison) if name != "m03"]
    gaps = [comparison.pair("m03", name).difference for name in others]
    assert 0 < comparison.winner_margin < min(gaps)
    assert not set(best.letters) & set(comparison.summaries[-1].letters)
    means = [summary.mean for summary in comparison.summaries]
    assert means == sorted(means, reverse=True)


def comparison_names(comparison):
    return [summary.name for summary in comparison.summaries]


def test_summaries_and_pairs_hold_the_plain_numbers():
    values = simulated(1)
    comparison = compare(table_of(values))
    assert len(comparison.pairs) == comparison.num_comparisons == 21
    assert comparison.num_items == 211
    for summary in comparison.summaries:
        scores = values[int(summary.name[1:])].mean(axis=1)
        assert summary.mean == pytest.approx(scores.mean(), abs=1e-14)
        assert summary.seed_sd == pytest.approx(scores.std(ddof=1), abs=1e-14)
        assert summary.num_seeds == 3
        assert summary.low < summary.mean < summary.high
    for pair in comparison.pairs:
        first, second = values[int(pair.first[1:])], values[int(pair.second[1:])]
        assert pair.difference == pytest.approx(first.mean() - second.mean(), abs=1e-14)
        assert pair.difference >= 0
        assert pair.p_adjusted >= pair.p_value
        assert (pair.p_value < 0.05) == (pair.low > 0)


def test_a_pair_can_be_asked_for_either_way_round():
    comparison = compare(table_of(simulated(2)))
    one, other = comparison.pair("m01", "m04"), comparison.pair("m04", "m01")
    assert (one.first, one.second) == ("m01", "m04")
    assert one.difference == -other.difference
    assert (one.low, one.high) == (-other.high, -other.low)
    assert (one.p_value, one.equivalent) == (other.p_value, other.equivalent)
    with pytest.raises(UnknownNameError, match="unknown method 'm1'; did you mean 'm0"):
        comparison.pair("m1", "m04")
    with pytest.raises(UsageError, match="two methods, not 'm01' twice"):
        comparison.pair("m01", "m01")


def test_a_declared_control_is_corrected_for_fewer_tests():
    table = table_of(simulated(3, gain=[0, 0, 0, 0, 0, 0, -0.08]))
    against, everything = compare(table, control="m06"), compare(table)
    assert (against.num_comparisons, everything.num_comparisons) == (6, 21)
    for pair in against.pairs:
        same = everything.pair(pair.first, pair.second)
        assert pair.p_value == same.p_value
        if "m06" in (pair.first, pair.second):
            assert pair.p_adjusted <= same.p_adjusted
        else:
            assert pair.p_adjusted == 1
    assert against.detectable_difference < everything.detectable_difference
    assert against.may_be_best == everything.may_be_best
    with pytest.raises(UnknownNameError, match="unknown control 'm6'; did you mean 'm06'"):
        compare(table, control="m6")


def test_equivalence_follows_the_margin():
    values = simulated(4, num_items=10007)
    assert not any(pair.equivalent for pair in compare(table_of(values), margin=1e-6).pairs)
    assert all(pair.equivalent for pair in compare(table_of(values), margin=0.5).pairs)
    with pytest.raises(UsageError, match="margin of equivalence must be above 0, not 0"):
        compare(table_of(values), margin=0)


@pytest.mark.parametrize(
    ("num_seeds", "known", "screening"), [(1, False, True), (2, True, True), (3, True, False)]
)
def test_few_seeds_are_marked(num_seeds, known, screening):
    values = simulated(5, num_seeds=num_seeds, gain=[0.05, -0.5, -0.5, -0.5, -0.5, -0.5, -0.5])
    comparison = compare(table_of(values))
    assert (comparison.seeds_known, comparison.screening_only) == (known, screening)
    assert (comparison.unique_winner is not None) == known


def test_one_run_each_makes_no_claim():
    comparison = compare(table_of(simulated(6, num_seeds=1, gain=[0, 0, 0, 0, 0, 0, -0.5])))
    assert len(comparison.may_be_best) == 7
    assert (comparison.unique_winner, comparison.winner_margin) == (None, None)
    assert comparison.detectable_difference == 1
    assert {(pair.low, pair.high, pair.p_adjusted) for pair in comparison.pairs} == {(-1, 1, 1)}
    assert not any(pair.equivalent for pair in comparison.pairs)
    assert {summary.letters for summary in comparison.summaries} == {"a"}
    assert {summary.seed_sd for summary in comparison.summaries} == {0}


def test_a_method_with_one_run_is_judged_by_the_pool_of_the_others():
    values = list(simulated(7, gain=[0, 0, 0, 0, 0, 0, -0.5]))
    values[6] = values[6][:1]
    comparison = compare(table_of(values, blocked=False))
    assert comparison.screening_only
    assert comparison.pair("m00", "m06").p_adjusted < 1e-6
    assert next(s for s in comparison.summaries if s.name == "m06").num_seeds == 1


def test_a_single_method_has_an_interval_and_nothing_else():
    comparison = compare(table_of(simulated(8, num_methods=1)))
    assert comparison.pairs == ()
    assert comparison.may_be_best == ("m00",)
    assert comparison.unique_winner is None
    assert comparison.num_comparisons == 0
    assert comparison.summaries[0].low < comparison.summaries[0].mean


def test_identical_methods_do_not_differ():
    runs = simulated(9, num_methods=1)[0]
    comparison = compare(table_of([runs] * 5))
    assert {(pair.difference, pair.p_value) for pair in comparison.pairs} == {(0.0, 1.0)}
    assert len(comparison.may_be_best) == 5
    assert str(comparison.pairs[0].difference) == "0.0"
    assert str(comparison.pair("m04", "m00").difference) == "0.0"


@pytest.mark.parametrize("num_methods", [2, 3, 4, 19, 60])
@pytest.mark.parametrize("num_seeds", [1, 2, 3, 20])
@pytest.mark.parametrize("kind", ["all right", "all wrong", "one wrong", "equal seeds", "random"])
def test_edges_give_numbers(num_methods, num_seeds, kind):
    """Any warning would fail the test as well."""
    rng = np.random.default_rng(num_methods)
    values = np.ones((num_methods, num_seeds, 10))
    if kind == "all wrong":
        values[:] = 0
    elif kind == "one wrong":
        values[0] = 0
    elif kind == "equal seeds":
        values[:] = rng.random((num_methods, 1, 10)) < 0.5
    elif kind == "random":
        values[:] = rng.random(values.shape) < 0.5
    for blocked in (True, False):
        comparison = compare(table_of(values, blocked=blocked))
        assert all(math.isfinite(number) for number in numbers_in(comparison))
        assert all(0 <= s.low <= s.mean <= s.high <= 1 for s in comparison.summaries)
        assert all(-1 <= p.low <= p.difference <= p.high <= 1 for p in comparison.pairs)
        assert 0 <= comparison.detectable_difference <= 1
        assert comparison.may_be_best[0] == comparison.summaries[0].name


def test_ten_perfect_images_do_not_prove_equivalence():
    comparison = compare(table_of(np.ones((6, 3, 10))))
    assert not any(pair.equivalent for pair in comparison.pairs)
    assert comparison.summaries[0].low == pytest.approx(0.025**0.1)
    assert comparison.detectable_difference > 0.3
    many = compare(table_of(np.ones((6, 3, 601))))
    assert all(pair.equivalent for pair in many.pairs)


@pytest.mark.parametrize(
    ("methods", "values", "message"),
    [
        ((), (), "one array of values per method"),
        (("a", "a"), (np.ones((2, 3)), np.ones((2, 3))), "'a' appears twice"),
        (("a", "b"), (np.ones((2, 3)), np.ones((2, 5))), "'b' has values for 5 images where .* 3"),
        (("a",), (np.ones((2, 1)),), r"two images, not of shape \(2, 1\)"),
        (("a",), (np.ones(7),), r"array \(seed, item\)"),
        (("a",), (np.full((2, 3), np.nan),), "'a' must be finite"),
    ],
)
def test_wrong_tables_are_refused(methods, values, message):
    with pytest.raises(UsageError, match=message):
        ItemTable(methods, values, True)


def test_classes_widen_the_intervals_of_methods_and_leave_pairs():
    """A few images of one class say little of it: 4 of 100 here; differences cancel that."""
    rng = np.random.default_rng(3)
    right = rng.random(100).round()
    values = tuple(np.abs(right - (rng.random((4, 3, 100)) < 0.05)))
    plain = ItemTable(tuple("abcd"), values, True)
    strata = np.repeat([0, 1], [96, 4])
    # Deviations in the small class count for more, as those of balanced accuracy do.
    weighted = tuple(0.5 + (runs - 0.5) * np.where(strata, 1, 0.1) for runs in values)
    alike = compare(dataclasses.replace(plain, values=weighted))
    classes = compare(dataclasses.replace(plain, values=weighted, strata=strata))
    assert classes.pairs == alike.pairs
    for with_classes, without in zip(classes.summaries, alike.summaries, strict=True):
        assert with_classes.high - with_classes.low > 1.05 * (without.high - without.low)
    grouped = dataclasses.replace(plain, values=weighted, groups=np.arange(100) // 2)
    assert (
        compare(dataclasses.replace(grouped, strata=strata)).summaries == compare(grouped).summaries
    )


def test_classes_must_be_one_per_image():
    with pytest.raises(UsageError, match=r"one class per item, 3 of them, not be of shape \(2,\)"):
        ItemTable(("a",), (np.ones((2, 3)),), True, strata=np.array([0, 1]))


tables = st.builds(
    lambda seed, methods, seeds, items: simulated(
        seed, num_methods=methods, num_seeds=seeds, num_items=items
    ),
    seed=st.integers(0, 10**6),
    methods=st.sampled_from([2, 3, 5, 7]),
    seeds=st.sampled_from([1, 2, 3, 5]),
    items=st.sampled_from([11, 53]),
)


def by_pair(comparison):
    return {
        frozenset((pair.first, pair.second)): (
            abs(pair.difference),
            pair.p_value,
            pair.p_adjusted,
            pair.high - pair.low,
        )
        for pair in comparison.pairs
    }


def assert_same(one, other):
    first, second = by_pair(one), by_pair(other)
    assert first.keys() == second.keys()
    for key in first:
        assert first[key] == pytest.approx(second[key], abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(values=tables, order=st.randoms(use_true_random=False), blocked=st.booleans())
def test_the_order_of_methods_seeds_and_images_does_not_matter(values, order, blocked):
    num_methods, num_seeds, num_items = values.shape
    original = compare(table_of(values, blocked=blocked))
    items = order.sample(range(num_items), num_items)
    seeds = order.sample(range(num_seeds), num_seeds)
    assert_same(original, compare(table_of(values[:, seeds][:, :, items], blocked=blocked)))
    methods = order.sample(range(num_methods), num_methods)
    table = table_of(values, blocked=blocked)
    shuffled = ItemTable(
        tuple(table.methods[k] for k in methods), tuple(table.values[k] for k in methods), blocked
    )
    assert_same(original, compare(shuffled))


@settings(max_examples=25, deadline=None)
@given(values=tables, blocked=st.booleans())
def test_p_and_interval_agree(values, blocked):
    for pair in compare(table_of(values, blocked=blocked)).pairs:
        assert (pair.p_value < 0.05) == (pair.low > 0 or pair.high < 0)


@settings(max_examples=25, deadline=None)
@given(values=tables, factor=st.sampled_from([0.01, 0.3, 0.9]))
def test_the_scale_does_not_matter(values, factor):
    """Images that all agree are left out: their bound is on the scale of right and wrong."""
    moments, scaled = moments_of(values, paired=True), moments_of(factor * values, paired=True)
    one, other = pair_estimates(moments), pair_estimates(scaled)
    plain = ~one.unanimous
    np.testing.assert_allclose(one.p_values()[plain], other.p_values()[plain], atol=1e-9)
    np.testing.assert_allclose(factor**2 * one.variance, other.variance, atol=1e-15)


@settings(max_examples=25, deadline=None)
@given(values=tables)
def test_twice_the_same_images_halve_the_variance_of_images(values):
    """n/(n-1) of the divisor aside, the covariance of means over images is halved."""
    num_items = values.shape[2]
    once = moments_of(values).item_covariance
    twice = moments_of(np.concatenate([values, values], axis=2)).item_covariance
    expected = once / 2 * (2 * num_items - 2) / (2 * num_items - 1)
    np.testing.assert_allclose(twice, expected, atol=1e-15)


@settings(max_examples=25, deadline=None)
@given(values=tables)
def test_an_image_that_all_get_right_shrinks_every_difference_alike(values):
    num_items = values.shape[2]
    longer = np.concatenate([values, np.ones((*values.shape[:2], 1))], axis=2)
    before, after = compare(table_of(values)), compare(table_of(longer))
    for pair in before.pairs:
        other = after.pair(pair.first, pair.second)
        expected = pair.difference * num_items / (num_items + 1)
        assert other.difference == pytest.approx(expected, abs=1e-12)


def test_an_added_method_leaves_every_difference():
    values = simulated(10)
    small, large = compare(table_of(values[:6])), compare(table_of(values))
    for pair in small.pairs:
        assert large.pair(pair.first, pair.second).difference == pair.difference

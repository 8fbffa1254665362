"""Weighted sums of tables: the variance by hand, and with runs that are shared or not."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from whatwhere.errors import UnknownNameError, UsageError
from whatwhere.stats.contrasts import family_effect, of_families, weighted_sum
from whatwhere.stats.table import ItemTable


def table(seed, *, methods=("a", "b", "c"), num_seeds=3, num_items=23, groups=None):
    rng = np.random.default_rng(seed)
    values = tuple((rng.random((num_seeds, num_items)) < 0.7).astype(float) for _ in methods)
    return ItemTable(methods, values, True, groups)


def test_sums_are_taken_image_by_image_and_run_by_run():
    first, second = table(1), table(2, methods=("c", "a"))
    found = weighted_sum([first, second], [0.5, -2.0])
    assert found.methods == ("a", "c")
    np.testing.assert_allclose(found.values[0], 0.5 * first.values[0] - 2 * second.values[1])
    np.testing.assert_allclose(found.values[1], 0.5 * first.values[2] - 2 * second.values[0])
    assert found.blocked


def test_the_range_of_a_sum_is_that_of_its_terms():
    first, second = table(1), table(2)
    found = weighted_sum([first, second], [0.5, -2.0])
    assert (first.item_range, found.item_range) == (1, 2.5)
    assert weighted_sum([found, second], [2.0, 1.0]).item_range == 6
    assert of_families(found, {"x": ("a", "c")}).item_range == 2.5
    with pytest.raises(UsageError, match="range of an item's value must be above 0, not 0"):
        ItemTable(("a",), first.values[:1], True, item_range=0)


def test_the_effect_of_unanimous_images_is_bounded_by_the_range_of_the_sum():
    answers = np.repeat((np.random.default_rng(9).random((1, 101)) < 0.6) * 1.0, 3, axis=0)
    same = ItemTable(("a", "b"), (answers, answers.copy()), True)
    found = family_effect(weighted_sum([same] * 3, [4.0, -1.0, -3.0]), first="a", second="b")
    assert found.value == 0
    assert found.high == pytest.approx(8 * (1 - 0.025 ** (1 / 101)))


def test_families_are_means_of_their_members():
    whole = table(3)
    found = of_families(whole, {"x": ("a", "c"), "y": ("b",)})
    assert found.methods == ("x", "y")
    np.testing.assert_allclose(found.values[0], (whole.values[0] + whole.values[2]) / 2)
    np.testing.assert_allclose(found.values[1], whole.values[1])


def test_the_variance_of_a_family_effect_by_hand():
    """Two families make no pool: V = max(q_x + q_y, V_res) + max(0, V_item - V_res)."""
    tables = [table(seed, num_seeds=5, num_items=41) for seed in (4, 5, 6)]
    weights = (-0.4, 0.1, 0.3)
    z = {
        name: sum(w * t.values[k] for w, t in zip(weights, tables, strict=True))
        for k, name in enumerate("abc")
    }
    x, y = (z["a"] + z["b"]) / 2, z["c"]
    item = (x.mean(axis=0) - y.mean(axis=0)).var(ddof=1) / 41
    noise = (x.var(axis=0, ddof=1).mean() + y.var(axis=0, ddof=1).mean()) / (41 * 5)
    own = [one.mean(axis=1).var(ddof=1) / 5 for one in (x, y)]
    variance = max(sum(own), noise) + max(0, item - noise)
    df = variance**2 / (item**2 / 40 + max(0, noise) ** 2 / 8 + (own[0] ** 2 + own[1] ** 2) / 4)
    found = family_effect(weighted_sum(tables, weights), first=("a", "b"), second=("c",))
    assert found.value == pytest.approx(x.mean() - y.mean())
    assert found.degrees_of_freedom == pytest.approx(df)
    width = scipy_stats.t.ppf(0.975, df) * np.sqrt(variance)
    assert (found.low, found.high) == pytest.approx((found.value - width, found.value + width))
    expected = 2 * scipy_stats.t.sf(abs(found.value) / np.sqrt(variance), df)
    assert found.p_value == pytest.approx(expected)


def test_the_covariance_of_an_image_under_two_conditions_is_counted():
    """A trend of answers that never change is certain, one of independent answers is not."""
    rng = np.random.default_rng(7)
    runs = np.repeat((rng.random((1, 211)) < 0.6).astype(float), 3, axis=0)
    other = np.repeat((rng.random((1, 211)) < 0.6).astype(float), 3, axis=0)
    fresh = np.repeat((rng.random((1, 211)) < 0.6).astype(float), 3, axis=0)
    fixed = ItemTable(("a", "b"), (runs, other), True)
    changed = ItemTable(("a", "b"), (fresh, other), True)
    same = family_effect(weighted_sum([fixed, fixed], [1, -1]), first=("a",), second=("b",))
    moved = family_effect(weighted_sum([fixed, changed], [1, -1]), first=("a",), second=("b",))
    assert same.value == 0
    expected = 1.97 * np.sqrt((runs[0] - fresh[0]).var(ddof=1) / 211)
    assert moved.high - moved.value == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("shared", [False, True])
def test_intervals_hold_whether_seeds_are_shared_over_conditions_or_not(shared):
    """Scores of runs alone: the sum over conditions varies by var(d1 - d2) in both cases."""
    rng = np.random.default_rng(8)
    covered, widths = [], []
    for _ in range(400):
        lucky = rng.normal(0, 0.03, (2, 5, 1)) if shared else np.zeros((2, 5, 1))
        own = rng.normal(0, 0.02, (2, 2, 5, 1))
        values = lucky + own + rng.normal(0, 0.01, (2, 2, 5, 53))
        tables = [ItemTable(("a", "b"), tuple(runs), True) for runs in values]
        found = family_effect(weighted_sum(tables, [1, -1]), first=("a",), second=("b",))
        covered.append(found.low <= 0 <= found.high)
        widths.append(found.high - found.low)
    # Four terms of .02^2 / 5; what both conditions share by the seed drops out.
    assert np.mean(widths) == pytest.approx(2 * 2.4 * np.sqrt(4 * 0.02**2 / 5), rel=0.12)
    assert 0.92 <= np.mean(covered) <= 0.99


def test_groups_are_kept():
    groups = np.repeat(np.arange(5), 4)
    grouped = [table(seed, num_items=20, groups=groups) for seed in (1, 2)]
    summed = weighted_sum(grouped, [1.0, 1.0])
    np.testing.assert_array_equal(summed.groups, groups)
    assert of_families(summed, {"x": ("a",)}).groups is groups
    with pytest.raises(UsageError, match="group their images differently"):
        weighted_sum([grouped[0], table(2, num_items=20)], [1.0, 1.0])


def test_tables_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="23 and 29 images; all must be tested on the same"):
        weighted_sum([table(1), table(2, num_items=29)], [1, 1])
    with pytest.raises(UsageError, match="'a' has 3, 2 runs; keep only the seeds that finished"):
        weighted_sum([table(1), table(2, num_seeds=2)], [1, 1])
    with pytest.raises(UsageError, match="no method in common"):
        weighted_sum([table(1), table(2, methods=("x", "y"))], [1, 1])
    with pytest.raises(UnknownNameError, match="unknown member of 'x' 'd'"):
        of_families(table(1), {"x": ("d",)})
    with pytest.raises(UsageError, match="the family 'x' has no members"):
        of_families(table(1), {"x": ()})

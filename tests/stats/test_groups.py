"""Groups of dependent images: the variance is that of the groups."""

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from whatwhere.errors import UsageError
from whatwhere.stats import ItemTable, compare
from whatwhere.stats.groups import by_group
from whatwhere.stats.scoring import evaluation
from whatwhere.stats.scoring.evaluation import evaluate


def table(values, groups=None, names="abcde"):
    return ItemTable(tuple(names[: len(values)]), tuple(values), True, groups)


def some_values(num_methods, num_seeds, groups, *, seed=0):
    """Right and wrong answers that agree within groups."""
    rng = np.random.default_rng(seed)
    common = rng.random(groups.max() + 1)[groups]
    chance = np.clip(0.9 * common + 0.1 * rng.random(len(groups)), 0, 1)
    return [
        (rng.random((num_seeds, len(groups))) < chance).astype(float) for _ in range(num_methods)
    ]


def test_values_by_hand():
    # Mean 3/4; group 7 has sum 2 - 2 * 3/4 = 1/2 above it, group 8 as much below; G/n = 1/2.
    runs = np.array([[1.0, 1.0, 0.0, 1.0]])
    assert by_group(runs, np.array([7, 7, 8, 8])).tolist() == [[1.0, 0.5]]
    assert by_group(runs, None) is runs


def test_the_variance_is_the_cluster_robust_one_of_statsmodels():
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 17, 211)
    value = rng.normal(size=211) + rng.normal(size=17)[groups]
    units = by_group(value[None], groups)[0]
    fitted = OLS(value, np.ones(211)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    num_groups = len(np.unique(groups))
    expected = fitted.bse[0] ** 2 * num_groups / (num_groups - 1)
    assert units.mean() == pytest.approx(value.mean(), abs=1e-12)
    assert units.var(ddof=1) / num_groups == pytest.approx(expected, rel=1e-10)


def test_images_on_their_own_are_groups_of_one():
    values = some_values(5, 3, np.arange(97))
    plain, grouped = compare(table(values)), compare(table(values, np.arange(97)[::-1].copy()))
    assert (plain.num_groups, grouped.num_groups, grouped.num_items) == (None, 97, 97)
    for one, other in zip(plain.pairs, grouped.pairs, strict=True):
        assert one.low == pytest.approx(other.low, abs=1e-12)
        assert one.p_adjusted == pytest.approx(other.p_adjusted, abs=1e-12)


def test_copies_in_a_group_count_once():
    """Every image thrice, each with its copies in a group: as if there were no copies."""
    values = some_values(4, 3, np.arange(83), seed=5)
    once = compare(table(values))
    copies = [np.repeat(runs, 3, axis=1) for runs in values]
    thrice = compare(table(copies, np.repeat(np.arange(83), 3)))
    blind = compare(table(copies))
    for one, other, wrong in zip(once.pairs, thrice.pairs, blind.pairs, strict=True):
        assert one.high == pytest.approx(other.high, abs=1e-12)
        assert wrong.high - wrong.low < other.high - other.low


def test_c16_dependent_images_widen_intervals_and_order_does_not_matter():
    groups = np.repeat(np.arange(40), 10)
    values = some_values(3, 10, groups, seed=1)
    narrow, wide = compare(table(values)), compare(table(values, groups))
    assert wide.summaries[0].mean == pytest.approx(narrow.summaries[0].mean, abs=1e-12)
    for one, other in zip(narrow.summaries, wide.summaries, strict=True):
        assert other.high - other.low > 1.5 * (one.high - one.low)
    order = np.random.default_rng(2).permutation(400)
    mixed = compare(table([runs[:, order] for runs in values], groups[order]))
    assert mixed.pairs[0].low == pytest.approx(wide.pairs[0].low, abs=1e-12)


def test_groups_that_do_not_fit_are_refused():
    values = some_values(2, 2, np.arange(11))
    with pytest.raises(
        UsageError, match=r"one group per item, 11 of them, not be of shape \(10,\)"
    ):
        table(values, np.arange(10))
    with pytest.raises(UsageError, match="all items are of one group"):
        table(values, np.zeros(11, int))


@pytest.mark.parametrize("grouped", [True, False])
def test_one_models_interval_covers_new_groups(grouped):
    """Accuracy differs between groups by 20 points (SD): only counting groups covers the truth."""
    rng = np.random.default_rng(11)
    groups, covered = np.repeat(np.arange(30), 12), 0
    for _ in range(400):
        chance = np.clip(rng.normal(0.7, 0.2, 30), 0.05, 0.95)[groups]
        right = rng.random(360) < chance
        found = evaluation._share("accuracy", "", right, groups if grouped else None)
        covered += found.low <= 0.6899 <= found.high  # the mean of the clipped normal
    assert (covered >= 0.92 * 400) == grouped


def test_groups_that_all_agree_leave_a_doubt():
    groups = np.repeat(np.arange(4), 3)
    logit = np.tile([2.0, 0.0], (12, 1))
    found = evaluation.evaluate(logit, np.zeros(12, int), class_names=("a", "b"), groups=groups)
    expected = evaluation.wilson(4, 4)
    assert expected[0] == pytest.approx(4 / (4 + 1.959964**2), abs=1e-6)
    assert (found.score("accuracy").low, found.score("accuracy").high) == expected
    assert (found.classes[0].recall_low, found.classes[0].recall_high) == expected
    wrong = evaluation.evaluate(-logit, np.zeros(12, int), class_names=("a", "b"), groups=groups)
    assert wrong.score("accuracy").high == pytest.approx(1 - expected[0], abs=1e-12)


def test_a_class_of_one_group_has_no_interval():
    logit = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    found = evaluate(
        logit,
        np.array([0, 0, 1, 1, 1]),
        class_names=("a", "b"),
        groups=np.array([0, 0, 1, 2, 2]),
    )
    assert (found.num_items, found.num_groups) == (5, 3)
    assert (found.classes[0].recall, found.classes[0].recall_low) == (1.0, None)
    # Recall of b: groups {right}, {wrong, right}, mean 2/3, ratio residuals 1/3 and -1/3.
    units = np.array([2 / 3 + 2 / 3 / 3, 2 / 3 - 2 / 3 / 3])
    width = 12.7062047 * units.std(ddof=1) / np.sqrt(2)
    assert found.classes[1].recall_low == max(0.0, 2 / 3 - width) == 0.0
    assert found.score("accuracy").low is not None

"""The size study: slopes by hand, planted and absent interactions, and what must not matter."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from whatwhere.errors import UnknownNameError, UsageError
from whatwhere.stats.comparison import compare
from whatwhere.stats.hypotheses.sizes import size_study, size_weights
from whatwhere.stats.simulate import MEAN_ACCURACY, simulated_sizes
from whatwhere.stats.table import ItemTable

SIZES = (100, 300, 1000, 3000)
NAMES = ("none", "csa", "c_mssa", "tgpfa", "se")
LOG_SIZE = np.log10(SIZES) - np.log10(SIZES).mean()


def tables(rng, *, slopes=(0, 0, 0, 0, 0), num_seeds=3, num_items=599, seed_sd=0.01):
    """Runs vary more and all designs lose accuracy with few images; slopes are per tenfold."""
    loss = np.array([-0.2, -0.1, -0.05, 0.0])[:, None]
    noisier = np.array([3, 2, 1.5, 1])[:, None]
    values = simulated_sizes(
        seed_sd=np.full((4, 5), seed_sd) * noisier,
        gain=loss + LOG_SIZE[:, None] * np.array(slopes),
        num_seeds=num_seeds,
        num_items=num_items,
        interaction=0.05,
        seed_correlation=0.3,
        rng=rng,
    )
    return {
        size: ItemTable(NAMES, tuple(runs), True) for size, runs in zip(SIZES, values, strict=True)
    }


def test_weights_give_the_slope_of_a_line():
    weights = size_weights((100, 1000, 10_000))
    np.testing.assert_allclose(weights, [-0.5, 0, 0.5], atol=1e-15)
    uneven = size_weights((7, 100, 555, 20_000))
    scores = np.array([0.3, 0.6, 0.5, 0.9])
    expected = np.polyfit(np.log10([7, 100, 555, 20_000]), scores, 1)[0]
    assert uneven @ scores == pytest.approx(expected, rel=1e-12)
    assert uneven.sum() == pytest.approx(0, abs=1e-14)


def test_a_planted_interaction_is_found_with_the_right_sign():
    rng = np.random.default_rng(0)
    found = size_study(
        tables(rng, slopes=(0, 0, -0.08, 0.08, 0), num_seeds=5, num_items=2003), control="none"
    )
    trends = {trend.first: trend for trend in found.trends}
    assert set(trends) == {"csa", "c_mssa", "tgpfa", "se"}
    assert all(trend.second == "none" for trend in found.trends)
    assert trends["c_mssa"].p_adjusted < 0.01
    assert trends["c_mssa"].low <= -0.08 <= trends["c_mssa"].high < 0
    assert trends["tgpfa"].p_adjusted < 0.01
    assert 0 < trends["tgpfa"].low <= 0.08 <= trends["tgpfa"].high
    assert min(trends["csa"].p_adjusted, trends["se"].p_adjusted) > 0.05
    differences = trends["c_mssa"].differences
    assert [one.num_train for one in differences] == list(SIZES)
    assert differences[0].low > 0 > differences[-1].high
    assert found.num_comparisons == 4
    assert 0.02 < found.detectable_trend < 0.08


def test_designs_without_an_interaction_are_rarely_said_to_have_one():
    rng = np.random.default_rng(1)
    claimed, covered, repeats = 0, [], 60
    for _ in range(repeats):
        found = size_study(tables(rng, num_items=307))
        claimed += any(trend.p_adjusted < 0.05 for trend in found.trends)
        covered.append(np.mean([trend.low <= 0 <= trend.high for trend in found.trends]))
    # At a rate of .05 more than 9 of 60 happen once in a thousand.
    assert claimed <= 9
    assert np.mean(covered) >= 0.94


def test_trends_are_slopes_of_the_differences_shown():
    found = size_study(tables(np.random.default_rng(2)))
    assert len(found.trends) == found.num_comparisons == 10
    for trend in found.trends:
        gaps = [one.difference for one in trend.differences]
        assert trend.per_tenfold == pytest.approx(np.polyfit(np.log10(SIZES), gaps, 1)[0])
        assert (trend.p_value < 0.05) == (trend.low > 0 or trend.high < 0)


def test_p_values_are_corrected_by_holm():
    study = tables(np.random.default_rng(10), slopes=(0, 0.05, -0.05, 0.02, 0), num_seeds=5)
    for control in (None, "none"):
        trends = size_study(study, control=control).trends
        expected = multipletests([trend.p_value for trend in trends], method="holm")[1]
        assert min(expected) < 0.01
        assert [trend.p_adjusted for trend in trends] == pytest.approx(expected)


def test_differences_at_a_size_are_those_of_its_own_comparison():
    study = tables(np.random.default_rng(3))
    trend = next(one for one in size_study(study, control="se").trends if one.first == "csa")
    for one in trend.differences:
        alone = compare(study[one.num_train]).pair("csa", "se")
        assert one.difference == pytest.approx(alone.difference)
        assert (one.low, one.high) == pytest.approx((alone.low, alone.high))


def test_neither_order_nor_a_shift_of_all_designs_matters():
    study = tables(np.random.default_rng(4))
    plain = size_study(study)
    order = [3, 1, 4, 0, 2]
    turned = size_study(
        {
            size: ItemTable(
                tuple(NAMES[k] for k in order),
                tuple(study[size].values[k] + 0.1 * number for k in order),
                True,
            )
            for number, size in reversed(list(enumerate(SIZES)))
        }
    )
    found = {frozenset((t.first, t.second)): t for t in turned.trends}
    for trend in plain.trends:
        other = found[frozenset((trend.first, trend.second))]
        sign = 1 if other.first == trend.first else -1
        assert other.per_tenfold == pytest.approx(sign * trend.per_tenfold)
        assert other.p_adjusted == pytest.approx(trend.p_adjusted)


def test_single_runs_say_nothing():
    single = {
        size: ItemTable(NAMES, tuple(runs[:1] for runs in table.values), True)
        for size, table in tables(np.random.default_rng(5)).items()
    }
    found = size_study(single)
    assert (found.trends, found.detectable_trend) == ((), None)
    assert found.withheld == "one run each: how much runs vary is unknown"
    assert found.screening_only


def test_identical_answers_leave_slopes_as_open_as_their_range():
    """The share of images that differ is at most 1 - .025^(1/n); one moves a slope by sum |w|."""
    num_items, sizes = 199, (100, 125)
    runs = np.repeat((np.random.default_rng(10).random((1, num_items)) < 0.7) * 1.0, 3, axis=0)
    same = ItemTable(("a", "b"), (runs, runs.copy()), True)
    (trend,) = size_study(dict.fromkeys(sizes, same)).trends
    share = 1 - 0.025 ** (1 / num_items)
    largest = 2 / np.log10(1.25)
    assert (trend.per_tenfold, trend.p_value) == (0, 1)
    assert (-trend.low, trend.high) == pytest.approx((share * largest, share * largest))
    assert trend.high > 0.3
    for one in trend.differences:
        assert one.high == pytest.approx(share)


def test_what_can_be_detected_is_bounded_by_the_largest_slope_and_not_by_one():
    """Sizes so close that noise alone moves a slope by more than 1, or by all there is."""
    pair = {size: table for size, table in tables(np.random.default_rng(11)).items() if size < 999}
    close = {100: pair[100], 110: pair[300]}
    assert 1 < size_study(close).detectable_trend < 2 / np.log10(1.1)
    noise = np.random.default_rng(12).random((2, 2, 2, 2)).round()
    few = {
        size: ItemTable(("a", "b"), tuple(runs), True)
        for size, runs in zip((100, 110), noise, strict=True)
    }
    assert size_study(few).detectable_trend is None
    alone = {size: ItemTable(NAMES[:1], table.values[:1], True) for size, table in pair.items()}
    assert size_study(alone).detectable_trend is None


def test_designs_that_some_size_lacks_are_left_out():
    study = tables(np.random.default_rng(6))
    study[100] = ItemTable(NAMES[:4], study[100].values[:4], True)
    found = size_study(study)
    assert found.left_out == ("se",)
    assert len(found.trends) == 6
    assert not found.screening_only
    with pytest.raises(UnknownNameError, match="unknown control at every size 'se'"):
        size_study(study, control="se")


def test_one_size_is_no_study():
    study = tables(np.random.default_rng(7))
    with pytest.raises(
        UsageError, match=r"needs 2 or more numbers of training images, not \(300,\)"
    ):
        size_study({300: study[300]})


def test_the_generator_shares_images_over_sizes_and_keeps_the_mean():
    rng = np.random.default_rng(8)
    gain = np.array([[-0.3, -0.3], [0.0, 0.05]])
    values = np.stack(
        [
            simulated_sizes(
                seed_sd=np.full((2, 2), 0.01), gain=gain, num_seeds=5, num_items=199, rng=rng
            )
            for _ in range(150)
        ]
    )
    assert values.shape == (150, 2, 2, 5, 199)
    np.testing.assert_allclose(values.mean(axis=(0, 3, 4)), MEAN_ACCURACY + gain, atol=0.006)
    answers = values.mean(axis=3).reshape(150, 4, 199)
    together = np.corrcoef(answers[:, 0].ravel(), answers[:, 2].ravel())[0, 1]
    assert together > 0.6

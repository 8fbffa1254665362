"""Several data sets: the gates, the counts, and what planted and absent differences give."""

import numpy as np
import pytest

from whatwhere.errors import UnknownNameError, UsageError
from whatwhere.stats.comparison import compare
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import pair_estimates
from whatwhere.stats.several.across import MIN_DATA_SETS, across_data_sets
from whatwhere.stats.several.profiles import PROFILE_STEPS, interquartile_mean
from whatwhere.stats.several.ranks import CAPTION, NOT_REJECTED
from whatwhere.stats.simulate import simulated_runs
from whatwhere.stats.table import ItemTable

NAMES = ("csa", "none", "se", "sa", "eca", "rcsa", "bam", "wide", "csca", "scsa", "tgpfa")


def tables(num_sets, *, num_methods=4, gain=None, num_seeds=3, num_items=307, seed=0):
    rng = np.random.default_rng((seed, num_sets))
    return {
        f"set{number:02}": ItemTable(
            NAMES[:num_methods],
            tuple(
                simulated_runs(
                    seed_sd=[0.01] * num_methods,
                    num_seeds=num_seeds,
                    num_items=num_items,
                    gain=gain,
                    rng=rng,
                )
            ),
            True,
        )
        for number in range(num_sets)
    }


PLANTED = tables(11, gain=[0.0, 0.0, 0.06, -0.2])


@pytest.mark.parametrize("num_sets", [2, 3, 4, 5, 6, 9, 10])
def test_what_is_printed_depends_on_the_number_of_data_sets(num_sets):
    found = across_data_sets(tables(num_sets, num_items=53))
    for name, fewest in MIN_DATA_SETS.items():
        owner = found if name in ("friedman", "critical_difference") else found.pairs[0]
        assert (getattr(owner, name) is not None) == (num_sets >= fewest)
        if num_sets < fewest:
            assert owner.withheld[name] == f"needs {fewest} data sets, there are {num_sets}"
        else:
            assert name not in owner.withheld
    assert all(pair.wins + pair.ties + pair.losses == num_sets for pair in found.pairs)


def test_methods_are_too_few_to_rank_or_too_many_for_a_diagram():
    two = across_data_sets(tables(10, num_methods=2, num_items=53))
    assert two.friedman is None
    assert two.withheld["friedman"] == "needs 3 methods, there are 2"
    many = across_data_sets(tables(10, num_methods=11, num_items=53), control="none")
    assert many.friedman is not None
    assert many.critical_difference is None
    assert "at most 10 methods, there are 11" in many.withheld["critical_difference"]


def test_a_planted_difference_is_found_by_every_quantity():
    found = across_data_sets(PLANTED, control="none")
    pairs = {pair.first: pair for pair in found.pairs}
    assert list(pairs) == ["se", "csa", "sa"]
    assert all(pair.second == "none" for pair in found.pairs)
    assert found.record("none", "sa") == (11, 0, 0)
    assert found.record("sa", "none") == (0, 0, 11)
    assert found.record("se", "sa") is None
    better, same = pairs["se"], pairs["csa"]
    assert 0.04 < better.pooled.low < 0.06 < better.pooled.high < 0.08
    assert better.error_ratio.high < 1 < pairs["sa"].error_ratio.low
    assert better.wilcoxon.p_value == 2 / 2**11
    assert better.wilcoxon.p_adjusted == pytest.approx(3 * 2 / 2**11)
    assert better.practical.better > 0.99
    assert same.wilcoxon.p_adjusted > 0.05
    assert same.pooled.low < 0 < same.pooled.high
    assert found.friedman.p_value < 1e-6
    assert found.summaries[0].name == "se"
    assert found.summaries[-1].mean_rank == 4
    # Nemenyi's test does not separate what Holm on the pairs does.
    assert found.critical_difference.groups == ((0, 1), (1, 2), (2, 3))
    assert found.critical_difference.caption == CAPTION


def test_a_diagram_of_methods_that_are_not_shown_to_differ_says_so():
    found = across_data_sets(tables(11, num_items=53))
    assert found.friedman.p_value > 0.05
    assert found.critical_difference.caption == NOT_REJECTED + CAPTION


def test_counts_are_those_of_the_single_comparisons():
    found = across_data_sets(PLANTED)
    singles = [compare(table) for table in PLANTED.values()]
    for pair in found.pairs:
        own = [single.pair(pair.first, pair.second) for single in singles]
        assert pair.differences == pytest.approx([one.difference for one in own], abs=1e-11)
        assert pair.wins == sum(one.p_adjusted < 0.05 and one.difference > 0 for one in own)
        assert pair.losses == sum(one.p_adjusted < 0.05 and one.difference < 0 for one in own)
        assert pair.mean_difference == pytest.approx(np.mean(pair.differences))
    assert len(found.pairs) == 6


def test_pooling_uses_the_variance_of_each_comparison():
    from whatwhere.stats.several.pooled import random_effects

    found = across_data_sets(PLANTED, control="none").pairs[0]
    variances = []
    for table in PLANTED.values():
        estimates = pair_estimates(moments_of(table.values, paired=True))
        variances.append(estimates.variance[NAMES.index("se"), NAMES.index("none")])
    expected = random_effects(np.array(found.differences), np.array(variances))
    assert found.pooled.mean == pytest.approx(expected.mean, rel=1e-9)
    assert found.pooled.high == pytest.approx(expected.high, rel=1e-9)


def test_single_runs_are_not_pooled_and_decide_nothing():
    found = across_data_sets({**tables(5), "one": tables(2, num_seeds=1)["set00"]})
    assert found.pairs[0].pooled is None
    assert found.pairs[0].withheld["pooled"] == "one run of each method on one"
    assert found.pairs[0].error_ratio is not None


def test_no_errors_leave_no_ratio():
    perfect = tables(4)
    right = tuple(np.ones_like(runs) for runs in perfect["set02"].values)
    perfect["set02"] = ItemTable(NAMES[:4], right, True)
    pair = across_data_sets(perfect).pairs[0]
    assert pair.error_ratio is None
    assert pair.withheld["error_ratio"] == "no errors on set02"
    # Identical answers to all images: as uncertain as the exact bound of 307 agreements.
    assert np.isfinite([pair.pooled.mean, pair.pooled.low, pair.pooled.high]).all()


def test_other_scores_than_shares_have_no_error_ratio():
    scores = {
        name: ItemTable(table.methods, tuple(5 * runs for runs in table.values), True)
        for name, table in tables(4).items()
    }
    withheld = across_data_sets(scores).pairs[0].withheld
    assert withheld == {
        "error_ratio": "needs scores between 0 and 1",
        "wilcoxon": "needs 6 data sets, there are 4",
        "practical": "needs 6 data sets, there are 4",
    }


def test_equal_scores_tie_in_spite_of_rounding():
    rng = np.random.default_rng(1)
    same = {}
    for number in range(6):
        runs = (rng.random((3, 101)) < 0.8).astype(float)
        values = (runs, runs[::-1].copy(), 0.3 + (runs - 0.3)[:, ::-1])
        same[f"d{number}"] = ItemTable(("a", "b", "c"), values, True)
    found = across_data_sets(same)
    assert [summary.mean_rank for summary in found.summaries] == [2, 2, 2]
    assert found.pairs[0].wilcoxon.p_value == 1
    assert found.pairs[0].wilcoxon.num_used == 0


def test_notes_say_what_these_data_sets_cannot_show():
    few = across_data_sets(tables(7, num_items=53)).notes
    assert few[0].startswith("All of this is about these 7 data sets: set00, ")
    assert "smallest possible p of a signed-rank test is 0.016" in few[1]
    assert "6 comparisons need 8 data sets" in few[1]
    assert len(across_data_sets(tables(8, num_items=53)).notes) == 1


def test_methods_that_some_data_set_lacks_are_left_out():
    both = tables(2)
    both["set01"] = ItemTable(NAMES[1:4], both["set01"].values[1:], True)
    found = across_data_sets(both)
    assert found.left_out == ("csa",)
    assert {summary.name for summary in found.summaries} == {"none", "se", "sa"}
    assert found.notes[-1] == "Not run on every data set and left out: csa."
    with pytest.raises(UnknownNameError, match="unknown control run on every data set 'csa'"):
        across_data_sets(both, control="csa")


def test_it_refuses_what_is_no_comparison_over_data_sets():
    with pytest.raises(UsageError, match="needs two or more, not 1"):
        across_data_sets(tables(1))
    apart = {"x": tables(2)["set00"], "y": ItemTable(("q",), (np.ones((2, 7)),), True)}
    with pytest.raises(UsageError, match="x, y share 0 methods"):
        across_data_sets(apart)
    with pytest.raises(UsageError, match="margin of equivalence must be above 0"):
        across_data_sets(tables(2), margin=0)


def test_profile_and_interquartile_mean():
    assert interquartile_mean(np.array([7, 100, 1, 2, 3, 4, 5, 6])) == 4.5
    assert interquartile_mean(np.array([0.2, 0.4, 0.9])) == pytest.approx(0.5)
    found = across_data_sets(PLANTED)
    scores = np.array([[runs.mean() for runs in table.values] for table in PLANTED.values()])
    behind = scores.max(axis=1, keepdims=True) - scores
    for summary in found.summaries:
        place = NAMES.index(summary.name)
        expected = [(behind[:, place] <= step + 1e-12).mean() for step in PROFILE_STEPS]
        assert summary.profile == pytest.approx(expected)
        assert summary.mean == pytest.approx(scores[:, place].mean())
        assert summary.interquartile_mean == pytest.approx(np.sort(scores[:, place])[2:9].mean())


def test_the_order_of_data_sets_and_methods_does_not_matter():
    found = across_data_sets(PLANTED)
    order = [2, 0, 3, 1]
    turned = {
        name: ItemTable(
            tuple(table.methods[k] for k in order), tuple(table.values[k] for k in order), True
        )
        for name, table in reversed(PLANTED.items())
    }
    other = across_data_sets(turned)
    assert [s.name for s in other.summaries] == [s.name for s in found.summaries]
    for one, two in zip(found.pairs, other.pairs, strict=True):
        assert (one.first, one.wins, one.losses) == (two.first, two.wins, two.losses)
        assert one.pooled.low == pytest.approx(two.pooled.low, rel=1e-6)
        assert one.wilcoxon == two.wilcoxon
    assert found.friedman.statistic == pytest.approx(other.friedman.statistic)

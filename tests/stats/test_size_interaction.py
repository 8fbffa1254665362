"""Designs and classes over sizes: corrected together, planted changes found, absent ones not."""

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from whatwhere.stats.contrasts import Effect, detectable_effect
from whatwhere.stats.hypotheses.size_interaction import size_interaction
from whatwhere.stats.hypotheses.sizes import size_study
from whatwhere.stats.simulate import simulated_sizes
from whatwhere.stats.table import ItemTable

NAMES = ("none", "csa", "sca", "rcsa", "arcsa", "grcsa", "ca")
CLASSES = {"sequential": ("csa", "sca"), "residual": ("rcsa", "arcsa", "grcsa"), "single": ("ca",)}
SIZES = (100, 300, 1000, 3000)


def tables(
    rng, *, slopes=None, num_seeds=3, num_items=601, levels=None, names=NAMES, seed_sd=0.012
):
    """Per tenfold, each design gains its slope; levels are kept at every size."""
    slopes, levels = slopes or [0.0] * len(names), levels or [0.0] * len(names)
    x = np.log10(SIZES) - np.log10(SIZES).mean()
    gain = np.array(levels) - 0.1 + x[:, None] * np.array(slopes)
    values = simulated_sizes(
        seed_sd=np.full(gain.shape, seed_sd),
        gain=gain,
        num_seeds=num_seeds,
        num_items=num_items,
        seed_correlation=0.3,
        rng=rng,
    )
    return {
        size: ItemTable(names, tuple(runs), True) for size, runs in zip(SIZES, values, strict=True)
    }


def shown(found):
    return {trend.first for trend in found.trends if trend.p_adjusted < 0.05}


def test_estimates_are_those_of_both_studies_and_one_holm_covers_them():
    drawn = tables(np.random.default_rng(0), slopes=(0, 0.02, 0, 0.03, 0, 0, 0))
    found = size_interaction(drawn, classes=CLASSES, control="none")
    alone = size_study(drawn, control="none")
    assert [t.per_tenfold for t in found.designs.trends] == [t.per_tenfold for t in alone.trends]
    assert found.members == {name: CLASSES[name] for name in ("sequential", "residual")}
    by_name = {t.first: t for t in found.designs.trends}
    for trend in found.classes:
        own = [by_name[name] for name in CLASSES[trend.first]]
        assert trend.per_tenfold == pytest.approx(np.mean([t.per_tenfold for t in own]))
        assert trend.degrees_of_freedom == min(t.degrees_of_freedom for t in own)
        for k, at in enumerate(trend.differences):
            expected = np.mean([t.differences[k].difference for t in own])
            assert at.difference == pytest.approx(expected)
            assert at.num_train == SIZES[k]
        t = scipy_stats.t(trend.degrees_of_freedom)
        errors = [
            (o.high - o.per_tenfold) / scipy_stats.t(o.degrees_of_freedom).ppf(0.975) for o in own
        ]
        assert trend.high - trend.per_tenfold == pytest.approx(np.mean(errors) * t.ppf(0.975))
        p_value = 2 * t.sf(abs(trend.per_tenfold) / np.mean(errors))
        assert trend.p_value == pytest.approx(p_value)
    p_values = [t.p_value for t in found.trends]
    expected = multipletests(p_values, method="holm")[1]
    assert [t.p_adjusted for t in found.trends] == pytest.approx(expected)
    assert found.num_comparisons == len(p_values) == 6 + 2


def test_a_planted_change_is_found_with_its_sign_and_so_is_that_of_its_class():
    slopes = (0, 0, 0, 0.05, 0.05, 0.05, -0.06)
    found = size_interaction(
        tables(np.random.default_rng(1), slopes=slopes, num_items=2003),
        classes=CLASSES,
        control="none",
    )
    assert shown(found) == {"residual", "rcsa", "arcsa", "grcsa", "ca"}
    by_name = {trend.first: trend for trend in found.trends}
    assert by_name["ca"].high < 0 < by_name["residual"].low
    assert by_name["residual"].low < 0.05 < by_name["residual"].high


def test_what_all_members_share_is_shown_by_their_class():
    """Their chance differences cancel in the mean, whose interval is as wide as theirs."""
    rng = np.random.default_rng(2)
    classes = {c: tuple(f"{c}{k}" for k in range(3)) for c in "abcdef"}
    names = ("none", *(name for members in classes.values() for name in members))
    slopes = (0, 0.1, 0.1, 0.1, *[0] * 15)
    found = [
        shown(
            size_interaction(
                tables(rng, names=names, slopes=slopes),
                classes=classes,
                control="none",
            )
        )
        for _ in range(20)
    ]
    by_class = sum("a" in of_one for of_one in found)
    assert by_class >= 14


@pytest.mark.parametrize("levels", [None, (0, 0.04, -0.04, 0.06, 0.02, 0, -0.08)])
def test_nothing_is_found_where_nothing_changes(levels):
    """At a rate of .05 more than 20 of 200 happen less than once in a thousand."""
    rng = np.random.default_rng(3)
    studies = [
        size_interaction(tables(rng, levels=levels), classes=CLASSES, control="none")
        for _ in range(200)
    ]
    assert sum(bool(shown(found)) for found in studies) <= 20


def test_what_can_be_seen_is_found_about_four_times_in_five():
    """The reach that one study estimates scatters by a fifth; that of the median study does not."""
    rng = np.random.default_rng(4)
    null = [size_interaction(tables(rng), classes=CLASSES, control="none") for _ in range(40)]
    reach = float(np.median([found.detectable_trend for found in null]))
    slopes = (0, reach, 0, 0, 0, 0, 0)
    found = [
        size_interaction(tables(rng, slopes=slopes), classes=CLASSES, control="none")
        for _ in range(120)
    ]
    # .72 in 150 such studies; of 120, three standard deviations are 15.
    assert 0.59 < np.mean(["csa" in shown(one) for one in found]) < 0.9


def test_detectable_effects_are_quantiles_times_the_error():
    effect = Effect(0.3, 0.3 - 0.02, 0.3 + 0.02, 11.0, 0.5)
    t = scipy_stats.t(11)
    error = 0.02 / t.ppf(0.975)
    assert detectable_effect(effect) == pytest.approx((t.ppf(0.975) + t.ppf(0.8)) * error)
    assert detectable_effect(effect, num_comparisons=7) == pytest.approx(
        (t.ppf(1 - 0.025 / 7) + t.ppf(0.8)) * error
    )


def test_members_that_some_size_lacks_are_left_out_of_their_class():
    drawn = tables(np.random.default_rng(5))
    kept = [name for name in NAMES if name != "sca"]
    values = [v for n, v in zip(NAMES, drawn[300].values, strict=True) if n in kept]
    drawn[300] = ItemTable(tuple(kept), tuple(values), True)
    found = size_interaction(drawn, classes=CLASSES, control="none")
    assert found.members == {"residual": CLASSES["residual"]}
    assert found.designs.left_out == ("sca",)
    nothing = size_interaction(drawn, classes={"single": ("ca",)}, control="none")
    assert nothing.classes == ()
    assert nothing.num_comparisons == 5


def test_single_runs_say_nothing():
    found = size_interaction(
        tables(np.random.default_rng(6), num_seeds=1), classes=CLASSES, control="none"
    )
    assert (found.trends, found.detectable_trend) == ((), None)

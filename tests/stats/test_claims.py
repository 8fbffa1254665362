"""Published claims: what makes one supported, contradicted or undecided."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from whatwhere.errors import UsageError
from whatwhere.stats.contrasts import Effect
from whatwhere.stats.hypotheses.claims import (
    Claim,
    LabelRule,
    Part,
    SizeRule,
    judge,
    label_rule_claim,
    run_effect,
    size_rule_claim,
)
from whatwhere.stats.hypotheses.published_rules import (
    DYNAMIC_GATING,
    LEARNED_FUSION,
    MULTI_SCALE,
    PUBLISHED_ORDER_RULE,
    PUBLISHED_SIZE_RULES,
)
from whatwhere.stats.simulate import MEAN_ACCURACY, simulated_sizes
from whatwhere.stats.table import ItemTable

NAMES = ("c_mssa", "c_cmssa", "c_and_safa", "bi_csafa", "none")
FEW = SizeRule(
    "few images",
    "multi-scale is best with fewer than 1,000 training images",
    first=("c_mssa", "c_cmssa"),
    rivals=(("c_and_safa", "bi_csafa"), ("none",)),
    below=1000,
)


def part(value, p_value):
    return Part("x exceeds y", Effect(value, value - 0.02, value + 0.02, 9.0, p_value))


def verdicts(*claims):
    return [finding.verdict for finding in judge([Claim("c", "s", parts) for parts in claims])]


def tables(*, gaps, sizes=(100, 300, 1000, 3000), num_seeds=5, seed=0):
    """The first two designs exceed the next two by a gap at each size."""
    gain = np.zeros((len(sizes), 5))
    gain[:, :2] = np.array(gaps)[:, None] - 0.1
    gain[:, 2:] = -0.1
    values = simulated_sizes(
        seed_sd=np.full(gain.shape, 0.006),
        gain=gain,
        num_seeds=num_seeds,
        num_items=1999,
        seed_correlation=0.3,
        rng=np.random.default_rng(seed),
    )
    return {
        size: ItemTable(NAMES, tuple(runs), True) for size, runs in zip(sizes, values, strict=True)
    }


def family_tables(accuracies, *, sizes=(300, 3000, 60_000), seed=0):
    """The published families, two designs each, with the accuracies given per family and size."""
    names = (*MULTI_SCALE, *LEARNED_FUSION, *DYNAMIC_GATING)
    accuracy = np.array([accuracies[name] for name in ("multi", "fusion", "gating")])
    values = simulated_sizes(
        seed_sd=np.full((len(sizes), 6), 0.006),
        gain=np.repeat(accuracy.T, 2, axis=1) - MEAN_ACCURACY,
        num_seeds=5,
        num_items=5000,
        rng=np.random.default_rng(seed),
    )
    return {
        size: ItemTable(names, tuple(runs), True) for size, runs in zip(sizes, values, strict=True)
    }


def test_all_parts_must_be_shown_and_one_opposite_is_enough():
    assert verdicts((part(0.05, 0.001), part(0.03, 0.01))) == ["supported"]
    assert verdicts((part(0.05, 0.001), part(0.03, 0.2))) == ["undecided"]
    assert verdicts((part(0.05, 0.001), part(-0.03, 0.2))) == ["undecided"]
    assert verdicts((part(0.05, 0.001), part(-0.05, 0.001))) == ["contradicted"]
    assert verdicts((part(0.05, 0.001), Part("z", None, "no size"))) == ["undecided"]
    assert verdicts((part(-0.05, 0.001), Part("z", None, "no size"))) == ["contradicted"]
    assert verdicts((part(0.05, 0.04),)) == ["supported"]
    assert verdicts((part(-0.05, 0.04),)) == ["contradicted"]
    assert verdicts((part(-0.05, 0.06),)) == ["undecided"]


def test_many_claims_are_corrected_together():
    """Alone p = .03 would do; among three it must pass Holm's steps."""
    assert verdicts((part(0.05, 0.03),)) == ["supported"]
    many = judge([Claim("c", "s", (part(0.05, 0.03),))] * 2 + [Claim("c", "s", (part(0.05, 0.9),))])
    assert [finding.verdict for finding in many] == ["undecided"] * 3
    assert [finding.p_support for finding in many] == pytest.approx([0.09, 0.09, 0.9])
    assert many[0].p_contradict == 1
    opposite = judge([Claim("c", "s", (part(-0.05, 0.01), part(0.1, 0.001), part(0.1, 0.001)))])
    assert opposite[0].p_contradict == pytest.approx(0.015)


def test_reasons_name_the_parts_with_their_intervals():
    good, bad, other = judge(
        [
            Claim("a", "s", (part(0.05, 0.001),)),
            Claim("b", "s", (part(-0.05, 0.001),)),
            Claim("c", "s", (Part("grows", Effect(0.5, -0.1, 1.1, 4, 0.1), in_points=False),)),
        ]
    )
    assert good.reason == "every part is shown: x exceeds y: +5.00 points (95 % +3.00 to +7.00)"
    assert bad.reason == "the opposite is shown: x exceeds y: -5.00 points (95 % -7.00 to -3.00)"
    assert other.reason == "grows: +0.50 (95 % -0.10 to +1.10)"


def test_a_planted_rule_is_supported():
    study = tables(gaps=[0.06, 0.06, -0.06, -0.06])
    (found,) = judge([size_rule_claim(study, rule=FEW)])
    assert found.verdict == "supported"
    families, alone = found.claim.parts
    assert families.sentence == (
        "c_mssa, c_cmssa exceed c_and_safa, bi_csafa below 1,000 training images"
    )
    assert alone.sentence == "c_mssa, c_cmssa exceed none below 1,000 training images"
    assert 0.04 < families.effect.low <= 0.06 <= families.effect.high
    assert 0.04 < alone.effect.low <= 0.06 <= alone.effect.high


def test_the_opposite_rule_is_contradicted_and_no_difference_is_undecided():
    (against,) = judge([size_rule_claim(tables(gaps=[-0.06, -0.06, 0.06, 0.06]), rule=FEW)])
    assert against.verdict == "contradicted"
    (nothing,) = judge([size_rule_claim(tables(gaps=[0.0] * 4, seed=1), rule=FEW)])
    assert nothing.verdict == "undecided"


def test_a_rule_says_nothing_of_sizes_outside_its_range():
    inside = [0.06, 0.06]
    (always,), (turned,) = (
        judge([size_rule_claim(tables(gaps=[*inside, *above]), rule=FEW)])
        for above in ([0.06, 0.06], [-0.06, -0.06])
    )
    assert always.verdict == turned.verdict == "supported"
    assert len(always.claim.parts) == len(FEW.rivals)


def test_best_is_better_than_every_rival_and_not_than_their_average():
    """The mean of a strong and of a weak rival lies below the family; the strong one does not."""
    study = family_tables({"multi": [0.5], "fusion": [0.8], "gating": [0.83]}, sizes=(3000,))
    medium = size_rule_claim(study, rule=PUBLISHED_SIZE_RULES[1])
    (found,) = judge([medium])
    assert found.verdict == "contradicted"
    assert "exceed gc_and_sa2, tgpfa from 1,000 to below 50,001 training images" in found.reason
    assert [round(part.effect.value, 2) for part in medium.parts] == [0.30, -0.03]


def test_three_rules_that_are_all_true_are_all_supported():
    study = family_tables(
        {"multi": [0.85, 0.78, 0.60], "fusion": [0.83, 0.80, 0.83], "gating": [0.60, 0.78, 0.85]}
    )
    found = judge([size_rule_claim(study, rule=rule) for rule in PUBLISHED_SIZE_RULES])
    assert [finding.verdict for finding in found] == ["supported"] * 3
    assert [finding.claim.name for finding in found] == ["few images", "medium", "many images"]


def test_a_rule_is_averaged_over_the_sizes_of_its_range():
    study = tables(gaps=[0.02, 0.04, 0.0, 0.0])
    effect = size_rule_claim(study, rule=FEW).parts[0].effect
    means = {
        size: np.mean([runs.mean() for runs in table.values[:2]])
        - np.mean([runs.mean() for runs in table.values[2:4]])
        for size, table in study.items()
    }
    assert effect.value == pytest.approx((means[100] + means[300]) / 2)


def test_a_rule_whose_sizes_were_not_studied_is_never_supported():
    small = tables(gaps=[0.06, 0.06], sizes=(100, 300))
    large = SizeRule("r", "s", ("c_mssa",), (("none",),), at_least=1000)
    (found,) = judge([size_rule_claim(small, rule=large)])
    assert found.verdict == "undecided"
    assert "not measured, no size of the study is there (100; 300)" in found.reason


@pytest.mark.parametrize(
    ("at_least", "below", "inside", "words"),
    [
        (0, 1000, (1, 999), "below 1,000 training images"),
        (1000, 50_001, (1000, 50_000), "from 1,000 to below 50,001 training images"),
        (50_001, None, (50_001, 10**7), "from 50,001 training images"),
    ],
)
def test_ranges(at_least, below, inside, words):
    rule = SizeRule("r", "s", ("a",), (("b",),), at_least=at_least, below=below)
    assert rule.where == words
    assert all(rule.holds_at(size) for size in inside)
    outside = [size for size in (at_least - 1, below) if size]
    assert not any(rule.holds_at(size) for size in outside if size > 0)


def test_designs_and_seeds_that_are_missing_are_named():
    study = tables(gaps=[0.06, 0.06, -0.06, -0.06])
    rule = SizeRule("r", "s", ("tgpfa", "c_mssa"), (("none",),), below=1000)
    (found,) = judge([size_rule_claim(study, rule=rule)])
    assert found.verdict == "undecided"
    assert "not measured, not run: tgpfa" in found.reason
    single = tables(gaps=[0.06, 0.06, -0.06, -0.06], num_seeds=1)
    (alone,) = judge([size_rule_claim(single, rule=FEW)])
    assert "one run each: how much runs vary is unknown" in alone.reason


def test_a_rule_for_fine_labels_must_be_more_than_a_rule_for_all():
    fine, coarse = tables(gaps=[0.08, 0.0], sizes=(1, 2), seed=2).values()
    rule = LabelRule("order", "spatial first", first=("c_mssa",), second=("none",))
    claim = label_rule_claim(fine, coarse, rule=rule)
    (found,) = judge([claim])
    assert found.verdict == "supported"
    assert claim.parts[1].effect.value == pytest.approx(
        (fine.values[0] - fine.values[4] - coarse.values[0] + coarse.values[4]).mean()
    )
    both, too = tables(gaps=[0.08, 0.08], sizes=(1, 2), seed=3).values()
    (general,) = judge([label_rule_claim(both, too, rule=rule)])
    assert general.verdict == "undecided"


def test_published_rules_name_known_designs_and_leave_no_size_out():
    from whatwhere.blocks.topologies import TOPOLOGIES

    known = {name for _, name, *_ in TOPOLOGIES}
    assert set(PUBLISHED_ORDER_RULE.first) | set(PUBLISHED_ORDER_RULE.second) <= known
    assert not set(PUBLISHED_ORDER_RULE.first) & set(PUBLISHED_ORDER_RULE.second)
    families = {MULTI_SCALE, LEARNED_FUSION, DYNAMIC_GATING}
    assert {name for family in families for name in family} <= known
    for rule in PUBLISHED_SIZE_RULES:
        assert {rule.first, *rule.rivals} == families
        assert len(rule.rivals) == 2
    for size in (1, 546, 999, 1000, 50_000, 50_001, 10**6):
        assert sum(rule.holds_at(size) for rule in PUBLISHED_SIZE_RULES) == 1
    assert [rule.where for rule in PUBLISHED_SIZE_RULES] == [
        "below 1,000 training images",
        "from 1,000 to below 50,001 training images",
        "from 50,001 training images",
    ]


def test_effects_over_seeds_are_students_t():
    values = np.array([0.3, 0.1, 0.5, 0.2, 0.6])
    found = run_effect(values)
    expected = scipy_stats.ttest_1samp(values, 0)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))
    assert run_effect(np.zeros(3)).p_value == 1
    assert run_effect(np.ones(3)).p_value == 0
    with pytest.raises(UsageError, match="needs two seeds or more, not 1"):
        run_effect(np.ones(1))

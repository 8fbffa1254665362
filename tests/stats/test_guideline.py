"""A rule by data set size: regret by hand, shuffles against enumeration, null and planted rules."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from whatwhere.errors import UnknownNameError, UsageError
from whatwhere.stats.hypotheses.guideline import check_guideline, smallest_shuffled_p

SCORES = {
    "breast": {"multi": 0.80, "fuse": 0.78, "none": 0.79},
    "retina": {"multi": 0.60, "fuse": 0.50, "none": 0.55},
    "blood": {"multi": 0.90, "fuse": 0.95, "none": 0.94},
    "path": {"multi": 0.80, "fuse": 0.89, "none": 0.90},
}
SIZES = {"breast": 546, "retina": 700, "blood": 11_959, "path": 89_996}


def rule(num_train):
    return ("multi",) if num_train < 1000 else ("fuse",)


def drawn(num_sets, *, effect, rng):
    """Half of the data sets are small; the rule's choice gains where it applies."""
    names = [f"d{number:02}" for number in range(num_sets)]
    sizes = {name: 500 if k < num_sets // 2 else 5000 for k, name in enumerate(names)}
    scores = {}
    for name in names:
        level = rng.uniform(0.6, 0.9)
        scores[name] = {d: level + rng.normal(0, 0.01) for d in ("multi", "fuse", "none")}
        scores[name][rule(sizes[name])[0]] += effect
    return scores, sizes


def test_regret_by_hand():
    """The default of breast is "none": 2.39 on the others, where multi has 2.30 and fuse 2.34."""
    found = check_guideline(SCORES, SIZES, rule)
    assert found.choices == (("multi",), ("multi",), ("fuse",), ("fuse",))
    assert found.regret.defaults == ("none", "none", "none", "multi")
    expected = [0.79 - 0.80, 0.55 - 0.60, 0.94 - 0.95, 0.80 - 0.89]
    assert found.regret.per_data_set == pytest.approx(expected)
    # Nadeau and Bengio: 1/D + 1/(D - 1) in place of 1/D.
    error = np.std(expected, ddof=1) * np.sqrt(1 / 4 + 1 / 3)
    width = scipy_stats.t.ppf(0.975, 3) * error
    assert found.regret.mean == pytest.approx(-0.04)
    assert (found.regret.low, found.regret.high) == pytest.approx((-0.04 - width, -0.04 + width))
    assert found.regret.p_value == pytest.approx(2 * scipy_stats.t.sf(0.04 / error, 3))
    assert found.verdict == "undecided"


def test_shuffles_agree_with_all_orders():
    found = check_guideline(SCORES, SIZES, rule)
    means = [
        np.mean([SCORES[name][rule(size)[0]] for name, size in zip(SCORES, order, strict=True)])
        for order in itertools.permutations(SIZES.values())
    ]
    score = (0.80 + 0.60 + 0.95 + 0.89) / 4
    assert found.shuffled.score == pytest.approx(score)
    assert found.shuffled.expected == pytest.approx(np.mean(means))
    exact = np.mean([mean >= score - 1e-12 for mean in means])
    assert exact == pytest.approx(1 / 6)
    # Standard error .004.
    assert found.shuffled.p_value == pytest.approx(exact, abs=0.015)
    assert found.shuffled.smallest_p == pytest.approx(1 / 6)
    assert found.notes == (
        "With 4 data sets only a rule that nearly always holds can pass.",
        "Shuffled sizes cannot give a p below 0.17 here: too few data sets lie on different sides"
        " of the rule's bounds.",
    )


def test_several_designs_of_a_choice_count_by_their_mean():
    found = check_guideline(SCORES, SIZES, lambda size: ("multi", "none"))
    assert found.regret.per_data_set[0] == pytest.approx(0.79 - (0.80 + 0.79) / 2)
    assert found.shuffled is None
    assert found.withheld == {"shuffled": "the rule chooses the same for all of these sizes"}


def test_smallest_p():
    assert smallest_shuffled_p([("a",)] * 5 + [("b",)] * 5) == pytest.approx(1 / 252)
    assert smallest_shuffled_p([("a",), ("b",), ("c",)]) == pytest.approx(1 / 6)
    assert smallest_shuffled_p([("a",)] * 7) == 1


def test_a_strong_law_is_found_and_no_law_is_not():
    rng = np.random.default_rng(0)
    strong = [check_guideline(*drawn(11, effect=0.04, rng=rng), rule) for _ in range(20)]
    assert np.mean([found.shuffled.p_value < 0.05 for found in strong]) >= 0.9
    assert np.mean([found.verdict == "supported" for found in strong]) >= 0.6
    assert not any(found.verdict == "contradicted" for found in strong)
    none = [
        check_guideline(*drawn(11, effect=0.0, rng=rng), rule, num_shuffles=499) for _ in range(200)
    ]
    # At a rate of .05 more than 21 of 200 happen less than once in a thousand.
    assert sum(found.shuffled.p_value < 0.05 for found in none) <= 21
    assert np.mean([found.shuffled.p_value for found in none]) == pytest.approx(0.5, abs=0.08)
    assert sum(found.regret.high < 0 for found in none) <= 14
    assert sum(found.verdict != "undecided" for found in none) <= 14


def test_a_leading_default_contradicts_the_rule():
    rng = np.random.default_rng(3)
    scores, sizes = drawn(9, effect=0.0, rng=rng)
    for of_set in scores.values():
        of_set["none"] += 0.05
    found = check_guideline(scores, sizes, rule)
    assert found.regret.low > 0
    assert set(found.regret.defaults) == {"none"}
    assert found.verdict == "contradicted"


def test_regret_alone_does_not_support_a_rule():
    """A rule may gain by one design that is good everywhere, whatever the sizes."""
    names = [f"d{number}" for number in range(7)]
    scores = {
        name: {"multi": 0.80 + 0.001 * k, "fuse": 0.80, "none": 0.7} for k, name in enumerate(names)
    }
    sizes = dict.fromkeys(names[:6], 500) | {"d6": 5000}
    found = check_guideline(scores, sizes, rule)
    regret = dataclasses.replace(found.regret, mean=-0.05, low=-0.08, high=-0.02)
    shuffled = dataclasses.replace(found.shuffled, p_value=0.04)
    verdict = {
        p: dataclasses.replace(
            found, regret=regret, shuffled=p and dataclasses.replace(shuffled, p_value=p)
        ).verdict
        for p in (0.04, 0.06, None)
    }
    assert verdict == {0.04: "supported", 0.06: "undecided", None: "undecided"}


def test_two_data_sets_have_no_regret():
    few = {name: SCORES[name] for name in ("breast", "path")}
    found = check_guideline(few, SIZES, rule)
    assert found.regret is None
    assert found.verdict == "undecided"
    assert found.withheld["regret"] == "needs 3 data sets, there are 2"
    assert found.shuffled is not None


def test_what_cannot_be_tested_is_refused():
    with pytest.raises(UsageError, match="no size is given for blood, path"):
        check_guideline(SCORES, {"breast": 546, "retina": 700}, rule)
    with pytest.raises(UsageError, match="two or more data sets of known size"):
        check_guideline({"breast": SCORES["breast"]}, SIZES, rule)
    with pytest.raises(UnknownNameError, match="unknown design run on every data set 'multy'"):
        check_guideline(SCORES, SIZES, lambda size: ("multy",))
    with pytest.raises(UsageError, match="chooses no design"):
        check_guideline(SCORES, SIZES, lambda size: ())

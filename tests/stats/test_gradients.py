"""Gradients of residual wirings: ratios paired by seed, and a claim with two opponents."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from whatwhere.stats.hypotheses.claims import judge
from whatwhere.stats.hypotheses.gradients import gradient_claim, gradient_ratio
from whatwhere.stats.hypotheses.published_rules import (
    PUBLISHED_SIZE_RULES,
    RESIDUAL_COUNTERPARTS,
    published_choice,
)

PAIRS = {"rcsa": "csa", "grcsa": "csa"}
GAINS = {"rcsa": "gain_1.25", "grcsa": "gain_0.65"}


def recorded(rng, *, path=2.0, beyond_gain=1.0, spread=0.05, num_seeds=5):
    """Constants of the same gain pass on what the wiring does, divided by `beyond_gain`."""
    shared = np.exp(rng.normal(0, 0.5, num_seeds))  # one seed starts all designs alike
    level = {"csa": 1.0, "rcsa": path, "grcsa": path}
    level |= {"gain_1.25": path / beyond_gain, "gain_0.65": path / beyond_gain}
    return {
        name: dict(enumerate(value * shared * np.exp(rng.normal(0, spread, num_seeds))))
        for name, value in level.items()
    }


def test_ratios_by_hand():
    gradients = {"rcsa": {0: 2.0, 1: 6.0, 3: 9.9}, "csa": {0: 1.0, 1: 2.0, 2: 7.7}}
    found = gradient_ratio(gradients, first="rcsa", second="csa")
    logs = np.log([2.0, 3.0])
    expected = scipy_stats.ttest_1samp(logs, 0)
    assert found.logarithm.value == pytest.approx(np.log(6) / 2)
    assert found.logarithm.p_value == pytest.approx(expected.pvalue)
    assert found.logarithm.low == pytest.approx(expected.confidence_interval().low)
    turned = gradient_ratio(gradients, first="csa", second="rcsa")
    assert turned.logarithm.value == pytest.approx(-found.logarithm.value)
    assert turned.logarithm.high == pytest.approx(-found.logarithm.low)


def test_pairing_removes_what_a_seed_does_to_all_designs():
    found = gradient_ratio(recorded(np.random.default_rng(0)), first="rcsa", second="csa")
    assert found.logarithm.high - found.logarithm.low < 0.3
    assert found.logarithm.low < np.log(2) < found.logarithm.high


def test_the_claim_averages_over_wirings_within_each_seed():
    gradients = recorded(np.random.default_rng(1))
    path, gain = gradient_claim(gradients, counterparts=PAIRS, gains=GAINS).parts
    for part, opponents in ((path, PAIRS), (gain, GAINS)):
        logs = [
            np.mean([np.log(gradients[r][s] / gradients[o][s]) for r, o in opponents.items()])
            for s in range(5)
        ]
        assert part.effect.value == pytest.approx(np.mean(logs))
        assert part.effect.p_value == pytest.approx(scipy_stats.ttest_1samp(logs, 0).pvalue)
        assert part.effect.degrees_of_freedom == 4
        assert not part.in_points


@pytest.mark.parametrize(
    ("path", "beyond_gain", "verdict"),
    [(2.0, 1.5, "supported"), (2.0, 0.7, "contradicted"), (0.6, 1.5, "contradicted")],
)
def test_both_opponents_decide(path, beyond_gain, verdict):
    gradients = recorded(np.random.default_rng(2), path=path, beyond_gain=beyond_gain)
    (found,) = judge([gradient_claim(gradients, counterparts=PAIRS, gains=GAINS)])
    assert found.verdict == verdict


def test_a_gain_effect_alone_is_rarely_taken_for_more():
    """The counterpart is beaten by gain; the constant of that gain is not. 5 % of 300 are 15."""
    rng = np.random.default_rng(3)
    found = [
        judge([gradient_claim(recorded(rng), counterparts=PAIRS, gains=GAINS)])[0].verdict
        for _ in range(300)
    ]
    assert found.count("supported") + found.count("contradicted") <= 28
    assert found.count("supported") <= 18


def test_what_was_not_run_is_named_and_leaves_the_claim_open():
    gradients = recorded(np.random.default_rng(4), beyond_gain=2.0)
    del gradients["gain_0.65"]
    claim = gradient_claim(gradients, counterparts=PAIRS, gains=GAINS)
    assert claim.parts[1].missing == "not run: gain_0.65"
    assert judge([claim])[0].verdict == "undecided"
    gradients["csa"] = {7: 1.0, 0: 1.0}
    ratio = gradient_ratio(gradients, first="rcsa", second="csa")
    assert ratio.logarithm is None
    assert ratio.missing == "needs 2 seeds that all of them finished, there are 1"


def test_counterparts_are_the_wiring_without_its_input_path():
    from whatwhere.blocks.topologies import TOPOLOGIES

    wirings = {row[1]: row[4] for row in TOPOLOGIES}
    families = {row[1]: row[2] for row in TOPOLOGIES}
    for residual, other in RESIDUAL_COUNTERPARTS.items():
        assert wirings[other] in wirings[residual]
        assert wirings[residual].replace(wirings[other], "").count("x") >= 1
    published = {name for name, family in families.items() if family == "residual"}
    assert published <= set(RESIDUAL_COUNTERPARTS)


def test_the_choice_of_the_rules():
    assert published_choice(999) == PUBLISHED_SIZE_RULES[0].first
    assert published_choice(1000) == published_choice(50_000) == PUBLISHED_SIZE_RULES[1].first
    assert published_choice(50_001) == PUBLISHED_SIZE_RULES[2].first

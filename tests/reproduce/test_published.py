"""Checks of published numbers: what arithmetic excludes, and what rounding still allows."""

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from whatwhere.errors import UsageError
from whatwhere.stats.printed import read_printed
from whatwhere.stats.published import (
    ScoredOn,
    decision_auc,
    difference_flaw,
    flaws_of_row,
    possible_num_runs,
)
from whatwhere.stats.scoring.scores import values_per_image

CIFAR100 = ScoredOn(num_items=10_000, num_classes=100, balanced=True)


def flaws(test=CIFAR100, **printed):
    return flaws_of_row("row", {name: read_printed(text) for name, text in printed.items()}, test)


@pytest.mark.parametrize(
    ("text", "value", "half"),
    [
        ("93.42 %", 0.9342, 0.00005),
        ("0.812", 0.812, 0.0005),
        ("+1.52 points", 0.0152, 0.00005),
        ("-0.4 points", -0.004, 0.0005),
        ("6.4 M", 6.4e6, 0.05e6),
        ("1,206,322", 1_206_322, 0.0),
        ("2 %", 0.02, 0.005),
    ],
)
def test_a_printed_number_knows_its_rounding(text, value, half):
    printed = read_printed(text)
    assert printed.value == pytest.approx(value, abs=1e-12)
    assert printed.half == pytest.approx(half, abs=1e-12)


@pytest.mark.parametrize("text", ["", "many", "12 apples", "1.2.3", "0,5 %x"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(UsageError, match=r"is no printed number: expected 93\.42 %"):
        read_printed(text)


@pytest.mark.parametrize(
    ("accuracy", "recall"),
    [
        ("0.812", "0.789"),
        ("0.836", "0.817"),
        ("0.849", "0.833"),
        ("0.862", "0.847"),
        ("0.889", "0.868"),
    ],
)
def test_recall_beside_accuracy_on_a_balanced_test(accuracy, recall):
    (flaw, *rest) = [f for f in flaws(accuracy=accuracy, recall=recall) if f.impossible]
    assert rest == []
    assert flaw.check == "recall"
    assert flaw.metrics == ("accuracy", "recall")
    assert f"accuracy {accuracy} and recall {recall} differ by" in flaw.sentence


def test_recall_may_differ_by_rounding_and_on_unbalanced_tests():
    assert flaws(accuracy="81.2 %", recall="0.812") == []
    assert flaws(accuracy="81 %", recall="0.812") == []
    assert [f.check for f in flaws(accuracy="81 %", recall="0.816")] == ["recall"]
    unbalanced = ScoredOn(num_items=10_000, num_classes=100, balanced=False)
    assert flaws(unbalanced, accuracy="0.812", recall="0.789") == []


def test_recall_equals_accuracy_on_balanced_answers():
    """The identity itself, on answers of our own."""
    rng = np.random.default_rng(7)
    label = np.repeat(np.arange(11), 13)
    said = np.where(rng.random(len(label)) < 0.6, label, rng.integers(0, 11, len(label)))
    assert recall_score(label, said, average="macro") == pytest.approx((said == label).mean())


@pytest.mark.parametrize("runs", [1, 2, 3, 5])
def test_every_real_count_is_found_possible(runs):
    rng = np.random.default_rng(runs)
    for _ in range(200):
        right = rng.integers(0, 157, runs)
        share = right.sum() / (156 * runs)
        printed = read_printed(f"{100 * share:.1f} %")
        found = possible_num_runs(printed, num_items=156)
        assert 1 <= found <= runs


def test_counts_that_no_run_can_give():
    one = ScoredOn(num_items=156, num_classes=2, balanced=False, num_runs=1)
    (flaw,) = flaws(one, accuracy="86.3 %")
    assert flaw.impossible
    assert flaw.sentence == "no count of right answers in one run on 156 images is 86.3 %"
    three = ScoredOn(num_items=156, num_classes=2, balanced=False, num_runs=3)
    assert flaws(three, accuracy="86.3 %") == []
    unknown = ScoredOn(num_items=156, num_classes=2, balanced=False)
    (doubt,) = flaws(unknown, accuracy="86.3 %")
    assert not doubt.impossible
    assert "not the share of any one run on 156 images; a mean of 3 runs could be" in doubt.sentence
    assert flaws(CIFAR100, accuracy="93.42 %", top5="99.80 %") == []


def test_auc_of_two_classes_has_a_floor():
    two = ScoredOn(num_items=1000, num_classes=2, balanced=True)
    (flaw,) = [f for f in flaws(two, accuracy="0.900", auc="0.780") if f.impossible]
    assert "on a balanced test of two classes it is at least 0.799" in flaw.sentence
    assert not any(f.impossible for f in flaws(two, accuracy="0.900", auc="0.800"))


def test_the_floor_of_two_classes_is_reached_and_never_broken():
    """A curve through (0, tpr) that gains nothing before the end has an area of tpr."""
    label = np.repeat([0, 1], 50)
    value = np.where(label == 1, 2.0, 1.0)
    value[50:70] = 0.0  # twenty positives below every negative
    accuracy = np.mean((value > 1.5) == (label == 1))
    assert accuracy == 0.8
    assert roc_auc_score(label, value) == pytest.approx(2 * accuracy - 1)


def test_auc_of_bare_answers():
    rng = np.random.default_rng(3)
    label = np.repeat(np.arange(7), 11)
    said = np.where(rng.random(len(label)) < 0.7, label, rng.integers(0, 7, len(label)))
    scores = np.eye(7)[said]
    area = roc_auc_score(label, scores, multi_class="ovr", average="macro")
    assert decision_auc((said == label).mean(), num_classes=7) == pytest.approx(area)


def test_auc_below_bare_answers_is_doubtful_not_impossible():
    (doubt,) = flaws(accuracy="0.812", auc="0.873")
    assert not doubt.impossible
    assert "without any confidence, have a macro AUC of 0.905" in doubt.sentence
    assert flaws(accuracy="0.889", auc="0.953") == []


def test_top5_includes_top1():
    (flaw,) = flaws(accuracy="73.5 %", top5="70.0 %")
    assert flaw.impossible
    assert "top-5 70.0 % is below top-1 73.5 %" in flaw.sentence


def test_shares_stay_between_0_and_1():
    (flaw,) = flaws(precision="101.0 %")
    assert flaw.check == "range"


def test_differences_agree_within_rounding():
    of, minus = read_printed("96.5 %"), read_printed("94.2 %")

    def flaw(text):
        return difference_flaw("row", "accuracy", printed=read_printed(text), of=of, minus=minus)

    assert flaw("+2.3 points") is None
    assert flaw("+2.4 points") is None
    assert flaw("+2.6 points").sentence == (
        "the printed difference +2.6 points is not 96.5 % minus 94.2 %"
    )


def test_values_per_image_are_those_of_scikit_learn():
    rng = np.random.default_rng(5)
    label = rng.integers(0, 11, 307)
    logit = rng.normal(size=(307, 11)) + 2 * np.eye(11)[label]
    said = logit.argmax(axis=1)
    top5 = np.mean([label[i] in np.argsort(-logit[i])[:5] for i in range(307)])
    expected = {
        "accuracy": (said == label).mean(),
        "top5": top5,
        "recall": recall_score(label, said, average="macro"),
        "precision": precision_score(label, said, average="macro"),
    }
    for name, value in expected.items():
        assert values_per_image(name, logit, label).mean() == pytest.approx(value, abs=1e-12)
    with pytest.raises(LookupError, match="unknown score 'recal'; did you mean 'recall'"):
        values_per_image("recal", logit, label)

"""One model's scores beside scikit-learn's, their intervals, and what has no value."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics

from whatwhere.stats.scoring.evaluation import evaluate, wilson

NAMES = ("ant", "bee", "owl")


def answers(number=401, *, num_classes=3, seed=0, skill=1.0):
    rng = np.random.default_rng(seed)
    label = rng.choice(num_classes, number, p=_shares(num_classes))
    logit = rng.normal(size=(number, num_classes))
    logit[np.arange(number), label] += skill
    return logit, label


def _shares(num_classes):
    weights = np.arange(1, num_classes + 1)
    return weights / weights.sum()


def test_scores_are_those_of_scikit_learn():
    logit, label = answers()
    said, probability = logit.argmax(axis=1), softmax(logit, axis=1)
    found = evaluate(logit, label, class_names=NAMES)
    expected = {
        "accuracy": metrics.accuracy_score(label, said),
        "balanced-accuracy": metrics.balanced_accuracy_score(label, said),
        "precision": metrics.precision_score(label, said, average="macro"),
        "macro-f1": metrics.f1_score(label, said, average="macro"),
        "auc": metrics.roc_auc_score(label, probability, multi_class="ovr", average="macro"),
        "nll": metrics.log_loss(label, probability),
    }
    for name, value in expected.items():
        assert found.score(name).value == pytest.approx(value, abs=1e-9), name
    precision, recall, f1, count = metrics.precision_recall_fscore_support(label, said)
    for number, row in enumerate(found.classes):
        assert (row.name, row.count) == (NAMES[number], count[number])
        assert (row.precision, row.recall, row.f1) == pytest.approx(
            (precision[number], recall[number], f1[number])
        )
    assert np.array_equal(found.confusion, metrics.confusion_matrix(label, said))


def test_two_classes_have_one_auc_named_by_its_class():
    logit, label = answers(num_classes=2)
    found = evaluate(logit, label, class_names=("sick", "well")).score("auc")
    assert found.title == "AUC, of 'well' against 'sick'"
    assert found.value == pytest.approx(metrics.roc_auc_score(label, logit[:, 1] - logit[:, 0]))


def test_top_five_comes_with_ten_classes():
    logit, label = answers(num_classes=10)
    names = tuple("abcdefghij")
    found = evaluate(logit, label, class_names=names)
    expected = metrics.top_k_accuracy_score(label, logit, k=5)
    assert found.score("top5").value == pytest.approx(expected)
    nine = evaluate(*answers(num_classes=9), class_names=names[:9])
    assert "top5" not in [score.name for score in nine.scores]


def test_ties_do_not_help_in_the_top_five():
    found = evaluate(np.zeros((7, 10)), np.arange(7), class_names=tuple("abcdefghij"))
    assert found.score("top5").value == 1.0  # nothing is above the true class


@pytest.mark.parametrize("name", ["balanced-accuracy", "precision", "macro-f1", "auc", "nll"])
def test_intervals_cover_the_truth(name):
    """200 samples of one population; the truth is a sample of half a million."""
    truth = evaluate_one(name, 200_000, seed=99)
    hits = 0
    for seed in range(200):
        score = evaluate_one_score(name, 301, seed=seed)
        hits += score.low <= truth <= score.high
    assert hits >= 180  # 190 expected


def evaluate_one_score(name, number, *, seed):
    from whatwhere.stats.scoring import evaluation

    logit, label = answers(number, seed=seed)
    scores = evaluation._scores(logit, label, NAMES, None)
    return next(score for score in scores if score.name == name)


def evaluate_one(name, number, *, seed):
    return evaluate_one_score(name, number, seed=seed).value


def test_a_class_without_images_leaves_some_scores_out_and_says_why():
    logit, label = answers()
    kept = label != 1
    found = evaluate(logit[kept], label[kept], class_names=NAMES)
    assert found.score("accuracy").value is not None
    for name in ("balanced-accuracy", "macro-f1", "auc"):
        assert found.score(name).value is None
        assert "there is none of class 1" in found.score(name).note
    row = found.classes[1]
    assert (row.count, row.recall) == (0, None)
    assert row.precision == 0.0


def test_a_class_that_is_never_called_counts_as_zero_precision():
    logit, label = answers()
    logit[:, 2] = -9.0
    found = evaluate(logit, label, class_names=NAMES)
    said = logit.argmax(axis=1)
    expected = metrics.precision_score(label, said, average="macro", zero_division=0)
    assert found.score("precision").value == pytest.approx(expected)
    assert found.classes[2].precision is None


def test_wilson_by_hand():
    # Wilson's own formula at 8 of 10.
    z, share, number = 1.959963984540054, 0.8, 10
    middle = (share + z**2 / (2 * number)) / (1 + z**2 / number)
    width = z / (1 + z**2 / number) * np.sqrt(share * 0.2 / number + z**2 / (4 * number**2))
    assert wilson(8, 10) == pytest.approx((middle - width, middle + width))


def test_the_temperature_comes_from_the_validation_images_alone():
    logit, label = answers(skill=2.0)
    validation = answers(997, seed=5, skill=2.0)
    found = evaluate(
        3 * logit, label, class_names=NAMES, validation=(3 * validation[0], validation[1])
    )
    other = evaluate(
        3 * logit,
        label[::-1].copy(),
        class_names=NAMES,
        validation=(3 * validation[0], validation[1]),
    )
    assert found.temperature == other.temperature
    assert 1.2 < found.temperature < 1.8  # three times too sharp, of a half that would be right
    assert found.calibrated.nll < found.calibration.nll
    assert evaluate(logit, label, class_names=NAMES).calibrated is None


def test_one_image_is_scored_without_intervals_of_spread():
    found = evaluate(np.array([[2.0, 0.0]]), np.array([0]), class_names=("a", "b"))
    assert found.score("accuracy").value == 1.0
    assert found.score("nll").low is None

"""Scores against scikit-learn, their variances against other derivations and the bootstrap."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from whatwhere.errors import DataError, UnknownNameError
from whatwhere.stats.scoring.metrics import (
    METRICS,
    brier,
    influence,
    negative_log_likelihood,
    score,
)


def predictions(*, num_items=197, num_classes=5, seed=0, steps=None):
    """Return logits and unbalanced labels; every class has images. With `steps`, many ties."""
    rng = np.random.default_rng(seed)
    share = np.arange(1, num_classes + 1) / np.arange(1, num_classes + 1).sum()
    label = np.concatenate(
        [
            np.repeat(np.arange(num_classes), 3),
            rng.choice(num_classes, num_items - 3 * num_classes, p=share),
        ]
    )
    logit = rng.normal(0, 1, (num_items, num_classes))
    logit[np.arange(num_items), label] += 1.1
    return (np.round(logit * steps) / steps if steps else logit), label


def softmax(logit):
    exponent = np.exp(logit - logit.max(axis=1, keepdims=True))
    return exponent / exponent.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("num_classes", [2, 3, 7])
@pytest.mark.parametrize("steps", [None, 2])
def test_scores_equal_scikit_learn(num_classes, steps):
    logit, label = predictions(num_classes=num_classes, steps=steps)
    guess = logit.argmax(axis=1)
    expected = {
        "accuracy": sklearn_metrics.accuracy_score(label, guess),
        "balanced-accuracy": sklearn_metrics.balanced_accuracy_score(label, guess),
        "macro-f1": sklearn_metrics.f1_score(label, guess, average="macro"),
    }
    for name, value in expected.items():
        assert score(name, logit, label) == pytest.approx(value, abs=1e-13)


@pytest.mark.parametrize("num_classes", [3, 7])
def test_auc_of_several_classes_equals_scikit_learn(num_classes):
    logit, label = predictions(num_classes=num_classes)
    expected = sklearn_metrics.roc_auc_score(label, softmax(logit), multi_class="ovr")
    assert score("auc", logit, label) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("steps", [None, 1, 2])
def test_auc_of_two_classes_equals_scikit_learn_with_ties_at_half(steps):
    logit, label = predictions(num_classes=2, steps=steps)
    expected = sklearn_metrics.roc_auc_score(label, logit[:, 1] - logit[:, 0])
    assert score("auc", logit, label) == pytest.approx(expected, abs=1e-13)


def test_auc_by_hand():
    """Positives at 3, 1, 1 and negatives at 2, 1: of 6 pairs 2 + .5 + .5 are in order."""
    logit = np.array([[0, 3], [0, 1], [0, 1], [0, 2], [0, 1]])
    assert score("auc", logit, np.array([1, 1, 1, 0, 0])) == pytest.approx(0.5)


def test_auc_ranks_what_rounding_of_probabilities_would_tie():
    logit = np.array([[0, 90.0], [0, 80.0], [0, 70.0], [0, 60.0]])
    label = np.array([1, 1, 0, 0])
    assert len(set(softmax(logit)[:, 1])) == 1
    assert score("auc", logit, label) == 1


def test_balanced_accuracy_by_hand():
    """Class 0: 1 of 2 right; class 1: 3 of 3. psi_0 = 3/4 + 5/(2 x 2) (right - 1/2) sqrt(2)."""
    logit = np.array([[1, 0], [0, 1], [0, 1], [0, 1], [0, 1]])
    values = influence("balanced-accuracy", logit, np.array([0, 0, 1, 1, 1]))
    part = 5 / 4 * 0.5 * np.sqrt(2)
    np.testing.assert_allclose(values, [0.75 + part, 0.75 - part, 0.75, 0.75, 0.75], rtol=1e-14)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("num_classes", [2, 5])
def test_the_mean_of_influence_values_is_the_score(name, num_classes):
    logit, label = predictions(num_classes=num_classes, steps=3)
    values = influence(name, logit, label)
    assert values.shape == (197,)
    assert values.dtype == np.float64
    assert values.mean() == pytest.approx(score(name, logit, label), abs=1e-13)


def delong_variance(value, label):
    """Variance of a binary AUC from the 1988 paper, in loops over pairs."""
    positive, negative = value[label == 1], value[label == 0]
    kernel = [[(x > y) + 0.5 * (x == y) for y in negative] for x in positive]
    v10 = [sum(row) / len(negative) for row in kernel]
    v01 = [sum(row[j] for row in kernel) / len(positive) for j in range(len(negative))]
    area = sum(v10) / len(positive)
    s10 = sum((v - area) ** 2 for v in v10) / (len(positive) - 1)
    s01 = sum((v - area) ** 2 for v in v01) / (len(negative) - 1)
    return s10 / len(positive) + s01 / len(negative)


@pytest.mark.parametrize("steps", [None, 2])
def test_influence_variance_of_auc_is_delongs(steps):
    logit, label = predictions(num_items=83, num_classes=2, steps=steps)
    expected = delong_variance(logit[:, 1] - logit[:, 0], label)
    assert influence("auc", logit, label).var() / 83 == pytest.approx(expected, rel=1e-12)


def test_influence_variance_of_balanced_accuracy_is_that_of_strata():
    logit, label = predictions()
    right = logit.argmax(axis=1) == label
    expected = sum(right[label == c].var(ddof=1) / (label == c).sum() for c in range(5)) / 25
    assert influence("balanced-accuracy", logit, label).var() / 197 == pytest.approx(expected)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("num_classes", [2, 5])
def test_influence_variance_agrees_with_the_bootstrap(name, num_classes):
    """700 draws know a variance to 5.4 %; 20 % is a claim wrong by chance once in 5,000."""
    logit, label = predictions(num_items=1009, num_classes=num_classes)
    rng = np.random.default_rng(1)
    draws = []
    for _ in range(700):
        chosen = rng.integers(0, 1009, 1009)
        draws.append(score(name, logit[chosen], label[chosen]))
    expected = influence(name, logit, label).var() / 1009
    assert np.var(draws) == pytest.approx(expected, rel=0.2)


def test_negative_log_likelihood_and_brier_equal_scikit_learn():
    logit, label = predictions()
    probability = softmax(logit)
    expected = sklearn_metrics.log_loss(label, probability)
    assert negative_log_likelihood(logit, label).mean() == pytest.approx(expected, abs=1e-13)
    one_hot = np.eye(5)[label]
    expected = ((probability - one_hot) ** 2).sum(axis=1)
    np.testing.assert_allclose(brier(logit, label), expected, atol=1e-14)


def test_losses_of_extreme_logits_are_finite():
    logit, label = np.array([[1000.0, 0.0], [1000.0, 0.0]]), np.array([0, 1])
    assert negative_log_likelihood(logit, label).tolist() == [0, 1000]
    assert brier(logit, label).tolist() == [0, 2]


@pytest.mark.parametrize("name", ["balanced-accuracy", "macro-f1", "auc"])
def test_a_class_without_images_is_an_error_that_says_so(name):
    logit = np.zeros((3, 4))
    message = f"{name} needs .* 4 classes, but there is none of class 1, 3; use accuracy"
    with pytest.raises(DataError, match=message):
        score(name, logit, np.array([0, 2, 2]))


def test_accuracy_needs_no_image_of_every_class():
    assert score("accuracy", np.array([[1, 0, 0], [0, 1, 0]]), np.array([0, 0])) == 0.5


@pytest.mark.parametrize("name", METRICS)
def test_perfect_and_one_class_predictions(name):
    label = np.array([0, 1, 2, 0, 1, 2, 2])
    perfect = 9.0 * np.eye(3)[label]
    assert influence(name, perfect, label).tolist() == pytest.approx([1] * 7, abs=1e-15)
    constant = np.zeros((7, 3))
    expected = {"accuracy": 2 / 7, "balanced-accuracy": 1 / 3, "macro-f1": 4 / 27, "auc": 0.5}
    assert score(name, constant, label) == pytest.approx(expected[name], abs=1e-14)


def test_wrong_input_is_refused():
    with pytest.raises(UnknownNameError, match="unknown metric 'acuracy'; did you mean 'accuracy'"):
        score("acuracy", np.zeros((2, 2)), np.array([0, 1]))
    with pytest.raises(DataError, match="class indices from 0 to 1, but they range from 0 to 2"):
        score("accuracy", np.zeros((2, 2)), np.array([0, 2]))
    with pytest.raises(DataError, match=r"not shapes \(2, 2\) and \(3,\)"):
        score("accuracy", np.zeros((2, 2)), np.array([0, 1, 1]))
    with pytest.raises(DataError, match="not finite"):
        brier(np.array([[0.0, np.nan]]), np.array([0]))

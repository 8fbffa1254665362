"""Calibration errors by hand and beside torchmetrics; the null band; the temperature."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from whatwhere.stats.scoring.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability,
    sweep_calibration_error,
    top_label,
    with_null_band,
)


def answers(number, *, seed, num_classes=7, sharpness=1.0):
    """Logits of a perfectly calibrated model, sharpened, and labels drawn from the true ones."""
    rng = np.random.default_rng(seed)
    logit = 1.7 * rng.normal(size=(number, num_classes))
    label = (softmax(logit, axis=1).cumsum(axis=1) < rng.random((number, 1))).sum(axis=1)
    return sharpness * logit, label


def test_three_answers_by_hand():
    # Two of 1.0 that are right and one of 0.6 that is: |1 - 0.6| / 3.
    error = expected_calibration_error(np.array([1.0, 1.0, 0.6]), np.array([1.0, 1.0, 1.0]))
    assert error == pytest.approx(0.4 / 3)


def test_a_bin_holds_its_upper_edge():
    right = np.array([1.0, 0.0])
    # With two bins 0.5 and 0.5001 are apart: |0.5 - 1|, |0.5001 - 0|.
    apart = expected_calibration_error(np.array([0.5, 0.5001]), right, num_bins=2)
    assert apart == pytest.approx((0.5 + 0.5001) / 2)
    together = expected_calibration_error(np.array([0.5, 0.4999]), right, num_bins=2)
    assert together == pytest.approx(0.0001 / 2)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_equal_widths_agree_with_torchmetrics(sharpness):
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")
    logit, label = answers(1009, seed=3, sharpness=sharpness)
    probability = softmax(logit, axis=1)
    theirs = functional.multiclass_calibration_error(
        torch.tensor(probability), torch.tensor(label), num_classes=7, n_bins=15, norm="l1"
    )
    ours = expected_calibration_error(*top_label(probability, label))
    assert ours == pytest.approx(float(theirs), abs=1e-6)


def test_the_sweep_by_hand():
    confidence = np.array([0.5, 0.6, 0.7, 0.8])
    # Accuracies rise with two bins (0, 1) and fall somewhere with three (0, 0, 1 and 1: rising
    # too) and four (0, 0, 1, 1): the sweep ends at four bins of one answer each.
    right = np.array([0.0, 0.0, 1.0, 1.0])
    assert sweep_calibration_error(confidence, right) == pytest.approx((0.5 + 0.6 + 0.3 + 0.2) / 4)
    # Falling from the start: one bin, the difference of the means.
    falling = right[::-1].copy()
    assert sweep_calibration_error(confidence, falling) == pytest.approx(abs(0.65 - 0.5))


def test_the_sweep_ignores_the_order_of_images():
    logit, label = answers(301, seed=5)
    confidence, right = top_label(softmax(logit, axis=1), label)
    order = np.random.default_rng(0).permutation(301)
    shuffled = sweep_calibration_error(confidence[order], right[order].astype(float))
    assert shuffled == pytest.approx(sweep_calibration_error(confidence, right.astype(float)))


@pytest.mark.parametrize("error", [expected_calibration_error, sweep_calibration_error])
def test_a_calibrated_model_is_rarely_called_miscalibrated(error):
    found = 0
    for seed in range(100):
        confidence, right = top_label(*_shares(answers(156, seed=seed)))
        found += with_null_band(error, confidence, right, num_draws=199).shows_miscalibration
    assert found <= 11  # 5 expected; 11 and more have a probability of 1 %


def test_a_model_that_is_too_sure_is_found():
    confidence, right = top_label(*_shares(answers(997, seed=11, sharpness=2.0)))
    found = with_null_band(expected_calibration_error, confidence, right)
    assert found.p_value == pytest.approx(0.001)
    assert found.value > found.null_high > found.null_low > 0


def test_the_diagram_adds_up():
    confidence, right = top_label(*_shares(answers(499, seed=7)))
    bins = reliability(confidence, right)
    assert sum(one.count for one in bins) == 499
    hits = sum(one.count * one.accuracy for one in bins)
    assert hits == pytest.approx(right.sum())
    gaps = sum(one.count * abs(one.accuracy - one.confidence) for one in bins)
    assert gaps / 499 == pytest.approx(expected_calibration_error(confidence, right.astype(float)))


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
def test_the_temperature_undoes_the_sharpening(sharpness):
    logit, label = answers(4001, seed=13, sharpness=sharpness)
    assert fit_temperature(logit, label) == pytest.approx(sharpness, rel=0.08)


def test_the_temperature_is_where_the_loss_is_least():
    logit, label = answers(211, seed=17, sharpness=2.0)
    best = fit_temperature(logit, label)

    def loss(temperature):
        return -log_softmax(logit / temperature, axis=1)[np.arange(211), label].mean()

    assert loss(best) < min(loss(0.98 * best), loss(1.02 * best))


def _shares(logit_and_label):
    logit, label = logit_and_label
    return softmax(logit, axis=1), label

"""Whether a model's confidence can be believed: calibration error with its null band."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

NUM_BINS = 15
NUM_DRAWS = 999
SIGNIFICANCE_LEVEL = 0.05
_LOG_TEMPERATURE_BOUNDS = (-3.0, 3.0)


@dataclass(frozen=True)
class CalibrationError:
    """A calibration error beside what a perfectly calibrated model would show by chance.

    Args:
        value: The error, in [0, 1].
        null_low: Lower end of the 95 % band of a perfectly calibrated model with these confidences.
        null_high: Upper end.
        p_value: Share of such models that show this error or more.
    """

    value: float
    null_low: float
    null_high: float
    p_value: float

    @property
    def shows_miscalibration(self) -> bool:
        """Whether chance does not explain the error."""
        return self.p_value < SIGNIFICANCE_LEVEL


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability diagram.

    Args:
        low: Lower edge of its confidences.
        high: Upper edge.
        count: Images in it.
        confidence: Their mean confidence.
        accuracy: The share of them that are right.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def top_label(probability: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the confidence in the predicted class of each image, and whether it is right.

    Args:
        probability: One row per image, one column per class.
        label: Class index of each image.

    Returns:
        float64 confidences and booleans.
    """
    return probability.max(axis=1), probability.argmax(axis=1) == label


def reliability(
    confidence: np.ndarray, right: np.ndarray, *, num_bins: int = NUM_BINS
) -> tuple[Bin, ...]:
    """Return the bars of a reliability diagram.

    Args:
        confidence: In the predicted class, per image.
        right: Whether each image is right.
        num_bins: Bins of equal width over [0, 1].

    Returns:
        The bins that hold images.
    """
    place = _equal_width(confidence, num_bins)
    return tuple(
        Bin(
            low=number / num_bins,
            high=(number + 1) / num_bins,
            count=int((place == number).sum()),
            confidence=float(confidence[place == number].mean()),
            accuracy=float(right[place == number].mean()),
        )
        for number in np.unique(place)
    )


def expected_calibration_error(
    confidence: np.ndarray, right: np.ndarray, *, num_bins: int = NUM_BINS
) -> float:
    """Return the expected calibration error with bins of equal width.

        ECE = sum_b n_b / n |accuracy_b - confidence_b|

    Args:
        confidence: In the predicted class, per image.
        right: Whether each image is right.
        num_bins: Bins over [0, 1]; a bin holds its upper edge.

    Returns:
        The error, in [0, 1].

    Source:
        Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using
        Bayesian binning; 15 bins as in Guo et al. (2017).
    """
    gap = np.bincount(_equal_width(confidence, num_bins), weights=right - confidence)
    return float(np.abs(gap).sum() / len(confidence))


def sweep_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Return the expected calibration error with the most bins for which accuracy still rises.

    Bins hold equally many images; their number grows from 1 as long as the accuracies of the bins
    do not fall from one to the next.

    Args:
        confidence: In the predicted class, per image.
        right: Whether each image is right.

    Returns:
        The error, in [0, 1].

    Source:
        Roelofs, Cain, Shlens and Mozer (2022), Mitigating bias in calibration error estimation.
        Here with absolute differences, so that it compares with the error of equal widths.
    """
    order = np.argsort(confidence, kind="stable")
    gap = np.concatenate([[0.0], np.cumsum((right - confidence)[order])])
    hits = np.concatenate([[0.0], np.cumsum(right[order])])
    best = float(abs(gap[-1]))
    for num_bins in range(2, len(order) + 1):
        edges = np.linspace(0, len(order), num_bins + 1).astype(np.int64)
        accuracy = np.diff(hits[edges]) / np.diff(edges)
        if (np.diff(accuracy) < 0).any():
            break
        best = float(np.abs(np.diff(gap[edges])).sum())
    return best / len(order)


def with_null_band(
    error: Callable[[np.ndarray, np.ndarray], float],
    confidence: np.ndarray,
    right: np.ndarray,
    *,
    seed: int = 0,
    num_draws: int = NUM_DRAWS,
) -> CalibrationError:
    """Compare a calibration error with that of a perfectly calibrated model of equal confidences.

    Such a model is right on an image with the probability of its confidence; its answers are
    drawn many times (consistency resampling).

    Args:
        error: Of confidences and answers.
        confidence: In the predicted class, per image.
        right: Whether each image is right.
        seed: Of the draws.
        num_draws: How many.

    Returns:
        The error with band and p value.

    Source:
        Broecker and Smith (2007), Increasing the reliability of reliability diagrams.
    """
    rng = np.random.default_rng(seed)
    value = error(confidence, right.astype(np.float64))
    null = np.array(
        [
            error(confidence, (rng.random(len(confidence)) < confidence).astype(np.float64))
            for _ in range(num_draws)
        ]
    )
    low, high = np.quantile(null, [0.025, 0.975])
    p_value = (1 + (null >= value).sum()) / (1 + num_draws)
    return CalibrationError(value, float(low), float(high), float(p_value))


def fit_temperature(logit: np.ndarray, label: np.ndarray) -> float:
    """Return the temperature T that makes softmax(logit / T) fit the labels best.

    Args:
        logit: One row per validation image, one column per class.
        label: Class index of each image.

    Returns:
        T from 0.05 to 20; above 1 the model was too sure.

    Source:
        Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks.
    """
    logit = np.asarray(logit, np.float64)
    rows = np.arange(len(label))

    def loss(log_temperature: float) -> float:
        scaled = logit / np.exp(log_temperature)
        return float(-log_softmax(scaled, axis=1)[rows, label].mean())

    found = minimize_scalar(loss, bounds=_LOG_TEMPERATURE_BOUNDS, method="bounded")
    return float(np.exp(found.x))


def _equal_width(confidence: np.ndarray, num_bins: int) -> np.ndarray:
    """Return the bin of each confidence; a bin holds its upper edge and not its lower one."""
    edges = np.linspace(0, 1, num_bins + 1)
    return np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, num_bins - 1)

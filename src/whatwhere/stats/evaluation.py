"""Everything that is said about one trained model on labelled images."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, stdtrit
from scipy.stats import binomtest

from whatwhere.errors import DataError
from whatwhere.stats.calibration import (
    Bin,
    CalibrationError,
    expected_calibration_error,
    fit_temperature,
    reliability,
    sweep_calibration_error,
    top_label,
    with_null_band,
)
from whatwhere.stats.metrics import brier, influence, negative_log_likelihood

MIN_CLASSES_FOR_TOP5 = 10
LEVEL = 0.95


@dataclass(frozen=True)
class Score:
    """One number with its interval.

    Args:
        name: For machines.
        title: For people, averaging included.
        value: The score; None where these images do not allow it.
        low: Lower end of the 95 % interval for new images and this trained model, or None.
        high: Upper end.
        is_share: Whether it is a share of 1 and higher is better; otherwise lower is better.
        note: Why there is no value; empty where there is one.
    """

    name: str
    title: str
    value: float | None
    low: float | None
    high: float | None
    is_share: bool
    note: str = ""


@dataclass(frozen=True)
class ClassScore:
    """One row of the per-class table; intervals are Wilson's.

    Args:
        name: Of the class.
        count: Images of it.
        num_predicted: Images that were called it.
        recall: Share of its images that were called it; None without images.
        recall_low: Lower end of the 95 % interval.
        recall_high: Upper end.
        precision: Share of the images called it that are it; None where none was.
        precision_low: Lower end of the 95 % interval.
        precision_high: Upper end.
        f1: 2 hits / (images of it + images called it); None where both are 0.
    """

    name: str
    count: int
    num_predicted: int
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    f1: float | None


@dataclass(frozen=True)
class Calibration:
    """How far confidence can be believed.

    Args:
        equal_width: Expected calibration error, 15 bins of equal width.
        sweep: With as many equally full bins as keep accuracy rising.
        bins: Of the reliability diagram.
        nll: Mean negative log-likelihood, in nats.
        brier: Mean Brier score.
    """

    equal_width: CalibrationError
    sweep: CalibrationError
    bins: tuple[Bin, ...]
    nll: float
    brier: float


@dataclass(frozen=True)
class Evaluation:
    """What one model's answers are worth.

    Args:
        num_items: Images.
        scores: In the order in which to show them.
        classes: One row per class.
        confusion: Rows are true classes, columns predicted ones.
        calibration: As the model is.
        temperature: Fitted on validation images, None without any.
        calibrated: With that temperature, None without one.
    """

    num_items: int
    scores: tuple[Score, ...]
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: Calibration
    temperature: float | None
    calibrated: Calibration | None

    def score(self, name: str) -> Score:
        """Return a score by name."""
        return next(score for score in self.scores if score.name == name)


def evaluate(
    logit: np.ndarray,
    label: np.ndarray,
    *,
    class_names: tuple[str, ...],
    validation: tuple[np.ndarray, np.ndarray] | None = None,
) -> Evaluation:
    """Score one model's answers.

    Args:
        logit: One row per image, one column per class.
        label: Class index of each image.
        class_names: One per class.
        validation: Logits and labels of images to fit a temperature on, never those scored.

    Returns:
        All scores.

    Raises:
        DataError: If logits and labels do not fit.
    """
    logit = np.asarray(logit, np.float64)
    counts = _confusion(logit.argmax(axis=1), label, len(class_names))
    temperature = fit_temperature(*validation) if validation else None
    return Evaluation(
        num_items=len(label),
        scores=_scores(logit, label, counts, class_names),
        classes=tuple(_class(counts, number, name) for number, name in enumerate(class_names)),
        confusion=tuple(tuple(row) for row in counts.tolist()),
        calibration=calibration(logit, label),
        temperature=temperature,
        calibrated=calibration(logit / temperature, label) if temperature else None,
    )


def calibration(logit: np.ndarray, label: np.ndarray) -> Calibration:
    """Return how far the confidences of some answers can be believed.

    Args:
        logit: One row per image, one column per class.
        label: Class index of each image.

    Returns:
        Errors with their null bands, and the reliability diagram.
    """
    confidence, right = top_label(np.exp(log_softmax(logit, axis=1)), label)
    return Calibration(
        equal_width=with_null_band(expected_calibration_error, confidence, right),
        sweep=with_null_band(sweep_calibration_error, confidence, right),
        bins=reliability(confidence, right),
        nll=float(negative_log_likelihood(logit, label).mean()),
        brier=float(brier(logit, label).mean()),
    )


def _scores(
    logit: np.ndarray, label: np.ndarray, counts: np.ndarray, class_names: tuple[str, ...]
) -> tuple[Score, ...]:
    right = logit.argmax(axis=1) == label
    scores = [_share("accuracy", "Accuracy", right)]
    if len(class_names) >= MIN_CLASSES_FOR_TOP5:
        scores.append(_share("top5", "Top-5 accuracy", among_first(logit, label, number=5)))
    averaging = (
        f"of '{class_names[1]}' against '{class_names[0]}'"
        if len(class_names) == 2
        else "each class against the rest, macro average"
    )
    scores += [
        _of_items("balanced-accuracy", "Balanced accuracy (macro recall)", logit, label),
        _macro_precision(logit.argmax(axis=1), label, len(counts)),
        _of_items("macro-f1", "Macro F1", logit, label),
        _of_items("auc", f"AUC, {averaging}", logit, label),
        _mean("nll", "NLL, nats", negative_log_likelihood(logit, label)),
        _mean("brier", "Brier score, sum over classes", brier(logit, label)),
    ]
    return tuple(scores)


def _share(name: str, title: str, right: np.ndarray) -> Score:
    low, high = wilson(int(right.sum()), len(right))
    return Score(name, title, float(right.mean()), low, high, is_share=True)


def _of_items(name: str, title: str, logit: np.ndarray, label: np.ndarray) -> Score:
    """Return a score whose influence values give its interval."""
    try:
        values = influence(name, logit, label)
    except DataError as error:
        return Score(name, title, None, None, None, is_share=True, note=str(error))
    return _mean(name, title, values, is_share=True)


def _macro_precision(said: np.ndarray, label: np.ndarray, num_classes: int) -> Score:
    values = macro_precision_values(said, label, num_classes=num_classes)
    return _mean("precision", "Macro precision", values, is_share=True)


def macro_precision_values(said: np.ndarray, label: np.ndarray, *, num_classes: int) -> np.ndarray:
    """Return influence values of the mean over classes of p_c, the share called c that is c.

        psi_i = mean_c ( p_c + [said = c] ([label = c] - p_c) n / n_c ),  n_c images called c

    A class that no image was called counts as 0, as in scikit-learn.

    Args:
        said: Predicted class of each image.
        label: True class of each image.
        num_classes: Number of classes.

    Returns:
        float64, one per image; their mean is the macro precision.
    """
    called = np.bincount(said, minlength=num_classes)
    right = (said == label).astype(np.float64)
    precision = np.bincount(said, weights=right, minlength=num_classes) / np.maximum(called, 1)
    step = (right - precision[said]) * len(label) / called[said] / num_classes
    return precision.mean() + step


def _mean(name: str, title: str, values: np.ndarray, *, is_share: bool = False) -> Score:
    mean, number = float(values.mean()), len(values)
    if number < 2:
        return Score(name, title, mean, None, None, is_share)
    width = stdtrit(number - 1, (1 + LEVEL) / 2) * values.std(ddof=1) / np.sqrt(number)
    low, high = mean - width, mean + width
    if is_share:
        mean, low, high = (min(1.0, max(0.0, end)) for end in (mean, low, high))
    return Score(name, title, mean, float(max(0.0, low)), float(high), is_share)


def wilson(num_right: int, number: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share.

    Args:
        num_right: Successes.
        number: Trials, at least 1.

    Returns:
        Both ends, in [0, 1].
    """
    interval = binomtest(num_right, number).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def among_first(logit: np.ndarray, label: np.ndarray, *, number: int) -> np.ndarray:
    """Return whether the true class is among the most likely ones of each image.

    Args:
        logit: One row per image, one column per class.
        label: Class index of each image.
        number: How many classes count as the most likely ones.

    Returns:
        Booleans, one per image; classes with equal logits share the better place.
    """
    own = logit[np.arange(len(label)), label]
    return (logit > own[:, None]).sum(axis=1) < number


def _class(counts: np.ndarray, number: int, name: str) -> ClassScore:
    hits = int(counts[number, number])
    count, called = int(counts[number].sum()), int(counts[:, number].sum())
    recall = wilson(hits, count) if count else (None, None)
    precision = wilson(hits, called) if called else (None, None)
    return ClassScore(
        name=name,
        count=count,
        num_predicted=called,
        recall=hits / count if count else None,
        recall_low=recall[0],
        recall_high=recall[1],
        precision=hits / called if called else None,
        precision_low=precision[0],
        precision_high=precision[1],
        f1=2 * hits / (count + called) if count + called else None,
    )


def _confusion(said: np.ndarray, label: np.ndarray, num_classes: int) -> np.ndarray:
    counts = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(counts, (label, said), 1)
    return counts

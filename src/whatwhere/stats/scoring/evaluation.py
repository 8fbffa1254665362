"""Everything that is said about one trained model on labelled images."""

import numpy as np
from scipy.special import log_softmax, stdtrit
from scipy.stats import binomtest

from whatwhere.errors import DataError
from whatwhere.stats.groups import by_group
from whatwhere.stats.scoring.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability,
    sweep_calibration_error,
    top_label,
    with_null_band,
)
from whatwhere.stats.scoring.evaluated import Calibration, ClassScore, Evaluation, Score
from whatwhere.stats.scoring.metrics import brier, influence, negative_log_likelihood

MIN_CLASSES_FOR_TOP5 = 10
LEVEL = 0.95


def evaluate(
    logit: np.ndarray,
    label: np.ndarray,
    *,
    class_names: tuple[str, ...],
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    groups: np.ndarray | None = None,
) -> Evaluation:
    """Score one model's answers.

    Args:
        logit: One row per image, one column per class.
        label: Class index of each image.
        class_names: One per class.
        validation: Logits and labels of images to fit a temperature on, never those scored.
        groups: Equal for images that belong together, which intervals then count as one; None
            where all are independent.

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
        num_groups=None if groups is None else len(np.unique(groups)),
        scores=_scores(logit, label, class_names, groups),
        classes=tuple(
            _class(logit.argmax(axis=1), label, number, name, groups)
            for number, name in enumerate(class_names)
        ),
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
    logit: np.ndarray, label: np.ndarray, class_names: tuple[str, ...], groups: np.ndarray | None
) -> tuple[Score, ...]:
    said = logit.argmax(axis=1)
    scores = [_share("accuracy", "Accuracy", said == label, groups)]
    if len(class_names) >= MIN_CLASSES_FOR_TOP5:
        scores.append(_share("top5", "Top-5 accuracy", among_first(logit, label, number=5), groups))
    averaging = (
        f"of '{class_names[1]}' against '{class_names[0]}'"
        if len(class_names) == 2
        else "each class against the rest, macro average"
    )

    def of_items(name: str, title: str) -> Score:
        """Return a score whose influence values give its interval."""
        try:
            values = influence(name, logit, label)
        except DataError as error:
            return Score(name, title, None, None, None, is_share=True, note=str(error))
        return _mean(name, title, values, groups, is_share=True)

    precision = macro_precision_values(said, label, num_classes=len(class_names))
    scores += [
        of_items("balanced-accuracy", "Balanced accuracy (macro recall)"),
        _mean("precision", "Macro precision", precision, groups, is_share=True),
        of_items("macro-f1", "Macro F1"),
        of_items("auc", f"AUC, {averaging}"),
        _mean("nll", "NLL, nats", negative_log_likelihood(logit, label), groups),
        _mean("brier", "Brier score, sum over classes", brier(logit, label), groups),
    ]
    return tuple(scores)


def _share(name: str, title: str, right: np.ndarray, groups: np.ndarray | None) -> Score:
    low, high = _interval_of_share(right, groups)
    return Score(name, title, float(right.mean()), low, high, is_share=True)


def _interval_of_share(
    right: np.ndarray, groups: np.ndarray | None
) -> tuple[float | None, float | None]:
    """Return Wilson's interval of a share; with groups the t interval over groups.

    Nothing is known of one group alone, nor is a share certain where all groups agree.
    """
    if not len(right):
        return None, None
    if groups is None:
        return wilson(int(right.sum()), len(right))
    if right.all() or not right.any():  # no spread to see: as if each group were one answer
        number = len(np.unique(groups))
        return wilson(number if right.all() else 0, number) if number > 1 else (None, None)
    score = _mean("", "", right.astype(np.float64), groups, is_share=True)
    return score.low, score.high


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


def _mean(
    name: str,
    title: str,
    values: np.ndarray,
    groups: np.ndarray | None,
    *,
    is_share: bool = False,
) -> Score:
    mean = float(values.mean())
    units = by_group(values[None], groups)[0]
    number = len(units)
    if number < 2:
        return Score(name, title, mean, None, None, is_share)
    width = stdtrit(number - 1, (1 + LEVEL) / 2) * units.std(ddof=1) / np.sqrt(number)
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


def _class(
    said: np.ndarray, label: np.ndarray, number: int, name: str, groups: np.ndarray | None
) -> ClassScore:
    hit = said == label
    own, called = label == number, said == number
    count, num_predicted, hits = int(own.sum()), int(called.sum()), int((hit & own).sum())
    recall = _interval_of_share(hit[own], None if groups is None else groups[own])
    precision = _interval_of_share(hit[called], None if groups is None else groups[called])
    return ClassScore(
        name=name,
        count=count,
        num_predicted=num_predicted,
        recall=hits / count if count else None,
        recall_low=recall[0],
        recall_high=recall[1],
        precision=hits / num_predicted if num_predicted else None,
        precision_low=precision[0],
        precision_high=precision[1],
        f1=2 * hits / (count + num_predicted) if count + num_predicted else None,
    )


def _confusion(said: np.ndarray, label: np.ndarray, num_classes: int) -> np.ndarray:
    counts = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(counts, (label, said), 1)
    return counts

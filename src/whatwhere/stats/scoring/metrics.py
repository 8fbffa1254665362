"""Scores of predictions, each as a mean over images with a known variance.

Every score comes with influence values, one per image: their mean is the score, and their variance
divided by the number of images is the variance of the score by the delta method. They feed the
same comparison as plain right and wrong.
"""

import numpy as np

from whatwhere.errors import DataError, unknown_name

METRICS = ("accuracy", "balanced-accuracy", "macro-f1", "auc")
# Means over classes: what is known of their variance depends on how many images each class has.
STRATIFIED = ("balanced-accuracy", "auc")


def score(name: str, logit: np.ndarray, label: np.ndarray) -> float:
    """Return a score of predictions, higher is better.

    Args:
        name: One of METRICS.
        logit: One row per image, one column per class.
        label: Class index of each image.

    Returns:
        The score, in [0, 1].

    Raises:
        UnknownNameError: If there is no such metric.
        DataError: If logits and labels do not fit, or a class has no image where the metric needs
            one of each.
    """
    return float(min(1.0, max(0.0, influence(name, logit, label).mean())))


def influence(name: str, logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return the influence values of a score.

    Args:
        name: One of METRICS.
        logit: One row per image, one column per class.
        label: Class index of each image.

    Returns:
        float64, one per image; their mean is the score.

    Raises:
        UnknownNameError: If there is no such metric.
        DataError: If logits and labels do not fit, or a class has no image where the metric needs
            one of each.
    """
    if name not in METRICS:
        raise unknown_name("metric", name, METRICS)
    logit, label = _checked(logit, label)
    if name == "accuracy":
        return (logit.argmax(axis=1) == label).astype(np.float64)
    _check_classes(name, label, num_classes=logit.shape[1])
    formulas = {"balanced-accuracy": _balanced_accuracy, "macro-f1": _macro_f1, "auc": _auc}
    return formulas[name](logit, label)


def negative_log_likelihood(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return -log p of the true class for each image, lower is better.

    Args:
        logit: One row per image, one column per class.
        label: Class index of each image.

    Returns:
        float64 in nats, one per image, at least 0.

    Raises:
        DataError: If logits and labels do not fit.
    """
    logit, label = _checked(logit, label)
    return np.maximum(0.0, -_log_probability(logit)[np.arange(len(label)), label])


def brier(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return the Brier score of each image, lower is better.

        sum_c (p_c - [label = c])^2

    Args:
        logit: One row per image, one column per class.
        label: Class index of each image.

    Returns:
        float64, one per image, in [0, 2]: the sum over all classes, also for two.

    Raises:
        DataError: If logits and labels do not fit.

    Source:
        Brier (1950), Verification of forecasts expressed in terms of probability.
    """
    logit, label = _checked(logit, label)
    error = np.exp(_log_probability(logit))
    error[np.arange(len(label)), label] -= 1
    return (error**2).sum(axis=1)


def _balanced_accuracy(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Mean over C classes of the share r_c of its n_c images that are right; classes are strata.

        psi_i = BA + n/(C n_c) (right_i - r_c) sqrt(n_c/(n_c - 1)),  c the class of image i

    The root makes the variance within each class unbiased.
    """
    right = (logit.argmax(axis=1) == label).astype(np.float64)
    count = np.bincount(label, minlength=logit.shape[1])
    recall = np.bincount(label, weights=right, minlength=logit.shape[1]) / count
    weight = len(label) / (len(count) * count) * _unbiased(count)
    return recall.mean() + weight[label] * (right - recall[label])


def _macro_f1(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Mean over classes of F_c = 2 a_c / b_c: a_c the share of images in c and predicted c.

    psi_ci = F_c + (2 [label = guess = c] - F_c ([label = c] + [guess = c])) / b_c,
    b_c = share in c + share predicted c
    """
    classes = np.arange(logit.shape[1])
    in_class = label[:, None] == classes
    guessed = logit.argmax(axis=1)[:, None] == classes
    both = (in_class & guessed).astype(np.float64)
    either = in_class.astype(np.float64) + guessed
    total = either.mean(axis=0)
    f1 = 2 * both.mean(axis=0) / total
    return (f1 + (2 * both - f1 * either) / total).mean(axis=1)


def _auc(logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Mean over classes of the area under the curve of one class against the rest.

    Images are ranked by the log-odds of the class, which order them as its probability does
    without the ties that rounding makes near 0 and 1. Two classes have one and the same area.
    """
    num_classes = logit.shape[1]
    ones = range(1, 2) if num_classes == 2 else range(num_classes)
    return np.mean([_binary_auc(_log_odds(logit, c), label == c) for c in ones], axis=0)


def _binary_auc(value: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Influence values of P(positive above negative), ties counting half, from placements.

        psi_i = AUC + n/m (V_i - AUC) sqrt(m/(m - 1)),  m images on the side of image i

    V_i is the share of the other side that image i is on the right side of.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Comparing the areas under two or more
    correlated receiver operating characteristic curves.
    """
    above, below = value[positive], value[~positive]
    placement = np.empty(len(value))
    placement[positive] = _share_below(below, above)
    placement[~positive] = 1 - _share_below(above, below)
    area = placement[positive].mean()
    side = np.where(positive, len(above), len(below))
    return area + len(value) / side * _unbiased(side) * (placement - area)


def _share_below(sample: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return for each value the share of the sample below it, equals counting half."""
    ordered = np.sort(sample)
    left = np.searchsorted(ordered, value, side="left")
    return (left + np.searchsorted(ordered, value, side="right")) / (2 * len(ordered))


def _log_odds(logit: np.ndarray, one: int) -> np.ndarray:
    """Return log(p / (1 - p)) of a class: its logit minus log-sum-exp of the others."""
    return logit[:, one] - _log_sum_exp(np.delete(logit, one, axis=1))


def _log_probability(logit: np.ndarray) -> np.ndarray:
    return logit - _log_sum_exp(logit)[:, None]


def _log_sum_exp(logit: np.ndarray) -> np.ndarray:
    highest = logit.max(axis=1)
    return highest + np.log(np.exp(logit - highest[:, None]).sum(axis=1))


def _unbiased(count: np.ndarray) -> np.ndarray:
    """Return sqrt(m / (m - 1)), 1 for a single image, which has no deviation."""
    return np.sqrt(count / np.maximum(1, count - 1))


def _checked(logit: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    logit, label = np.asarray(logit), np.asarray(label)
    if logit.ndim != 2 or label.shape != logit.shape[:1] or not len(label) or logit.shape[1] < 2:
        raise DataError(
            "a score needs logits (image, class) of two classes or more and one label per image,"
            f" not shapes {logit.shape} and {label.shape}"
        )
    if not np.isfinite(logit).all():
        raise DataError("the logits hold values that are not finite; such a run has no score")
    if label.min() < 0 or label.max() >= logit.shape[1]:
        raise DataError(
            f"labels must be class indices from 0 to {logit.shape[1] - 1},"
            f" but they range from {label.min()} to {label.max()}"
        )
    return logit.astype(np.float64), label.astype(np.int64)


def _check_classes(name: str, label: np.ndarray, *, num_classes: int) -> None:
    missing = np.flatnonzero(np.bincount(label, minlength=num_classes) == 0)
    if len(missing):
        raise DataError(
            f"{name} needs at least one image of each of the {num_classes} classes, but there is"
            f" none of class {', '.join(map(str, missing))}; use accuracy, or add such images"
        )

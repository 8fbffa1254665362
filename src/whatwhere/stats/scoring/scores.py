"""Every score that published tables carry, as values per image."""

import numpy as np

from whatwhere.errors import unknown_name
from whatwhere.stats.scoring.evaluation import among_first, macro_precision_values
from whatwhere.stats.scoring.metrics import influence

# Names in published tables, and what they are called here.
TITLES = {
    "accuracy": "top-1 accuracy",
    "top5": "top-5 accuracy",
    "recall": "macro recall",
    "precision": "macro precision",
    "macro-f1": "macro F1",
    "auc": "macro AUC, one against the rest",
}
PUBLISHED_SCORES = tuple(TITLES)


def values_per_image(name: str, logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return values whose mean over images is a score, and whose variance gives its own.

    Args:
        name: One of PUBLISHED_SCORES; "recall" is balanced accuracy.
        logit: One row per image, one column per class.
        label: Class index of each image.

    Returns:
        float64, one per image.

    Raises:
        UnknownNameError: If there is no such score.
        DataError: If logits and labels do not fit, or a class has no image where the score needs
            one of each.
    """
    if name not in PUBLISHED_SCORES:
        raise unknown_name("score", name, PUBLISHED_SCORES)
    if name == "top5":
        return among_first(logit, label, number=5).astype(np.float64)
    if name == "precision":
        return macro_precision_values(logit.argmax(axis=1), label, num_classes=logit.shape[1])
    return influence("balanced-accuracy" if name == "recall" else name, logit, label)

"""What the recommended model gets wrong: which classes it confuses, and its surest errors."""

from dataclasses import dataclass

import numpy as np

from whatwhere.report.cells.cell import Predicted

NUM_SHOWN = 12


@dataclass(frozen=True)
class Mistake:
    """One test image that was classified wrongly.

    Args:
        index: Position of the image in its source.
        label: True class.
        said: Predicted class.
        confidence: Probability given to the predicted class, in [0, 1].
    """

    index: int
    label: int
    said: int
    confidence: float


def confusion(predicted: Predicted) -> np.ndarray:
    """Count test images by true and predicted class.

    Args:
        predicted: What one model said.

    Returns:
        int64 (class, class): rows are true classes, columns predicted ones.
    """
    num_classes = predicted.probability.shape[1]
    counts = np.zeros((num_classes, num_classes), dtype=np.int64)
    np.add.at(counts, (predicted.label, predicted.probability.argmax(axis=1)), 1)
    return counts


def worst_mistakes(predicted: Predicted, *, num_shown: int = NUM_SHOWN) -> list[Mistake]:
    """Return the wrong answers that were given with the greatest confidence.

    Args:
        predicted: What one model said.
        num_shown: At most so many.

    Returns:
        The mistakes, the surest first; equal ones by index.
    """
    said = predicted.probability.argmax(axis=1)
    confidence = predicted.probability.max(axis=1)
    wrong = np.flatnonzero(said != predicted.label)
    order = wrong[np.lexsort((predicted.index[wrong], -confidence[wrong]))][:num_shown]
    return [
        Mistake(
            int(predicted.index[i]), int(predicted.label[i]), int(said[i]), float(confidence[i])
        )
        for i in order
    ]

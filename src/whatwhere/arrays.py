"""Batch and Predictions: the two bundles that cross borders between rooms."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Images on their way into a model.

    Args:
        image: Normalised images (batch, channel, height, width).
        label: Class indices (batch,).
        index: Position of each image in its source (batch,).
        target: Probability of every class (batch, class) where images are mixed; None where the
            label says it all.
    """

    image: "Tensor"
    label: "Tensor"
    index: "Tensor"
    target: "Tensor | None" = None


@dataclass(frozen=True)
class Predictions:
    """What a model said about a split: the one object that every score reads.

    Args:
        logit: float32, one row per image, one column per class.
        label: int64, the class of each image.
        index: int64, position of each image in its source.
    """

    logit: np.ndarray
    label: np.ndarray
    index: np.ndarray

    @property
    def correct(self) -> np.ndarray:
        """Whether each image was classified rightly, as booleans."""
        return self.logit.argmax(axis=1) == self.label

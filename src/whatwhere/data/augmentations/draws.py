"""The random numbers of a batch: one per image and purpose, whatever else is in the batch."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from whatwhere.randomness import derive_seed, uniform


@dataclass(frozen=True)
class Draws:
    """Where the random numbers of some images come from; pure functions of what is named here.

    Args:
        seed: Of the trial.
        epoch: Pass over the data, from 0.
        index: Position of each image in its source.
    """

    seed: int
    epoch: int
    index: np.ndarray

    def uniform(self, purpose: str, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """Return one number per image, uniform from `low` to below `high`.

        Args:
            purpose: What it is for; other purposes get other numbers.
            low: Least value.
            high: Bound from above.

        Returns:
            float64 (batch,).
        """
        return low + (high - low) * uniform(derive_seed(self.seed, purpose, self.epoch), self.index)

    def normal(self, purpose: str) -> np.ndarray:
        """Return one standard normal number per image.

        Args:
            purpose: What it is for.

        Returns:
            float64 (batch,).
        """
        return np.asarray(ndtri(np.clip(self.uniform(purpose), 2.0**-53, None)))

    def below(self, purpose: str, limit: np.ndarray | int) -> np.ndarray:
        """Return one whole number per image, uniform from 0 to below `limit`.

        Args:
            purpose: What it is for.
            limit: At least 1, one for all or one per image.

        Returns:
            int64 (batch,).
        """
        return np.floor(self.uniform(purpose) * limit).astype(np.int64)

    def sign(self, purpose: str) -> np.ndarray:
        """Return -1 or 1 per image, with equal probability.

        Args:
            purpose: What it is for.

        Returns:
            float64 (batch,).
        """
        return np.where(self.uniform(purpose) < 0.5, -1.0, 1.0)

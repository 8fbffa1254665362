"""Random rectangles in images: those that are kept, those that are erased."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from whatwhere.data.augmentations.draws import Draws

NUM_ATTEMPTS = 10


@dataclass(frozen=True)
class Boxes:
    """One rectangle per image.

    Args:
        top: First row (batch,), in pixels.
        left: First column (batch,), in pixels.
        height: Rows (batch,), in pixels.
        width: Columns (batch,), in pixels.
    """

    top: np.ndarray
    left: np.ndarray
    height: np.ndarray
    width: np.ndarray

    def mask(self, size: int, *, device: torch.device) -> Tensor:
        """Return which pixels are inside.

        Args:
            size: Side of the images, in pixels.
            device: Where to put it.

        Returns:
            bool (batch, 1, size, size).
        """
        pixels = np.arange(size)
        rows = (pixels >= self.top[:, None]) & (pixels < (self.top + self.height)[:, None])
        columns = (pixels >= self.left[:, None]) & (pixels < (self.left + self.width)[:, None])
        rows_there = torch.from_numpy(rows).to(device)[:, None, :, None]
        return rows_there & torch.from_numpy(columns).to(device)[:, None, None, :]


def random_boxes(
    draws: Draws,
    purpose: str,
    *,
    size: int,
    area: tuple[float, float],
    log_aspect: tuple[float, float],
    largest: int,
    otherwise: int,
) -> Boxes:
    """Draw a rectangle per image: area uniform, logarithm of height / width uniform.

    Height and width are rounded to pixels; what does not fit is drawn again, at most
    `NUM_ATTEMPTS` times in all. Then the place is uniform among those where it fits.

    Args:
        draws: The random numbers.
        purpose: What the boxes are for.
        size: Side of the images, in pixels.
        area: Least and greatest share of the image.
        log_aspect: Least and greatest log(height / width).
        largest: Longest side that fits, in pixels.
        otherwise: Side of the box where nothing fitted, in pixels.

    Returns:
        The boxes.
    """
    heights, widths = [], []
    for attempt in range(NUM_ATTEMPTS):
        pixels = draws.uniform(f"{purpose}-area-{attempt}", *area) * size**2
        aspect = np.exp(draws.uniform(f"{purpose}-aspect-{attempt}", *log_aspect))
        heights.append(np.rint(np.sqrt(pixels * aspect)).astype(np.int64))
        widths.append(np.rint(np.sqrt(pixels / aspect)).astype(np.int64))
    height, width = np.stack(heights), np.stack(widths)
    fits = (height <= largest) & (width <= largest) & (height > 0) & (width > 0)
    first, images = fits.argmax(axis=0), np.arange(len(draws.index))
    found = fits.any(axis=0)
    height = np.where(found, height[first, images], otherwise)
    width = np.where(found, width[first, images], otherwise)
    top = draws.below(f"{purpose}-top", size - height + 1)
    left = draws.below(f"{purpose}-left", size - width + 1)
    return Boxes(top, left, height, width)


def log_range(low: float, high: float) -> tuple[float, float]:
    """Return the logarithms of a range."""
    return math.log(low), math.log(high)

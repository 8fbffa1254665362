"""scikit-learn's bundled handwritten digits, plain and among fragments of other digits."""

import numpy as np

from whatwhere.data.source import TEST, TRAIN, VALIDATION
from whatwhere.data.splitting.split import apportion, draw
from whatwhere.randomness import generator

NUM_TEST = 600
NUM_VALIDATION = 197
SCAN_SIZE = 8
CANVAS_SIZE = 12
FRAGMENT_SIZE = 4
NUM_FRAGMENTS = 3


def load_digits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the scans in scikit-learn's order, as they are.

    Returns:
        Images uint8 (1797, 8, 8, 1), labels int64, split int8 (1,000 / 197 / 600 scans).
    """
    from sklearn.datasets import load_digits as bundled

    scans = bundled()
    images = np.round(scans.images * (255 / 16)).astype(np.uint8)[..., None]
    labels = scans.target.astype(np.int64)
    return images, labels, split_scans(labels)


def load_cluttered_digits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each scan at a random place among three fragments of other digits.

    The fragments are cut from scans of other classes of the same split, so that no scan is seen
    in two splits. Scan and fragments are joined by their maximum: the digit stays whole.

    Returns:
        Images uint8 (1797, 12, 12, 1), labels int64, split int8 (1,000 / 197 / 600 scans).
    """
    scans, labels, split = load_digits()
    images = np.zeros((len(scans), CANVAS_SIZE, CANVAS_SIZE, 1), np.uint8)
    for index in range(len(scans)):
        rng = generator("cluttered-digits", index)
        strangers = np.flatnonzero((split == split[index]) & (labels != labels[index]))
        _paste(images[index], scans[index], rng)
        for stranger in rng.choice(strangers, NUM_FRAGMENTS, replace=False):
            top, left = rng.integers(0, SCAN_SIZE - FRAGMENT_SIZE + 1, size=2)
            fragment = scans[stranger, top : top + FRAGMENT_SIZE, left : left + FRAGMENT_SIZE]
            _paste(images[index], fragment, rng)
    return images, labels, split


def split_scans(labels: np.ndarray) -> np.ndarray:
    """Split the scans: 600 for the test, 197 for validation, the rest for training, stratified.

    Args:
        labels: int64 class indices.

    Returns:
        int8 split indices.
    """
    split = np.full(len(labels), TRAIN, np.int8)
    for part, total in ((TEST, NUM_TEST), (VALIDATION, NUM_VALIDATION)):
        free = np.flatnonzero(split == TRAIN)
        shares = apportion(np.bincount(labels[free]), total)
        split[free[draw(labels[free], shares, key=("digits", part))]] = part
    return split


def _paste(canvas: np.ndarray, piece: np.ndarray, rng: np.random.Generator) -> None:
    """Join `piece` into `canvas` at a random place, keeping the brighter value of each pixel."""
    top, left = rng.integers(0, CANVAS_SIZE - len(piece) + 1, size=2)
    window = canvas[top : top + len(piece), left : left + len(piece)]
    np.maximum(window, piece, out=window)

"""Cross-validation: every image is tested once, and never by a model that saw its group."""

import numpy as np

from whatwhere.data.source import TEST, TRAIN, UNASSIGNED
from whatwhere.data.split import complete_splits, count_by_group, place_groups
from whatwhere.errors import DataError, UsageError
from whatwhere.randomness import generator

MAX_FOLDS = 20


def draw_folds(labels: np.ndarray, groups: np.ndarray, *, num_folds: int) -> np.ndarray:
    """Deal images into folds of equal size and equal shares of every class, groups whole.

    Groups of several images are placed first, the largest first, where they are wanted most; then
    the other images of each class, one after another, into the fold that lacks most of it.

    Args:
        labels: int64 class indices.
        groups: int64, equal for images that must stay together.
        num_folds: From 2 to 20.

    Returns:
        int8 fold of each image, from 0.

    Raises:
        UsageError: If there are fewer folds than 2 or more than 20.
        DataError: If a class has fewer images than there are folds.
    """
    if not 2 <= num_folds <= MAX_FOLDS:
        raise UsageError(f"folds={num_folds}: expected 2 to {MAX_FOLDS}")
    counts = np.bincount(labels)
    if counts[counts > 0].min() < num_folds:
        raise DataError(
            f"a class has {counts[counts > 0].min()} images, fewer than the {num_folds} folds;"
            " expected at least one image of every class per fold"
        )
    wanted = np.tile(counts / num_folds, (num_folds, 1))
    table, unit = count_by_group(labels, groups)
    folds = place_groups(table, wanted)[unit]
    for label in range(len(counts)):
        free = np.flatnonzero((folds == UNASSIGNED) & (labels == label))
        for image in generator("folds", label).permutation(free):
            fold = np.lexsort((-wanted.sum(axis=1), -wanted[:, label]))[0]
            folds[image] = fold
            wanted[fold, label] -= 1
    return folds


def splits_of_folds(
    labels: np.ndarray, groups: np.ndarray, *, num_folds: int, validation_fraction: float
) -> np.ndarray:
    """Return one split per fold: the fold is the test, validation is drawn from the rest.

    Args:
        labels: int64 class indices.
        groups: int64, equal for images that must stay together.
        num_folds: From 2 to 20.
        validation_fraction: Share of the images outside the fold, above 0, below 1.

    Returns:
        int8 (fold, image) indices into `SPLIT_NAMES`.
    """
    folds = draw_folds(labels, groups, num_folds=num_folds)
    return np.stack(
        [
            complete_splits(
                labels,
                np.where(folds == fold, TEST, TRAIN).astype(np.int8),
                groups,
                validation_fraction=validation_fraction,
                test_fraction=1 / num_folds,
            )
            for fold in range(num_folds)
        ]
    )

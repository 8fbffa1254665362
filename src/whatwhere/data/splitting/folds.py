"""Cross-validation: every image is tested once, and never by a model that saw its group."""

import numpy as np

from whatwhere.data.source import TEST, TRAIN, UNASSIGNED
from whatwhere.data.splitting.split import complete_splits, count_by_group, place_groups
from whatwhere.errors import DataError, UsageError
from whatwhere.randomness import generator

MAX_FOLDS = 20


def draw_folds(
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    num_folds: int,
    class_names: tuple[str, ...] | None = None,
) -> np.ndarray:
    """Deal images into folds of equal size and equal shares of every class, groups whole.

    Groups of several images are placed first, the largest first, where they are wanted most; then
    the other images of each class, one after another, into the fold that lacks most of it.

    Args:
        labels: int64 class indices.
        groups: int64, equal for images that must stay together.
        num_folds: From 2 to 20.
        class_names: What to call the classes in an error; their numbers by default.

    Returns:
        int8 fold of each image, from 0.

    Raises:
        UsageError: If there are fewer folds than 2 or more than 20.
        DataError: If a class has fewer groups, or images on their own, than there are folds.
    """
    if not 2 <= num_folds <= MAX_FOLDS:
        raise UsageError(f"folds={num_folds}: expected 2 to {MAX_FOLDS}")
    table, unit = count_by_group(labels, groups)
    _refuse_too_many_folds(table, num_folds, class_names)
    counts = table.sum(axis=0)
    wanted = np.tile(counts / num_folds, (num_folds, 1))
    folds = place_groups(table, wanted)[unit]
    for label in range(len(counts)):
        free = np.flatnonzero((folds == UNASSIGNED) & (labels == label))
        for image in generator("folds", label).permutation(free):
            fold = np.lexsort((-wanted.sum(axis=1), -wanted[:, label]))[0]
            folds[image] = fold
            wanted[fold, label] -= 1
    return folds


def _refuse_too_many_folds(
    table: np.ndarray, num_folds: int, class_names: tuple[str, ...] | None
) -> None:
    """Refuse folds that could not all have every class.

    Images in at least as many groups as there are folds are not enough where groups hold several
    classes; what is missing then is found when the splits are checked.
    """
    present = np.flatnonzero(table.sum(axis=0))
    num_units = (table[:, present] > 0).sum(axis=0)
    if num_units.min() >= num_folds:
        return
    scarcest = present[num_units.argmin()]
    name = class_names[scarcest] if class_names else str(scarcest)
    number, num_images = num_units.min(), table[:, scarcest].sum()
    grouped = f" in {number} groups" if number < num_images else ""
    most = f"--folds {number} at most, or " if number >= 2 else ""
    raise DataError(
        f"class '{name}' has {num_images} images{grouped}, and {num_folds} folds need one each;"
        f" expected {most}more images of it, or this class merged with another"
    )


def splits_of_folds(
    labels: np.ndarray,
    groups: np.ndarray,
    *,
    num_folds: int,
    validation_fraction: float,
    class_names: tuple[str, ...] | None = None,
) -> np.ndarray:
    """Return one split per fold: the fold is the test, validation is drawn from the rest.

    Args:
        labels: int64 class indices.
        groups: int64, equal for images that must stay together.
        num_folds: From 2 to 20.
        validation_fraction: Share of the images outside the fold, above 0, below 1.
        class_names: What to call the classes in an error; their numbers by default.

    Returns:
        int8 (fold, image) indices into `SPLIT_NAMES`.
    """
    folds = draw_folds(labels, groups, num_folds=num_folds, class_names=class_names)
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

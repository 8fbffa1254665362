"""What classes, groups and given splits must be like before anything is compared on them."""

import numpy as np

from whatwhere.data.source import SPLIT_NAMES, TEST, TRAIN, UNASSIGNED, VALIDATION
from whatwhere.errors import DataError

MINIMUM_PER_CLASS = 2 * len(SPLIT_NAMES)
MAX_SHOWN = 20


def settle_splits(split: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Make the best of the splits that the data gives.

    Args:
        split: int8 split indices, or -1 where none is given.

    Returns:
        Either all -1, or training and test images and perhaps validation images; and what a user
        should be warned of.

    Raises:
        DataError: If only some images have a split, or training images are missing.
    """
    present = set(np.unique(split).tolist())
    if present == {TRAIN, VALIDATION}:
        warning = (
            "no test split is given: the validation images are the test split, and validation "
            "images are drawn from the training images"
        )
        return np.where(split == VALIDATION, TEST, split).astype(np.int8), (warning,)
    if len(present) == 1 and present != {UNASSIGNED}:
        warning = (
            f"only a {split_name(split[0])} split is given: it was split into three, so figures "
            "from it cannot be compared with published ones"
        )
        return np.full_like(split, UNASSIGNED), (warning,)
    if present not in ({UNASSIGNED}, {TRAIN, TEST}, {TRAIN, VALIDATION, TEST}):
        counts = ", ".join(
            f"{split_name(part)}: {(split == part).sum()}" for part in sorted(present)
        )
        raise DataError(f"the splits are incomplete ({counts}); give all of them, or none")
    return split, ()


def refuse_cut_groups(split: np.ndarray, groups: np.ndarray, items: tuple[str, ...]) -> None:
    """Refuse given splits that tear a group apart.

    Args:
        split: int8 split indices.
        groups: int64, equal for images that must stay together.
        items: Names of the images, for the message.

    Raises:
        DataError: With two images of the first such group.
    """
    _, first, unit = np.unique(groups, return_index=True, return_inverse=True)
    torn = np.flatnonzero(split != split[first][unit])
    if len(torn):
        one, other = first[unit[torn[0]]], torn[0]
        raise DataError(
            f"{len(np.unique(unit[torn]))} groups straddle the given splits: '{items[one]}' is in "
            f"{split_name(split[one])} and '{items[other]}' of the same group in "
            f"{split_name(split[other])}; mend the splits, or leave them out to have them made by "
            "group"
        )


def single_group(tested: np.ndarray, groups: np.ndarray | None) -> tuple[str, ...]:
    """Warn of test images that are all of one group: they tell nothing of new groups.

    Args:
        tested: Whether each image is tested, in any fold.
        groups: int64, equal for images that belong together; None without groups.

    Returns:
        At most one warning.
    """
    if groups is None or len(np.unique(groups[tested])) != 1:
        return ()
    return (
        "all test images are of one group, so scores and intervals are for new images of that"
        " group only",
    )


def refuse_small_classes(labels: np.ndarray, class_names: tuple[str, ...]) -> None:
    """Refuse a single class, an empty class and a class too small for three splits.

    Args:
        labels: int64 class indices.
        class_names: One name per class.

    Raises:
        DataError: With the counts.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    if len(class_names) < 2:
        raise DataError(f"there is only one class ({_listed(counts, class_names)}); two are needed")
    smallest = class_names[int(counts.argmin())]
    if counts.min() == 0:
        raise DataError(
            f"class '{smallest}' has no images ({_listed(counts, class_names)}); add images or "
            "remove the class"
        )
    if counts.min() < MINIMUM_PER_CLASS:
        raise DataError(
            f"class '{smallest}' has {counts.min()} images, and three splits need at least "
            f"{MINIMUM_PER_CLASS} of each class ({_listed(counts, class_names)}); add images or "
            "remove the class"
        )


def refuse_missing_classes(
    labels: np.ndarray, split: np.ndarray, class_names: tuple[str, ...]
) -> None:
    """Refuse splits in which a class does not occur.

    Args:
        labels: int64 class indices.
        split: int8 indices into `SPLIT_NAMES`.
        class_names: One name per class.

    Raises:
        DataError: With the counts of the first such split.
    """
    for part, name in enumerate(SPLIT_NAMES):
        counts = np.bincount(labels[split == part], minlength=len(class_names))
        if counts.min() == 0:
            missing = class_names[int(counts.argmin())]
            raise DataError(
                f"class '{missing}' is missing in the {name} split "
                f"({_listed(counts, class_names)}); add images, or pass --allow-missing-class"
            )


def split_name(part: int) -> str:
    """Return "train", "validation", "test", or "no split" for -1."""
    return "no split" if part == UNASSIGNED else SPLIT_NAMES[part]


def _listed(counts: np.ndarray, class_names: tuple[str, ...]) -> str:
    """Return the counts as text, the smallest first when there are many."""
    order = (
        np.arange(len(counts)) if len(counts) <= MAX_SHOWN else np.argsort(counts, kind="stable")
    )
    shown = [f"{class_names[index]}: {counts[index]}" for index in order[:MAX_SHOWN]]
    return ", ".join(shown) + (", ..." if len(counts) > MAX_SHOWN else "")

"""Splits: stratified, the same on every machine, and never through a group."""

import hashlib

import numpy as np

from whatwhere.data.source import TEST, TRAIN, UNASSIGNED, VALIDATION
from whatwhere.data.splitting.checks import split_name
from whatwhere.errors import DataError, UsageError
from whatwhere.randomness import derive_seed, generator, uniform

_FRACTIONS = {TEST: "test_fraction", VALIDATION: "validation_fraction"}


def complete_splits(
    labels: np.ndarray,
    split: np.ndarray,
    groups: np.ndarray | None,
    *,
    validation_fraction: float,
    test_fraction: float,
) -> np.ndarray:
    """Assign every image to a split, keeping the splits that the data gives.

    Without given splits all three are drawn. With training and test images but none for
    validation, validation images are drawn from the training ones. The draw is stratified by
    class and depends only on labels, groups and their order.

    Args:
        labels: int64 class indices.
        split: int8 indices into `SPLIT_NAMES`, or all -1.
        groups: int64, equal for images that must stay together; None when each is on its own.
        validation_fraction: Share of the images to draw for validation, above 0, below 1.
        test_fraction: Share of the images to draw for the test, above 0, below 1.

    Returns:
        int8 indices into `SPLIT_NAMES`, none of them -1.

    Raises:
        DataError: If only some images have a split, or training or test images are missing.
        UsageError: If the fractions leave nothing to train on.
    """
    fractions = {TEST: test_fraction, VALIDATION: validation_fraction}
    present = set(np.unique(split).tolist())
    if present == {TRAIN, TEST}:
        del fractions[TEST]
    if min(fractions.values()) <= 0 or sum(fractions.values()) >= 1:
        named = " and ".join(f"{_FRACTIONS[part]} {share}" for part, share in fractions.items())
        raise UsageError(f"{named} must be above 0 and leave something to train on")
    if present == {TRAIN, VALIDATION, TEST}:
        return split
    if present != {TRAIN, TEST} and present != {UNASSIGNED}:
        raise DataError("the splits are incomplete; give training and test images, or no split")
    groups = np.arange(len(labels)) if groups is None else groups
    pool = np.flatnonzero(split == (UNASSIGNED if present == {UNASSIGNED} else TRAIN))
    completed = split.copy()
    completed[pool] = _draw_splits(labels[pool], groups[pool], fractions)
    return completed


def merge_groups(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the finest groups that keep together what either grouping keeps together.

    Args:
        first: int64 group of each image.
        second: int64 group of each image in another grouping.

    Returns:
        int64 groups.
    """
    merged = np.arange(len(first))
    while True:
        before = merged
        for groups in (first, second):
            _, unit = np.unique(groups, return_inverse=True)
            lowest = np.full(len(merged), len(merged))
            np.minimum.at(lowest, unit, merged)
            merged = lowest[unit]
        if np.array_equal(before, merged):
            return merged


def nested_subset(labels: np.ndarray, size: int) -> np.ndarray:
    """Return a stratified subset; a larger one of the same labels contains it.

    One order is drawn, in which every class comes once and then in proportion; a subset is a
    prefix of it.

    Args:
        labels: int64 class indices.
        size: Number of images, from the number of classes to the number of labels.

    Returns:
        `size` positions into `labels`, the first ones in that order.

    Raises:
        UsageError: If `size` is out of range.
    """
    counts = np.bincount(labels)
    num_classes = int((counts > 0).sum())
    if not num_classes <= size <= len(labels):
        raise UsageError(
            f"a training subset of {size} images is not possible: it takes from {num_classes} (one "
            f"per class) to {len(labels)} (all)"
        )
    rank = np.empty(len(labels))
    for label, count in enumerate(counts):
        shuffled = generator("subset", label).permutation(np.flatnonzero(labels == label))
        rank[shuffled] = (np.arange(count) + 0.5) / max(count, 1)
        rank[shuffled[:1]] = 0
    tie = uniform(derive_seed("subset", "ties"), np.arange(len(labels)))
    return np.lexsort((tie, rank))[:size]


def fingerprint(split: np.ndarray, items: tuple[str, ...], groups: np.ndarray | None = None) -> str:
    """Return the SHA-256 of who is in which split and group, whatever the order of the images.

    Args:
        split: int8 split indices.
        items: Names of the images.
        groups: int64, equal for images that belong together; None without groups.

    Returns:
        64 hex digits.
    """
    grouped = [""] * len(items)
    if groups is not None:
        first: dict[int, str] = {}
        for group, item in zip(groups.tolist(), items, strict=True):
            first[group] = min(first.get(group, item), item)
        grouped = [f"\t{first[group]}" for group in groups.tolist()]
    lines = sorted(
        f"{item}\t{split_name(part)}{group}\n"
        for item, part, group in zip(items, split, grouped, strict=True)
    )
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def apportion(counts: np.ndarray, total: int) -> np.ndarray:
    """Share `total` among classes in proportion to `counts`, by largest remainder.

    Args:
        counts: Images per class.
        total: How many to share out, at most the sum of `counts`.

    Returns:
        int64, one number per class, at most its count; the sum is `total`.
    """
    counts = np.asarray(counts, dtype=np.int64)
    whole, remainder = np.divmod(counts * total, counts.sum())
    order = np.argsort(-remainder, kind="stable")
    whole[order[: total - whole.sum()]] += 1
    return whole


def draw(labels: np.ndarray, shares: np.ndarray, *, key: tuple[int | str, ...]) -> np.ndarray:
    """Draw `shares[c]` images of each class c, or all there are.

    Args:
        labels: int64 class indices.
        shares: How many images of each class.
        key: Names the choice; equal keys draw equally.

    Returns:
        Positions into `labels`, ascending.
    """
    chosen = [
        generator(*key, label).permutation(np.flatnonzero(labels == label))[:share]
        for label, share in enumerate(shares)
    ]
    return np.sort(np.concatenate(chosen))


def count_by_group(labels: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count the images of each class in each group.

    Args:
        labels: int64 class indices.
        groups: int64 group of each image.

    Returns:
        int64 counts (group, class), and the row of each image in them.
    """
    _, unit = np.unique(groups, return_inverse=True)
    table = np.zeros((unit.max() + 1, labels.max() + 1), np.int64)
    np.add.at(table, (unit, labels), 1)
    return table, unit


def place_groups(table: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Place each group of several images where it is wanted most, the largest first.

    Taking the split with the greatest `wanted . counts` is the greedy step of least squares. A
    class that is running out of groups goes to the splits that still lack it.

    Args:
        table: Images per group and class.
        wanted: Images per split and class; what is placed is taken off.

    Returns:
        int8 row of `wanted` for each group, -1 for images on their own.
    """
    sizes = table.sum(axis=1)
    placed = np.full(len(table), UNASSIGNED, np.int8)
    lacking = np.ones(wanted.shape, bool)
    left = (table > 0).sum(axis=0)
    tie = uniform(derive_seed("split", "groups"), np.arange(len(table)))
    for group in np.lexsort((tie, -sizes))[: int((sizes > 1).sum())]:
        counts = table[group]
        scarce = (counts > 0) & (left <= lacking.sum(axis=0))
        urgent = (lacking & scarce).any(axis=1)
        row = int(np.argmax(np.where(urgent | ~urgent.any(), wanted @ counts, -np.inf)))
        placed[group] = row
        wanted[row] -= counts
        lacking[row] &= counts == 0
        left -= counts > 0
    return placed


def _draw_splits(labels: np.ndarray, groups: np.ndarray, fractions: dict[int, float]) -> np.ndarray:
    """Place whole groups first, then fill every class up with the images that are on their own."""
    parts = np.array([TRAIN, *fractions], np.int8)
    table, unit = count_by_group(labels, groups)
    wanted = _wanted(table.sum(axis=0), list(fractions.values()))
    drawn = place_groups(table, wanted)[unit]
    for row in range(1, len(parts)):
        free = np.flatnonzero(drawn == UNASSIGNED)
        shares = np.maximum(wanted[row], 0)
        drawn[free[draw(labels[free], shares, key=("split", int(parts[row])))]] = row
    drawn[drawn == UNASSIGNED] = 0
    return parts[drawn]


def _wanted(counts: np.ndarray, fractions: list[float]) -> np.ndarray:
    """Return images per split and class, training first; each class at least once where it can."""
    shares = [apportion(counts, round(counts.sum() * fraction)) for fraction in fractions]
    shares = [np.maximum(share, counts > len(fractions)) for share in shares]
    return np.stack([counts - sum(shares), *shares])

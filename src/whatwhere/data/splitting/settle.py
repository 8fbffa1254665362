"""Which image is in which split, and what the splits share that they should not."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from whatwhere.data.images.files import Canvases
from whatwhere.data.source import TEST, UNASSIGNED, Listing
from whatwhere.data.splitting.checks import refuse_cut_groups, refuse_missing_classes, single_group
from whatwhere.data.splitting.duplicates import Twins, check_conflicts, refuse_leaks
from whatwhere.data.splitting.folds import splits_of_folds
from whatwhere.data.splitting.near import NearDuplicates, find_near_duplicates
from whatwhere.data.splitting.split import complete_splits, merge_groups


@dataclass(frozen=True)
class Wanted:
    """How splits are to be.

    Args:
        validation_fraction: Share of the images drawn for validation, above 0, below 1.
        test_fraction: Share of the images drawn for the test, above 0, below 1.
        allow_missing_class: Whether a class may be missing in a split.
        dedup: Whether images that are in a later split too are left out of the earlier one.
        strict: Whether to refuse splits that share images.
        whole: Whether images without given splits are all test images.
        num_folds: How often the test fold rotates; 1 for no cross-validation. Folds are made of
            all images, whatever splits are given.
    """

    validation_fraction: float
    test_fraction: float
    allow_missing_class: bool
    dedup: bool
    strict: bool
    whole: bool = False
    num_folds: int = 1


@dataclass(frozen=True, eq=False)
class Settled:
    """Complete splits, and what is to be said about them.

    Args:
        split: int8 indices into `SPLIT_NAMES`; -1 for images that are left out.
        leaked: int64 positions of test images that are in training or validation too.
        near: Near duplicates across splits; None where they were not looked for.
        warnings: What a user should know before trusting a result.
        notes: Plain facts.
        splits: int8 (fold, image) where folds were asked for, else None.
    """

    split: np.ndarray
    leaked: np.ndarray
    near: NearDuplicates | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    splits: np.ndarray | None = None


def settle(listing: Listing, canvases: Canvases, wanted: Wanted, *, folder: Path) -> Settled:
    """Complete the splits and look for what they share.

    Images that are equal pixel for pixel, and images of one group, come into the same split when
    the split is made here. Given splits are kept, and what they share is said.

    Args:
        listing: Labels, given splits and groups.
        canvases: The decoded images.
        wanted: How splits are to be.
        folder: The cache folder.

    Returns:
        The splits.

    Raises:
        DataError: If given splits cut a group, a class is missing in a split, or labels contradict.
    """
    kept = canvases.kept
    labels, given = listing.labels[kept], listing.split[kept]
    items = tuple(listing.items[index] for index in kept)
    if wanted.whole and given[0] == UNASSIGNED:
        split = np.full(len(given), TEST, np.int8)
        return Settled(split, np.empty(0, np.int64), None, (), ())
    notes: list[str] = []
    if wanted.num_folds > 1 and given[0] != UNASSIGNED:
        notes.append(f"the given splits are set aside: all images go into {wanted.num_folds} folds")
        given = np.full_like(given, UNASSIGNED)
    number = np.unique(canvases.pixel_hashes, return_inverse=True)[1]
    together = _together(listing, kept, given, number, items)
    splits = _splits(labels, given, together, wanted, listing.class_names)
    twins = [Twins(number, split, labels, items) for split in splits]
    if wanted.dedup:
        splits = np.stack([twin.without_repeats() for twin in twins])
        num_left_out = int((splits[0] == UNASSIGNED).sum())
        twins = [Twins(number, split, labels, items) for split in splits]
        notes.append(f"left out because they are in a later split too (--dedup): {num_left_out}")
    if not wanted.allow_missing_class:
        for twin in twins:
            refuse_missing_classes(labels, twin.split, listing.class_names)
    conflicts = check_conflicts(twins[0], listing.class_names)
    near = _near(canvases, labels, [twin.split for twin in twins], folder)
    shared = (*twins[0].warnings(), *conflicts, *([near.warning()] if near else []))
    shared = tuple(text for text in shared if text)
    if wanted.strict:
        refuse_leaks(shared)
    tested = np.any([twin.split == TEST for twin in twins], axis=0)
    warnings = (*shared, *single_group(tested, _kept_groups(listing, kept)))
    if near and near.note():
        notes.append(near.note())
    return Settled(
        split=twins[0].split,
        leaked=twins[0].leaked(),
        near=near,
        warnings=warnings,
        notes=tuple(notes),
        splits=np.stack([twin.split for twin in twins]) if wanted.num_folds > 1 else None,
    )


def _kept_groups(listing: Listing, kept: np.ndarray) -> np.ndarray | None:
    return None if listing.groups is None else listing.groups[kept]


def _splits(
    labels: np.ndarray,
    given: np.ndarray,
    together: np.ndarray,
    wanted: Wanted,
    class_names: tuple[str, ...],
) -> np.ndarray:
    """Return the split of every fold; one row without folds."""
    if wanted.num_folds > 1:
        return splits_of_folds(
            labels,
            together,
            num_folds=wanted.num_folds,
            validation_fraction=wanted.validation_fraction,
            class_names=class_names,
        )
    return complete_splits(
        labels,
        given,
        together,
        validation_fraction=wanted.validation_fraction,
        test_fraction=wanted.test_fraction,
    )[None]


def _near(
    canvases: Canvases, labels: np.ndarray, splits: list[np.ndarray], folder: Path
) -> NearDuplicates | None:
    views = _views(canvases)
    found = [
        find_near_duplicates(views, labels, split, folder=folder, key=canvases.content_hash)
        for split in splits
    ]
    known = [one for one in found if one is not None]
    return known[0] if len(known) == 1 else NearDuplicates.joined(known) if known else None


def _together(
    listing: Listing,
    kept: np.ndarray,
    given: np.ndarray,
    number: np.ndarray,
    items: tuple[str, ...],
) -> np.ndarray:
    """Return what must not be torn apart: equal images, and groups where there are some."""
    groups = _kept_groups(listing, kept)
    if groups is None:
        return number
    if given[0] != UNASSIGNED:
        refuse_cut_groups(given, groups, items)
    return merge_groups(groups, number)


def _views(canvases: Canvases) -> np.ndarray:
    inside = slice(canvases.margin, canvases.margin + canvases.image_size)
    return canvases.images[:, inside, inside]

"""Which image is in which split, and what the splits share that they should not."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from whatwhere.data.checks import refuse_cut_groups, refuse_missing_classes
from whatwhere.data.duplicates import Twins, check_conflicts, refuse_leaks
from whatwhere.data.files import Canvases
from whatwhere.data.near import NearDuplicates, find_near_duplicates
from whatwhere.data.source import TEST, UNASSIGNED, Listing
from whatwhere.data.split import complete_splits, merge_groups


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
    """

    validation_fraction: float
    test_fraction: float
    allow_missing_class: bool
    dedup: bool
    strict: bool
    whole: bool = False


@dataclass(frozen=True, eq=False)
class Settled:
    """Complete splits, and what is to be said about them.

    Args:
        split: int8 indices into `SPLIT_NAMES`; -1 for images that are left out.
        leaked: int64 positions of test images that are in training or validation too.
        near: Near duplicates across splits; None where they were not looked for.
        warnings: What a user should know before trusting a result.
        notes: Plain facts.
    """

    split: np.ndarray
    leaked: np.ndarray
    near: NearDuplicates | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


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
    number = np.unique(canvases.pixel_hashes, return_inverse=True)[1]
    split = complete_splits(
        labels,
        given,
        _together(listing, kept, given, number, items),
        validation_fraction=wanted.validation_fraction,
        test_fraction=wanted.test_fraction,
    )
    twins = Twins(number, split, labels, items)
    notes: tuple[str, ...] = ()
    if wanted.dedup:
        split = twins.without_repeats()
        num_left_out = int((split == UNASSIGNED).sum())
        twins = Twins(number, split, labels, items)
        notes = (f"left out because they are in a later split too (--dedup): {num_left_out}",)
    if not wanted.allow_missing_class:
        refuse_missing_classes(labels, split, listing.class_names)
    conflicts = check_conflicts(twins, listing.class_names)
    near = find_near_duplicates(
        _views(canvases), labels, split, folder=folder, key=canvases.content_hash
    )
    warnings = (*twins.warnings(), *conflicts, *([near.warning()] if near else []))
    warnings = tuple(text for text in warnings if text)
    if wanted.strict:
        refuse_leaks(warnings)
    near_note = near.note() if near else ""
    return Settled(
        split, twins.leaked(), near, warnings, (*notes, near_note) if near_note else notes
    )


def _together(
    listing: Listing,
    kept: np.ndarray,
    given: np.ndarray,
    number: np.ndarray,
    items: tuple[str, ...],
) -> np.ndarray:
    """Return what must not be torn apart: equal images, and groups where there are some."""
    if listing.groups is None:
        return number
    groups = listing.groups[kept]
    if given[0] != UNASSIGNED:
        refuse_cut_groups(given, groups, items)
    return merge_groups(groups, number)


def _views(canvases: Canvases) -> np.ndarray:
    inside = slice(canvases.margin, canvases.margin + canvases.image_size)
    return canvases.images[:, inside, inside]

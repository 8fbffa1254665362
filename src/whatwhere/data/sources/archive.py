"""NumPy archives (.npz): MedMNIST's layout, or plain images and labels, as a Listing."""

import dataclasses
import hashlib
import zipfile
import zlib
from pathlib import Path

import numpy as np

from whatwhere.data.images.decode import scale
from whatwhere.data.names import display, legal_name, natural_key
from whatwhere.data.source import SPLIT_NAMES, UNASSIGNED, Listing
from whatwhere.data.sources.card import DataCard
from whatwhere.data.sources.medmnist import MEDMNIST_CARDS
from whatwhere.data.splitting.checks import settle_splits
from whatwhere.errors import DataError

PREFIXES = {"train_": 0, "val_": 1, "test_": 2}
MAX_CHANNELS = 4
EXPECTED = (
    "expected train_images and train_labels (and val_..., test_...) as MedMNIST has them, or "
    "images and labels (and groups)"
)


def list_archive(archive: Path, *, value_range: tuple[float, float] | None = None) -> Listing:
    """List the images of an .npz file.

    A file whose MD5 or name is that of a MedMNIST set gets its class names, licence and citation.

    Args:
        archive: The file.
        value_range: Values that become 0 and 255, for images that are not uint8.

    Returns:
        Images in the order of the file; the split is -1 where none is given.

    Raises:
        DataError: If an array is missing, damaged, or of the wrong shape or type.
    """
    arrays = read_arrays(archive)
    parts = {prefix: part for prefix, part in PREFIXES.items() if f"{prefix}images" in arrays}
    parts = parts or {"": UNASSIGNED}
    images = _joined(archive, arrays, [f"{prefix}images" for prefix in parts])
    labels = _joined(archive, arrays, [f"{prefix}labels" for prefix in parts])
    counts = [len(arrays[f"{prefix}images"]) for prefix in parts]
    label_counts = [len(arrays[f"{prefix}labels"]) for prefix in parts]
    if counts != label_counts:
        raise DataError(f"{display(archive)} has {counts} images and {label_counts} labels")
    numbers, names = _classes(archive, labels)
    split, warnings = settle_splits(np.repeat(np.array([*parts.values()], np.int8), counts))
    listing = Listing(
        name=legal_name(archive.stem),
        title=display(archive.name),
        items=_items(parts, counts),
        labels=numbers,
        class_names=names,
        split=split,
        groups=_groups(archive, arrays, len(numbers)),
        images=_eight_bits(archive, _channels_last(archive, images), value_range),
        warnings=warnings,
        source="arrays of images",
    )
    return _with_card(listing, archive, tuple(counts))


def read_arrays(archive: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an .npz file; pickled objects are refused.

    Args:
        archive: The file.

    Returns:
        Arrays by name.

    Raises:
        DataError: If it is no such file, damaged, or holds objects instead of numbers.
    """
    try:
        with archive.open("rb") as file, np.load(file, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        raise DataError(
            f"{display(archive)} is not a readable .npz file ({display(str(error))})"
        ) from None


def _joined(archive: Path, arrays: dict[str, np.ndarray], names: list[str]) -> np.ndarray:
    missing = [name for name in names if name not in arrays]
    if missing:
        has = ", ".join(display(name) for name in arrays) or "nothing"
        raise DataError(
            f"{display(archive)} has no array '{missing[0]}' (it has {has}); {EXPECTED}"
        )
    try:
        return np.concatenate([arrays[name] for name in names])
    except ValueError:
        shapes = ", ".join(f"{name} {arrays[name].shape}" for name in names)
        raise DataError(f"the arrays of {display(archive)} do not fit together: {shapes}") from None


def _channels_last(archive: Path, images: np.ndarray) -> np.ndarray:
    """Return images as (image, height, width, channel)."""
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or not 1 <= images.shape[3] <= MAX_CHANNELS:
        hint = ""
        if images.ndim == 4 and 1 <= images.shape[1] <= MAX_CHANNELS:
            hint = "; the channels seem to come first: transpose to (0, 2, 3, 1)"
        raise DataError(
            f"the images of {display(archive)} have the shape {images.shape}; expected (image, "
            f"height, width) or (image, height, width, channel) with 1 to {MAX_CHANNELS} "
            f"channels{hint}"
        )
    return images


def _eight_bits(
    archive: Path, images: np.ndarray, value_range: tuple[float, float] | None
) -> np.ndarray:
    if images.dtype == np.uint8:
        if value_range is not None:
            raise DataError(
                f"{display(archive)} has 8 bits, and --value-range is for images of more bits"
            )
        return images
    if images.dtype.kind not in "iuf":
        raise DataError(f"the images of {display(archive)} are {images.dtype}; expected numbers")
    if value_range is None:
        low, high = np.nanmin(images), np.nanmax(images)
        raise DataError(
            f"the images of {display(archive)} are {images.dtype} with values from {low:g} to "
            f"{high:g}: pass --value-range {low:g},{high:g}, or the range that their device uses"
        )
    try:
        return np.stack([scale(image, value_range) for image in images])
    except ValueError as error:
        raise DataError(f"{display(archive)}: {error}") from None


def _classes(archive: Path, labels: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return int64 class indices and class names for labels (image,) or (image, 1)."""
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise DataError(
            f"the labels of {display(archive)} have {labels.shape[1]} columns: several may hold "
            "for one image, and whatwhere compares classifiers that name one class per image"
        )
    labels = labels.reshape(len(labels), -1)[:, 0] if labels.ndim <= 2 else labels
    if labels.ndim > 1 or labels.dtype.kind not in "iubU":
        raise DataError(
            f"the labels of {display(archive)} are {labels.dtype} {labels.shape}; expected whole "
            "numbers or names, one per image"
        )
    if labels.dtype.kind == "U":
        names = sorted(set(labels.tolist()), key=natural_key)
        number = {name: index for index, name in enumerate(names)}
        numbers = np.array([number[name] for name in labels.tolist()], np.int64)
        return numbers, tuple(display(name) for name in names)
    numbers = labels.astype(np.int64)
    if len(numbers) == 0 or numbers.min() < 0 or numbers.max() >= len(numbers):
        raise DataError(
            f"{display(archive)}: labels must be whole numbers from 0 to the number of classes - 1"
        )
    return numbers, tuple(str(index) for index in range(numbers.max() + 1))


def _groups(archive: Path, arrays: dict[str, np.ndarray], num_images: int) -> np.ndarray | None:
    if "groups" not in arrays:
        return None
    groups = arrays["groups"].reshape(-1)
    if len(groups) != num_images:
        raise DataError(f"{display(archive)} has {len(groups)} groups for {num_images} images")
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _items(parts: dict[str, int], counts: list[int]) -> tuple[str, ...]:
    return tuple(
        f"{'image' if part == UNASSIGNED else SPLIT_NAMES[part]}/{index}"
        for part, count in zip(parts.values(), counts, strict=True)
        for index in range(count)
    )


def _with_card(listing: Listing, archive: Path, counts: tuple[int, ...]) -> Listing:
    """Add what the catalogue knows about a file that it recognises by MD5 or by name."""
    with archive.open("rb") as file:
        md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    official = next((card for card in MEDMNIST_CARDS if card.md5 == md5), None)
    named = next((card for card in MEDMNIST_CARDS if _is_named(archive, card)), None)
    card = official or named
    if card is None or len(listing.class_names) > len(card.classes):
        return listing
    warnings = listing.warnings
    if official is None:
        sizes = (
            "" if counts == card.splits else f" and other split sizes {counts}, not {card.splits}"
        )
        warnings += (
            f"{display(archive.name)} is not the official {card.title} file: it has another "
            f"MD5{sizes}; do not compare with published figures ({card.address})",
        )
    return dataclasses.replace(
        listing,
        name=card.name if official else listing.name,
        title=card.title if official else listing.title,
        class_names=card.classes,
        allow_flip=card.allow_flip,
        warnings=warnings,
        source=card.source,
        licence=card.licence,
        citation=card.citation,
    )


def _is_named(archive: Path, card: DataCard) -> bool:
    """Return whether a file is called like a set, perhaps with something after an underscore."""
    return archive.stem.lower().split("_")[0] == card.name

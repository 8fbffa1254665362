"""open_source: whatever a user calls their data, as one ImageSource."""

import hashlib
import time
from pathlib import Path

import numpy as np

from whatwhere.data.images.cache import FOLDER_VARIABLE, ImageCache, data_folder
from whatwhere.data.images.canvas import to_canvases
from whatwhere.data.images.files import Canvases, Sizes, content_hash, decode_listing
from whatwhere.data.images.vet import Rules
from whatwhere.data.source import UNASSIGNED, ImageSource, Listing
from whatwhere.data.sources.kinds import list_data
from whatwhere.data.splitting.checks import refuse_small_classes
from whatwhere.data.splitting.settle import Settled, Wanted, settle
from whatwhere.errors import DataError, UsageError

MAX_IMAGE_SIZE = 1024
VALIDATION_FRACTION = 0.15


def open_source(
    data: str | Path,
    *,
    image_size: int | None,
    largest_size: int,
    margin: bool,
    value_range: tuple[float, float] | None = None,
    skip_bad: bool = False,
    frame_first: bool = False,
    allow_missing_class: bool = False,
    dedup: bool = False,
    strict: bool = False,
    whole: bool = False,
    num_folds: int = 1,
    cache_folder: Path | None = None,
    minimum_size: int = 8,
    validation_fraction: float = VALIDATION_FRACTION,
    test_fraction: float = 0.15,
) -> ImageSource:
    """Open a data set: list it, vet and decode every image, and settle the splits.

    Nothing is ever written to the user's folder. Images that are equal pixel for pixel, and images
    of one group, come into the same split when the split is made here.

    Args:
        data: A known name, a folder, an archive, a .csv or an .npz file, or "hf:owner/name".
        image_size: Side of the images in pixels; None takes their own when all agree, are square
            and at most `largest_size`, otherwise `largest_size`.
        largest_size: In pixels.
        margin: Whether to keep a frame of an eighth of the size for random crops.
        value_range: Values that become 0 and 255, for images of more than 8 bits.
        skip_bad: Whether bad files are left out, up to a tenth of all.
        frame_first: Whether the first picture of an animation or a document is taken.
        allow_missing_class: Whether a class may be missing in a split.
        dedup: Whether images that are, pixel for pixel, in a later split too are left out of
            training and validation.
        strict: Whether splits that share images, or equal images of two classes, are refused.
        whole: Whether to make no splits: images without given splits are all test images then,
            and classes may be small.
        num_folds: How often the test fold rotates in a cross-validation of all images, whatever
            splits are given; 1 for none.
        cache_folder: Where decoded images are kept; None takes `WHATWHERE_DATA` or
            ~/.cache/whatwhere.
        minimum_size: Smallest accepted side of an image in pixels.
        validation_fraction: Share of the images drawn for validation, above 0, below 1.
        test_fraction: Share of the images drawn for the test, above 0, below 1.

    Returns:
        The images with labels and complete splits.

    Raises:
        DataError: If images, labels or splits cannot be trusted as they are.
        UnknownNameError: If nothing of that name is known.
        UsageError: If an option is out of range.
        StorageError: If the cache cannot be written.
    """
    start = time.perf_counter()
    sizes = Sizes(image_size, largest_size, margin)
    _check_options(sizes, minimum_size, value_range)
    listing = list_data(data, value_range=value_range, folder=data_folder(cache_folder))
    if not whole:
        refuse_small_classes(listing.labels, listing.class_names)
    if listing.images is None:
        rules, cache = Rules(value_range, frame_first, minimum_size), ImageCache(cache_folder)
        _refuse_cache_in_data(data, cache)
        canvases = decode_listing(listing, rules=rules, sizes=sizes, skip_bad=skip_bad, cache=cache)
    else:
        canvases = _fit_arrays(listing, sizes, minimum_size)
    if not whole:
        refuse_small_classes(listing.labels[canvases.kept], listing.class_names)
    wanted = Wanted(
        validation_fraction, test_fraction, allow_missing_class, dedup, strict, whole, num_folds
    )
    settled = settle(listing, canvases, wanted, folder=data_folder(cache_folder))
    return _assemble(listing, canvases, settled, time.perf_counter() - start)


def _fit_arrays(listing: Listing, sizes: Sizes, minimum_size: int) -> Canvases:
    """Lay arrays onto canvases; they are in memory already, so nothing is cached."""
    images = listing.images
    assert images is not None, "arrays have images"
    height, width = images.shape[1:3]
    if min(height, width) < minimum_size:
        raise DataError(
            f"the images of {listing.title} have {width} x {height} pixels, fewer than "
            f"{minimum_size} on a side"
        )
    image_size, margin = sizes.resolve({(height, width)})
    hashes = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    kept = np.arange(len(images))
    return Canvases(
        images=to_canvases(images, image_size=image_size, margin=margin),
        image_size=image_size,
        margin=margin,
        kept=kept,
        content_hash=content_hash(listing, hashes, kept),
        pixel_hashes=tuple(hashes),
    )


def _refuse_cache_in_data(data: str | Path, cache: ImageCache) -> None:
    path = Path(data).expanduser()
    if path.is_dir() and cache.folder.resolve().is_relative_to(path.resolve()):
        raise UsageError(
            f"the cache folder {cache.folder} lies inside the data {path}, which is never written "
            f"to; set {FOLDER_VARIABLE} to another folder"
        )


def _check_options(
    sizes: Sizes, minimum_size: int, value_range: tuple[float, float] | None
) -> None:
    for name, size in (("image_size", sizes.image_size), ("largest_size", sizes.largest_size)):
        if size is not None and not minimum_size <= size <= MAX_IMAGE_SIZE:
            raise UsageError(
                f"{name} is {size}; expected {minimum_size} to {MAX_IMAGE_SIZE} pixels"
            )
    if value_range is not None and not value_range[0] < value_range[1]:
        low, high = value_range
        raise UsageError(
            f"the value range {low},{high} is empty; expected LOW,HIGH with LOW < HIGH"
        )


def _assemble(
    listing: Listing,
    canvases: Canvases,
    settled: Settled,
    decode_seconds: float,
) -> ImageSource:
    kept = canvases.kept
    return ImageSource(
        name=listing.name,
        title=listing.title,
        images=canvases.images,
        image_size=canvases.image_size,
        margin=canvases.margin,
        labels=listing.labels[kept],
        class_names=listing.class_names,
        split=settled.split,
        groups=None if listing.groups is None else listing.groups[kept],
        items=tuple(listing.items[index] for index in kept),
        content_hash=canvases.content_hash,
        allow_flip=listing.allow_flip,
        warnings=(*listing.warnings, *canvases.warnings, *settled.warnings),
        notes=(*listing.notes, *canvases.notes, *settled.notes),
        splits_given=bool(listing.split[0] != UNASSIGNED),
        splits=settled.splits,
        leaked=settled.leaked,
        near=settled.near,
        left_out=canvases.left_out,
        source=listing.source,
        licence=listing.licence,
        citation=listing.citation,
        decode_seconds=decode_seconds,
    )

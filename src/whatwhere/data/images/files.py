"""From listed files to canvases: hash, vet, decode, and keep the result in the cache."""

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

import numpy as np
import PIL

from whatwhere.config import fingerprint
from whatwhere.data.images.cache import ImageCache
from whatwhere.data.images.canvas import margin_of
from whatwhere.data.images.decode import Decoded, decode_file, value_extent
from whatwhere.data.images.vet import (
    Header,
    Rules,
    describe,
    hash_file,
    mode_association,
    quiet_pillow,
    read_header,
    reason_to_refuse,
    refuse_bad,
)
from whatwhere.data.source import Listing

RULES_VERSION = 1
BATCH_SIZE = 256
MAX_MODE_ASSOCIATION = 0.3


@dataclass(frozen=True)
class Sizes:
    """How large the canvases are to be.

    Args:
        image_size: Side of the evaluation view in pixels; None takes the images' own size when
            all agree, are square and at most `largest_size`, otherwise `largest_size`.
        largest_size: In pixels.
        margin: Whether to keep a frame for random crops.
    """

    image_size: int | None
    largest_size: int
    margin: bool

    def resolve(self, shapes: set[tuple[int, int]]) -> tuple[int, int]:
        """Return image size and margin in pixels for images of these heights and widths."""
        size = self.image_size or self.largest_size
        if self.image_size is None and len(shapes) == 1:
            height, width = next(iter(shapes))
            size = height if height == width and height <= self.largest_size else size
        return size, margin_of(size) if self.margin else 0


@dataclass(frozen=True, eq=False)
class Canvases:
    """Decoded images and what was found out about them.

    Args:
        images: uint8 (image, canvas, canvas, channel).
        image_size: Side of the evaluation view in pixels.
        margin: Frame around it in pixels.
        kept: int64 positions of these images in the listing.
        content_hash: SHA-256 over names, bytes, labels and given splits.
        pixel_hashes: Equal for images with equal pixels.
        warnings: What a user should know.
        notes: Plain facts.
        left_out: Bad files, each with its reason.
    """

    images: np.ndarray
    image_size: int
    margin: int
    kept: np.ndarray
    content_hash: str
    pixel_hashes: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def decode_listing(
    listing: Listing, *, rules: Rules, sizes: Sizes, skip_bad: bool, cache: ImageCache
) -> Canvases:
    """Decode the files of a listing, or take them from the cache.

    Every file is hashed each time, so a changed file is noticed.

    Args:
        listing: Of a folder or a table.
        rules: What is accepted.
        sizes: How large the canvases are to be.
        skip_bad: Whether a few bad files may be left out.
        cache: Where decoded images are kept.

    Returns:
        The canvases of all files that are in order.

    Raises:
        DataError: With every bad file and its reason.
        StorageError: If the cache cannot be written.
    """
    with ThreadPoolExecutor(_num_threads()) as threads:
        hashes = list(threads.map(hash_file, listing.paths))
        asked = [RULES_VERSION, PIL.__version__, asdict(rules), asdict(sizes), skip_bad]
        everything = np.arange(len(hashes))
        key = fingerprint([asked, content_hash(listing, hashes, everything)])
        found = cache.load(key)
        if found is None:
            _Decoding(listing, rules, sizes, skip_bad, threads).run(cache, key)
            found = cache.load(key)
    assert found is not None, "what was stored can be loaded"
    images, facts = found
    kept = np.array(facts["kept"], np.int64)
    return Canvases(
        images=images,
        image_size=facts["image_size"],
        margin=facts["margin"],
        kept=kept,
        content_hash=content_hash(listing, hashes, kept),
        pixel_hashes=tuple(facts["pixel_hashes"]),
        warnings=tuple(facts["warnings"]),
        notes=tuple(facts["notes"]),
        left_out=tuple(facts["left_out"]),
    )


def content_hash(listing: Listing, hashes: list[str], kept: np.ndarray) -> str:
    """Return the SHA-256 over sorted lines of path, file hash, label and given split.

    Args:
        listing: Of a folder or a table.
        hashes: SHA-256 of each file.
        kept: Positions of the images that count.

    Returns:
        64 hex digits.
    """
    lines = sorted(
        json.dumps(
            [
                listing.items[index],
                hashes[index],
                listing.class_names[listing.labels[index]],
                int(listing.split[index]),
            ]
        )
        for index in kept
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass
class _Decoding:
    """One pass over the files of a listing; `bad` fills up on the way."""

    listing: Listing
    rules: Rules
    sizes: Sizes
    skip_bad: bool
    threads: ThreadPoolExecutor
    bad: dict[int, str] = field(default_factory=dict)
    decoded: dict[int, str] = field(default_factory=dict)

    def run(self, cache: ImageCache, key: str) -> None:
        """Vet and decode all files and store the canvases with the facts about them."""
        with quiet_pillow():
            self.headers = [read_header(path) for path in self.listing.paths]
            reasons = [reason_to_refuse(header, self.rules) for header in self.headers]
            self.bad = {index: reason for index, reason in enumerate(reasons) if reason}
            good = [index for index in range(len(reasons)) if index not in self.bad]
            self.grey = all(self.headers[index].grey for index in good)
            shapes = {(self.headers[index].height, self.headers[index].width) for index in good}
            self.image_size, self.margin = self.sizes.resolve(shapes)
            canvas_size = self.image_size + 2 * self.margin
            shape = (canvas_size, canvas_size, 1 if self.grey else 3)
            cache.store(key, self._canvases(good), shape=shape, facts=self._facts)

    def _canvases(self, good: list[int]) -> Iterator[np.ndarray]:
        """Decode in threads, a bounded number at a time, in order."""
        for start in range(0, len(good), BATCH_SIZE):
            batch = good[start : start + BATCH_SIZE]
            for index, result in zip(batch, self.threads.map(self._decode, batch), strict=True):
                if result.canvas is None:
                    self.bad[index] = result.damage
                else:
                    self.decoded[index] = result.pixel_hash
                    yield result.canvas

    def _decode(self, index: int) -> Decoded:
        return decode_file(
            self.listing.paths[index],
            self.headers[index],
            rules=self.rules,
            grey=self.grey,
            image_size=self.image_size,
            margin=self.margin,
        )

    def _facts(self) -> dict[str, object]:
        """Refuse bad files; otherwise say what was decoded."""
        listing, kept = self.listing, sorted(self.decoded)
        bad = {listing.items[index]: self.bad[index] for index in sorted(self.bad)}
        num_images, advice = len(listing.items), self._range_seen()
        refuse_bad(bad, num_images=num_images, skip_bad=self.skip_bad, advice=advice)
        headers = [self.headers[index] for index in kept]
        paths = [listing.paths[index] for index in kept]
        return {
            "image_size": self.image_size,
            "margin": self.margin,
            "kept": kept,
            "pixel_hashes": [self.decoded[index] for index in kept],
            "warnings": self._warnings(headers, listing.labels[kept]),
            "notes": describe(headers, paths, grey=self.grey),
            "left_out": [f"{item}: {reason}" for item, reason in bad.items()],
        }

    def _warnings(self, headers: list[Header], labels: np.ndarray) -> list[str]:
        warnings = []
        association = mode_association(headers, labels)
        if association > MAX_MODE_ASSOCIATION:
            warnings.append(
                "the kind of image file (grey, colour, transparent) goes with the class (Cramer's "
                f"V {association:.2f}): a model may learn the kind instead of the content"
            )
        if self.bad:
            warnings.append(f"{len(self.bad)} bad files are left out for all designs alike")
        return warnings

    def _range_seen(self) -> str:
        """Return advice on the value range when there are deep images and none was given."""
        deep = [index for index in self.bad if self.headers[index].deep]
        if not deep or self.rules.value_range is not None:
            return ""
        paths = [self.listing.paths[index] for index in deep]
        seen = [extent for extent in self.threads.map(value_extent, paths) if extent]
        if not seen:
            return ""
        low, high = min(low for low, _ in seen), max(high for _, high in seen)
        return (
            f"{len(deep)} images have values from {low:g} to {high:g}: pass --value-range "
            f"{low:g},{high:g}, or the range that their device uses\n"
        )


def _num_threads() -> int:
    return min(8, os.cpu_count() or 1)

"""Near duplicates across splits: images that differ by a few pixels, a new encoding or a mirror."""

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from whatwhere.config import fingerprint
from whatwhere.data.source import TEST, UNASSIGNED

MAX_DISTANCE = 10  # of 64 bits; unrelated images of noise are never nearer than 14
MIN_CORRELATION = 0.95  # of the images at 16 x 16; bits alone call every two chest X-rays alike
MIN_IMAGE_SIZE = 16  # smaller images are too simple: two scans of one digit look like copies
MAX_TEST_IMAGES = 10_000
MAX_PAIRS = 24
WARNING_SHARE = 0.005
VERSION = 1
_SIDE, _BITS_SIDE, _SMALL_SIDE = 32, 8, 16
_BLOCK = 512


@dataclass(frozen=True)
class NearDuplicates:
    """Test images that look like copies of training or validation images.

    Args:
        num_test: Test images that were looked at.
        num_near: Those with such an image, exact copies included.
        num_other_class: Those with such an image of another class.
        pairs: Test image, other image, differing bits; the nearest pairs first.
    """

    num_test: int
    num_near: int
    num_other_class: int
    pairs: tuple[tuple[int, int, int], ...]

    @classmethod
    def joined(cls, found: Sequence["NearDuplicates"]) -> "NearDuplicates":
        """Put together what was found in the folds of a cross-validation.

        Args:
            found: One per fold; their test images are different ones.

        Returns:
            The sums, and the nearest pairs of all.
        """
        pairs = sorted((pair for one in found for pair in one.pairs), key=lambda pair: pair[2])
        return cls(
            num_test=sum(one.num_test for one in found),
            num_near=sum(one.num_near for one in found),
            num_other_class=sum(one.num_other_class for one in found),
            pairs=tuple(pairs[:MAX_PAIRS]),
        )

    @property
    def tells(self) -> bool:
        """Whether likeness means anything here: where all images look alike it does not.

        A copy has the class of its original, so images as near of another class show how often
        mere likeness passes for a copy.
        """
        return self.num_near > 2 * self.num_other_class

    def warning(self) -> str:
        """Return what a user should know; empty up to half a percent of the test images."""
        share = self.num_near / max(1, self.num_test)
        if share <= WARNING_SHARE or not self.tells:
            return ""
        return (
            f"test images that look like copies of training or validation images: {self.num_near} "
            f"of {self.num_test} ({100 * share:.1f} %); if they are what they seem, split by "
            "patient or scene"
        )

    def note(self) -> str:
        """Return what was found where it is no warning."""
        if self.num_near and not self.tells:
            return (
                f"{self.num_near} of {self.num_test} test images look like some training image, "
                f"{self.num_other_class} of them like one of another class: in this set likeness "
                "does not show copies"
            )
        return ""


def find_near_duplicates(
    views: np.ndarray, labels: np.ndarray, split: np.ndarray, *, folder: Path, key: str
) -> NearDuplicates | None:
    """Look for every test image's like among all others; remembered in the cache folder.

    Two images are alike when their 64-bit perceptual hashes differ in at most 10 bits, also after
    mirroring one, and their grey values at 16 x 16 correlate by 0.95 at least.

    Args:
        views: uint8 (image, height, width, channel).
        labels: int64 class indices.
        split: int8 indices into `SPLIT_NAMES`, or -1 for images that are left out.
        folder: The cache folder.
        key: Names images and their splits; equal keys have equal answers.

    Returns:
        What was found, or None for images of fewer than 16 pixels, or without test images.

    Source:
        The hash is that of the ImageHash library (the low 8 x 8 frequencies of a cosine transform
        at 32 x 32, above their median or not); correlation and judgement by classes are ours.

    Cost:
        Test images times other images times 64 multiply-adds, twice.
    """
    test = np.flatnonzero(split == TEST)
    others = np.flatnonzero((split != TEST) & (split != UNASSIGNED))
    if min(views.shape[1:3]) < MIN_IMAGE_SIZE or not len(test) or not len(others):
        return None
    path = folder / "near" / f"{fingerprint([VERSION, key, split.tolist()])[:32]}.json"
    known = _remembered(path)
    if known is None:
        chosen = test[:: -(-len(test) // MAX_TEST_IMAGES)]
        known = _search(views, labels, chosen, others)
        _remember(path, known)
    return known


def _search(
    views: np.ndarray, labels: np.ndarray, test: np.ndarray, others: np.ndarray
) -> NearDuplicates:
    bits, small = _described(views, others)
    own_bits, own_small = _described(views, test)
    mirror_bits, mirror_small = _described(views, test, mirrored=True)
    near: list[tuple[int, int, int]] = []
    for start in range(0, len(test), _BLOCK):
        block = slice(start, start + _BLOCK)
        for one_bits, one_small in ((own_bits, own_small), (mirror_bits, mirror_small)):
            # The product of two rows of +1 and -1 is 64 minus twice the bits that differ.
            product = one_bits[block] @ bits.T
            rows, columns = np.nonzero(product >= 64 - 2 * MAX_DISTANCE)
            alike = np.einsum("ij,ij->i", one_small[block][rows], small[columns])
            kept = alike >= MIN_CORRELATION
            distances = (64 - product[rows, columns]) / 2
            near += zip(
                test[start + rows[kept]].tolist(),
                others[columns[kept]].tolist(),
                distances[kept].astype(int).tolist(),
                strict=True,
            )
    return _summary(near, labels, len(test))


def _summary(near: list[tuple[int, int, int]], labels: np.ndarray, num_test: int) -> NearDuplicates:
    best: dict[int, tuple[int, int, int]] = {}
    for pair in near:
        known = best.setdefault(pair[0], pair)
        if (pair[2], pair[1]) < (known[2], known[1]):
            best[pair[0]] = pair
    strangers = {one for one, other, _ in near if labels[one] != labels[other]}
    pairs = sorted(best.values(), key=lambda pair: (pair[2], pair[0]))
    return NearDuplicates(num_test, len(best), len(strangers), tuple(pairs[:MAX_PAIRS]))


def _described(
    views: np.ndarray, chosen: np.ndarray, *, mirrored: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return the hash of each image as 64 times +1 or -1, and its grey values of unit length."""
    bits = np.empty((len(chosen), _BITS_SIDE**2), np.float32)
    small = np.empty((len(chosen), _SMALL_SIDE**2), np.float32)
    for start in range(0, len(chosen), _BLOCK):
        block = slice(start, start + _BLOCK)
        grey = _grey(views[chosen[block]])
        grey = grey[:, :, ::-1] if mirrored else grey
        bits[block] = _hash(_resized(grey, _SIDE))
        values = _resized(grey, _SMALL_SIDE).reshape(len(grey), -1)
        values = values - values.mean(axis=1, keepdims=True)
        length = np.linalg.norm(values, axis=1, keepdims=True)
        small[block] = values / np.maximum(length, 1e-6)
    return bits, small


def _hash(grey: np.ndarray) -> np.ndarray:
    from scipy.fft import dctn

    low = dctn(grey, axes=(1, 2))[:, :_BITS_SIDE, :_BITS_SIDE].reshape(len(grey), -1)
    return np.where(low > np.median(low, axis=1, keepdims=True), 1.0, -1.0)


def _grey(images: np.ndarray) -> np.ndarray:
    """Return brightness: Rec. 601 for colour, the mean of channels that are no colours."""
    values = images.astype(np.float32)
    if images.shape[3] == 3:
        return values @ np.array([0.299, 0.587, 0.114], np.float32)
    return values.mean(axis=3)


def _resized(grey: np.ndarray, side: int) -> np.ndarray:
    if grey.shape[1:] == (side, side):
        return grey
    resize = Image.Resampling.LANCZOS
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side), resize)) for one in grey])


def _remembered(path: Path) -> NearDuplicates | None:
    try:
        entry = json.loads(path.read_bytes())
        if entry.pop("check") != fingerprint(entry):
            return None
        pairs = tuple(tuple(pair) for pair in entry.pop("pairs"))
        return NearDuplicates(**entry, pairs=pairs)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(path: Path, found: NearDuplicates) -> None:
    """Keep an answer; one that cannot be kept is found again next time."""
    values: dict[str, Any] = {
        "num_test": found.num_test,
        "num_near": found.num_near,
        "num_other_class": found.num_other_class,
        "pairs": [list(pair) for pair in found.pairs],
    }
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({**values, "check": fingerprint(values)}))
        os.replace(temporary, path)

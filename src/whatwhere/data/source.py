"""ImageSource: a data set as one uint8 array, its labels and its splits, ready to be streamed."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from whatwhere.errors import unknown_name

if TYPE_CHECKING:
    from whatwhere.data.splitting.near import NearDuplicates

SPLIT_NAMES = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = range(3)
UNASSIGNED = -1


@dataclass(frozen=True, eq=False)
class Listing:
    """What a folder, a table or an archive says about its images before any is decoded.

    Args:
        name: Legal file name in lower case.
        title: What people call the data.
        items: One display-safe name per image, all different.
        labels: int64, class index of each image.
        class_names: One name per class.
        split: int8, index into `SPLIT_NAMES`, or -1 where the data does not say.
        groups: int64, equal for images that must not straddle splits; None without groups.
        paths: Where the image files are, as bytes; empty when `images` is given.
        images: uint8 (image, height, width, channel), or None when `paths` is given.
        allow_flip: Whether a mirrored image still belongs to its class.
        warnings: What a user should know before trusting a result.
        notes: Plain facts.
        source: Where the data comes from.
        licence: Under which terms.
        citation: What to cite.
    """

    name: str
    title: str
    items: tuple[str, ...]
    labels: np.ndarray
    class_names: tuple[str, ...]
    split: np.ndarray
    groups: np.ndarray | None = None
    paths: tuple[bytes, ...] = ()
    images: np.ndarray | None = None
    allow_flip: bool = True
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = ""
    licence: str = ""
    citation: str = ""


@dataclass(frozen=True, eq=False)
class ImageSource:
    """Decoded images with everything a study needs to know about them.

    Each image lies on a square canvas of `image_size + 2 * margin` pixels: its short side was
    resized to `image_size` with antialiasing, the rest cut about the centre, and what was missing
    mirrored. The evaluation view is the middle `image_size` square; training crops anywhere.

    Args:
        name: Legal file name in lower case, for instance "cluttered-digits".
        title: What people call the data.
        images: uint8 (image, canvas, canvas, channel), perhaps a read-only memory map.
        image_size: Side of the evaluation view in pixels.
        margin: Width of the frame around the evaluation view in pixels.
        labels: int64, class index of each image.
        class_names: One name per class.
        split: int8, index into `SPLIT_NAMES`, or -1 for images that are left out.
        groups: int64, equal for images that never straddle splits, or None.
        items: One display-safe name per image: its relative path, or for instance "train/17".
        content_hash: SHA-256 over names, bytes, labels and given splits of all images.
        allow_flip: Whether a mirrored image still belongs to its class.
        warnings: What a user should know before trusting a result.
        notes: Plain facts, for instance "12 of 720 images are grey".
        left_out: Bad files that were excluded on request, each with its reason.
        source: Where the data comes from.
        licence: Under which terms.
        citation: What to cite.
        decode_seconds: Time from call to array.
        splits_given: Whether the data says which images are for the test.
        leaked: int64 positions of test images that are, pixel for pixel, in training or
            validation too.
        near: Near duplicates across splits; None where they were not looked for.
        splits: int8 (fold, image), the split of every fold of a cross-validation, of which `split`
            is the first; None without folds.
    """

    name: str
    title: str
    images: np.ndarray
    image_size: int
    margin: int
    labels: np.ndarray
    class_names: tuple[str, ...]
    split: np.ndarray
    groups: np.ndarray | None
    items: tuple[str, ...]
    content_hash: str
    allow_flip: bool
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    left_out: tuple[str, ...]
    source: str
    licence: str
    citation: str
    decode_seconds: float
    splits_given: bool
    leaked: np.ndarray
    near: "NearDuplicates | None"
    splits: np.ndarray | None = None

    @property
    def num_folds(self) -> int:
        """How often the test fold rotates; 1 without folds."""
        return 1 if self.splits is None else len(self.splits)

    @property
    def num_train(self) -> int:
        """Training images; the fewest of any fold."""
        splits = self.split[None] if self.splits is None else self.splits
        return int((splits == TRAIN).sum(axis=1).min())

    def on_fold(self, fold: int) -> "ImageSource":
        """Return the same images with the split of a fold.

        Args:
            fold: From 0 to `num_folds` - 1.

        Returns:
            The source.
        """
        return self if self.splits is None else replace(self, split=self.splits[fold])

    @property
    def channels(self) -> int:
        """Number of channels: 1 for grey, 3 for colour."""
        return self.images.shape[3]

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def indices(self, split: str) -> np.ndarray:
        """Return the positions of a split's images, ascending.

        Args:
            split: "train", "validation" or "test".

        Returns:
            int64 positions.

        Raises:
            UnknownNameError: If there is no such split.
        """
        if split not in SPLIT_NAMES:
            raise unknown_name("split", split, SPLIT_NAMES)
        return np.flatnonzero(self.split == SPLIT_NAMES.index(split))

    def evaluation_view(self, indices: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return what a model is tested on: the middle square of the canvas.

        Args:
            indices: Which images; all by default.

        Returns:
            uint8 (image, image_size, image_size, channel).
        """
        inside = slice(self.margin, self.margin + self.image_size)
        return self.images[indices][:, inside, inside]

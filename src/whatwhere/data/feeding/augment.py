"""Crops and flips of a whole batch, as one gather from the stored canvases.

Every image lies in the source as a canvas with a margin. A view of it is a table of positions, so
that cropping, flipping and picking the images of a batch cost one indexed copy.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from whatwhere.randomness import derive_seed, uniform

AUGMENTATIONS = ("none", "crop", "flip", "crop-flip")


@dataclass(frozen=True)
class Views:
    """Where each image of a batch is looked at.

    Args:
        top: Row of the view's upper edge on the canvas (batch,), in pixels.
        left: Column of the view's left edge on the canvas (batch,), in pixels.
        flipped: Whether the view is mirrored left to right (batch,).
    """

    top: np.ndarray
    left: np.ndarray
    flipped: np.ndarray


def centre_views(num_images: int, *, margin: int) -> Views:
    """Return the evaluation view of every image: the centre, unflipped."""
    edge = np.full(num_images, margin, dtype=np.int64)
    return Views(edge, edge, np.zeros(num_images, dtype=bool))


def random_views(
    index: np.ndarray, *, margin: int, augmentation: str, seed: int, epoch: int
) -> Views:
    """Return a random view of every image; a pure function of (seed, epoch, image).

    Args:
        index: Position of each image in its source.
        margin: Of the canvas, in pixels; offsets are uniform from 0 to twice the margin.
        augmentation: "none", "crop", "flip" or "crop-flip"; a flip has probability 1/2.
        seed: Of the trial.
        epoch: Pass over the data, from 0.

    Returns:
        The views.
    """
    if augmentation == "none":
        return centre_views(len(index), margin=margin)

    def draw(purpose: str) -> np.ndarray:
        return uniform(derive_seed(seed, purpose, epoch), index)

    views = centre_views(len(index), margin=margin)
    if augmentation.startswith("crop"):
        num_offsets = 2 * margin + 1
        top = np.floor(draw("crop-top") * num_offsets).astype(np.int64)
        left = np.floor(draw("crop-left") * num_offsets).astype(np.int64)
        views = replace(views, top=top, left=left)
    if augmentation.endswith("flip"):
        views = replace(views, flipped=draw("flip") < 0.5)
    return views


def pixel_positions(
    index: np.ndarray,
    views: Views,
    *,
    image_size: int,
    canvas_size: int,
    device: torch.device | None = None,
) -> Int64[Tensor, "batch height width"]:
    """Return the flat position of every pixel of every view.

    Args:
        index: Position of each image in its source.
        views: One per image.
        image_size: Side of a view, in pixels.
        canvas_size: Side of a canvas, in pixels.
        device: Where they are computed; only a few numbers per image travel there.

    Returns:
        image * canvas^2 + row * canvas + column.
    """
    start = torch.from_numpy(index.astype(np.int64)).to(device) * canvas_size**2
    rows, columns = _lines(views, image_size=image_size, device=device)
    rows = start[:, None] + rows * canvas_size
    return rows[:, :, None] + columns[:, None, :]


def outside(
    views: Views, *, margin: int, image_size: int, device: torch.device | None = None
) -> Bool[Tensor, "batch height width"]:
    """Return which pixels of each view lie beyond the evaluation view.

    Args:
        views: One per image.
        margin: Of the canvas, in pixels.
        image_size: Side of a view, in pixels.
        device: Where they are computed.

    Returns:
        True beyond.
    """
    rows, columns = (
        (line < margin) | (line >= margin + image_size)
        for line in _lines(views, image_size=image_size, device=device)
    )
    return rows[:, :, None] | columns[:, None, :]


def _lines(
    views: Views, *, image_size: int, device: torch.device | None
) -> tuple[Int64[Tensor, "batch row"], Int64[Tensor, "batch column"]]:
    """Return the canvas row and the canvas column that every line of a view shows."""
    table = torch.from_numpy(np.stack([views.top, views.left, views.flipped])).to(device)
    top, left, flipped = table[:, :, None]
    pixels = torch.arange(image_size, device=device)
    return top + pixels, left + torch.where(flipped > 0, image_size - 1 - pixels, pixels)

"""Crops and flips of a whole batch, as one gather from the stored canvases.

Every image lies in the source as a canvas with a margin. A view of it is a table of positions, so
that cropping, flipping and picking the images of a batch cost one indexed copy.
"""

from dataclasses import dataclass, replace

import numpy as np

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
    index: np.ndarray, views: Views, *, image_size: int, canvas_size: int
) -> np.ndarray:
    """Return the flat position of every pixel of every view.

    Args:
        index: Position of each image in its source.
        views: One per image.
        image_size: Side of a view, in pixels.
        canvas_size: Side of a canvas, in pixels.

    Returns:
        int64 (batch, height, width): image * canvas^2 + row * canvas + column.
    """
    pixels = np.arange(image_size)
    rows = views.top[:, None] + pixels
    columns = np.where(views.flipped[:, None], pixels[::-1], pixels) + views.left[:, None]
    start = index.astype(np.int64)[:, None, None] * canvas_size**2
    return start + rows[:, :, None] * canvas_size + columns[:, None, :]


def outside(views: Views, *, margin: int, image_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows and columns of each view lie beyond the evaluation view.

    Args:
        views: One per image.
        margin: Of the canvas, in pixels.
        image_size: Side of a view, in pixels.

    Returns:
        Booleans (batch, row) and (batch, column).
    """
    pixels = np.arange(image_size)
    rows = views.top[:, None] + pixels
    columns = np.where(views.flipped[:, None], pixels[::-1], pixels) + views.left[:, None]
    low, high = margin, margin + image_size
    return (rows < low) | (rows >= high), (columns < low) | (columns >= high)

"""From an image of any shape to the square canvas that is stored."""

import numpy as np
from PIL import Image


def margin_of(image_size: int) -> int:
    """Return the width in pixels of the frame for random crops: an eighth of the side."""
    return image_size // 8


def to_canvas(image: np.ndarray, *, image_size: int, margin: int) -> np.ndarray:
    """Resize the short side to `image_size` and fill the canvas about the centre.

    The centre crop of the resized image is exactly the middle square of the canvas.

    Args:
        image: uint8 (height, width, channel).
        image_size: Side of the evaluation view in pixels.
        margin: Frame around it in pixels, less than `image_size`.

    Returns:
        uint8 (canvas, canvas, channel) with canvas = image_size + 2 * margin.
    """
    height, width = image.shape[:2]
    scale = image_size / min(height, width)
    resized = _resize(
        image, max(image_size, round(height * scale)), max(image_size, round(width * scale))
    )
    return _frame(resized[None], image_size, margin)[0]


def to_canvases(images: np.ndarray, *, image_size: int, margin: int) -> np.ndarray:
    """Do `to_canvas` for images of one shape.

    Args:
        images: uint8 (image, height, width, channel).
        image_size: Side of the evaluation view in pixels.
        margin: Frame around it in pixels, less than `image_size`.

    Returns:
        uint8 (image, canvas, canvas, channel).
    """
    if min(images.shape[1:3]) == image_size:
        return _frame(images, image_size, margin)
    return np.stack([to_canvas(image, image_size=image_size, margin=margin) for image in images])


def _resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize each channel by itself, so that a fourth channel is never taken for transparency."""
    if image.shape[:2] == (height, width):
        return image
    if image.shape[2] == 3:
        return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    planes = [Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(image, 2, 0)]
    resized = [plane.resize((width, height), Image.Resampling.BILINEAR) for plane in planes]
    return np.stack([np.asarray(plane) for plane in resized], axis=2)


def _frame(images: np.ndarray, image_size: int, margin: int) -> np.ndarray:
    """Cut or mirror both sides of height and width, so that the centre crop starts at `margin`."""
    for axis in (1, 2):
        length = images.shape[axis]
        before = margin - (length - image_size) // 2
        after = image_size + 2 * margin - length - before
        kept = slice(max(0, -before), length - max(0, -after))
        images = images[(slice(None),) * axis + (kept,)]
        padding = [(0, 0)] * 4
        padding[axis] = (max(0, before), max(0, after))
        images = np.pad(images, padding, mode="reflect")
    return images

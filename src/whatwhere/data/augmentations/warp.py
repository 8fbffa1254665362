"""Images moved as a whole: affine maps and resized crops, each image by its own numbers."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from whatwhere.data.augmentations.boxes import Boxes


def rotation(degrees: np.ndarray) -> np.ndarray:
    """Return the maps of rotations about the centre, anticlockwise for positive angles.

    Args:
        degrees: Angles (image,).

    Returns:
        float64 (image, 2, 3), as `warp` takes them.
    """
    angle = np.deg2rad(degrees)
    cosine, sine, zero = np.cos(angle), np.sin(angle), np.zeros_like(angle)
    return np.stack([cosine, -sine, zero, sine, cosine, zero], axis=1).reshape(-1, 2, 3)


def shear(factor: np.ndarray, *, axis: int, size: int) -> np.ndarray:
    """Return the maps of shears about the upper left corner.

    Args:
        factor: Pixels read further along `axis` per pixel across it (image,).
        axis: 0 moves columns along the row (x), 1 rows along the column (y).
        size: Side of the images, in pixels.

    Returns:
        float64 (image, 2, 3), as `warp` takes them.
    """
    maps = np.tile(np.eye(2, 3), (len(factor), 1, 1))
    maps[:, axis, 1 - axis] = factor
    maps[:, axis, 2] = factor * size / 2
    return maps


def translation(pixels: np.ndarray, *, axis: int) -> np.ndarray:
    """Return the maps of translations.

    Args:
        pixels: How much further along `axis` is read (image,).
        axis: 0 for x, 1 for y.

    Returns:
        float64 (image, 2, 3), as `warp` takes them.
    """
    maps = np.tile(np.eye(2, 3), (len(pixels), 1, 1))
    maps[:, axis, 2] = pixels
    return maps


def warp(
    image: Float[Tensor, "batch channel height width"],
    maps: np.ndarray,
    *,
    fill: Float[Tensor, " channel"],
    mode: str,
) -> Float[Tensor, "batch channel height width"]:
    """Read each image at mapped positions.

    The output at (x, y) is the input at `maps @ (x, y, 1)`, both in pixels from the centre.

    Args:
        image: Values from 0 to 255.
        maps: float64 (image, 2, 3).
        fill: Value per channel outside of the image.
        mode: "nearest" or "bilinear".

    Returns:
        The images, rounded to whole numbers.

    Source:
        Positions and rounding as in torchvision's `affine` on tensors. Where a bilinear reading
        is partly outside, image and fill are weighed by their shares; torchvision (0.29) weighs
        the image by the square of its share.
    """
    height, width = image.shape[2:]
    table = torch.from_numpy(maps.astype(np.float32)).to(image.device)[:, None, None]
    across = torch.arange(width, device=image.device) - (width - 1) / 2
    down = (torch.arange(height, device=image.device) - (height - 1) / 2)[:, None]
    x = table[..., 0, 0] * across + table[..., 0, 1] * down + table[..., 0, 2]
    y = table[..., 1, 0] * across + table[..., 1, 1] * down + table[..., 1, 2]
    grid = torch.stack([x * (2 / width), y * (2 / height)], dim=3)
    shift = fill.view(1, -1, 1, 1)
    moved = functional.grid_sample(image - shift, grid, mode=mode, align_corners=False)
    return moved.add_(shift).round_()


def resized_crops(
    image: Float[Tensor, "batch channel size size"], boxes: Boxes
) -> Float[Tensor, "batch channel size size"]:
    """Stretch a rectangle of each image to the size of the image, bilinearly.

    Rows and columns are stretched one after the other, each by a matrix with the weights.

    Args:
        image: Square images, values from 0 to 255.
        boxes: One per image.

    Returns:
        The images, rounded to whole numbers.
    """
    size = image.shape[3]
    rows = _stretch(boxes.top, boxes.height, size)
    columns = _stretch(boxes.left, boxes.width, size)
    down = torch.from_numpy(rows).to(image.device)[:, None]
    across = torch.from_numpy(columns).to(image.device)[:, None].transpose(2, 3)
    return (down @ image @ across).round_()


def _stretch(first: np.ndarray, length: np.ndarray, size: int) -> np.ndarray:
    """Return float32 (image, output, input) weights that stretch a range to the whole side."""
    pixels = np.arange(size)
    inside = (pixels + 0.5) * length[:, None] / size - 0.5
    position = first[:, None] + np.clip(inside, 0, length[:, None] - 1)
    return np.maximum(0, 1 - np.abs(position[:, :, None] - pixels)).astype(np.float32)

"""RandAugment: a few operations per image, drawn from fifteen, at strengths of their own."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from whatwhere.augmentation import Augmentation
from whatwhere.data.augmentations import colour, warp
from whatwhere.data.augmentations.draws import Draws

OPS = (
    "autocontrast",
    "equalize",
    "invert",
    "rotate",
    "posterize",
    "solarize",
    "solarize_add",
    "saturation",
    "contrast",
    "brightness",
    "sharpness",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
)
PROBABILITY = 0.5  # that a drawn operation is carried out
_PLAIN = ("autocontrast", "equalize", "invert")
_MOVES = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")
_BLENDS = ("saturation", "contrast", "brightness", "sharpness")


def randaugment(
    image: Float[Tensor, "batch channel size size"],
    draws: Draws,
    augmentation: Augmentation,
    *,
    fill: Float[Tensor, " channel"],
) -> Float[Tensor, "batch channel size size"]:
    """Apply RandAugment to a batch.

    Args:
        image: Whole numbers from 0 to 255; not changed.
        draws: The random numbers.
        augmentation: Number of operations, mean and spread of their strength.
        fill: Value per channel of what moves into the image.

    Returns:
        The images; whole numbers from 0 to 255.

    Source:
        Cubuk et al. (2020), as timm carries it out under "rand-m9-mstd0.5-inc1": operations with
        replacement, each carried out with probability 1/2, strength normal about its mean and cut
        to 0 to 10, arguments by strength as there. Departures: translations, shears and rotations
        read bilinearly, where timm draws bilinear or bicubic; pixel operations round as
        torchvision's on tensors do, which differs from Pillow by one level in places.
    """
    output = image.clone()
    for layer in range(augmentation.randaugment_ops):
        chosen, strength, sign = random_operations(draws, augmentation, layer=layer)
        for number, name in enumerate(OPS):
            where = np.flatnonzero(chosen == number)
            if len(where):
                rows = torch.from_numpy(where).to(image.device)
                value = argument(
                    name, strength[where], sign[where], augmentation.randaugment_increasing
                )
                output[rows] = apply(name, output[rows], value, fill=fill)
    return output


def random_operations(
    draws: Draws, augmentation: Augmentation, *, layer: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the operation of every image, its strength and its direction.

    Args:
        draws: The random numbers.
        augmentation: Mean and spread of the strength.
        layer: Which of the operations per image, from 0.

    Returns:
        Positions in `OPS` or -1 for none, strengths from 0 to 10, and signs.
    """
    carried_out = draws.uniform(f"randaugment-apply-{layer}") < PROBABILITY
    chosen = np.where(carried_out, draws.below(f"randaugment-op-{layer}", len(OPS)), -1)
    spread = augmentation.randaugment_magnitude_std * draws.normal(f"randaugment-strength-{layer}")
    strength = np.clip(augmentation.randaugment_magnitude + spread, 0, 10)
    return chosen, strength, draws.sign(f"randaugment-sign-{layer}")


def argument(
    name: str, strength: np.ndarray, sign: np.ndarray, increasing: bool = True
) -> np.ndarray:
    """Return what an operation is given at a strength.

    Args:
        name: One of `OPS`.
        strength: From 0 to 10, one per image.
        sign: -1 or 1, one per image; only where an operation has two directions.
        increasing: Whether every operation grows with the strength.

    Returns:
        Degrees, factors, bits, thresholds, added levels, shears, or shares of the side.
    """
    share = strength / 10
    if name in _BLENDS:
        return np.maximum(0.1, 1 + sign * 0.9 * share) if increasing else 1.8 * share + 0.1
    if name == "posterize":
        bits = np.trunc(4 * share)
        return 4 - bits if increasing else bits
    if name == "solarize":
        threshold = np.trunc(256 * share)
        return 256 - threshold if increasing else threshold
    if name == "solarize_add":
        return np.trunc(110 * share)
    scales = {"rotate": 30.0, "shear_x": 0.3, "shear_y": 0.3, "translate_x": 0.45}
    return sign * scales.get(name, 0.45) * share


def apply(
    name: str,
    image: Float[Tensor, "batch channel size size"],
    value: np.ndarray,
    *,
    fill: Float[Tensor, " channel"],
) -> Float[Tensor, "batch channel size size"]:
    """Carry out one operation on images, each with its own argument.

    Args:
        name: One of `OPS`.
        image: Whole numbers from 0 to 255.
        value: As `argument` returns it, one per image.
        fill: Value per channel of what moves into the image.

    Returns:
        The images.
    """
    if name in _MOVES:
        return warp.warp(image, _maps(name, value, image.shape[3]), fill=fill, mode="bilinear")
    operation: Callable[..., Tensor] = getattr(colour, name)
    if name in _PLAIN:
        return operation(image)
    return operation(image, torch.from_numpy(value).to(image.device).view(-1, 1, 1, 1))


def _maps(name: str, value: np.ndarray, size: int) -> np.ndarray:
    if name == "rotate":
        return warp.rotation(value)
    axis = 0 if name.endswith("_x") else 1
    if name.startswith("shear"):
        return warp.shear(value, axis=axis, size=size)
    return warp.translation(value * size, axis=axis)

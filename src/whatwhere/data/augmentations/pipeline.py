"""The order in which a batch is augmented: before pixels are normalised, and after."""

import torch
from jaxtyping import Float
from torch import Tensor

from whatwhere.augmentation import Augmentation
from whatwhere.data.augmentations.boxes import Boxes, log_range, random_boxes
from whatwhere.data.augmentations.draws import Draws
from whatwhere.data.augmentations.randaugment import randaugment
from whatwhere.data.augmentations.warp import resized_crops, rotation, warp
from whatwhere.randomness import derive_seed

CROP_LOG_ASPECT = log_range(3 / 4, 4 / 3)
ERASED_AREA = (0.02, 1 / 3)
ERASED_LOG_ASPECT = log_range(0.3, 1 / 0.3)


def distorted(
    image: Float[Tensor, "batch channel size size"],
    draws: Draws,
    augmentation: Augmentation,
    *,
    fill: Float[Tensor, " channel"],
) -> Float[Tensor, "batch channel size size"]:
    """Do what acts on each image alone, on pixels from 0 to 255: rotate, crop, RandAugment.

    Args:
        image: Whole numbers from 0 to 255.
        draws: The random numbers.
        augmentation: What is on.
        fill: Value per channel of what RandAugment moves into the image; rotations bring in
            black.

    Returns:
        The images; `image` itself where nothing is on.

    Source:
        Rotation as torchvision's `RandomRotation` with its defaults (nearest pixel, black),
        resized crops as its `RandomResizedCrop` (aspect 3/4 to 4/3; where ten draws do not fit,
        the whole image).
    """
    if augmentation.rotation_degrees:
        largest = augmentation.rotation_degrees
        maps = rotation(draws.uniform("rotation", -largest, largest))
        image = warp(image, maps, fill=torch.zeros_like(fill), mode="nearest")
    if augmentation.smallest_crop_area < 1:
        boxes = crop_boxes(draws, image.shape[3], smallest_area=augmentation.smallest_crop_area)
        image = resized_crops(image, boxes)
    if augmentation.randaugment_ops:
        image = randaugment(image, draws, augmentation, fill=fill)
    return image


def noisy(
    image: Float[Tensor, "batch channel size size"],
    draws: Draws,
    augmentation: Augmentation,
    *,
    step: int,
) -> Float[Tensor, "batch channel size size"]:
    """Add Gaussian noise to pixels from 0 to 255, and cut to that range.

    Args:
        image: Before it is normalised.
        draws: The random numbers.
        augmentation: How much.
        step: From 0; of the noise.

    Returns:
        The images; `image` itself where noise is off.

    Source:
        As CIFAR-C's `gaussian_noise` (Hendrycks and Dietterich, 2019).
    """
    if not augmentation.noise_sigma:
        return image
    noise = _noise(image, draws.seed, "noise", step)
    return (image + 255 * augmentation.noise_sigma * noise).clamp_(0, 255)


def erased(
    image: Float[Tensor, "batch channel size size"],
    draws: Draws,
    augmentation: Augmentation,
    *,
    step: int,
) -> Float[Tensor, "batch channel size size"]:
    """Replace a rectangle of some images by noise.

    Args:
        image: Normalised.
        draws: The random numbers.
        augmentation: With which probability.
        step: From 0; of the noise.

    Returns:
        The images; `image` itself where erasing is off.

    Source:
        Zhong et al. (2020), as timm carries it out: area 2 % to a third, aspect 0.3 to 1 / 0.3,
        standard normal noise per pixel and channel.
    """
    if not augmentation.erasing_probability:
        return image
    boxes = erased_boxes(draws, image.shape[3])
    happens = draws.uniform("erase") < augmentation.erasing_probability
    inside = boxes.mask(image.shape[3], device=image.device)
    inside &= torch.from_numpy(happens).to(image.device)[:, None, None, None]
    return torch.where(inside, _noise(image, draws.seed, "erase-noise", step), image)


def crop_boxes(draws: Draws, size: int, *, smallest_area: float) -> Boxes:
    """Return what random resized crops keep; the whole image where ten draws do not fit."""
    return random_boxes(
        draws,
        "crop",
        size=size,
        area=(smallest_area, 1.0),
        log_aspect=CROP_LOG_ASPECT,
        largest=size,
        otherwise=size,
    )


def erased_boxes(draws: Draws, size: int) -> Boxes:
    """Return what erasing replaces, smaller than the image; nothing where ten draws do not fit."""
    return random_boxes(
        draws,
        "erase",
        size=size,
        area=ERASED_AREA,
        log_aspect=ERASED_LOG_ASPECT,
        largest=size - 1,
        otherwise=0,
    )


def _noise(image: Tensor, seed: int, purpose: str, step: int) -> Tensor:
    """Return standard normal noise of the shape of a batch, drawn for all its images at once.

    It follows from (seed, step), from the shape and, since each kind of device has a generator of
    its own, from the device; an image's noise from its place in the batch, not from the image.
    """
    source = torch.Generator(image.device).manual_seed(derive_seed(seed, purpose, step))
    return torch.randn(image.shape, generator=source, device=image.device)

"""Changes of pixel values: each image by its own number, values whole from 0 to 255.

Every function takes float32 (batch, channel, height, width) and, where the change has a strength,
one number per image as float64 (batch, 1, 1, 1). Pixel for pixel they do what torchvision's
operations of the same name do to 8-bit tensors; `solarize_add` is timm's.
"""

import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn import functional

Images = Float[Tensor, "batch channel height width"]
Strength = Float64[Tensor, "batch 1 1 1"]
_LUMA = (0.2989, 0.587, 0.114)


def brightness(image: Images, factor: Strength) -> Images:
    """Multiply by a factor."""
    return (image * factor.float()).clamp_(0, 255).floor_()


def contrast(image: Images, factor: Strength) -> Images:
    """Blend with the mean grey of the image."""
    return _blend(image, grey(image).mean(dim=(1, 2, 3), keepdim=True), factor)


def saturation(image: Images, factor: Strength) -> Images:
    """Blend with the grey image; images that have no three channels stay."""
    return _blend(image, grey(image), factor) if image.shape[1] == 3 else image


def sharpness(image: Images, factor: Strength) -> Images:
    """Blend with the image smoothed by 3 x 3 weights of 1, 5 in the middle; edges stay."""
    if min(image.shape[2:]) <= 2:
        return image
    kernel = torch.full((3, 3), 1 / 13, device=image.device)
    kernel[1, 1] = 5 / 13
    channels = image.shape[1]
    smooth = functional.conv2d(image, kernel.expand(channels, 1, 3, 3), groups=channels)
    output = image.clone()
    inner = output[..., 1:-1, 1:-1]
    inner.addcmul_(smooth.round_() - inner, (1 - factor).float())
    return output.clamp_(0, 255).floor_()


def posterize(image: Images, bits: Strength) -> Images:
    """Keep the highest bits."""
    step = torch.exp2(8 - bits).float()
    return torch.floor(image / step) * step


def solarize(image: Images, threshold: Strength) -> Images:
    """Invert from a threshold on."""
    return torch.where(image >= threshold, 255 - image, image)


def solarize_add(image: Images, added: Strength) -> Images:
    """Add to what is below 128."""
    return torch.where(image < 128, (image + added.float()).clamp_(max=255), image)


def invert(image: Images) -> Images:
    """Turn 0 into 255 and 255 into 0."""
    return 255 - image


def autocontrast(image: Images) -> Images:
    """Stretch every channel to the range from 0 to 255; constant channels stay."""
    low = image.amin(dim=(2, 3), keepdim=True)
    high = image.amax(dim=(2, 3), keepdim=True)
    scale = (high - low) * (1 / 255)
    constant = scale == 0
    low, scale = torch.where(constant, 0.0, low), torch.where(constant, 1.0, scale)
    return ((image - low) / scale).clamp_(0, 255).floor_()


def equalize(image: Images) -> Images:
    """Spread the values of every channel evenly over the range from 0 to 255.

    Source:
        Pillow's `ImageOps.equalize`: a value becomes (values below it + step // 2) // step, where
        step is a 255th of all values but those that are largest; channels whose step is 0 stay.
    """
    values = image.flatten(2).long()
    histogram = values.new_zeros(*values.shape[:2], 256)
    histogram.scatter_add_(2, values, torch.ones_like(values))
    largest = values.amax(dim=2, keepdim=True)
    step = (values.shape[2] - histogram.gather(2, largest)) // 255
    below = histogram.cumsum(dim=2) - histogram
    table = ((below + step // 2) // step.clamp(min=1)).clamp_(0, 255)
    table = torch.where(step == 0, torch.arange(256, device=image.device), table)
    return table.gather(2, values).view_as(image).to(image.dtype)


def grey(image: Images) -> Float[Tensor, "batch 1 height width"]:
    """Return the luma of colour images in whole numbers, the mean channel of all others."""
    if image.shape[1] != 3:
        return image.mean(dim=1, keepdim=True)
    red, green, blue = image.split(1, dim=1)
    luma = (red * _LUMA[0]).add_(green, alpha=_LUMA[1]).add_(blue, alpha=_LUMA[2])
    return luma.floor_()


def _blend(image: Images, other: Tensor, factor: Strength) -> Images:
    # The difference is taken in float64: whole levels depend on its last bit.
    blended = (image * factor.float()).addcmul_(other, (1 - factor).float())
    return blended.clamp_(0, 255).floor_()

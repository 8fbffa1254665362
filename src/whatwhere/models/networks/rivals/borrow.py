"""What the rivals share: networks of other packages, and sizes that a form cannot take."""

import importlib
from typing import Any

from torch import nn

from whatwhere.errors import UsageError

_PACKAGES = {"timm": "timm", "torchvision": "torchvision", "vit_pytorch": "vit-pytorch"}


def borrowed(module: str, *, network: str) -> Any:
    """Return a module of another package, imported when a network needs it and not before.

    Args:
        module: Its full name, such as "timm.models.convnext".
        network: What needs it, for error messages.

    Returns:
        The module.

    Raises:
        UsageError: If the package is missing, or was built for another torch.
    """
    package = _PACKAGES[module.partition(".")[0]]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UsageError(
            f"{network} needs {package} ({error}): pip install 'whatwhere[networks]'"
        ) from error
    except RuntimeError as error:  # torchvision beside a torch of another build
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"{network} needs {package}, which does not load here ({reason}): install torch and"
            " torchvision from one build, both for the CPU or both for the same CUDA"
        ) from error


def check_patches(network: str, *, image_size: int, patch: int) -> None:
    """Refuse images that patches do not tile.

    Args:
        network: For the error message.
        image_size: Side of the images, in pixels.
        patch: Side of the patches, in pixels.

    Raises:
        UsageError: If the patches do not tile the image.
    """
    if image_size % patch:
        lower = max(patch, image_size - image_size % patch)
        raise UsageError(
            f"{network} cuts images into patches of {patch} x {patch} pixels, which do not tile"
            f" {image_size} x {image_size}: expected a multiple of {patch}, for instance {lower}"
        )


def check_side(network: str, *, image_size: int, least: int) -> None:
    """Refuse images that are too small for the strides of a network.

    Args:
        network: For the error message.
        image_size: Side of the images, in pixels.
        least: Smallest side that leaves a pixel at the end.

    Raises:
        UsageError: If the images are smaller.
    """
    if image_size < least:
        raise UsageError(
            f"{network} needs images of at least {least} x {least} pixels, not {image_size} x"
            f" {image_size}: enlarge them with --image-size {max(28, least)}"
        )


def stem_convolution(in_channels: int, out_channels: int, *, bias: bool = False) -> nn.Conv2d:
    """Return the 3x3 convolution, stride 1, that begins networks for small images.

    Args:
        in_channels: Channels of the images.
        out_channels: Channels of the map.
        bias: Whether it adds one.

    Returns:
        The convolution; weights from the normal distribution of He et al., ICCV 2015 (fan out).
    """
    convolution = nn.Conv2d(in_channels, out_channels, 3, 1, 1, bias=bias)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return convolution

"""From the text of a network to the network, whoever wrote it."""

from torch import nn

from whatwhere.errors import UsageError, unknown_name
from whatwhere.models.networks.factory import NetworkFactory
from whatwhere.models.networks.options import described, split_text, text_of
from whatwhere.models.networks.registered import networks
from whatwhere.models.resnet import RESNETS, create_resnet, is_resnet
from whatwhere.models.timm_networks import TIMM_PREFIX, create_timm


def create_model(
    name: str, *, num_classes: int, in_channels: int = 3, image_size: int = 32
) -> nn.Module:
    """Return a whole network with fresh weights.

    Args:
        name: A registered network, perhaps with options, such as "samc(shortcut=none)"; one of our
            ResNets, such as "resnet20" or "resnet8-w24"; or "timm:NAME".
        num_classes: Number of logits, at least 2.
        in_channels: Channels of the images, 1 to 4.
        image_size: Side of the images in pixels, at least 1; for networks whose form depends on it.

    Returns:
        A module that maps normalised images (batch, channel, height, width) to logits.

    Raises:
        UnknownNameError: If there is no such network or option.
        UsageError: If a value is outside its range.

    Example:
        >>> import torch
        >>> create_model("resnet20", num_classes=10)(torch.randn(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """
    _check(name, num_classes=num_classes, in_channels=in_channels, image_size=image_size)
    if name.startswith(TIMM_PREFIX):
        return create_timm(name, num_classes=num_classes, in_channels=in_channels)
    if is_resnet(name):
        return create_resnet(name, num_classes=num_classes, in_channels=in_channels)
    base, options = _known(name)
    return networks().factory(base)(
        num_classes=num_classes, in_channels=in_channels, image_size=image_size, options=options
    )


def canonical(name: str) -> str:
    """Return the one text of a network that equal texts have in common.

    Args:
        name: As for `create_model`.

    Returns:
        The name and those options that differ from their default, in a fixed order.

    Raises:
        UnknownNameError: If there is no such network or option.
        UsageError: If an option cannot have its value.
    """
    if name.startswith(TIMM_PREFIX) or is_resnet(name):
        return name
    base, options = _known(name)
    factory = networks().factory(base)
    if not isinstance(factory, NetworkFactory):
        return base
    return text_of(base, factory.config(options), default=factory.default)


def network_options(name: str) -> dict[str, str]:
    """Return the options of a registered network.

    Args:
        name: Its name.

    Returns:
        What each option is by default, and its choices, as texts by option.

    Raises:
        UnknownNameError: If there is no such network.
    """
    factory = networks().factory(name)
    return described(factory.default) if isinstance(factory, NetworkFactory) else {}


def _known(name: str) -> tuple[str, dict[str, str]]:
    """Return the registered name and the options of a text."""
    base, options = split_text(name)
    if base not in networks():
        if is_resnet(base):
            raise UsageError(f"{base} has no options: write {base} alone, or a width, {base}-w32")
        known = dict.fromkeys([*RESNETS, "resnet20-w32", *networks(), "timm:NAME"])
        raise unknown_name("network", base, known)
    return base, options


def _check(name: str, *, num_classes: int, in_channels: int, image_size: int) -> None:
    if num_classes < 2:
        raise UsageError(f"create_model('{name}', num_classes={num_classes}): expected at least 2")
    if not 1 <= in_channels <= 4:
        raise UsageError(f"images have 1 to 4 channels, not {in_channels}")
    if image_size < 1:
        raise UsageError(f"create_model('{name}', image_size={image_size}): expected at least 1")

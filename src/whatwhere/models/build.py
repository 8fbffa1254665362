"""From a specification to a network with its attention, from one seed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from whatwhere.blocks import Design, attach
from whatwhere.models.networks.create import create_model
from whatwhere.models.resnet import ResNet, resnet_spec
from whatwhere.models.timm_networks import TIMM_PREFIX
from whatwhere.randomness import derive_seed


@dataclass(frozen=True)
class ModelSpec:
    """Everything that fixes a network's form.

    Args:
        backbone: A network by its text, as `create_model` takes it.
        num_classes: Number of logits.
        in_channels: Channels of the images, 1 to 4.
        where: Where attention stands: "branch", "block", "stage" or a pattern of module names.
        inner_widths: Widened inner channels of every block (our ResNets only), None for none.
        start: How attention begins: "paper" (as published) or "identity" (the network's outputs
            are those of the bare backbone).
        image_size: Side of the images in pixels, for networks whose form depends on it.
    """

    backbone: str
    num_classes: int
    in_channels: int
    where: str = "branch"
    inner_widths: tuple[int, ...] | None = None
    start: str = "paper"
    image_size: int = 32


def build_model(
    spec: ModelSpec,
    *,
    design: Design,
    seed: int,
    weights: Mapping[str, Tensor] | None = None,
) -> nn.Module:
    """Return a network with fresh weights, or with pretrained ones in its backbone.

    What the backbone begins with depends on the seed and the weights alone and is equal for all
    designs, so that differences between designs are paired.

    Args:
        spec: Backbone, classes, channels, place.
        design: The attention to insert.
        seed: Of all initial weights.
        weights: State of the bare backbone, perhaps without its head (see `fit_weights`).

    Returns:
        The network, in training mode.

    Raises:
        UsageError: If the backbone is unknown or cannot carry attention.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "backbone"))
        model = bare_backbone(spec)
        if weights is not None:
            model.load_state_dict(weights, strict=False)
        torch.manual_seed(derive_seed(seed, "attention", design.identity))
        if design.factory is None:  # no attention, or a wider backbone
            return model
        sample = _sample(model, spec)
        return attach(model, design, where=spec.where, start=spec.start, sample=sample)


def place(model: nn.Module, *, device: str, layout: str) -> nn.Module:
    """Return a network on a device, its weights laid out as its maps will be.

    Args:
        model: The network; moved in place.
        device: A torch device.
        layout: "nchw" or "channels_last".

    Returns:
        The same network.
    """
    last = layout == "channels_last"
    memory_format = torch.channels_last if last else torch.contiguous_format
    # torch's types know no `to` with a memory format alone.
    return model.to(device).to(memory_format=memory_format)  # type: ignore[call-overload]


def num_parameters(model: nn.Module) -> int:
    """Return the number of learned values of a network."""
    return sum(parameter.numel() for parameter in model.parameters())


def widened_inner_widths(spec: ModelSpec, *, target: int) -> tuple[int, ...]:
    """Return inner widths that bring the bare backbone to a wanted size.

    Blocks are widened by one channel, one block after another, as long as none overshoots; the
    narrowest block takes a last step if that comes closer.

    Args:
        spec: The backbone, one of our ResNets.
        target: Wanted number of parameters; at or below the bare size nothing is widened.

    Returns:
        Channels between the two convolutions of every block.
    """
    base = resnet_spec(spec.backbone)
    outer = [base.width * 2**stage for stage, count in enumerate(base.blocks) for _ in range(count)]
    before = [base.width, *outer[:-1]]
    # One more inner channel: a filter of each convolution, and the norm's scale and shift.
    steps = [9 * first + 9 * last + 2 for first, last in zip(before, outer, strict=True)]
    widths, missing = list(outer), target - num_parameters(bare_backbone(spec))
    while any(step <= missing for step in steps):
        for index, step in enumerate(steps):
            if step <= missing:
                widths[index] += 1
                missing -= step
    if min(steps) <= 2 * missing:
        widths[steps.index(min(steps))] += 1
    return tuple(widths)


def bare_backbone(spec: ModelSpec) -> nn.Module:
    """Return the network without attention, its weights drawn from torch's generator.

    Args:
        spec: Backbone, classes, channels.

    Returns:
        The network.

    Raises:
        UnknownNameError: If there is no such backbone.
    """
    if spec.inner_widths is None:
        return create_model(
            spec.backbone,
            num_classes=spec.num_classes,
            in_channels=spec.in_channels,
            image_size=spec.image_size,
        )
    wide = replace(resnet_spec(spec.backbone), inner_widths=spec.inner_widths)
    return ResNet(wide, num_classes=spec.num_classes, in_channels=spec.in_channels)


def _sample(model: nn.Module, spec: ModelSpec) -> Tensor | None:
    """Return what attention follows through a network of ours; those of timm find their own."""
    if spec.backbone.startswith(TIMM_PREFIX):
        return None
    side = spec.image_size
    if isinstance(model, ResNet):
        side = 32 if model.spec.stem == "cifar" else 128
    return torch.zeros(1, spec.in_channels, side, side)

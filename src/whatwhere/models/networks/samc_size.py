"""The parameters of a SAMC from its configuration alone: what a search asks before it builds."""

from typing import TYPE_CHECKING

from whatwhere.nn.multiscale import MAX_IMAGE_CHANNELS, embed_widths

if TYPE_CHECKING:
    from whatwhere.models.networks.samc_config import SAMCConfig


def samc_parameters(config: "SAMCConfig", *, num_classes: int, in_channels: int = 3) -> int:
    """Return the number of learned values of the network that a configuration stands for.

    Args:
        config: Of the network.
        num_classes: Number of logits.
        in_channels: Channels of the images.

    Returns:
        The count, equal to that of the built network.

    Example:
        >>> from whatwhere.models.networks.samc_config import SAMCConfig
        >>> samc_parameters(SAMCConfig(), num_classes=100)
        1220812
    """
    total, before = 0, in_channels
    for stage, (channels, depth) in enumerate(zip(config.dims, config.depths, strict=True)):
        total += _embed(config, before, channels) + depth * _block(config, stage)
        total += _conv(before, channels, 1) if config.shortcut == "proj" else 0
        before = channels
    return total + 2 * before + (before + 1) * num_classes


def matched_narrow(in_channels: int, out_channels: int) -> int:
    """Return the narrowed width that gives one 3x3 kernel the size of the multi-scale embedding.

    Args:
        in_channels: Of the embedding; an image is not narrowed.
        out_channels: Of the embedding.

    Returns:
        The number of channels, at least 1; 0 for an image.
    """
    if in_channels <= MAX_IMAGE_CHANNELS:
        return 0
    target = _multi_scale(in_channels, out_channels, "1-3-5") - 2 * out_channels
    return max(1, round(target / (in_channels + 2 + 9 * out_channels)))


def _embed(config: "SAMCConfig", before: int, channels: int) -> int:
    if config.embed == "multi":
        return _multi_scale(before, channels, config.kernels)
    narrow = matched_narrow(before, channels) if config.embed == "matched" else 0
    return _narrowed(before, channels, 3, narrow)


def _multi_scale(before: int, channels: int, kernels: str) -> int:
    branches = embed_widths(before, channels, kernels)
    pooled = _conv(before, channels // 8, 1)
    return pooled + sum(_narrowed(before, width, size, narrow) for size, width, narrow in branches)


def _narrowed(before: int, channels: int, size: int, narrow: int) -> int:
    if not narrow:
        return _conv(before, channels, size)
    return _conv(before, narrow, 1) + _conv(narrow, channels, size)


def _block(config: "SAMCConfig", stage: int) -> int:
    channels = config.dims[stage]
    hidden = config.mlp_ratio * channels
    mlp = _linear(channels, hidden) + _linear(hidden, channels)
    return 4 * channels + mlp + _mix(config, stage)


def _mix(config: "SAMCConfig", stage: int) -> int:
    channels = config.dims[stage]
    local = 9 * channels + 2 * channels
    if config.attention == "identity":
        return 0
    if config.attention == "depthwise":
        return local + _linear(channels, channels)
    inner = channels if config.head_dim is None else config.heads[stage] * config.head_dim
    linear = 3 * _linear(channels, inner) + _linear(inner, channels)
    return linear + (3 * local if config.projection == "conv" else 0)


def _conv(before: int, after: int, size: int) -> int:
    """A convolution without bias and the scale and shift of its norm."""
    return before * after * size**2 + 2 * after


def _linear(before: int, after: int) -> int:
    return before * after + after

"""SAMC: stages of multi-scale embedding and convolutional self-attention, a reconstruction."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.models.networks.samc_config import SAMCConfig
from whatwhere.models.networks.samc_size import matched_narrow
from whatwhere.nn.multiscale import (
    MultiScaleEmbed,
    SingleScaleEmbed,
    average_pool,
    conv_norm,
)
from whatwhere.nn.selfattention import ConvAttention
from whatwhere.nn.statistics import Map
from whatwhere.nn.tokens import (
    DropPath,
    LayerNorm2d,
    Linear2d,
    PixelMLP,
    drop_rates,
    sine_position,
    start_linear_layers,
)


class SAMCBlock(nn.Module):
    """A transformer block on a map.

    z = x + drop(mix(LN(x))); y = z + drop(MLP(LN(z))).

    Args:
        mix: Map -> map.
        channels: Number of channels C.
        mlp_ratio: Of the network per pixel.
        drop_path: Rate of both branches.
    """

    def __init__(self, mix: nn.Module, *, channels: int, mlp_ratio: int, drop_path: float) -> None:
        super().__init__()
        self.norm1 = LayerNorm2d(channels)
        self.mix = mix
        self.norm2 = LayerNorm2d(channels)
        self.mlp = PixelMLP(channels, ratio=mlp_ratio)
        self.drop = DropPath(drop_path)

    def forward(self, x: Map) -> Map:
        """Return the block's output."""
        x = x + self.drop(self.mix(self.norm1(x)))
        return x + self.drop(self.mlp(self.norm2(x)))


class SAMCStage(nn.Module):
    """Embedding, attention blocks, and a global residual.

    y = Blocks(Embed(x)) + shortcut(pool(x)).

    Args:
        in_channels: Channels of x.
        config: Of the whole network.
        stage: Its number, from 0.
        drop_paths: Rates of the blocks.
    """

    def __init__(
        self, in_channels: int, *, config: SAMCConfig, stage: int, drop_paths: list[float]
    ) -> None:
        super().__init__()
        self.has_position = config.position == "sine" and stage == 0
        channels = config.dims[stage]
        self.embed = _embed(in_channels, config, stage)
        self.blocks = nn.Sequential(
            *(
                SAMCBlock(
                    _mix(config, stage),
                    channels=channels,
                    mlp_ratio=config.mlp_ratio,
                    drop_path=rate,
                )
                for rate in drop_paths
            )
        )
        self.project: nn.Module = nn.Identity()
        if config.shortcut == "proj":
            self.project = conv_norm(in_channels, channels, 1)

    def forward(
        self, x: Map, residual: Float[Tensor, "batch any_channel new_height new_width"] | None
    ) -> Float[Tensor, "batch new_channel new_height new_width"]:
        """Return the stage's output.

        Args:
            x: Its input.
            residual: What is added after projection and with zero channels, None for nothing.

        Returns:
            A map at the embedding's resolution.
        """
        y = self.embed(x).contiguous(memory_format=torch.channels_last)
        if self.has_position:
            y = y + sine_position(y)
        y = self.blocks(y)
        if residual is None:
            return y
        residual = self.project(residual)
        return y + functional.pad(residual, (0, 0, 0, 0, 0, y.shape[1] - residual.shape[1]))


class SAMC(nn.Module):
    """SAMC: self-attention based on multi-scale convolution, a reconstruction.

    y_s = Blocks(Embed(y_{s-1})) + pad(pool(y_{s-1})), y_0 the image; logits = W LN(mean_HW y_S).

    Args:
        config: Depths, widths and every option.
        num_classes: Number of logits.
        in_channels: Channels of the images, 1 to 4.

    Source: SAMC, Proc. SPIE 13395, 133951K (2024): stages of multi-size convolutions with mean
        pooling (2.1), convolutional projection as in CvT (equation 2), a pooled residual from the
        image (equation 3), no code of position. Stage count, widths, depths, heads, MLP and
        activation are ours, chosen so that the counts are those reported (1.21 M and 1.22 M); the
        residual is taken in every stage, which for the first is the equation. Its other reading,
        the pooled image added once to the last map, is the option shortcut=image.

    Cost: 1,206,322 parameters with 10 classes, 1,220,812 with 100; 70.5 M multiply-adds for an
        image of 32 x 32 pixels. Windows of the pooling at far edges are smaller, so that no pixel
        of an odd size is lost.

    Example:
        >>> model = SAMC(SAMCConfig(), num_classes=10, in_channels=3)
        >>> sum(parameter.numel() for parameter in model.parameters())
        1206322
    """

    def __init__(self, config: SAMCConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__()
        self.config = config
        rates = drop_rates(config.drop_path, sum(config.depths))
        self.stages = nn.ModuleList()
        channels = in_channels
        for stage, depth in enumerate(config.depths):
            own, rates = rates[:depth], rates[depth:]
            self.stages.append(SAMCStage(channels, config=config, stage=stage, drop_paths=own))
            channels = config.dims[stage]
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, num_classes)
        start_linear_layers(self)

    def forward(
        self, image: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch class"]:
        """Return the logits of normalised images."""
        x = image
        for number, stage in enumerate(self.stages):
            x = stage(x, self._residual(image, x, stage=number))
        return self.head(self.norm(x.mean(dim=(2, 3))))

    def _residual(self, image: Tensor, x: Tensor, *, stage: int) -> Tensor | None:
        """Return what is added to a stage's output, before projection and zero channels."""
        pools = self.config.pools
        if self.config.shortcut in ("pad", "proj"):
            return average_pool(x, stride=pools[stage])
        if self.config.shortcut == "image" and stage == len(pools) - 1:
            return average_pool(image, stride=math.prod(pools))
        return None


def _embed(in_channels: int, config: SAMCConfig, stage: int) -> nn.Module:
    channels, stride = config.dims[stage], config.pools[stage]
    if config.embed == "multi":
        return MultiScaleEmbed(
            in_channels,
            out_channels=channels,
            kernels=config.kernels,
            stride=stride,
            pool=config.pool,
        )
    narrow = matched_narrow(in_channels, channels) if config.embed == "matched" else 0
    return SingleScaleEmbed(
        in_channels, out_channels=channels, narrow=narrow, stride=stride, pool=config.pool
    )


def _mix(config: SAMCConfig, stage: int) -> nn.Module:
    channels = config.dims[stage]
    if config.attention == "identity":
        return nn.Identity()
    if config.attention == "depthwise":
        local = conv_norm(channels, channels, 3, groups=channels)
        return nn.Sequential(*local, Linear2d(channels, channels))
    return ConvAttention(
        channels,
        num_heads=config.heads[stage],
        head_dim=config.head_dim,
        kv_stride=config.kv_strides[stage],
        projection=config.projection,
    )

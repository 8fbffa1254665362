"""MSGA: multi-scale convolutions, global attention, and the fusion of both; a reconstruction."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from whatwhere.errors import UsageError
from whatwhere.nn.multiscale import MSConv, average_pool, conv_norm_gelu
from whatwhere.nn.selfattention import SelfAttention
from whatwhere.nn.statistics import Map
from whatwhere.nn.tokens import (
    DropPath,
    LayerNorm2d,
    PixelMLP,
    drop_rates,
    start_linear_layers,
)


@dataclass(frozen=True, kw_only=True)
class MSGAConfig:
    """What distinguishes one MSGA from another.

    Args:
        dims: Channels of each stage, divisible by the kernels and their groups.
        depth: Multi-scale units of each stage, at least 1.
        kernels: Sizes of the parallel kernels, odd.
        groups: Number of groups of each kernel.
        blocks: Number of attention blocks; 0 leaves out attention, position and fusion.
        heads: Number of heads.
        head_dim: Channels of a head; none for the last width over the heads, which leaves the
            number of parameters as it is.
        mlp_ratio: Hidden channels of the network per pixel, in units of the channels.
        fusion: Whether the head reads the multi-scale and the attended map, or the latter alone.
        kernel: How attention is computed: "fused" as torch sees fit, "plain" by the same steps for
            every number of heads.
        drop_path: Rate in the last attention block; rising from 0 in the first.

    Raises:
        UsageError: If a value is outside its range.
    """

    dims: tuple[int, ...] = (96, 144, 240)
    depth: int = 2
    kernels: tuple[int, ...] = (3, 5, 7)
    groups: tuple[int, ...] = (1, 4, 8)
    blocks: int = 4
    heads: int = 8
    head_dim: int | None = None
    mlp_ratio: int = 2
    fusion: bool = True
    kernel: Literal["fused", "plain"] = "fused"
    drop_path: float = 0.1

    def __post_init__(self) -> None:
        numbers = (*self.dims, self.depth, self.heads, self.mlp_ratio, self.head_dim or 1)
        if min(numbers) < 1 or self.blocks < 0:
            raise UsageError(
                "msga: expected dims, depth, heads, head_dim and mlp_ratio from 1, blocks from 0"
            )
        if self.blocks and self.head_dim is None and self.dims[-1] % self.heads:
            fitting = [n for n in range(1, self.dims[-1] + 1) if self.dims[-1] % n == 0]
            raise UsageError(
                f"msga: heads={self.heads} do not divide {self.dims[-1]} channels; expected one of"
                f" {', '.join(map(str, fitting))}, or a head_dim"
            )
        if not 0 <= self.drop_path < 1:
            raise UsageError(f"msga: drop_path={self.drop_path}: expected from 0 to below 1")

    def idle(self) -> dict[str, str]:
        """Return the options that nothing reads, by name, each with the value beside which."""
        of_attention = ("heads", "head_dim", "mlp_ratio", "fusion", "kernel", "drop_path")
        return {} if self.blocks else dict.fromkeys(of_attention, "blocks=0")


class MSGABlock(nn.Module):
    """A transformer block on a map, norms first.

    z = x + drop(attention(LN(x))); y = z + drop(MLP(LN(z))).

    Args:
        config: Heads, ratio and how attention is computed.
        drop_path: Rate of both branches.
    """

    def __init__(self, config: MSGAConfig, *, drop_path: float) -> None:
        super().__init__()
        channels = config.dims[-1]
        self.norm1 = LayerNorm2d(channels)
        self.attention = SelfAttention(
            channels,
            num_heads=config.heads,
            head_dim=config.head_dim,
            kernel=config.kernel,
        )
        self.norm2 = LayerNorm2d(channels)
        self.mlp = PixelMLP(channels, ratio=config.mlp_ratio)
        self.drop = DropPath(drop_path)

    def forward(self, x: Map) -> Map:
        """Return the block's output."""
        x = x + self.drop(self.attention(self.norm1(x)))
        return x + self.drop(self.mlp(self.norm2(x)))


class MSGA(nn.Module):
    """Multi-scale convolution and global attention; a reconstruction.

    F = MSConv stages(image), halved between stages; A = Blocks(F + D * F), D depthwise 3x3;
    logits = W mean_HW GELU(BN(K1 [F; LN(A)])).

    Args:
        config: Depths, widths and every option.
        num_classes: Number of logits.
        in_channels: Channels of the images, 1 to 4.

    Source: J. Dolz, "Image Classification via Joint Multi-Scale Convolution and Global Attention
        Modeling": parallel kernels and their concatenation (equation 1), attention on the result
        (equation 2), fusion of both, a linear map (equation 3). A reconstruction: kernels, groups,
        widths, depths, norms, the code of position and the 1x1 fusion are ours. A last width of 240
        is divided by 1, 2, 3, 4, 5, 6, 8, 10, 12, 15 and 16 heads.

    Cost: 3,084,484 parameters with 100 classes; 381.3 M multiply-adds for an image of 32 x 32
        pixels.

    Example:
        >>> model = MSGA(MSGAConfig(), num_classes=100, in_channels=3)
        >>> sum(parameter.numel() for parameter in model.parameters())
        3084484
    """

    def __init__(self, config: MSGAConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__()
        self.config = config
        channels = config.dims[-1]
        self.stem = conv_norm_gelu(in_channels, config.dims[0], 3)
        self.stages = nn.ModuleList(_stages(config))
        self.position = None
        if config.blocks:
            self.position = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        rates = drop_rates(config.drop_path, config.blocks)
        self.blocks = nn.Sequential(*(MSGABlock(config, drop_path=rate) for rate in rates))
        self.norm = LayerNorm2d(channels)
        self.fuse = None
        if config.blocks and config.fusion:
            self.fuse = conv_norm_gelu(2 * channels, channels, 1)
        self.head = nn.Linear(channels, num_classes)
        start_linear_layers(self)

    def forward(
        self, image: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch class"]:
        """Return the logits of normalised images."""
        scales = self.stem(image)
        for number, stage in enumerate(self.stages):
            scales = stage(average_pool(scales, stride=1 if number == 0 else 2))
        attended = scales
        if self.position is not None:
            attended = attended + self.position(attended)
        attended = attended.contiguous(memory_format=torch.channels_last)
        y = self.norm(self.blocks(attended))
        if self.fuse is not None:
            y = self.fuse(torch.cat([scales, y], dim=1))
        return self.head(y.mean(dim=(2, 3)))


def _stages(config: MSGAConfig) -> list[nn.Sequential]:
    stages, before = [], config.dims[0]
    for channels in config.dims:
        units = [
            MSConv(
                before if number == 0 else channels,
                out_channels=channels,
                kernels=config.kernels,
                groups=config.groups,
            )
            for number in range(config.depth)
        ]
        stages.append(nn.Sequential(*units))
        before = channels
    return stages

"""Convolutions of several kernel sizes side by side: on all channels, or on a part of them each."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.errors import UsageError, unknown_name
from whatwhere.nn.statistics import Map

NewMap = Float[Tensor, "batch new_channel new_height new_width"]
# Width of each kernel's branch, and of the 1x1 convolution before it (0: none), in eighths of the
# output; the pooled branch takes the eighth that is left.
EMBED_KERNELS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "1-3-5": ((1, 2, 0), (3, 4, 2), (5, 1, 1)),
    "3-5-7": ((3, 4, 2), (5, 2, 1), (7, 1, 1)),
    "1-3-5-7": ((1, 2, 0), (3, 3, 2), (5, 1, 1), (7, 1, 1)),
}
MAX_IMAGE_CHANNELS = 4


def average_pool(x: Map, *, stride: int) -> NewMap:
    """Return the means of stride x stride pixels; windows at the far edges may be smaller.

    Args:
        x: The map.
        stride: In pixels; 1 returns the map itself.

    Returns:
        A map of ceil(height / stride) x ceil(width / stride).
    """
    if stride == 1:
        return x
    return functional.avg_pool2d(x, stride, ceil_mode=True, count_include_pad=False)


def conv_norm(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    stride: int = 1,
    groups: int = 1,
) -> nn.Sequential:
    """Return a convolution without bias and its norm, padded to keep the size at stride 1."""
    conv = nn.Conv2d(
        in_channels,
        out_channels,
        kernel_size,
        stride,
        kernel_size // 2,
        groups=groups,
        bias=False,
    )
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels))


def conv_norm_gelu(in_channels: int, out_channels: int, kernel_size: int) -> nn.Sequential:
    """Return a convolution without bias, its norm and a GELU."""
    return nn.Sequential(*conv_norm(in_channels, out_channels, kernel_size), nn.GELU())


class MultiScaleEmbed(nn.Module):
    """Tokens of several scales: kernels of different size side by side, then a mean of 2 x 2.

    y = pool([B_k1 x; B_k2 x; ...; B_1 maxpool3 x]), B_k = GELU(BN(K_k * .)) with, before kernels
    above 1 x 1, a GELU(BN(K_1 * .)) that narrows the map; the latter is left out on images.

    Args:
        in_channels: Channels of x; up to 4 mean an image.
        out_channels: C, a multiple of 8.
        kernels: "1-3-5": widths C/4, C/2, C/8 and C/8 for the pooled branch; "3-5-7": C/2, C/4,
            C/8, C/8; "1-3-5-7": C/4, 3C/8, C/8, C/8, C/8. Narrowed to C/4 before 3 x 3 and to C/8
            before larger kernels.
        stride: Of the mean, in pixels.
        pool: Whether the mean comes "after" the convolutions or "before" them.

    Raises:
        UsageError: If C is no multiple of 8, or there is no such set of kernels.

    Source: SAMC, Proc. SPIE 13395, 133951K, section 2.1, for kernels of several sizes with a mean
        pooling behind; branches, widths and narrowing as in the first block of Szegedy et al.,
        CVPR 2015 (ratio 2 : 4 : 1 : 1). A reconstruction: the paper gives neither sizes nor widths.

    Cost: for "1-3-5" on an image of 3 channels at C = 64: 1,664 parameters.

    Example:
        >>> MultiScaleEmbed(3, out_channels=64)(torch.randn(2, 3, 32, 32)).shape
        torch.Size([2, 64, 16, 16])
    """

    def __init__(
        self,
        in_channels: int,
        *,
        out_channels: int,
        kernels: str = "1-3-5",
        stride: int = 2,
        pool: str = "after",
    ) -> None:
        super().__init__()
        self.stride, self.pool = stride, pool
        self.branches = nn.ModuleList(
            _branch(in_channels, width, size, narrow)
            for size, width, narrow in embed_widths(in_channels, out_channels, kernels)
        )
        self.pooled = conv_norm_gelu(in_channels, out_channels // 8, 1)

    def forward(self, x: Map) -> NewMap:
        """Return the map of tokens."""
        if self.pool == "before":
            x = average_pool(x, stride=self.stride)
        pooled = self.pooled(functional.max_pool2d(x, 3, 1, 1))
        y = torch.cat([*(branch(x) for branch in self.branches), pooled], dim=1)
        return average_pool(y, stride=self.stride) if self.pool == "after" else y


def embed_widths(in_channels: int, out_channels: int, kernels: str) -> list[tuple[int, int, int]]:
    """Return the branches of `MultiScaleEmbed`.

    Args:
        in_channels: As there.
        out_channels: As there.
        kernels: As there.

    Returns:
        Kernel size, width and narrowed width (0: not narrowed) of every branch but the pooled one.

    Raises:
        UsageError: If the number of channels is no multiple of 8.
        UnknownNameError: If there is no such set of kernels.
    """
    if out_channels < 8 or out_channels % 8:
        raise UsageError(
            f"MultiScaleEmbed(out_channels={out_channels}): expected a multiple of 8 channels"
        )
    if kernels not in EMBED_KERNELS:
        raise unknown_name("set of kernels", kernels, EMBED_KERNELS)
    unit = out_channels // 8
    is_image = in_channels <= MAX_IMAGE_CHANNELS
    return [
        (size, width * unit, 0 if is_image else narrow * unit)
        for size, width, narrow in EMBED_KERNELS[kernels]
    ]


class SingleScaleEmbed(nn.Module):
    """Tokens of one scale: a 3 x 3 convolution, then a mean.

    y = pool(GELU(BN(K_3 * z))), z = x, or narrowed to GELU(BN(K_1 * x)).

    Args:
        in_channels: Channels of x.
        out_channels: Channels of y.
        narrow: Channels of z; 0 for x itself.
        stride: Of the mean, in pixels.
        pool: Whether the mean comes "after" the convolutions or "before" them.

    Source: ours, the control of `MultiScaleEmbed`.

    Cost: 9 C_in C + 2 C parameters where nothing is narrowed.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        out_channels: int,
        narrow: int = 0,
        stride: int = 2,
        pool: str = "after",
    ) -> None:
        super().__init__()
        self.stride, self.pool = stride, pool
        self.branch = _branch(in_channels, out_channels, 3, narrow)

    def forward(self, x: Map) -> NewMap:
        """Return the map of tokens."""
        if self.pool == "before":
            return self.branch(average_pool(x, stride=self.stride))
        return average_pool(self.branch(x), stride=self.stride)


def _branch(in_channels: int, out_channels: int, size: int, narrow: int) -> nn.Sequential:
    if not narrow:
        return conv_norm_gelu(in_channels, out_channels, size)
    return nn.Sequential(
        conv_norm_gelu(in_channels, narrow, 1), conv_norm_gelu(narrow, out_channels, size)
    )


class SplitConv(nn.Module):
    """Channels split into groups, each convolved densely with a kernel of its own size.

    y = [K_1 * x_1; ...; K_n * x_n], no biases.

    Args:
        channels: Number of channels C. Groups are of C / n channels, the first ones of one more
            where n does not divide C; with fewer channels than kernels the last kernels are unused.
        kernels: Sizes, odd, in pixels.
        stride: Of all kernels, in pixels.

    Raises:
        UsageError: If a size is even.

    Source: Tan and Le, BMVC 2019 (MixConv), with dense kernels; equal to timm's MixedConv2d
        wherever n divides C.

    Cost: (C / n)^2 sum(k^2) parameters.

    Example:
        >>> SplitConv(8, kernels=(1, 3))(torch.randn(2, 8, 5, 3)).shape
        torch.Size([2, 8, 5, 3])
    """

    def __init__(self, channels: int, *, kernels: tuple[int, ...], stride: int = 1) -> None:
        super().__init__()
        if not kernels or any(size < 1 or size % 2 == 0 for size in kernels):
            raise UsageError(f"SplitConv(kernels={kernels}): expected odd sizes in pixels")
        small, more = divmod(channels, len(kernels))
        self.widths = [small + (number < more) for number in range(len(kernels))]
        self.widths = [width for width in self.widths if width]
        self.convs = nn.ModuleList(
            nn.Conv2d(width, width, size, stride, size // 2, bias=False)
            for width, size in zip(self.widths, kernels, strict=False)
        )

    def forward(self, x: Map) -> NewMap:
        """Return the convolved groups, side by side."""
        groups = x.split(self.widths, dim=1)
        pairs = zip(self.convs, groups, strict=True)
        return torch.cat([conv(group) for conv, group in pairs], dim=1)


class MSConv(nn.Module):
    """A residual unit of parallel kernels, each on all channels, the larger ones in more groups.

    y = GELU(BN([K_1 * x; ...; K_n * x]) + shortcut(x)); the shortcut is x, or BN(K * x) with a 1x1
    kernel where the number of channels changes.

    Args:
        in_channels: Channels of x, a multiple of every number of groups.
        out_channels: Channels C of y; every kernel gives C / n.
        kernels: Sizes, odd, in pixels.
        groups: Number of groups of each kernel; C / n is a multiple of each.

    Raises:
        UsageError: If channels and groups do not fit.

    Source: J. Dolz, "Image Classification via Joint Multi-Scale Convolution and Global Attention
        Modeling", equation 1, for parallel kernels and their concatenation; groups 1, 4, 8 as in
        Duta et al., arXiv 2006.11538 (PyConv). A reconstruction: the sizes, the groups, the norm
        and the shortcut are ours.

    Cost: 65,856 parameters at 96 channels.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        out_channels: int,
        kernels: tuple[int, ...] = (3, 5, 7),
        groups: tuple[int, ...] = (1, 4, 8),
    ) -> None:
        super().__init__()
        _check_groups(in_channels, out_channels, kernels, groups)
        width = out_channels // len(kernels)
        self.convs = nn.ModuleList(
            nn.Conv2d(in_channels, width, size, padding=size // 2, groups=number, bias=False)
            for size, number in zip(kernels, groups, strict=True)
        )
        self.norm = nn.BatchNorm2d(out_channels)
        is_same = in_channels == out_channels
        self.shortcut = nn.Identity() if is_same else conv_norm(in_channels, out_channels, 1)

    def forward(self, x: Map) -> NewMap:
        """Return the unit's output, of the map's size."""
        y = torch.cat([conv(x) for conv in self.convs], dim=1)
        return functional.gelu(self.norm(y) + self.shortcut(x))


def _check_groups(
    in_channels: int, out_channels: int, kernels: tuple[int, ...], groups: tuple[int, ...]
) -> None:
    width, rest = divmod(out_channels, max(1, len(kernels)))
    fits = len(kernels) == len(groups) and not rest and all(size % 2 for size in kernels)
    if not fits or any(n < 1 or in_channels % n or width % n for n in groups):
        raise UsageError(
            f"MSConv({in_channels}, out_channels={out_channels}, kernels={kernels},"
            f" groups={groups}): expected odd kernels, as many groups, channels that they divide"
        )

"""MSFD: features of several scales from parallel kernels, each on its own channels."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.blocks.cards import DesignCard
from whatwhere.nn.multiscale import SplitConv, average_pool, conv_norm, conv_norm_gelu
from whatwhere.nn.statistics import Map
from whatwhere.nn.tokens import DropPath

SOURCE = "AMSRA-Net, Jiang et al., 2026: the abstract, all that is known to us"
CARD = DesignCard(
    number=55,
    name="msfd",
    family="amsra",
    title="multi-scale feature unit of AMSRA-Net (reconstruction)",
    kind="block",
    equation="x + BN(W2 GELU(BN([K1 * u_1; K3 * u_2; K5 * u_3; K7 * u_4]))), u = GELU(BN(W1 x))",
    source=SOURCE,
    fidelity="reconstruction",
    departures="kernel sizes, dense kernels, norms, activation and the two 1x1 kernels are ours",
    parameters_at_64=30_080,
)


class MSFD(nn.Module):
    """Residual unit that splits its channels between kernels of different size.

    y = shortcut(x) + drop(BN(W2 GELU(BN([K_1 * u_1; ...; K_n * u_n])))), u = GELU(BN(W1 x)), u_i
    the i-th part of the channels. The shortcut is x, or BN(W * pool(x)) where the shape changes.

    Args:
        channels: Number of channels C of y.
        in_channels: Channels of x; None for C.
        stride: Of the kernels and of the shortcut's mean, in pixels.
        kernels: Sizes, odd, in pixels: one part each.
        chained: Whether each part also reads the result of the one before it (at stride 1).
        drop_path: Rate at which training leaves the branch out.

    Source: AMSRA-Net, abstract: channels are split, and scales extracted in parallel, in a residual
        block. A reconstruction: the sizes 1, 3, 5, 7, dense kernels as in Tan and Le, BMVC 2019
        (MixConv), norms, activation and 1x1 kernels are ours. Chained: u_i + z_{i-1} in place of
        u_i, z the results after norm and activation, as in Gao et al., PAMI 2021 (Res2Net); as
        there, a unit with a stride is not chained.

    In training the norms need more than one value: a sample of one pixel is not enough.

    Cost: 2 C^2 + (C / 4)^2 84 + 6 C parameters at stride 1; three convolutions of the map.

    Example:
        >>> MSFD(64)(torch.randn(2, 64, 7, 5)).shape
        torch.Size([2, 64, 7, 5])
    """

    def __init__(
        self,
        channels: int,
        *,
        in_channels: int | None = None,
        stride: int = 1,
        kernels: tuple[int, ...] = (1, 3, 5, 7),
        chained: bool = False,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        before = channels if in_channels is None else in_channels
        self.stride = stride
        self.is_chained = chained and stride == 1
        self.enter = conv_norm_gelu(before, channels, 1)
        self.scales = SplitConv(channels, kernels=kernels, stride=stride)
        widths = self.scales.widths if self.is_chained else [channels]
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths)
        self.leave = conv_norm(channels, channels, 1)
        self.drop = DropPath(drop_path)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != channels:
            self.shortcut = conv_norm(before, channels, 1)

    def forward(self, x: Map) -> Float[Tensor, "batch new_channel new_height new_width"]:
        """Return the unit's output."""
        u = self.enter(x)
        z = self._chain(u) if self.is_chained else functional.gelu(self.norms[0](self.scales(u)))
        return self.shortcut(average_pool(x, stride=self.stride)) + self.drop(self.leave(z))

    def _chain(self, u: Map) -> Map:
        """Return the parts after norm and activation, each with the one before it in its input."""
        results: list[Tensor] = []
        parts = u.split(self.scales.widths, dim=1)
        for norm, conv, part in zip(self.norms, self.scales.convs, parts, strict=True):
            if results:
                part = part + results[-1][:, : part.shape[1]]  # the first part may be wider
            results.append(functional.gelu(norm(conv(part))))
        return torch.cat(results, dim=1)

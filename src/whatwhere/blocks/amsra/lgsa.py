"""LGSA: self-attention with few keys whose result a gate opens or shuts."""

import torch
from torch import nn
from torch.nn import functional

from whatwhere.blocks.amsra.gates import GateName, make_gate
from whatwhere.blocks.amsra.msfd import SOURCE
from whatwhere.blocks.cards import DesignCard
from whatwhere.blocks.references.multi_scale import nearest_divisor
from whatwhere.nn.selfattention import Keys, attend
from whatwhere.nn.statistics import Map
from whatwhere.nn.tokens import DropPath, LayerNorm2d, Linear2d

START_OF_SCALE = 0.1
CARD = DesignCard(
    number=56,
    name="lgsa",
    family="amsra",
    title="light gated self-attention of AMSRA-Net (reconstruction)",
    kind="block",
    equation="z + gamma * Wo (softmax(q k^T / sqrt(d)) v * sigmoid(W2 GELU(W1 u))), z = x + D x,"
    " u = LN(z), q = Wq u, [k; v] = W mean_8x8 u",
    source=SOURCE,
    fidelity="reconstruction",
    departures="the code of position, the grid of keys, the form of the gate and the scale gamma"
    " are ours",
    parameters_at_64=19_600,
)


class LGSA(nn.Module):
    """Light gated self-attention: pooled keys, a gate on the result, residual.

    z = x + D * x;  u = LN(z);  q = Wq u;  [k; v] = W pool(u);  a = softmax(q k^T / sqrt(d)) v;
    y = z + drop(gamma Wo gate(u, a)).  D is a depthwise 3x3 kernel, gamma one factor per channel,
    from 0.1; the gate is a * sigmoid(W2 GELU(W1 u)) unless another is asked for.

    Args:
        channels: Number of channels C.
        head_dim: Wanted channels d of a head; the number of heads is the divisor of C nearest to
            C / d.
        key_grid: Keys and values are means over a grid of at most this many cells a side; None for
            one per pixel.
        gate: "query"; "none"; or, in its place, "additive" (Attention U-Net), "focal" (FocalNet)
            or "cross" (EMA): see `whatwhere.blocks.amsra.gates`.
        drop_path: Rate at which training leaves the attended branch out.

    Source: AMSRA-Net, abstract: long-range dependencies through nonlinear maps, gated, background
        suppressed. A reconstruction: the gate as in Qiu et al., arXiv 2505.06708, the fixed grid
        of keys as in Wang et al., arXiv 2106.13797 (PVTv2, 7 x 7 there), the depthwise kernel as a
        code of position and gamma are ours.

    Cost: 9 C^2 / 2 + 73 C / 4 parameters; 2 C x pixels x 64 multiply-adds of attention.

    Example:
        >>> LGSA(64)(torch.randn(2, 64, 7, 5)).shape
        torch.Size([2, 64, 7, 5])
    """

    def __init__(
        self,
        channels: int,
        *,
        head_dim: int = 32,
        key_grid: int | None = 8,
        gate: GateName = "query",
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.key_grid = key_grid
        self.num_heads = nearest_divisor(channels, max(1, round(channels / head_dim)))
        self.position = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm = LayerNorm2d(channels)
        self.query = Linear2d(channels, channels)
        self.key_value = Linear2d(channels, 2 * channels)
        self.gate = make_gate(gate, channels=channels)
        self.out = Linear2d(channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), START_OF_SCALE))
        self.drop = DropPath(drop_path)

    def forward(self, x: Map) -> Map:
        """Return the map with what its pixels found in others added."""
        x = x + self.position(x)
        u = self.norm(x)
        key, value = self.key_value(self._pooled(u)).chunk(2, dim=1)
        y = attend(self.query(u), key, value, num_heads=self.num_heads)
        if self.gate is not None:
            y = self.gate(u, y)
        return x + self.drop(self.scale[:, None, None] * self.out(y))

    def _pooled(self, u: Map) -> Keys:
        """Return means over the grid; maps that are no larger stay as they are."""
        if self.key_grid is None:
            return u
        height, width = u.shape[2:]
        grid = (min(self.key_grid, height), min(self.key_grid, width))
        return u if grid == (height, width) else functional.adaptive_avg_pool2d(u, grid)

"""Coordinate attention: one factor per row and one per column, in every channel."""

import torch
from torch import nn
from torch.nn import functional

from whatwhere.blocks.cards import DesignCard
from whatwhere.nn.statistics import Map, like_weight, promote
from whatwhere.nn.strips import join_strips, split_strips

MIN_WIDTH = 8

CARD = DesignCard(
    number=44,
    name="coordinate",
    family="reference",
    title="coordinate attention",
    kind="block",
    equation="x * sigmoid(Wh f_H) * sigmoid(Ww f_W),"
    " [f_H; f_W] = hardswish(BN(W1 [mean_W x; mean_H x]))",
    source="Hou, Zhou and Feng, CVPR 2021, equations 4 to 9, and the authors' code for width and"
    " activation; equal to timm's CoordAttn at that width",
    fidelity="exact",
    departures="no bias before the norm, which cancels it",
    parameters_at_64=1680,
)


class CoordinateAttention(nn.Module):
    """Coordinate attention: the means along both axes pass one bottleneck and weigh the map.

    y = x * sigmoid(Wh f_H) * sigmoid(Ww f_W), [f_H; f_W] = hardswish(BN(W1 [mean_W x; mean_H x])),
    W1: C -> h, Wh and Ww: h -> C, h = max(8, floor(C / r)); the norm is shared by both axes.

    Args:
        channels: Number of channels C.
        reduction: r, at least 1.

    Source: Hou, Zhou and Feng, CVPR 2021, equations 4 to 9; the authors' code for the width, the
        hard swish and the biases of Wh and Ww. Ours; timm's CoordAttn has another width by
        default, no biases, and came with timm 1.0.23. Left out: the bias before the norm, which
        cancels it. Weights start as PyTorch's layers do.

    Cost: 3 C h + 2 C + 2 h parameters; two statistics, two products.
    """

    def __init__(self, channels: int, *, reduction: int = 32) -> None:
        super().__init__()
        width = max(MIN_WIDTH, channels // reduction)
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.conv_height = nn.Conv2d(width, channels, 1)
        self.conv_width = nn.Conv2d(width, channels, 1)

    def forward(self, x: Map) -> Map:
        """Return the map with its rows and its columns weighed, per channel."""
        strip = like_weight(join_strips(x), self.conv1)
        hidden = functional.hardswish(self.norm(self.conv1(strip)))
        rows, columns = split_strips(hidden, height=x.shape[2])
        row_mask = torch.sigmoid(promote(self.conv_height(rows))).to(x.dtype)
        column_mask = torch.sigmoid(promote(self.conv_width(columns))).to(x.dtype)
        return x * column_mask * row_mask

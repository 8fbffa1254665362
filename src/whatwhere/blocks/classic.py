"""The reference blocks that every comparison of attention carries: SE, ECA and official CBAM."""

import math

import torch
from torch import nn

from whatwhere.nn.masks import pointwise
from whatwhere.nn.statistics import (
    Map,
    channel_max,
    channel_mean,
    like_weight,
    promote,
    spatial_max,
    spatial_mean,
)


class SqueezeExcite(nn.Module):
    """Squeeze-and-excitation.

    y = x * sigmoid(W2 relu(W1 mean_HW x + b1) + b2), W1: C -> max(1, floor(C / r)).

    Args:
        channels: Number of channels C.
        reduction: r, at least 1; the width is exact, never rounded to a multiple.

    Source: Hu, Shen and Sun, CVPR 2018, equations 2 to 4. No departures.

    Cost: 2 C h + C + h parameters, h = floor(C / r); one statistic, one product.
    """

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        width = max(1, channels // reduction)
        self.fc1 = nn.Conv2d(channels, width, 1)
        self.fc2 = nn.Conv2d(width, channels, 1)

    def forward(self, x: Map) -> Map:
        """Return the map with its channels weighed."""
        hidden = torch.relu(pointwise(spatial_mean(x), self.fc1))
        return x * torch.sigmoid(promote(pointwise(hidden, self.fc2))).to(x.dtype)


class EfficientChannelAttention(nn.Module):
    """Efficient channel attention: one small kernel slides over the channels' averages.

    y = x * sigmoid(k-tap convolution of mean_HW x), k the odd number at or above
    floor(|log2(C) + b| / gamma).

    Args:
        channels: Number of channels C.
        gamma: Divides the logarithm of the width.
        beta: b, added to the logarithm of the width.

    Source: Wang et al., CVPR 2020, equations 9 and 12; kernel size as in the authors' code, which
        truncates and then makes it odd. No departures.

    Cost: k parameters; one statistic, one product.
    """

    def __init__(self, channels: int, *, gamma: float = 2.0, beta: float = 1.0) -> None:
        super().__init__()
        size = int(abs(math.log2(channels) + beta) / gamma)
        size = max(1, size if size % 2 else size + 1)
        self.conv = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)

    def forward(self, x: Map) -> Map:
        """Return the map with its channels weighed."""
        pooled = like_weight(spatial_mean(x), self.conv).flatten(1).unsqueeze(1)
        mask = torch.sigmoid(promote(self.conv(pooled)))
        return x * mask.squeeze(1)[:, :, None, None].to(x.dtype)


class OfficialCBAM(nn.Module):
    """Convolutional block attention module as its authors published it.

    y = z * sigmoid(BN(K * [max_C z; mean_C z])), z = x * sigmoid(MLP(mean_HW x) + MLP(max_HW x)).
    Not the `S(C(x))` of the topologies: the MLP has biases and no width floor, the planes are in
    the other order, and a batch norm follows the spatial kernel.

    Args:
        channels: Number of channels C; the MLP's width is max(1, floor(C / r)).
        reduction: r, at least 1.

    Source: Woo et al., ECCV 2018, equations 2 and 3, and the authors' code for the biases, the
        plane order and the batch norm (momentum 0.01). No departures.

    Cost: 2 C h + C + h + 100 parameters, h = floor(C / r); four statistics, two products.
    """

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        width = max(1, channels // reduction)
        self.fc1 = nn.Conv2d(channels, width, 1)
        self.fc2 = nn.Conv2d(width, channels, 1)
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.norm = nn.BatchNorm2d(1, momentum=0.01)

    def forward(self, x: Map) -> Map:
        """Return the map with its channels, then its pixels weighed."""
        pooled = torch.stack([spatial_mean(x), spatial_max(x, indexed=self.training)])
        hidden = torch.relu(pointwise(pooled, self.fc1))
        z = x * torch.sigmoid(promote(pointwise(hidden, self.fc2)).sum(dim=0)).to(x.dtype)
        planes = torch.cat([channel_max(z, indexed=self.training), channel_mean(z)], dim=1)
        planes = like_weight(planes, self.conv)
        return z * torch.sigmoid(promote(self.norm(self.conv(planes)))).to(x.dtype)

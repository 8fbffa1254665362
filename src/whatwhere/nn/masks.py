"""Masks and gates: what to multiply a map by, and how to weigh branches against each other."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.nn.statistics import (
    Map,
    Plane,
    Vector,
    channel_max,
    channel_mean,
    like_weight,
    promote,
    spatial_max,
    spatial_mean,
)

MIN_WIDTH = 8
Logits = Float[Tensor, "batch branch"]


def squeeze_width(channels: int, reduction: int) -> int:
    """Return the hidden width h = max(8, floor(channels / reduction))."""
    return max(MIN_WIDTH, channels // reduction)


def pointwise(vector: Tensor, layer: nn.Conv2d) -> Tensor:
    """Apply a 1x1 convolution to maps of one pixel, as the matrix product that it is.

    Args:
        vector: (..., channel, 1, 1).
        layer: A 1x1 convolution, with or without bias.

    Returns:
        (..., out channel, 1, 1).
    """
    weight = layer.weight.flatten(1)
    value = vector.flatten(-3).to(weight.dtype)
    return functional.linear(value, weight, layer.bias)[..., None, None]


class ChannelMask(nn.Module):
    """Channel mask from average and maximum.

    c(x) = sigmoid(W2 relu(W1 mean_HW x) + W2 relu(W1 max_HW x)), W1 and W2 shared, no biases.

    Args:
        channels: Number of channels C.
        reduction: r in h = max(8, floor(C / r)); at least 1.

    Source: Liu and Jiang, arXiv 2601.07310, component CA. No departures.

    Cost: 2 C h parameters; two statistics of the map.

    Example:
        >>> ChannelMask(64)(torch.randn(2, 64, 5, 3)).shape
        torch.Size([2, 64, 1, 1])
    """

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        width = squeeze_width(channels, reduction)
        self.fc1 = nn.Conv2d(channels, width, 1, bias=False)
        self.fc2 = nn.Conv2d(width, channels, 1, bias=False)

    def forward(self, x: Map) -> Vector:
        """Return one factor in (0, 1) per sample and channel."""
        pooled = torch.stack([spatial_mean(x), spatial_max(x, indexed=self.training)])
        hidden = torch.relu(pointwise(pooled, self.fc1))
        return torch.sigmoid(promote(pointwise(hidden, self.fc2)).sum(dim=0))


class SpatialMask(nn.Module):
    """Spatial mask from the channels' average and maximum.

    s(x) = sigmoid(K * [mean_C x; max_C x]), K one k x k kernel over the two planes, zero padding,
    no bias.

    Args:
        kernel_size: k, odd, in pixels.

    Source: Liu and Jiang, arXiv 2601.07310, component SA, plane order (mean, max). No departures.

    Cost: 2 k^2 parameters; two statistics of the map.

    Example:
        >>> SpatialMask()(torch.randn(2, 64, 5, 3)).shape
        torch.Size([2, 1, 5, 3])
    """

    def __init__(self, *, kernel_size: int = 7) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x: Map) -> Plane:
        """Return one factor in (0, 1) per sample and pixel."""
        planes = torch.cat([channel_mean(x), channel_max(x, indexed=self.training)], dim=1)
        return torch.sigmoid(promote(self.conv(like_weight(planes, self.conv))))


class GateMask(nn.Module):
    """Channel mask from the average alone.

    g(x) = sigmoid(V2 relu(V1 mean_HW x)), no biases.

    Args:
        channels: Number of channels C.
        reduction: r in h = max(8, floor(C / r)); at least 1.

    Source: Liu and Jiang, arXiv 2601.07310, component GA as their repository defines it (per
        channel; a summary of the paper speaks of one scalar per sample instead).

    Cost: 2 C h parameters; one statistic of the map.
    """

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        width = squeeze_width(channels, reduction)
        self.fc1 = nn.Conv2d(channels, width, 1, bias=False)
        self.fc2 = nn.Conv2d(width, channels, 1, bias=False)

    def forward(self, x: Map) -> Vector:
        """Return one factor in (0, 1) per sample and channel."""
        hidden = torch.relu(pointwise(spatial_mean(x), self.fc1))
        return torch.sigmoid(promote(pointwise(hidden, self.fc2)))


class LogitGate(nn.Module):
    """Logits per sample, from which fusion weights are made.

    l(x) = U2 relu(U1 mean_HW x + b1) + b2, U1: C -> h, U2: h -> n.

    Args:
        channels: Number of channels C; h = max(8, floor(C / 16)).
        num_logits: n, the number of logits per sample.

    Source: Liu and Jiang, arXiv 2601.07310, the gate block of TGPFA, GRCSA, C-MSSA and MSC-SA.

    Cost: C h + h + n h + n parameters; one statistic of the map.
    """

    def __init__(self, channels: int, *, num_logits: int) -> None:
        super().__init__()
        width = squeeze_width(channels, 16)
        self.fc1 = nn.Linear(channels, width)
        self.fc2 = nn.Linear(width, num_logits)

    def forward(self, x: Map) -> Logits:
        """Return n logits per sample."""
        pooled = like_weight(spatial_mean(x).flatten(1), self.fc1)
        return promote(self.fc2(torch.relu(self.fc1(pooled))))


class VoteGate(nn.Module):
    """Two logits per sample from two networks, one on the pooled map, one on every pixel.

    l_1 = U2 relu(U1 mean_HW x + b1) + b2;  l_2 = mean_HW(V2 relu(V1 x + d1) + d2), with 1x1
    convolutions V applied before the average.

    Args:
        channels: Number of channels C; h = max(8, floor(C / 16)).

    Source: Liu and Jiang, arXiv 2601.07310, the two gates of GC&SA^2. No departures.

    Cost: 2 (C h + 2 h + 1) parameters; one statistic of the map and one 1x1 convolution on it.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        width = squeeze_width(channels, 16)
        self.pooled = LogitGate(channels, num_logits=1)
        self.pixel1 = nn.Conv2d(channels, width, 1)
        self.pixel2 = nn.Conv2d(width, 1, 1)

    def forward(self, x: Map) -> Logits:
        """Return two logits per sample: of the pooled network, of the pixel network."""
        pixels = self.pixel2(torch.relu(self.pixel1(x)))
        return torch.cat([self.pooled(x), spatial_mean(pixels).flatten(1)], dim=1)


class MixWeight(nn.Module):
    """One learned weight p = sigmoid(logit).

    Args:
        start: Value of the logit before training; 0.5 gives p = 0.622.

    Source: Liu and Jiang, arXiv 2601.07310, C&SAFA and ARCSA.

    Cost: 1 parameter.
    """

    def __init__(self, *, start: float = 0.5) -> None:
        super().__init__()
        self.logit = nn.Parameter(torch.tensor(float(start)))

    def forward(self) -> Float[Tensor, ""]:
        """Return p in (0, 1)."""
        return torch.sigmoid(self.logit)

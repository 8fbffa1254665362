"""The six parts of DMSCA, each a formula of its own."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from whatwhere.blocks.dmsca.reading import MAX_TAU, MIN_TAU, Reading
from whatwhere.nn.masks import pointwise
from whatwhere.nn.statistics import (
    ColumnMeans,
    Map,
    Plane,
    RowMeans,
    Vector,
    channel_max,
    channel_mean,
    like_weight,
    promote,
    spatial_max,
    spatial_mean,
)

Planes = Float[Tensor, "batch 2 height width"]
MIN_WIDTH = 4


class GlobalContextEncoder(nn.Module):
    """GCE: channel logits from average and maximum, added before one network.

    F = W2 relu(W1 u + b1) + b2, u = mean_HW x + max_HW x (off: the average alone).

    Args:
        channels: Number of channels C.
        reduction: r in h = max(4, floor(C / r)).
        with_maximum: Whether the maximum is added; False is the part's off-state.

    Source: DMSCA, figure 2 for the sum before the network; biases, the width's floor and the
        absence of norms are ours.

    Cost: 2 C h + h + C parameters; two statistics of the map.
    """

    def __init__(self, channels: int, *, reduction: int, with_maximum: bool) -> None:
        super().__init__()
        width = max(MIN_WIDTH, channels // reduction)
        self.with_maximum = with_maximum
        self.fc1 = nn.Conv2d(channels, width, 1)
        self.fc2 = nn.Conv2d(width, channels, 1)

    def forward(self, x: Map, mean: Vector | None = None) -> Vector:
        """Return one logit per sample and channel; a mean over space may be known already."""
        pooled = spatial_mean(x) if mean is None else mean
        if self.with_maximum:
            pooled = pooled + spatial_max(x, indexed=self.training)
        return promote(pointwise(torch.relu(pointwise(pooled, self.fc1)), self.fc2))


class TemperatureAttention(nn.Module):
    """TCA: the channel mask, its sharpness set by a temperature.

    A_c = sigmoid(F / tau), tau = exp(theta) held within 0.05 and 20.

    Args:
        reading: Which function, and whether tau is learned.

    Source: DMSCA, abstract of the journal (learned) and table of the preprint (tau = 1.0); theta,
        the sigmoid and the limits are ours. theta takes no weight decay: decay would shrink a raw
        temperature to a division by almost zero.

    Cost: 1 parameter where tau is learned.
    """

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.kind = reading.tca
        self.fixed_tau = reading.tau_init if reading.tau == "fixed" else None
        if not reading.has("tca"):
            self.fixed_tau = 1.0
        if self.fixed_tau is None:
            self.theta = nn.Parameter(torch.tensor(reading.tau_init).log())

    def forward(self, logit: Vector) -> Vector:
        """Return one factor per sample and channel."""
        cooled = logit / self.temperature()
        if self.kind == "sigmoid":
            return torch.sigmoid(cooled)
        share = torch.softmax(cooled, dim=1)
        return share if self.kind == "softmax" else share * logit.shape[1]

    def temperature(self) -> Tensor | float:
        """Return tau."""
        if self.fixed_tau is not None:
            return self.fixed_tau
        return promote(self.theta).exp().clamp(MIN_TAU, MAX_TAU)


class MultiScaleSpatialEncoder(nn.Module):
    """MSCE: spatial logits from the planes of average and maximum at three scales.

    M = W [M_3; M_5; M_7] + b, M_k = relu(BN(K_k * S)) (off: one 7 x 7 kernel).

    Args:
        reading: Whether branches have norm and ReLU, and whether the part is on.

    Source: DMSCA, the summary of the journal for two planes and parallel kernels, the preprint's
        table for sizes 3, 5, 7; one output plane per kernel, norm, ReLU and the mix are ours.

    Cost: 176 parameters (170 with linear branches, 98 when off); three convolutions of two planes.
    """

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        sizes = (3, 5, 7) if reading.has("msce") else (7,)
        self.kernels = nn.ModuleList(
            nn.Conv2d(2, 1, size, padding=size // 2, bias=False) for size in sizes
        )
        has_norms = reading.has("msce") and reading.msce_branch == "bn_relu"
        self.norms = nn.ModuleList(nn.BatchNorm2d(1) for _ in sizes if has_norms)
        self.mix = nn.Conv2d(3, 1, 1) if reading.has("msce") else None

    def forward(self, planes: Planes) -> Plane:
        """Return one logit per sample and pixel."""
        planes = planes.to(next(self.kernels.parameters()).dtype)
        scales = [kernel(planes) for kernel in self.kernels]
        if self.norms:
            pairs = zip(self.norms, scales, strict=True)
            scales = [torch.relu(norm(scale)) for norm, scale in pairs]
        return promote(scales[0] if self.mix is None else self.mix(torch.cat(scales, dim=1)))


class DirectionalInteraction(nn.Module):
    """DII: spatial logits from what rows and columns say to each other.

    D = R Q, R = K_r * mean_W x + b_r along rows, Q = K_q * mean_H x + b_q along columns.

    Args:
        in_channels: Channels of the map that is averaged.
        reading: Kernel length and interaction.

    Source: DMSCA, the summary of the journal for separate rows and columns that interact and keep
        their position; the averages, the kernels and the product are ours.

    Cost: 2 (k C + 1) parameters; two statistics of the map.
    """

    def __init__(self, in_channels: int, reading: Reading) -> None:
        super().__init__()
        size = reading.dii_size
        self.operation = reading.dii_operation
        self.rows = nn.Conv2d(in_channels, 1, (size, 1), padding=(size // 2, 0))
        self.columns = nn.Conv2d(in_channels, 1, (1, size), padding=(0, size // 2))

    def forward(
        self,
        row_mean: RowMeans,
        column_mean: ColumnMeans,
    ) -> Plane:
        """Return one logit per sample and pixel."""
        row = promote(self.rows(like_weight(row_mean, self.rows)))
        column = promote(self.columns(like_weight(column_mean, self.columns)))
        if self.operation == "multiply":
            return row * column
        if self.operation == "add":
            return row + column
        return row * torch.sigmoid(column) + column * torch.sigmoid(row)


class FeatureFusion(nn.Module):
    """DFF: how much of the channel-weighed and of the pixel-weighed map each pixel takes.

    g = sigmoid(K * [A_c x; A_s x] + b); the fused map is g A_c x + (1 - g) A_s x.

    Args:
        channels: Number of channels C of each map.
        reading: Kernel size, and one logit or two.

    Source: DMSCA, abstract and summary of the journal for a small gate on both maps that weighs
        every pixel; the size of its kernel is ours.

    Cost: 2 C + 1 parameters (18 C + 1 at 3 x 3; twice as many with two logits).
    """

    def __init__(self, channels: int, reading: Reading) -> None:
        super().__init__()
        size = reading.gate_size
        num_logits = 1 if reading.gate == "sigmoid" else 2
        self.conv = nn.Conv2d(2 * channels, num_logits, size, padding=size // 2)

    def forward(self, attended: Float[Tensor, "batch both height width"]) -> Plane:
        """Return the share of the channel-weighed map."""
        return self.share(promote(self.conv(attended)))

    def share(self, logit: Float[Tensor, "batch logit height width"]) -> Plane:
        """Return the share that one logit or two give."""
        if logit.shape[1] == 2:
            logit = logit[:, :1] - logit[:, 1:]
        return torch.sigmoid(logit)


class AdaptiveActivation(nn.Module):
    """AA: one factor per pixel, from the fused map.

    alpha = sigmoid(V x_out + b), V a 1 x 1 convolution to one channel.

    Args:
        channels: Number of channels C.

    Source: DMSCA, figure 7; the bias is ours.

    Cost: C + 1 parameters.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 1)

    def forward(self, fused: Map) -> Plane:
        """Return the factor of every pixel."""
        return torch.sigmoid(promote(self.conv(fused)))


def spatial_planes(x: Map, *, indexed: bool) -> Planes:
    """Return the planes of average and maximum over channels.

    Args:
        x: The map.
        indexed: Whether one winner takes the maximum's gradient (for training).

    Returns:
        The two planes, average first.
    """
    return torch.cat([channel_mean(x), channel_max(x, indexed=indexed)], dim=1)

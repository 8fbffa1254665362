"""SRM: one factor per channel, from that channel's mean and standard deviation."""

import torch
from torch import nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.nn.statistics import Map, promote, spatial_mean

CARD = DesignCard(
    number=50,
    name="srm",
    family="reference",
    title="style-based recalibration",
    kind="block",
    equation="x * sigmoid(BN(u * mean_HW x + v * std_HW x)), u and v one value per channel",
    source="Lee, Kim and Nam, ICCV 2019, section 3, and the authors' code",
    fidelity="exact",
    departures="the variance divides by HW, as in the paper (the code divides by HW - 1, which"
    " fails on one pixel)",
    parameters_at_64=256,
)
EPSILON = 1e-5


class StyleRecalibration(nn.Module):
    """Style-based recalibration: a channel's style, its mean and spread, decides on its factor.

    y = x * sigmoid(BN(u * mean_HW x + v * std_HW x)), std_HW x = sqrt(var_HW x + 1e-5), u and v one
    value per channel; no channel sees another. u and v start at zero: every factor starts as 1/2.

    Training needs a batch of at least 2, for the norm.

    Args:
        channels: Number of channels C.

    Source: Lee, Kim and Nam, ICCV 2019, section 3; the authors' code for the 1e-5 under the
        root, the start at zero and no weight decay on u and v, which are vectors for that reason.
        The variance divides by HW, as in the paper; the code divides by HW - 1, which fails on
        one pixel.

    Cost: 4 C parameters; three statistics, one product.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mean_weight = nn.Parameter(torch.zeros(channels))
        self.std_weight = nn.Parameter(torch.zeros(channels))
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Map) -> Map:
        """Return the map with its channels weighed by their styles."""
        mean = spatial_mean(x)
        variance = spatial_mean((promote(x) - mean).square())
        style = self.mean_weight[:, None, None] * mean
        style = style + self.std_weight[:, None, None] * torch.sqrt(variance + EPSILON)
        logit = promote(self.norm(style.to(self.norm.weight.dtype)))
        return x * torch.sigmoid(logit).to(x.dtype)

"""SE: one factor per channel, from the channels' averages."""

import torch
from torch import nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.nn.masks import pointwise
from whatwhere.nn.statistics import Map, promote, spatial_mean

CARD = DesignCard(
    number=40,
    name="se",
    family="reference",
    title="squeeze-and-excitation",
    kind="block",
    equation="x * sigmoid(W2 relu(W1 mean_HW x + b1) + b2)",
    source="Hu, Shen and Sun, CVPR 2018, equations 2 to 4",
    fidelity="exact",
    parameters_at_64=580,
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

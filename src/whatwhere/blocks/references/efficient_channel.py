"""ECA: one factor per channel, from the averages of its neighbours."""

import math

import torch
from torch import nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.nn.statistics import Map, like_weight, promote, spatial_mean

CARD = DesignCard(
    number=41,
    name="eca",
    family="reference",
    title="efficient channel attention",
    kind="block",
    equation="x * sigmoid(K * mean_HW x), K a kernel of few taps that slides over the channels",
    source="Wang et al., CVPR 2020, equations 9 and 12, and the authors' code for the kernel size",
    fidelity="exact",
    parameters_at_64=3,
)


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

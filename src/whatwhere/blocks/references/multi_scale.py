"""EMA: efficient multi-scale attention, pixels weighed in groups of channels."""

import torch
from torch import Tensor, nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.nn.statistics import Map, like_weight, promote, spatial_mean
from whatwhere.nn.strips import join_strips, split_strips

CARD = DesignCard(
    number=48,
    name="ema",
    family="reference",
    title="efficient multi-scale attention",
    kind="block",
    equation="z * sigmoid(softmax_C(mean_HW a) . b + softmax_C(mean_HW b) . a) in every group z of"
    " channels, a = GN(z * sigmoid(f_H) * sigmoid(f_W)), [f_H; f_W] = W1 [mean_W z; mean_H z],"
    " b = K z",
    source="Ouyang et al., ICASSP 2023, section 3, and the authors' code",
    fidelity="exact",
    departures="the 32 groups become the divisor of the number of channels nearest to 32, so that"
    " every number of channels works",
    parameters_at_64=48,
)


class EfficientMultiScaleAttention(nn.Module):
    """Efficient multi-scale attention: a 1x1 and a 3x3 branch vote on each other's pixels.

    The channels are cut into G groups that share all weights. Of every group z, of C / G channels:
    y = z * sigmoid(softmax_C(mean_HW a) . b + softmax_C(mean_HW b) . a),
    a = GN(z * sigmoid(f_H) * sigmoid(f_W)), [f_H; f_W] = W1 [mean_W z; mean_H z], b = K z; W1: 1x1,
    K: 3x3, both with bias; GN normalises every channel of a sample by itself.

    Args:
        channels: Number of channels C.
        factor: Number of groups G, at least 1; where it does not divide C, the divisor of C that
            is nearest to it as a ratio. A prime C above 32 has C groups of one channel.

    Source: Ouyang et al., ICASSP 2023, section 3, and the authors' code (factor 32). Departure:
        the divisor, where the code fails.

    Cost: 10 w^2 + 4 w parameters, w = C / G; four statistics and one 3x3 convolution of the map,
        three products.
    """

    def __init__(self, channels: int, *, factor: int = 32) -> None:
        super().__init__()
        self.width = channels // nearest_divisor(channels, factor)
        self.conv1 = nn.Conv2d(self.width, self.width, 1)
        self.conv3 = nn.Conv2d(self.width, self.width, 3, padding=1)
        self.norm = nn.GroupNorm(self.width, self.width)

    def forward(self, x: Map) -> Map:
        """Return the map with its pixels weighed in every group of channels."""
        z = x.reshape(-1, self.width, x.shape[2], x.shape[3])
        a = promote(self._recalibrated(z))
        b = promote(self.conv3(z))
        votes_a = torch.softmax(spatial_mean(a), dim=1)
        votes_b = torch.softmax(spatial_mean(b), dim=1)
        logit = (votes_a * b + votes_b * a).sum(dim=1, keepdim=True)
        return (z * torch.sigmoid(logit).to(z.dtype)).reshape(x.shape)

    def _recalibrated(self, z: Tensor) -> Tensor:
        """Return a: the group weighed along its rows and columns, and normalised."""
        strip = promote(self.conv1(like_weight(join_strips(z), self.conv1)))
        rows, columns = split_strips(torch.sigmoid(strip).to(z.dtype), height=z.shape[2])
        weighed = (z * rows * columns).to(self.norm.weight.dtype)
        # torch.group_norm and not the layer itself, which refuses a single value per channel.
        return torch.group_norm(
            weighed, self.width, self.norm.weight, self.norm.bias, self.norm.eps
        )


def nearest_divisor(channels: int, factor: int) -> int:
    """Return the divisor of a number of channels that is nearest to a factor, as a ratio.

    Args:
        channels: At least 1.
        factor: At least 1.

    Returns:
        The divisor.
    """
    divisors = [number for number in range(1, channels + 1) if channels % number == 0]
    return min(divisors, key=lambda number: max(number / factor, factor / number))

"""BAM: a channel branch and a dilated spatial branch, side by side."""

import torch
from torch import Tensor, nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.nn.statistics import Map, like_weight, promote, spatial_mean

CARD = DesignCard(
    number=43,
    name="bam",
    family="reference",
    title="bottleneck attention module",
    kind="block",
    equation="x * (1 + sigmoid(W2 relu(BN(W1 mean_HW x)) + K4 r(K3 r(K2 r(K1 x))))),"
    " r = relu BN, K2 and K3 dilated by 4",
    source="Park et al., BMVC 2018, equations 1 and 2, and the authors' code for the layers",
    fidelity="reconstruction",
    departures="where the sources differ: the branches are added, as in equation 2 (the code"
    " multiplies them), the norms follow the hidden layers, as in the code (the paper"
    " has one at the end of each branch); no biases before norms, which cancel them",
    parameters_at_64=1157,
)


class BottleneckAttention(nn.Module):
    """Bottleneck attention module: what and where in parallel branches, added before the sigmoid.

    y = x * (1 + sigmoid(W2 relu(BN(W1 mean_HW x)) + K4 r(K3 r(K2 r(K1 x))))), r = relu BN;
    W1: C -> h, W2: h -> C; K1: 1x1, C -> h; K2, K3: 3x3, h -> h; K4: 1x1, h -> 1;
    h = max(1, floor(C / r)). The dilated kernels are padded by their dilation, so the spatial
    branch keeps every size, down to one pixel; the channel branch averages the whole map, square
    or not.

    Training needs a batch of at least 2, for the norm of the channel branch.

    Args:
        channels: Number of channels C.
        reduction: r, at least 1.
        dilation: Of the two 3x3 kernels, at least 1, in pixels.

    Source: Park et al., BMVC 2018. The branches are added, as in equation 2 (the authors' code
        multiplies them; the paper's ablation prefers the sum). The norms stand after the hidden
        layers, as in the code (the paper has one at the end of each branch). Left out:
        biases that a norm cancels. Weights start as PyTorch's layers do, as in the authors'
        module; their ImageNet script redraws every convolution of the network.

    Cost: 3 C h + 18 h^2 + 9 h + C + 1 parameters, h = floor(C / r); one statistic, four
        convolutions (the first reads the map), one product.
    """

    def __init__(self, channels: int, *, reduction: int = 16, dilation: int = 4) -> None:
        super().__init__()
        width = max(1, channels // reduction)
        self.fc1 = nn.Linear(channels, width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.fc2 = nn.Linear(width, channels)
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 1, bias=False)]
        for _ in range(2):
            layers += [nn.BatchNorm2d(width), nn.ReLU()]
            layers += [_dilated(width, dilation)]
        layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 1, 1)]
        self.spatial = nn.Sequential(*layers)

    def forward(self, x: Map) -> Map:
        """Return the map with every channel and pixel weighed by 1 to 2."""
        logit = self._channel_logit(x) + promote(self.spatial(x))
        return x * (1 + torch.sigmoid(logit)).to(x.dtype)

    def _channel_logit(self, x: Map) -> Tensor:
        pooled = like_weight(spatial_mean(x).flatten(1), self.fc1)
        hidden = torch.relu(self.norm(self.fc1(pooled)))
        return promote(self.fc2(hidden))[:, :, None, None]


def _dilated(width: int, dilation: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False)

"""CBAM as its authors published it."""

import torch
from torch import nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.nn.masks import pointwise
from whatwhere.nn.planes import plane_logit
from whatwhere.nn.statistics import Map, promote, spatial_max, spatial_mean

CARD = DesignCard(
    number=42,
    name="cbam",
    family="reference",
    title="official CBAM",
    kind="block",
    equation="z * sigmoid(BN(K * [max_C z; mean_C z])),"
    " z = x * sigmoid(MLP(mean_HW x) + MLP(max_HW x))",
    source="Woo et al., ECCV 2018, equations 2 and 3, and the authors' code",
    fidelity="exact",
    parameters_at_64=680,
)


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
        logit = plane_logit(z, self.conv, self.norm, indexed=self.training)
        return z * torch.sigmoid(logit).to(x.dtype)

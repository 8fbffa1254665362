"""Triplet attention: three masks, each from the map seen along one of its axes."""

import torch
from torch import Tensor, nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.nn.planes import plane_logit
from whatwhere.nn.statistics import Map

CARD = DesignCard(
    number=49,
    name="triplet",
    family="reference",
    title="triplet attention",
    kind="block",
    equation="x * (m_H + m_W + m_C) / 3, m_A = sigmoid(BN_A(K_A * [max_A x; mean_A x]))",
    source="Misra et al., WACV 2021, section 3, and the authors' code",
    fidelity="exact",
    parameters_at_64=300,
)


class TripletAttention(nn.Module):
    """Triplet attention: the mean of three masks, over (C, W), (H, C) and (H, W).

    y = x * (m_H + m_W + m_C) / 3, m_A = sigmoid(BN_A(K_A * [max_A x; mean_A x])), K_A a 7x7 kernel
    over the two planes that are left when axis A is pooled, without bias. Channels are neighbours
    here: their order matters.

    Args:
        channels: Number of channels; of no effect on the weights.

    Source: Misra et al., WACV 2021, section 3, and the authors' code for the plane order,
        the orientation of the kernels and the norms (momentum 0.01). No departures. Weights start
        as PyTorch's layers do, as in the authors' module; their ImageNet script redraws every
        convolution of the network.

    Cost: 300 parameters; six statistics, one product.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel_width = _PlaneGate()
        self.height_channel = _PlaneGate()
        self.height_width = _PlaneGate()

    def forward(self, x: Map) -> Map:
        """Return the map weighed by the mean of the three masks."""
        total = self._mask(x, self.channel_width, 2)
        total = total + self._mask(x, self.height_channel, 3)
        total = total + self._mask(x, self.height_width, 1)
        return x * (total / 3).to(x.dtype)

    def _mask(self, x: Map, gate: nn.Module, axis: int) -> Tensor:
        """Return the mask that pools an axis: it changes places with the channels and back."""
        return gate(x.transpose(1, axis)).transpose(1, axis)


class _PlaneGate(nn.Module):
    """One branch: sigmoid(BN(K * [max; mean]))."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.norm = nn.BatchNorm2d(1, momentum=0.01)

    def forward(self, x: Map) -> Tensor:
        return torch.sigmoid(plane_logit(x, self.conv, self.norm, indexed=self.training))

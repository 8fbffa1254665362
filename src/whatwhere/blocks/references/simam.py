"""SimAM: every value is weighed by how far it stands out of its channel; nothing is learned."""

import torch
from torch import nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.nn.statistics import Map, promote, spatial_mean

CARD = DesignCard(
    number=45,
    name="simam",
    family="reference",
    title="SimAM, without parameters",
    kind="block",
    equation="x * sigmoid(d / (4 (v + 0.0001)) + 1/2), d = (x - mean_HW x)^2,"
    " v = sum_HW d / (HW - 1)",
    source="Yang et al., ICML 2021, equation 5, and the authors' code",
    fidelity="exact",
    departures="on a map of one pixel the divisor HW - 1 is 1 (the code divides by zero)",
    parameters_at_64=0,
)


class SimAM(nn.Module):
    """SimAM: a mask from the energy of every value, in closed form and without parameters.

    y = x * sigmoid(d / (4 (v + lambda)) + 1/2), d = (x - mean_HW x)^2, v = sum_HW d / (HW - 1).
    Every factor lies between 0.622 and 1.

    Args:
        channels: Number of channels; of no effect, since every channel stands alone.
        regularisation: lambda, added to the variance; above 0. The authors took 0.0001 on CIFAR
            and 0.1 on ImageNet.

    Source: Yang et al., ICML 2021, equation 5; the authors' code for the divisor HW - 1, which is
        1 here on a map of one pixel (the code divides by zero).

    Cost: no parameters; two statistics, one product.
    """

    def __init__(self, channels: int, *, regularisation: float = 1e-4) -> None:
        super().__init__()
        self.regularisation = regularisation

    def forward(self, x: Map) -> Map:
        """Return the map with what stands out of its channel kept, and the rest lowered."""
        deviation = (promote(x) - spatial_mean(x)).square()
        num_free = max(1, x.shape[2] * x.shape[3] - 1)
        variance = deviation.sum(dim=(2, 3), keepdim=True) / num_free
        energy = deviation / (4 * (variance + self.regularisation)) + 0.5
        return x * torch.sigmoid(energy).to(x.dtype)

    def extra_repr(self) -> str:
        """Return the option, for printing a model."""
        return f"regularisation={self.regularisation}"

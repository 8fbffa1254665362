"""One attention design as a package: a block, and the card that presents it to whatwhere."""

import torch
from torch import nn

from whatwhere.blocks import DesignCard


class TinyGate(nn.Module):
    """y = x * sigmoid(s w * mean_HW x + b): every channel sees its own average alone."""

    def __init__(self, channels, *, sharpness=1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))
        self.sharpness = sharpness

    def forward(self, x):
        average = x.mean((2, 3), keepdim=True)
        return x * torch.sigmoid(self.sharpness * self.weight * average + self.bias).to(x.dtype)


CARD = DesignCard(
    number=500,  # 500 to 999: after whatwhere's own, in this order
    name="tiny_gate",  # what -d takes
    family="tiny",  # what -d takes for all designs of a family
    title="a gate per channel, without mixing",
    kind="block",
    equation="x * sigmoid(s w * mean_HW x + b)",
    source="an example",
    fidelity="ours",
    parameters_at_64=128,
)
DESIGN = (CARD, TinyGate)

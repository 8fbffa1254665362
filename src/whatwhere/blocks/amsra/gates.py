"""Gates of LGSA: from the normalised input u and the attended map y to the gated map."""

from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from whatwhere.blocks.references.multi_scale import EfficientMultiScaleAttention
from whatwhere.nn.statistics import Map, Plane
from whatwhere.nn.tokens import Linear2d

GateName = Literal["query", "none", "additive", "focal", "cross"]


def make_gate(name: GateName, *, channels: int) -> nn.Module | None:
    """Return a gate, called as gate(u, y); None where nothing is gated.

    Args:
        name: "query", "additive", "focal", "cross" or "none".
        channels: Number of channels.

    Returns:
        The gate.

    Source: of each at its class. The spatial gate of gMLP (Liu et al., NeurIPS 2021) is left out:
        its weights are a matrix over the pixels, so it would fix the size of the images.
    """
    kinds: dict[str, type[nn.Module]] = {
        "query": QueryGate,
        "additive": AdditiveGate,
        "focal": FocalGate,
        "cross": CrossGate,
    }
    return kinds[name](channels) if name in kinds else None


class QueryGate(nn.Module):
    """One factor per pixel and channel, from the normalised input.

    y * sigmoid(W2 GELU(W1 u + b1) + b2), W1: C -> C / 4; b2 starts at 1, so that the gate starts
    mostly open.

    Args:
        channels: Number of channels C.

    Source: a sigmoid gate between attention and its output layer, Qiu et al., arXiv 2505.06708;
        two layers with a GELU for the nonlinear maps of the abstract of AMSRA-Net, and the start of
        b2, are ours.

    Cost: C^2 / 2 + 5 C / 4 parameters.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        width = max(1, channels // 4)
        self.fc1 = Linear2d(channels, width)
        self.fc2 = Linear2d(width, channels)
        nn.init.ones_(self.fc2.bias)

    def forward(self, u: Map, y: Map) -> Map:
        """Return the gated map."""
        return y * torch.sigmoid(self.fc2(functional.gelu(self.fc1(u))))


class AdditiveGate(nn.Module):
    """One factor per pixel, from the attended map and the normalised input.

    y * sigmoid(V relu(W y + U u + b) + c), W and U: C -> C / 4, V: C / 4 -> 1.

    Args:
        channels: Number of channels C.

    Source: Oktay et al., arXiv 1804.03999, equations 1 and 2; the start of c at 1 is ours.

    Cost: C^2 / 2 + C / 2 + 1 parameters.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        width = max(1, channels // 4)
        self.attended = nn.Linear(channels, width, bias=False)
        self.normalised = Linear2d(channels, width)
        self.vote = Linear2d(width, 1)
        nn.init.ones_(self.vote.bias)

    def forward(self, u: Map, y: Map) -> Map:
        """Return the gated map."""
        return y * self.plane(u, y)

    def plane(self, u: Map, y: Map) -> Plane:
        """Return the factor of every pixel."""
        seen = self.attended(y.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return torch.sigmoid(self.vote(torch.relu(seen + self.normalised(u))))


class FocalGate(nn.Module):
    """A modulator per pixel and channel, from contexts of growing size.

    y * (H m + h), m = sum_l g_l c_l + g_4 GELU(mean_HW c_3), c_l = GELU(D_l * c_{l-1}), D_l
    depthwise kernels of 3, 5, 7; c_0 = W u, g = G u one factor per level and pixel.

    Args:
        channels: Number of channels C.

    Source: Yang et al., NeurIPS 2022 (FocalNet), equations 5 to 7; here y stands for the query. The
        modulator has no bound and starts around zero, as there.

    Cost: 2 C^2 + 89 C + 4 parameters.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        sizes = (3, 5, 7)
        self.context = Linear2d(channels, channels)
        self.levels = Linear2d(channels, len(sizes) + 1)
        self.local = nn.ModuleList(
            nn.Conv2d(channels, channels, size, padding=size // 2, groups=channels, bias=False)
            for size in sizes
        )
        self.modulate = Linear2d(channels, channels)

    def forward(self, u: Map, y: Map) -> Map:
        """Return the modulated map."""
        context, levels = self.context(u), self.levels(u)
        total = torch.zeros_like(context)
        for number, local in enumerate(self.local):
            context = functional.gelu(local(context))
            total = total + context * levels[:, number : number + 1]
        whole = functional.gelu(context.mean(dim=(2, 3), keepdim=True))
        return y * self.modulate(total + whole * levels[:, -1:])


class CrossGate(nn.Module):
    """Pixels weighed in groups of channels by two branches that vote on each other.

    EMA(y), see `EfficientMultiScaleAttention`; u is not read.

    Args:
        channels: Number of channels C.

    Source: Ouyang et al., ICASSP 2023.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.ema = EfficientMultiScaleAttention(channels)

    def forward(self, u: Map, y: Map) -> Map:
        """Return the gated map."""
        return self.ema(y)

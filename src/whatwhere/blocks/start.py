"""How a block starts: its gain at initialisation, and the wrapper that starts as the identity."""

import torch
from torch import Tensor, nn

from whatwhere.nn.statistics import Map

_PROBE_SHAPE = (4, 16, 16)  # batch, height, width of the fixed normal map


def initial_gain(block: nn.Module, channels: int) -> float:
    """Return how strongly a block scales a map: RMS(block(z)) / RMS(z), z fixed normal noise.

    Args:
        block: Any block (batch, channel, height, width) -> the same shape; left as it was.
        channels: Number of channels it was built for.

    Returns:
        The gain, 1.0 for the identity.
    """
    batch, height, width = _PROBE_SHAPE
    source = torch.Generator().manual_seed(0)
    reference = next(iter(block.parameters()), torch.zeros(()))
    noise = torch.randn(batch, channels, height, width, generator=source, dtype=torch.float64)
    noise = noise.to(device=reference.device, dtype=reference.dtype)
    was_training = block.training
    block.eval()
    with torch.no_grad():
        gain = block(noise).square().mean().sqrt() / noise.square().mean().sqrt()
    block.train(was_training)
    return float(gain)


class IdentityStart(nn.Module):
    """Any block, wrapped so that a network's outputs are unchanged at the first step.

    y = x + a (f(x) / m0 - x), a learned from 0, m0 the gain of f at initialisation.

    Args:
        block: f, the block to wrap.
        channels: Number of channels it was built for.

    Source: ours. `a` takes no weight decay and is not on the card's parameter count.

    Cost: 1 parameter; two more passes over the map.
    """

    def __init__(self, block: nn.Module, channels: int) -> None:
        super().__init__()
        self.block = block
        self.a = nn.Parameter(torch.zeros(()))
        self.initial_gain: Tensor
        self.register_buffer("initial_gain", torch.tensor(initial_gain(block, channels)))

    def forward(self, x: Map) -> Map:
        """Return x at the start of training, the block's output (to scale) at a = 1."""
        attended = self.block(x) / self.initial_gain.to(x.dtype)
        return x + self.a.to(x.dtype) * (attended - x)

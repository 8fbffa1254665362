"""How a block starts: its gain at initialisation, and the wrapper that starts as the identity."""

import torch
from torch import Tensor, nn

from whatwhere.errors import UsageError
from whatwhere.nn.modes import in_evaluation
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
    probe, result = _probed(block, channels)
    return _gain(probe, result)


def _gain(probe: Tensor, result: Tensor) -> float:
    return float(result.square().mean().sqrt() / probe.square().mean().sqrt())


def _probed(block: nn.Module, channels: int) -> tuple[Tensor, Tensor]:
    """Return fixed normal noise and what the block makes of it; the block stays as it was."""
    batch, height, width = _PROBE_SHAPE
    source = torch.Generator().manual_seed(0)
    reference = next(iter(block.parameters()), torch.zeros(()))
    noise = torch.randn(batch, channels, height, width, generator=source, dtype=torch.float64)
    noise = noise.to(device=reference.device, dtype=reference.dtype)
    with in_evaluation(block), torch.no_grad():
        return noise, block(noise)


class IdentityStart(nn.Module):
    """Any block, wrapped so that a network's outputs are unchanged at the first step.

    y = (1 - a) x + a f(x) / m0, a learned from 0, m0 the gain of f at initialisation. Where f is
    nothing but its gain at initialisation, as SRM and the global context block are, a starts at 1:
    y = x as well, and from a = 0 neither a nor f would ever get a gradient.

    Args:
        block: f, the block to wrap.
        channels: Number of channels it was built for.

    Source: ours. `a` takes no weight decay and is not on the card's parameter count.

    Raises:
        UsageError: If the block gives zeros, or values that are not finite.

    Cost: 1 parameter; five more passes over the map.
    """

    def __init__(self, block: nn.Module, channels: int) -> None:
        super().__init__()
        self.block = block
        probe, result = _probed(block, channels)
        gain = _gain(probe, result)
        if not 0 < gain < float("inf"):
            raise UsageError(
                f"{type(block).__name__} has an initial gain of {gain:.3g}, which nothing can be"
                " divided by: it cannot start as the identity"
            )
        self.a = nn.Parameter(torch.tensor(float(torch.equal(result * (1 / gain), probe))))
        self.initial_gain: Tensor
        self.register_buffer("initial_gain", torch.tensor(gain))

    def forward(self, x: Map) -> Map:
        """Return x at the start of training, the block's output (to scale) at a = 1."""
        scale = (self.a / self.initial_gain).to(x.dtype)
        return torch.addcmul((1 - self.a).to(x.dtype) * x, self.block(x), scale)

"""Global context: one vector of attended means, added to every pixel."""

import torch
from torch import Tensor, nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.nn.masks import squeeze_width
from whatwhere.nn.statistics import Map, like_weight, promote

CARD = DesignCard(
    number=47,
    name="global_context",
    family="reference",
    title="global context block",
    kind="block",
    equation="x + W2 relu(LN(W1 sum_HW (x * softmax_HW(k x))))",
    source="Cao et al., ICCV workshops 2019, the GC block (figure 4d), and the authors' code; equal"
    " to timm's GlobalContext with fuse_add at the same epsilon",
    fidelity="exact",
    departures="at least 8 hidden values, since the layer norm of one is a constant; no bias of k,"
    " which the softmax cancels",
    parameters_at_64=1176,
)


class GlobalContext(nn.Module):
    """Global context block: pixels vote on what to average, a bottleneck transforms it, a sum adds.

    y = x + W2 relu(LN(W1 sum_HW (x * softmax_HW(k x)))), k: C -> 1, W1: C -> h, W2: h -> C,
    h = max(8, floor(C / r)). It adds and does not weigh. W2 and its bias start at zero: the block
    starts as the identity, exactly.

    Args:
        channels: Number of channels C.
        reduction: r, at least 1; the authors publish 16 and 4.

    Source: Cao et al., ICCV workshops 2019, figure 4d; the authors' code for the initial values
        (k normal with variance 2 / C, W2 zero) and the epsilon of the norm, 1e-5. Ours; timm's
        GlobalContext multiplies by default, has epsilon 1e-6 and leaves the bias of W2 as drawn.
        Departures: h is at least 8, since the layer norm of one value is a constant (the authors'
        narrowest is 32); no bias of k, which the softmax cancels.

    Cost: 2 C h + 2 C + 3 h parameters; two passes of statistics, one addition.
    """

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        width = squeeze_width(channels, reduction)
        self.key = nn.Conv2d(channels, 1, 1, bias=False)
        self.fc1 = nn.Linear(channels, width)
        self.norm = nn.LayerNorm(width)
        self.fc2 = nn.Linear(width, channels)
        nn.init.kaiming_normal_(self.key.weight, nonlinearity="relu")
        nn.init.zeros_(self.fc2.weight)
        nn.init.zeros_(self.fc2.bias)

    def forward(self, x: Map) -> Map:
        """Return the map with the transformed context added to every pixel."""
        hidden = torch.relu(self.norm(self.fc1(like_weight(self._context(x), self.fc1))))
        return x + self.fc2(hidden)[:, :, None, None].to(x.dtype)

    def _context(self, x: Map) -> Tensor:
        """Return the attended mean of every channel (batch, channel), in float32 or better."""
        votes = torch.softmax(promote(self.key(x)).flatten(2), dim=2)
        return torch.matmul(promote(x).flatten(2), votes.transpose(1, 2)).squeeze(2)

"""How often a block moves its map through memory."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def count_passes(block: nn.Module, x: Tensor) -> float:
    """Return the values that a forward pass reads and writes, in units of the map.

    Every operation counts its inputs and its output, views apart, each once; a value that is
    broadcast counts as often as it is stored. Reading and writing a map once each, the least that
    attention can do, is 2. Weights are not counted.

    Args:
        block: A block (batch, channel, height, width) -> the same shape; put into evaluation mode.
        x: A map.

    Returns:
        Passes over the map.

    Example:
        >>> count_passes(nn.ReLU(), torch.randn(2, 3, 5, 7))
        2.0
    """
    weights = {id(value) for value in (*block.parameters(), *block.buffers())}
    with torch.no_grad(), _Traffic(weights) as traffic:
        block.eval()(x)
    return traffic.num_values / x.numel()


class _Traffic(TorchDispatchMode):
    """Adds up the values that operations read and write."""

    def __init__(self, weights: set[int]) -> None:
        super().__init__()
        self.weights = weights
        self.num_values = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            moved = [*tree_leaves(args), *tree_leaves(result)]
            self.num_values += sum(
                min(value.numel(), value.untyped_storage().nbytes() // value.element_size())
                for value in moved
                if isinstance(value, Tensor) and id(value) not in self.weights
            )
        return result

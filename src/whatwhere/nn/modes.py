"""The mode in which a network stands: training or evaluation, module by module."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def in_evaluation(network: nn.Module) -> Iterator[None]:
    """Hold a network in evaluation mode; afterwards every module has the mode that it had.

    Args:
        network: Whose parts may be in different modes, as where some norms are frozen.

    Yields:
        Nothing.
    """
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training

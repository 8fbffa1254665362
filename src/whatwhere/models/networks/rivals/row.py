"""A rival as a row of the registry: its card and what makes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.factory import NetworkFactory

Row = tuple[NetworkCard, NetworkFactory]


@dataclass(frozen=True)
class NoOptions:
    """The configuration of a network that is taken as it is."""


_NO_OPTIONS = NoOptions()


def row(card: NetworkCard, build: Callable[..., nn.Module], default: Any = _NO_OPTIONS) -> Row:
    """Return a row of the registry.

    Args:
        card: What is known about the network.
        build: Called as build(config, num_classes=, in_channels=, image_size=).
        default: The configuration that the bare name stands for.

    Returns:
        The card and the factory.
    """
    return card, NetworkFactory(name=card.name, default=default, build=build)

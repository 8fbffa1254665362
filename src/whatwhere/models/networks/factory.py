"""What makes a registered network: a configuration that options change, and a builder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from whatwhere.models.networks.options import with_options


@dataclass(frozen=True, kw_only=True)
class NetworkFactory:
    """Makes a network from options.

    Args:
        name: Of the network, for error messages.
        default: What the name stands for without options, a frozen dataclass.
        build: Called as build(config, num_classes=, in_channels=, image_size=).
    """

    name: str
    default: Any
    build: Callable[..., nn.Module]

    def __call__(
        self, *, num_classes: int, in_channels: int, image_size: int, options: Mapping[str, str]
    ) -> nn.Module:
        """Return the network with fresh weights, drawn from torch's generator."""
        config = self.config(options)
        return self.build(
            config, num_classes=num_classes, in_channels=in_channels, image_size=image_size
        )

    def config(self, options: Mapping[str, str]) -> Any:
        """Return the configuration that options stand for."""
        return with_options(self.default, options, name=self.name)

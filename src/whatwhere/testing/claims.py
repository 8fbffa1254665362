"""Checks of what a design says about itself: its card, its equation, its mask."""

from collections.abc import Callable

import numpy as np
import torch

from whatwhere.blocks import DesignCard
from whatwhere.errors import unknown_name
from whatwhere.testing.subject import (
    SIZE,
    Factory,
    applied,
    built,
    difference,
    exercised,
    normal_map,
    require,
)

Reference = Callable[[np.ndarray, dict[str, np.ndarray]], np.ndarray]
MASKS = {"channel": (2, 3), "spatial": (1,)}  # the axes along which a mask is constant


def check_parameter_count(factory: Factory, *, card: DesignCard) -> None:
    """At 64 channels the block has as many learned values as its card says.

    Args:
        factory: channels -> block.
        card: Its card; where it says None, nothing is checked.

    Raises:
        AssertionError: If the two differ.
    """
    count = sum(parameter.numel() for parameter in built(factory, 64).parameters())
    require(
        card.parameters_at_64 in (None, count),
        factory,
        f"has {count} parameters at 64 channels, its card says {card.parameters_at_64}",
        look="biases and widths that the count by hand left out, or buffers that it counted",
    )


def check_equation(factory: Factory, *, reference: Reference) -> None:
    """In evaluation, the block equals its equation written in NumPy.

    This is what tells channel from spatial attention, and one order of them from the other.

    Args:
        factory: channels -> block.
        reference: (map, state) -> map; the state holds the block's state dict as arrays.

    Raises:
        AssertionError: If values differ, in float64.
    """
    for size in (SIZE, (1, 1)):
        block = exercised(factory, dtype=torch.float64).eval()
        x = normal_map(size=size, dtype=torch.float64)
        state = {key: value.numpy() for key, value in block.state_dict().items()}
        expected = np.asarray(reference(x.numpy(), state))
        require(
            expected.shape == tuple(x.shape),
            factory,
            f"has a reference that returns {expected.shape} for a map of {tuple(x.shape)}",
            look="the reference",
        )
        found = applied(block, x, factory)
        gap = difference(found, torch.from_numpy(expected.astype(np.float64)))
        require(
            gap < 1e-9,
            factory,
            f"differs from its equation by {gap:.2g} on maps of {size[0]}x{size[1]}",
            look="the axes of means and maxima, and the order of the parts",
        )


def check_mask(factory: Factory, *, mask: str) -> None:
    """A channel mask gives every channel one factor, a spatial mask every pixel.

    Args:
        factory: channels -> block, y = x * mask(x).
        mask: "channel" or "spatial".

    Raises:
        AssertionError: If y / x varies where it may not, or is the same everywhere.
        UnknownNameError: If there is no such kind of mask.
    """
    if mask not in MASKS:
        raise unknown_name("kind of mask", mask, MASKS)
    block = exercised(factory, dtype=torch.float64).eval()
    x = normal_map(dtype=torch.float64).abs() + 0.5
    factor = applied(block, x, factory) / x
    varies = difference(factor, factor.mean(MASKS[mask], keepdim=True).expand_as(factor))
    require(
        varies < 1e-9,
        factory,
        f"is no {mask} mask: its factors vary by {varies:.2g} over axes {MASKS[mask]}",
        look="the axes over which statistics are taken: (2, 3) is space, 1 is channels",
    )
    require(
        difference(factor, factor.mean((1, 2, 3), keepdim=True).expand_as(factor)) > 1e-9,
        factory,
        f"is no {mask} mask: it scales a whole map by one factor",
        look="the axes over which statistics are taken: (2, 3) is space, 1 is channels",
    )

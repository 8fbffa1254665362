"""How a user's words become designs, and designs become blocks."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.blocks.registered import WIDENED, registry
from whatwhere.blocks.start import IdentityStart
from whatwhere.blocks.topologies import PUBLISHED_FAMILIES
from whatwhere.blocks.wiring import Wiring, WiringAttention
from whatwhere.config import fingerprint
from whatwhere.errors import UsageError

STARTS = ("paper", "identity")
TYPED_NUMBER = 1000  # typed wirings and users' blocks stand after everything registered


@dataclass(frozen=True)
class Design:
    """One row of a comparison.

    Args:
        card: What is known about it.
        factory: channels -> block; None for rows that put no block into the backbone.
        identity: Text whose equality means "the same design".
        network: The text of a whole network that stands in the place of the backbone; None where
            the backbone stays.
    """

    card: DesignCard
    factory: Callable[[int], nn.Module] | None
    identity: str
    network: str | None = None

    @property
    def name(self) -> str:
        """The design's name, a legal file name."""
        return self.card.name


def default_designs() -> list[str]:
    """Return the names of the main job: all published rows and the references."""
    known = registry()
    published = [name for name in known if known.card(name).family in PUBLISHED_FAMILIES]
    return ["none", *published, "se", "eca", "cbam"]


def attention(design: str, *, channels: int, start: str = "paper") -> nn.Module:
    """Return an attention block, ready to stand anywhere in a network.

    Args:
        design: A registered name such as "csa", or a wiring such as "S(C(x))".
        channels: Number of channels of the map, at least 1.
        start: "paper" begins as published; "identity" begins as the identity and learns to leave
            it, for networks that are trained already.

    Returns:
        A module (batch, channels, height, width) -> the same shape.

    Raises:
        UnknownNameError: If there is no such design.
        WiringError: If the wiring does not parse.
        UsageError: If channels or start is outside its range.

    Example:
        >>> import torch
        >>> block = attention("S(C(x)) + C(S(x))", channels=64)
        >>> block(torch.randn(2, 64, 8, 8)).shape
        torch.Size([2, 64, 8, 8])
    """
    if channels < 1:
        raise UsageError(f"attention(channels={channels}): a map has at least 1 channel")
    if start not in STARTS:
        raise UsageError(f"attention(start='{start}'): expected one of {', '.join(STARTS)}")
    factory = named_or_typed(design).factory
    if factory is None and named_or_typed(design).name == WIDENED:
        raise UsageError(f"'{design}' changes the backbone; it is not a block of its own")
    factory = factory or nn.Identity
    block = factory(channels)
    return IdentityStart(block, channels) if start == "identity" else block


def named_or_typed(text: str) -> Design:
    """Return the design that a name or a wiring text stands for.

    Args:
        text: A registered name, or a wiring; a wiring that is registered gets its name.

    Returns:
        The design.
    """
    known = registry()
    if text in known:
        return _registered(text)
    if "(" not in text and not re.search(r"\bx\b", text):
        known.card(text)  # raises with the nearest name
    wiring = Wiring(text)
    for name in known:
        if known.card(name).wiring == str(wiring):
            return _registered(name)
    if str(wiring) == "x":
        return _registered("none")
    card = DesignCard(
        number=TYPED_NUMBER,
        name=f"w-{fingerprint(str(wiring))[:8]}",
        family="typed",
        title=str(wiring),
        kind="wiring",
        equation=str(wiring),
        source="typed by the user",
        fidelity="ours",
        parameters_at_64=wiring.num_parameters(64),
        wiring=str(wiring),
    )
    return Design(card, partial(WiringAttention, wiring=wiring), str(wiring))


def _registered(name: str) -> Design:
    known = registry()
    card = known.card(name)
    factory = None if name in ("none", WIDENED) else known.factory(name)
    return Design(card, factory, card.wiring or f"{name}/{known.version(name)}")

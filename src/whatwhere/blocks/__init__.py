"""Plug-in blocks (batch, channel, height, width) -> the same shape, and the wiring notation."""

from whatwhere.blocks.attach import attach, attached, detach
from whatwhere.blocks.cards import DesignCard
from whatwhere.blocks.designs import Design, attention, default_designs, named_or_typed
from whatwhere.blocks.registered import registry
from whatwhere.blocks.start import IdentityStart, initial_gain
from whatwhere.blocks.wiring import Wiring, WiringAttention

__all__ = [
    "Design",
    "DesignCard",
    "IdentityStart",
    "Wiring",
    "WiringAttention",
    "attach",
    "attached",
    "attention",
    "default_designs",
    "detach",
    "initial_gain",
    "named_or_typed",
    "registry",
]

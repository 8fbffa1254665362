"""The registry of all designs: topologies, references, controls, plug-ins."""

from functools import cache, partial

from torch import nn

from whatwhere.blocks.amsra import AMSRA
from whatwhere.blocks.cards import DesignCard
from whatwhere.blocks.dmsca import VARIANTS
from whatwhere.blocks.plugins import add_plugins
from whatwhere.blocks.references import REFERENCES
from whatwhere.blocks.topologies import INFERRED, PAPER, TOPOLOGIES
from whatwhere.blocks.wiring import Wiring, WiringAttention
from whatwhere.registry import Registry

WIDENED = "widened"
CONSTANT_GAINS = (0.06, 0.15, 0.25, 0.5, 0.65, 1.25)
_CONTROL_SOURCE = "ours: without it, a gain in accuracy may be a gain in size or in scale"


@cache
def registry() -> Registry[DesignCard]:
    """Return the registry of all designs, in the order of lists and reports."""
    known: Registry[DesignCard] = Registry("design")
    known.register(_no_attention(), nn.Identity)
    for row in TOPOLOGIES:
        card = _topology(*row)
        known.register(card, partial(WiringAttention, wiring=card.equation))
    for card, factory in (*VARIANTS, *REFERENCES, *AMSRA):
        known.register(card, factory)
    known.register(_widened(), nn.Identity)
    for number, gain in enumerate(CONSTANT_GAINS, start=61):
        card = _constant_gain(number, gain)
        known.register(card, partial(WiringAttention, wiring=card.equation))
    add_plugins(known)
    return known


def _no_attention() -> DesignCard:
    return DesignCard(
        number=0,
        name="none",
        family="reference",
        title="no attention",
        kind="block",
        equation="x",
        source="the backbone",
        fidelity="exact",
        parameters_at_64=0,
    )


def _topology(
    number: int, name: str, family: str, title: str, text: str, departures: str, count: int
) -> DesignCard:
    fidelity = "inferred" if departures == INFERRED else "exact"
    wiring = str(Wiring(text))
    return DesignCard(
        number=number,
        name=name,
        family=family,
        title=title,
        kind="wiring",
        equation=wiring,
        source="ours" if family == "mirror" else PAPER,
        fidelity="ours" if family == "mirror" else fidelity,
        departures=departures,
        parameters_at_64=count,
        wiring=wiring,
    )


def _widened() -> DesignCard:
    return DesignCard(
        number=60,
        name=WIDENED,
        family="control",
        title="no attention, widened to the median design's size",
        kind="control",
        equation="x",
        source=_CONTROL_SOURCE,
        fidelity="ours",
    )


def _constant_gain(number: int, gain: float) -> DesignCard:
    wiring = str(Wiring(f"{gain} * x"))
    return DesignCard(
        number=number,
        name=f"gain_{gain}",
        family="control",
        title=f"no attention, constant gain {gain}",
        kind="control",
        equation=wiring,
        source=_CONTROL_SOURCE,
        fidelity="ours",
        parameters_at_64=0,
        wiring=wiring,
    )

"""Which controls a design is judged by: a backbone as large as it, and a constant gain like it."""

import math
from collections.abc import Callable, Iterable

from whatwhere.blocks.cards import DesignCard
from whatwhere.blocks.designs import Design, named_or_typed
from whatwhere.blocks.registered import CONSTANT_GAINS, WIDENED, registry

OWN_CONTROL = "wide_"  # before the number of parameters that it adds
NO_ATTENTION = "none"


def is_widened(design: Design) -> bool:
    """Return whether a row is the backbone with wider blocks."""
    return design.name == WIDENED or added_parameters(design) is not None


def added_parameters(design: Design) -> int | None:
    """Return how much a control of single designs' size adds; None for every other row."""
    if design.card.kind != "control" or not design.name.startswith(OWN_CONTROL):
        return None
    return int(design.name.removeprefix(OWN_CONTROL))


def has_controls(design: Design) -> bool:
    """Return whether a row is attention, which controls of size and gain can judge."""
    return design.factory is not None and design.card.kind != "control"


def cost_control(num_added: int) -> Design:
    """Return the control that is as large as some designs.

    Args:
        num_added: Parameters that the wider blocks add to the backbone.

    Returns:
        The row: the backbone without attention, its blocks wider.
    """
    widened = registry().card(WIDENED)
    card = DesignCard(
        number=widened.number,
        name=f"{OWN_CONTROL}{num_added}",
        family=widened.family,
        title=f"no attention, widened by {num_added:,} parameters",
        kind=widened.kind,
        equation=widened.equation,
        source=widened.source,
        fidelity=widened.fidelity,
    )
    return Design(card, None, f"{WIDENED}/{num_added}")


def gain_control(gain: float | None) -> str | None:
    """Return the name of the constant gain that is nearest, as ratios go.

    Args:
        gain: The initial gain of a design.

    Returns:
        A control's name, or that of no attention, whose gain is 1; None without a gain above 0.
    """
    if gain is None or not gain > 0:
        return None
    names = {1.0: NO_ATTENTION, **{bin_: f"gain_{bin_}" for bin_ in CONSTANT_GAINS}}
    return names[min(names, key=lambda known: abs(math.log(known / gain)))]


def gain_controls(
    designs: Iterable[Design], gain_of: Callable[[Design], float | None]
) -> tuple[Design, ...]:
    """Return the constant gains that designs are judged by, each once.

    Args:
        designs: The rows; only attention counts.
        gain_of: Returns the initial gain of a row.

    Returns:
        The controls, no attention left out.
    """
    nearest = (gain_control(gain_of(design)) for design in designs if has_controls(design))
    names = sorted({name for name in nearest if name and name != NO_ATTENTION})
    return tuple(named_or_typed(name) for name in names)


def in_order(designs: Iterable[Design]) -> tuple[Design, ...]:
    """Return each row once, in the order of lists and reports."""
    rows = {design.name: design for design in designs}
    return tuple(sorted(rows.values(), key=lambda design: (design.card.number, design.name)))

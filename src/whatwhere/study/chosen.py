"""From a user's words, and classes, to designs."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from whatwhere.blocks.designs import Design, default_designs, named_or_typed
from whatwhere.blocks.registered import WIDENED, registry
from whatwhere.blocks.user import design_from_class, design_from_file
from whatwhere.errors import UsageError

CONTROLS = (WIDENED, "gain_0.25")


def choose_designs(items: Sequence[Any], *, alone: bool = False) -> tuple[Design, ...]:
    """Return the rows of a comparison.

    "none" and the controls are among them: without them a comparison means little.

    Args:
        items: Names (several with commas between), families, wildcards, wirings,
            "file.py:Block", or module classes; empty for the default rows.
        alone: Whether nothing joins, as where a published table is run again.

    Returns:
        Designs in the order of their numbers, each once.

    Raises:
        UnknownNameError: If a name is not known.
        WiringError: If a wiring does not parse.
        UsageError: If a user's block cannot be loaded or does not keep the shape of its input.
    """
    chosen: dict[str, Design] = {}
    joining = () if alone else ("none", *CONTROLS)
    for item in [*_flat(items or default_designs()), *joining]:
        for design in _designs(item):
            known = chosen.setdefault(design.name, design)
            if known.identity != design.identity:
                raise UsageError(f"two different designs are named '{design.name}'; rename one")
    return tuple(sorted(chosen.values(), key=lambda design: (design.card.number, design.name)))


def only_design(items: Sequence[Any]) -> Design:
    """Return the one design that is asked for.

    Args:
        items: As for `choose_designs`, but standing for one design.

    Returns:
        The design.

    Raises:
        UsageError: If the items stand for none or for several.
    """
    designs = [design for item in _flat(items) for design in _designs(item)]
    if len(designs) != 1:
        named = ", ".join(design.name for design in designs) or "none"
        raise UsageError(f"expected one design such as -d csa, got {len(designs)}: {named}")
    return designs[0]


def _flat(items: Iterable[Any]) -> list[Any]:
    """Split bare names at commas; what contains a parenthesis is one wiring."""
    flat: list[Any] = []
    for item in items:
        if isinstance(item, str) and "(" not in item:
            flat += [name.strip() for name in item.split(",") if name.strip()]
        else:
            flat.append(item)
    return flat


def _designs(item: Any) -> list[Design]:
    if isinstance(item, Design):
        return [item]
    if isinstance(item, type) and issubclass(item, nn.Module):
        return [design_from_class(item)]
    if not isinstance(item, str):
        raise UsageError(f"a design is a name, a wiring or a module class, not {item!r}")
    path, colon, name = item.rpartition(":")
    if colon and path.endswith(".py"):
        return [design_from_file(Path(path), name)]
    if "(" in item or re.search(r"\bx\b", item):
        return [named_or_typed(item)]
    return [named_or_typed(match) for match in registry().match(item)]

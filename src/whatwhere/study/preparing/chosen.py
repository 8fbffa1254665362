"""From a user's words, and classes, to the rows of a comparison."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from whatwhere.blocks.designs import Design, default_designs, named_or_typed
from whatwhere.blocks.registered import WIDENED, registry
from whatwhere.blocks.user import design_from_class, design_from_file
from whatwhere.errors import UnknownNameError, UsageError, nearest
from whatwhere.models import networks
from whatwhere.study.preparing.networks import has_options, is_network, network_design

CONTROLS = (WIDENED, "gain_0.25")


def choose_designs(items: Sequence[Any], *, alone: bool = False) -> tuple[Design, ...]:
    """Return the rows of a comparison.

    "none" is always among them, and so are the controls, unless all else is whole networks: without
    them a comparison of attention means little.

    Args:
        items: Names of designs or networks (several with commas between), families, wildcards,
            wirings, networks with options such as "samc(shortcut=none)", "file.py:Block", or
            module classes; empty for the default rows.
        alone: Whether nothing joins, as where a published table is run again.

    Returns:
        Rows in the order of their numbers, each once.

    Raises:
        UnknownNameError: If a name is not known.
        WiringError: If a wiring does not parse.
        UsageError: If a user's block cannot be loaded or does not keep the shape of its input.
    """
    asked = [design for item in _flat(items or default_designs()) for design in _designs(item)]
    controls = CONTROLS if _needs_controls(asked) else ()
    chosen: dict[str, Design] = {}
    joining = () if alone else ("none", *controls)
    for design in [*asked, *map(named_or_typed, joining)]:
        known = chosen.setdefault(design.name, design)
        if known.identity != design.identity:
            raise UsageError(f"two different designs are named '{design.name}'; rename one")
    return tuple(sorted(chosen.values(), key=lambda design: (design.card.number, design.name)))


def only_design(items: Sequence[Any]) -> Design:
    """Return the one design or network that is asked for.

    Args:
        items: As for `choose_designs`, but standing for one row.

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


def _needs_controls(designs: Sequence[Design]) -> bool:
    if not any(design.network for design in designs):
        return True
    return any(design.network is None and design.name != "none" for design in designs)


def _flat(items: Iterable[Any]) -> list[Any]:
    """Split texts at the commas outside of parentheses: those inside belong to one row."""
    flat: list[Any] = []
    for item in items:
        flat += _split(item) if isinstance(item, str) else [item]
    return flat


def _split(text: str) -> list[str]:
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


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
    if item not in registry() and is_network(item):
        return [network_design(item)]
    if has_options(item):
        raise _unknown(item.partition("(")[0].strip())
    if "(" in item or re.search(r"\bx\b", item):
        return [named_or_typed(item)]
    return _named(item)


def _named(text: str) -> list[Design]:
    """Return what a name, a family or a wildcard stands for.

    A family of designs and one of networks may share a name, and it stands for both; a wildcard
    stands for networks only where no design matches it.
    """
    designs, others = registry(), networks()
    if text in designs or designs.is_refused(text):
        return [named_or_typed(match) for match in designs.match(text)]
    found = [name for name in designs if designs.card(name).family == text]
    also = [name for name in others if others.card(name).family == text]
    if not found and not also:
        found, also = _matches(designs, text), _matches(others, text)
        also = [] if found else also
    if not found and not also:
        raise _unknown(text)
    return [*map(named_or_typed, found), *map(network_design, also)]


def _matches(known: Any, pattern: str) -> list[str]:
    try:
        matched: list[str] = known.match(pattern)
    except UnknownNameError:
        return []
    return matched


def _unknown(text: str) -> UnknownNameError:
    designs, others = registry(), networks()
    names = [*designs, *designs.families(), *others, *others.families()]
    return UnknownNameError(
        f"unknown design or network '{text}'{nearest(text, names)} (`whatwhere list designs` and"
        " `whatwhere list networks` show all)"
    )

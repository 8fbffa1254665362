"""The page of whole networks."""

from typing import Any

import torch

from pages.sources import sources
from whatwhere.blocks.follow import Trace, follow
from whatwhere.blocks.places import PLACES, find_places
from whatwhere.errors import UsageError
from whatwhere.models import create_model, networks
from whatwhere.study.listing import list_cards, with_facts

INTRODUCTION = """# Networks

Written by `python docs/generate.py` from the cards; `whatwhere list networks NAME`
shows one of them. Each is made by `whatwhere.create_model(NAME, num_classes=...)` and can be a row
of its own beside designs: `whatwhere compare DATA -d samc,vit,csa`. As the `--backbone` that
attention stands in, a network offers the places of the last column; the others are refused.
Options stand in parentheses: `"samc(shortcut=none, dims=64-128-160)"`.

- **parameters** with 10 and with 100 classes, for images of 3 channels and 32 x 32 pixels.
- **MACs**: multiply-adds of one such image with 100 classes, in millions; the two products of
  attention and the products of recurrent layers are counted.
- **fidelity**: *exact*, where the source fixes every value but those of the departures ("here");
  *reconstruction*, where parts had to be decided by us; *ours*, where there is no source.
- **attention at**: the values of `--where` that the network has a place for, found in the network
  itself as `whatwhere.attach` finds them; "none" where it is no convolutional network.

The networks that run code of another package need `pip install "whatwhere[networks]"`.
"""


def networks_page() -> str:
    cards = [with_facts("networks", card) for card in list_cards("networks")]
    parts = [INTRODUCTION]
    for family in networks().families():
        members = [card for card in cards if card["family"] == family]
        rows = [*network_table(members), "", *sources(members), *options(members)]
        parts.append("\n".join([f"## {family}", "", *rows, ""]))
    return "\n".join(parts)


def network_table(cards: list[dict[str, Any]]) -> list[str]:
    rows = [
        f"| `{card['name']}` {card['title']} | {card['parameters_at_10']:,}"
        f" | {card['parameters_at_100']:,} | {card['macs_at_100'] / 1e6:,.1f}"
        f" | {card['fidelity']} | {places(card['name'])} |"
        for card in cards
    ]
    head = "| network | parameters, 10 classes | 100 classes | MACs | fidelity | attention at |"
    return [head, "| --- | ---: | ---: | ---: | --- | --- |", *rows]


def places(name: str) -> str:
    """Return where attention can stand in a network, as `attach` finds it."""
    model = create_model(name, num_classes=10)
    trace = follow(model, torch.zeros(1, 3, 32, 32))
    return ", ".join(where for where in PLACES if _has_place(model, trace, where)) or "none"


def _has_place(model: torch.nn.Module, trace: Trace, where: str) -> bool:
    try:
        return bool(find_places(model, trace, where))
    except UsageError:
        return False


def options(cards: list[dict[str, Any]]) -> list[str]:
    """Return a line for every network with options: what each may be, as it is by default."""
    return [
        f"- `{card['name']}` takes: "
        + ", ".join(f"`{option}={default}`" for option, default in card["options"].items())
        for card in cards
        if card["options"]
    ]

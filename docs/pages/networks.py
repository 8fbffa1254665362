"""The page of whole networks."""

from typing import Any

from pages.sources import sources
from whatwhere.models import networks
from whatwhere.study.listing import list_cards, with_facts

INTRODUCTION = """# Networks

Written by `python docs/generate.py` from the cards; `whatwhere list networks NAME`
shows one of them. Each is made by `whatwhere.create_model(NAME, num_classes=...)`, can be a
`--backbone`, and can be a row of its own beside designs: `whatwhere compare DATA -d samc,vit,csa`.
Options stand in parentheses: `"samc(shortcut=none, dims=64-128-160)"`.

- **parameters** with 10 and with 100 classes, for images of 3 channels and 32 x 32 pixels.
- **MACs**: multiply-adds of one such image with 100 classes, in millions; the two products of
  attention and the products of recurrent layers are counted.
- **fidelity**: *exact*, where the source fixes every value but the departures below;
  *reconstruction*, where parts had to be decided by us; *ours*, where there is no source.

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
        f" | {card['fidelity']} |"
        for card in cards
    ]
    head = "| network | parameters, 10 classes | 100 classes | MACs | fidelity |"
    return [head, "| --- | ---: | ---: | ---: | --- |", *rows]


def options(cards: list[dict[str, Any]]) -> list[str]:
    """Return a line for every network with options: what each may be, as it is by default."""
    return [
        f"- `{card['name']}` takes: "
        + ", ".join(f"`{option}={default}`" for option, default in card["options"].items())
        for card in cards
        if card["options"]
    ]

"""Write the pages that follow from the code: `python docs/generate.py`; `--check` compares."""

import sys
from pathlib import Path
from typing import Any

from whatwhere.blocks import registry
from whatwhere.models import networks
from whatwhere.study.listing import list_cards, with_facts

FOLDER = Path(__file__).parent
INTRODUCTION = """# Designs

Written by `python docs/generate.py` from the cards of the registry; `whatwhere list designs NAME`
shows one of them, `--json` all of them with everything below.

- **wiring or equation**: `y` as a function of the map `x` (the notation is in the README).
- **parameters** at 64, 128, 256 and 512 channels.
- **MACs**: multiply-adds on a map of 64 x 32 x 32, in thousands.
- **passes**: values read and written on that map in a forward pass in evaluation, in units of the
  map; 2 is the least. Every operation counts, as they are carried out one after the other.
- **gain**: RMS of the output over that of the input at initialisation, on normal noise.
- **fidelity**: *exact*, where the source fixes every value; *inferred*, where it names a design
  without defining it; *reconstruction*, where parts had to be decided by us; *ours*, where there is
  no source.

Nothing of other packages is run unless a card says so under "runs".
"""
NETWORKS_INTRODUCTION = """# Networks

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


def main() -> None:
    for name, text in (("designs.md", designs_page()), ("networks.md", networks_page())):
        path = FOLDER / name
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} is not what the code says: run python {Path(__file__).name}")


def networks_page() -> str:
    cards = [with_facts("networks", card) for card in list_cards("networks")]
    parts = [NETWORKS_INTRODUCTION]
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


def designs_page() -> str:
    cards = [with_facts("designs", card) for card in list_cards("designs") if card["number"] < 500]
    families = [name for name in registry().families() if any(c["family"] == name for c in cards)]
    parts = [INTRODUCTION]
    for family in families:
        members = [card for card in cards if card["family"] == family]
        parts.append("\n".join([f"## {family}", "", *table(members), "", *sources(members), ""]))
    return "\n".join(parts)


def table(cards: list[dict[str, Any]]) -> list[str]:
    head = "| design | wiring or equation | parameters | MACs | passes | gain | fidelity |"
    rows = [
        f"| `{card['name']}` {card['title']} | `{card['equation']}`"
        f" | {' / '.join(f'{count:,}' for count in card['parameters'].values())}"
        f" | {card['macs'] / 1000:,.1f} | {card['passes']} | {card['initial_gain']}"
        f" | {card['fidelity']} |"
        for card in cards
    ]
    return [head, "| --- | --- | --- | --- | --- | --- | --- |", *rows]


def sources(cards: list[dict[str, Any]]) -> list[str]:
    """Return a line for every source, its designs together, and one for every departure."""
    by_source: dict[str, list[str]] = {}
    for card in cards:
        by_source.setdefault(card["source"], []).append(f"`{card['name']}`")
    lines = [f"- {', '.join(names)}: {source}" for source, names in by_source.items()]
    departures: dict[str, list[str]] = {}
    for card in cards:
        if card["departures"]:
            departures.setdefault(card["departures"], []).append(f"`{card['name']}`")
    lines += [f"- {', '.join(names)}, here: {text}" for text, names in departures.items()]
    lines += [f"- `{card['name']}` runs: {card['licence']}" for card in cards if card["licence"]]
    return lines


if __name__ == "__main__":
    main()

"""The page of designs."""

from typing import Any

from pages.sources import sources
from whatwhere.blocks import registry
from whatwhere.study.listing import list_cards, with_facts

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

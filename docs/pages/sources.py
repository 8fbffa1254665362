"""Where things on a page come from, and where they differ from it."""

from typing import Any


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

"""What can be compared, and on what: the cards as plain values, as a table, and in full."""

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from whatwhere.blocks import named_or_typed, registry
from whatwhere.data.sources.card import DataCard
from whatwhere.data.sources.catalogue import CATALOGUE
from whatwhere.errors import unknown_name
from whatwhere.models import network_options, networks
from whatwhere.study.preparing.design_facts import measure_design
from whatwhere.study.reproducing.listed import list_settings

LISTS = ("designs", "networks", "data", "settings")
_COLUMNS = {
    "designs": ("name", "family", "equation", "parameters_at_64", "fidelity", "title"),
    "networks": (
        "name",
        "family",
        "title",
        "parameters_at_10",
        "parameters_at_100",
        "macs_at_100",
        "fidelity",
    ),
    "data": ("name", "family", "title", "images", "num_classes", "licence", "citation"),
    "settings": ("name", "title", "data", "protocol", "num_rows", "num_figures", "state"),
}
_WIDTH = 100


def list_cards(what: str, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return cards as plain values.

    Args:
        what: "designs", "networks", "data" or "settings".
        names: Names, families or wildcards to keep; empty for all.

    Returns:
        One dictionary per card, in their fixed order.

    Raises:
        UnknownNameError: If there is no such list, or nothing of that name.
    """
    if what not in LISTS:
        raise unknown_name("list", what, LISTS)
    if what == "settings":
        return list_settings(names)
    known: Any = CATALOGUE
    if what != "data":
        known = registry() if what == "designs" else networks()
    kept = {match for name in names for match in known.match(name)}
    cards = [known.card(name) for name in known if name in kept or not names]
    return [_data_facts(card) if isinstance(card, DataCard) else asdict(card) for card in cards]


def with_facts(what: str, card: dict[str, Any]) -> dict[str, Any]:
    """Return a card with what else is known of it.

    Args:
        what: "designs", "networks" or "data".
        card: From `list_cards`.

    Returns:
        The card; of a design with parameters by number of channels, multiply-adds, passes and
        initial gain; of a network with its options.
    """
    if what == "designs":
        return {**card, **asdict(measure_design(named_or_typed(card["name"])))}
    return {**card, "options": network_options(card["name"])} if what == "networks" else card


def print_cards(what: str, cards: list[dict[str, Any]]) -> None:
    """Print cards as a table on standard output.

    Args:
        what: "designs", "networks", "data" or "settings".
        cards: From `list_cards`.
    """
    console = Console()
    # Piped, a table must not be cut at 80 columns.
    width = None if console.is_terminal else 220
    table = Table(show_edge=False, pad_edge=False)
    for column in _COLUMNS[what]:
        table.add_column(column.replace("_", " "), overflow="fold")
    for card in cards:
        values = [card[column] for column in _COLUMNS[what]]
        table.add_row(*["" if value is None else str(value) for value in values])
    Console(width=width).print(table, markup=False)


def _data_facts(card: DataCard) -> dict[str, Any]:
    images = " / ".join(f"{count:,}" for count in card.splits)
    return {**asdict(card), "images": images, "num_classes": len(card.classes)}


def print_in_full(cards: list[dict[str, Any]]) -> None:
    """Print every field of some cards that says something, a line each.

    Args:
        cards: From `list_cards`, perhaps with facts.
    """
    for card in cards:
        print(card["name"])
        for field, value in card.items():
            if field == "name" or value in (None, "", [], ()):
                continue
            name = field.replace("_", " ")
            if _are_sentences(value):
                print(f"  {name}:")
                for item in value:
                    print(_wrapped(item, first="    - ", then="      "))
            else:
                print(_wrapped(f"{name}: {_plain(value)}", first="  ", then="    "))
        print()


def _are_sentences(value: Any) -> bool:
    """Whether a value is a list of texts that need a line each."""
    return isinstance(value, (list, tuple)) and any(" " in str(item) for item in value)


def _wrapped(text: str, *, first: str, then: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=first, subsequent_indent=then)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)

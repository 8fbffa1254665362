"""What can be compared, and on what: the cards as plain values and as a table."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from whatwhere.blocks.registered import registry
from whatwhere.data.card import DataCard
from whatwhere.data.catalogue import CATALOGUE
from whatwhere.errors import unknown_name

LISTS = ("designs", "data")
_COLUMNS = {
    "designs": ("name", "family", "wiring", "parameters_at_64", "title", "source", "departures"),
    "data": ("name", "family", "title", "images", "num_classes", "licence", "citation"),
}


def list_cards(what: str) -> list[dict[str, Any]]:
    """Return all cards of a kind as plain values.

    Args:
        what: "designs" or "data".

    Returns:
        One dictionary per card, in their fixed order.

    Raises:
        UnknownNameError: If there is no such list.
    """
    if what not in LISTS:
        raise unknown_name("list", what, LISTS)
    if what == "designs":
        return [asdict(registry().card(name)) for name in registry()]
    return [_data_facts(CATALOGUE.card(name)) for name in CATALOGUE]


def print_cards(what: str, cards: list[dict[str, Any]]) -> None:
    """Print cards as a table on standard output.

    Args:
        what: "designs" or "data".
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

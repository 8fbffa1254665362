"""The verbs that show what is there: reports of runs, and lists."""

import json
from pathlib import Path
from typing import Annotated

import typer

from whatwhere.cli.options import (
    DebugOption,
    JsonOption,
    QuietOption,
    set_mode,
)
from whatwhere.cli.printing import say


def report(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Rebuild tables and page of a run from its records."""
    set_mode(json_, quiet, debug)
    from whatwhere.report.build import write_report

    page = write_report(run)
    say({"report": str(page)}, f"report: {page}")


def list_(
    what: Annotated[str, typer.Argument(help="designs, networks, data or settings")],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Show these cards in full; wildcards work."),
    ] = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """List designs, whole networks, data sets or published settings."""
    set_mode(json_, quiet, debug)
    from whatwhere.study.listing import list_cards, print_cards, print_in_full, with_facts

    cards = list_cards(what, names or ())
    if json_ or names:
        cards = [with_facts(what, card) for card in cards]
    if json_:
        print(json.dumps(cards))
    elif names:
        print_in_full(cards)
    else:
        print_cards(what, cards)

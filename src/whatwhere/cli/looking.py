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
from whatwhere.cli.printing import print_alarm, print_published_table, say
from whatwhere.errors import UsageError


def report(
    run: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="Folder of a run.")] = None,
    published: Annotated[
        Path | None,
        typer.Option(
            help="CSV table of published results: its arithmetic is checked, and with RUN our own"
            " figures stand beside it, in this and every later report."
        ),
    ] = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Rebuild tables and page of a run from its records; check published tables."""
    set_mode(json_, quiet, debug)
    from whatwhere.report.published.shown import keep, view_file

    if run is None:
        if published is None:
            raise UsageError("give the folder of a run, or a table with --published FILE")
        view = view_file(published)
        print_published_table(view, with_ours=False)
        return
    from whatwhere.records import Run
    from whatwhere.report.build import write_report
    from whatwhere.report.cells.evidence import gather
    from whatwhere.report.summary import read_summary

    if published is not None:
        keep(published, run)
    page = write_report(run)
    print_alarm(read_summary(run))
    if published is None:
        say({"report": str(page)}, f"report: {page}")
        return
    view = view_file(published, gather(Run.read(run)))
    print_published_table(view, with_ours=True, page=page)


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

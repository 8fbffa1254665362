"""What a verb says when it is done: text for people, or one JSON object."""

import json
import sys
from pathlib import Path
from typing import Any

from whatwhere.cli.options import Mode


def say(facts: dict[str, Any], text: str) -> None:
    """Print the facts as JSON where asked, the text otherwise."""
    print(json.dumps(facts) if Mode.json else text)


def print_plan(result: Any, *, piloted: bool = False) -> None:
    """Print what a dry run found, perhaps after pilot runs."""
    from whatwhere.cli.planned import print_seeds, seed_facts

    facts = {
        "run": str(result.folder),
        "trials": [trial.key.text for trial in result.plan.trials],
        "seconds": result.plan.seconds,
        "left_out": [trial.key.text for trial in result.plan.left_out],
        "forecast": list(result.forecast),
        "seeds": [seed_facts(table) for table in result.seeds],
        "failures": list(result.failures),
    }
    say(facts, "\n".join(result.forecast))
    for failure in result.failures:
        print(failure, file=sys.stderr)
    if Mode.json:
        return
    from rich.console import Console

    console = Console()
    # Piped, a table must not be cut at 80 columns.
    print_seeds(result.seeds, console if console.is_terminal else Console(width=140))
    told = "nothing was written" if not piloted else "holds the pilot's trials"
    print(f"\nrun folder: {result.folder} ({told})")


def print_alarm(summary: dict[str, Any]) -> None:
    """Print, where errors go, that numbers of a run cannot be; nothing where all can."""
    from whatwhere.report.text import visible
    from whatwhere.report.words.cautions import impossible_lead

    if summary["impossible"]:
        print(impossible_lead(len(summary["impossible"])), file=sys.stderr)
    for sentence in summary["impossible"]:
        print(f"  {visible(sentence)}", file=sys.stderr)


def print_result(result: Any) -> None:
    """Print leaderboard, recommendation and the path of the page."""
    from whatwhere.report.summary import read_summary

    summary = read_summary(result.folder)
    if Mode.json:
        facts = {
            "run": str(result.folder),
            "report": str(result.report),
            "summary": summary,
            "failures": list(result.failures),
        }
        print(json.dumps(facts))
        return
    from rich.console import Console

    from whatwhere.report.terminal import print_leaderboard

    print_alarm(summary)
    print_leaderboard(summary, Console())
    for failure in result.failures:
        print(failure, file=sys.stderr)
    print(f"report: {result.report}")


def print_published_table(view: Any, *, with_ours: bool, page: Path | None = None) -> None:
    """Print a table of published results, and the path of the page it is on."""
    from whatwhere.report.published.shown import facts_of

    if Mode.json:
        report = {"report": str(page)} if page else {}
        print(json.dumps({**report, "published": facts_of(view)}))
        return
    from rich.console import Console

    from whatwhere.report.published.terminal import print_published

    console = Console()
    # Piped, a table must not be cut at 80 columns.
    wide = console if console.is_terminal else Console(width=180)
    print_published(view, wide, with_ours=with_ours)
    if page:
        print(f"report: {page}")

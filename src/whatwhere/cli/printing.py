"""What a verb says when it is done: text for people, or one JSON object."""

import json
import sys
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

    print_leaderboard(summary, Console())
    for failure in result.failures:
        print(failure, file=sys.stderr)
    print(f"report: {result.report}")

"""The page of a search, and the same as JSON."""

import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from whatwhere.records import write_atomically
from whatwhere.report.figures.search import SearchPoint, draw_search
from whatwhere.report.numbers import count, large, percent, signed_points
from whatwhere.report.page import CONTENT_POLICY, page_environment
from whatwhere.report.search.told import fresh_row_of

PAGE = "search.html"
_SHOWN = 20  # trials in the table
_NAMES = {"pruned": "stopped early"}


def write_search(folder: Path, told: dict[str, Any]) -> Path:
    """Write what a search found: `search.html`, one file that fetches nothing, and `search.json`.

    Args:
        folder: Of the search.
        told: From `tell`.

    Returns:
        The page.
    """
    text = json.dumps(told, indent=1, allow_nan=False) + "\n"
    write_atomically(folder / "search.json", text.encode())
    page = (
        page_environment()
        .get_template("search.html.j2")
        .render(
            told=told,
            policy=CONTENT_POLICY,
            drawing=Markup(_drawing(told)),
            fresh=fresh_cells(told),
            fresh_pages=[(row["label"], row["page"]) for row in told["fresh"] if row["page"]],
            trials=[(trial, trial_cells(trial)) for trial in top_trials(told)],
            facts_shown=facts_shown(told),
        )
    )
    write_atomically(folder / PAGE, page.encode("utf-8", errors="replace"))
    return folder / PAGE


def top_trials(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the trials to show: those that finished, best first, then the others that began."""
    shown = [t for t in told["trials"] if t["outcome"] not in ("rejected", "lost")]
    key = lambda t: (t["accuracy"] is None, -(t["accuracy"] or 0.0), t["number"])  # noqa: E731
    return sorted(shown, key=key)[:_SHOWN]


def trial_cells(trial: dict[str, Any]) -> list[str]:
    """Return the cells of a trial's row.

    Args:
        trial: From `tell`.

    Returns:
        Name, validation accuracy or outcome, parameters, seconds.
    """
    outcome = _NAMES.get(trial["outcome"], trial["outcome"])
    if trial["accuracy"] is not None:
        outcome = percent(trial["accuracy"], decimals=2)
    return [trial["name"], outcome, count(trial["parameters"]), f"{trial['seconds']:.0f}"]


def fresh_cells(told: dict[str, Any]) -> list[list[str]]:
    """Return the rows of the table of fresh seeds.

    Args:
        told: From `tell`.

    Returns:
        Label, validation in the search, validation and test with fresh seeds, difference to the
        default, parameters, multiply-adds, runs.
    """
    return [
        [
            row["label"],
            percent(row["search_validation"], decimals=2),
            percent(row["validation"], decimals=2),
            _between(percent(row["test"], decimals=2), row["low"], row["high"], _percent),
            _between(
                signed_points(row["difference"]),
                row["difference_low"],
                row["difference_high"],
                signed_points,
            ),
            large(row["parameters"]),
            large(row["macs"]),
            str(row["num_seeds"]),
        ]
        for row in told["fresh"]
    ]


def facts_shown(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a reader needs to judge a search, as names and texts."""
    data, machine, space = told["data"], told["environment"], told["space"]
    cap = told["max_parameters"]
    facts = {
        "space": f"{space['name']}: {space['title']}. {space['source']}",
        "objective": {
            "accuracy": "validation accuracy",
            "accuracy-parameters": "validation accuracy and number of parameters",
        }[told["objective"]],
        "largest network": f"{cap:,} parameters" if cap else "",
        "sampler": "tree-structured Parzen estimator after 10 random trials (Optuna)",
        "early stop": "none, with two objectives"
        if told["objective"] != "accuracy"
        else "below the median of earlier trials at the same tenth of the steps, from the fourth"
        " tenth on and after five whole trials",
        "data": f"{data['title']}: {data['num_train']:,} training, {data['num_validation']:,}"
        f" validation, {data['num_test']:,} test images, {data['num_classes']} classes"
        f" (SHA-256 {data['content_hash'][:12]})",
        "protocol": f"{told['protocol']}, {told['steps']:,} steps, {told['precision']}",
        "machine": "; ".join(machine[name] for name in ("cpu", "device") if machine.get(name)),
        "versions": ", ".join(
            f"{name} {machine[name]}"
            for name in ("whatwhere", "torch", "python")
            if name in machine
        ),
        "when": told["when"].replace("T", " "),
        "command": told["command"],
    }
    return [(name, text.strip()) for name, text in facts.items() if text]


def _drawing(told: dict[str, Any]) -> str:
    points = []
    for trial in told["trials"]:
        height = trial["accuracy"]
        if height is None and trial["outcome"] == "pruned" and trial["seen"]:
            height = max(trial["seen"].values())
        if height is not None:
            on_front = trial["number"] in told["front"]
            points.append(
                SearchPoint(
                    trial["number"],
                    height,
                    trial["parameters"],
                    trial["outcome"] == "finished",
                    on_front,
                )
            )
    best = told["best"]
    fresh = fresh_row_of(told, best) if best else None
    again = fresh["validation"] if fresh else None
    return draw_search(points, fresh=again, name="search") if points else ""


def _percent(value: float | None) -> str:
    return percent(value, decimals=2)


def _between(text: str, low: float | None, high: float | None, shown: Any) -> str:
    return text if low is None or high is None else f"{text} [{shown(low)}, {shown(high)}]"

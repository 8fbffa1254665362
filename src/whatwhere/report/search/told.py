"""A search as plain values: what terminal, JSON file and page all show."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from whatwhere.report.numbers import percent, signed_points
from whatwhere.stats import Comparison, ItemTable, compare
from whatwhere.stats.decide import ALPHA, MIN_SEEDS_FOR_CLAIMS

FORMAT = 1


@dataclass(frozen=True, eq=False)
class FreshRow:
    """One configuration on fresh seeds.

    Args:
        label: What it is called, such as "trial 12".
        seeds: Of the finished runs.
        values: Whether each test image was right, (seed, image).
        validation: Mean validation accuracy over the runs, None without any.
        parameters: Learned values.
        macs: Multiply-adds for one image.
        page: Report of its run, from the search's folder.
        label_of_images: Labels of the test images, in the order of the source.
    """

    label: str
    seeds: tuple[int, ...]
    values: np.ndarray
    validation: float | None
    parameters: int | None
    macs: int | None
    page: str
    label_of_images: np.ndarray


def tell(
    facts: dict[str, Any],
    fresh: Sequence[FreshRow],
    *,
    failures: Sequence[str],
    environment: dict[str, Any],
    when: str,
) -> dict[str, Any]:
    """Return everything about a search as plain values.

    Args:
        facts: The space, the recipe and every trial.
        fresh: The finalists and the default on fresh seeds; empty where none was run.
        failures: Fresh runs that failed or diverged, each with its reason.
        environment: Machine and versions.
        when: Date and time, ISO 8601.

    Returns:
        For JSON: numbers as numbers, shares as shares of one.
    """
    best = best_trial(facts["trials"])
    rows = _fresh_rows(facts, fresh)
    failed = [f"{t['name']}: {t['reason']}" for t in facts["trials"] if t["outcome"] == "failed"]
    told = {
        "format": FORMAT,
        "when": when,
        **facts,
        "environment": environment,
        "best": best,
        "counts": dict(Counter(trial["outcome"] for trial in facts["trials"])),
        "fresh": rows,
        "failures": [*failed, *failures],
    }
    told["status"] = _status(told)
    told["headline"] = _headline(told)
    told["sentences"] = _sentences(told)
    return told


def best_trial(trials: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the finished trial with the best validation accuracy; of equals the smallest."""
    finished = [trial for trial in trials if trial["accuracy"] is not None]
    key = lambda trial: (-trial["accuracy"], trial["parameters"], trial["number"])  # noqa: E731
    return min(finished, key=key, default=None)


def fresh_row_of(told: dict[str, Any], trial: dict[str, Any]) -> dict[str, Any] | None:
    """Return a trial's row on fresh seeds; that of the default, where the trial is nothing else.

    Args:
        told: What is told so far.
        trial: One of its trials.

    Returns:
        The row, or None where it was not run again.
    """
    label = told["default"] if trial["is_default"] else trial["name"]
    return next((row for row in told["fresh"] if row["label"] == label), None)


def _runs(row: dict[str, Any]) -> str:
    return "one fresh seed" if row["num_seeds"] == 1 else f"{row['num_seeds']} fresh seeds"


def _fresh_rows(facts: dict[str, Any], fresh: Sequence[FreshRow]) -> list[dict[str, Any]]:
    finished = [row for row in fresh if row.seeds]
    comparison = _comparison(finished, facts["default"])
    searched = {trial["name"]: trial["accuracy"] for trial in facts["trials"]}
    return [_fresh_row(row, comparison, facts["default"], searched) for row in fresh]


def _comparison(finished: Sequence[FreshRow], default: str) -> Comparison | None:
    if not finished:
        return None
    names = tuple(row.label for row in finished)
    table = ItemTable(
        methods=names,
        values=tuple(row.values for row in finished),
        blocked=len({row.seeds for row in finished}) == 1,
    )
    return compare(table, control=default if default in names else None)


def _fresh_row(
    row: FreshRow, comparison: Comparison | None, default: str, searched: dict[str, float | None]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "label": row.label,
        "num_seeds": len(row.seeds),
        "search_validation": searched.get(row.label),
        "validation": row.validation,
        "parameters": row.parameters,
        "macs": row.macs,
        "page": row.page,
    }
    names = ("test", "low", "high", "difference", "difference_low", "difference_high")
    told.update(dict.fromkeys((*names, "p_adjusted")))
    if comparison is None or not row.seeds:
        return told
    summary = next(item for item in comparison.summaries if item.name == row.label)
    told["test"] = summary.mean
    if len(row.seeds) > 1:
        told["low"], told["high"] = summary.low, summary.high
    if row.label != default and comparison.control == default:
        pair = comparison.pair(row.label, default)
        told["difference"] = pair.difference
        if comparison.seeds_known:
            told["difference_low"], told["difference_high"] = pair.low, pair.high
            told["p_adjusted"] = pair.p_adjusted
    return told


def _status(told: dict[str, Any]) -> str:
    parts = []
    if told["whole_steps"]:
        parts.append(f"shortened: {told['steps']:,} of {told['whole_steps']:,} steps")
    seeds = [row["num_seeds"] for row in told["fresh"]]
    if seeds and min(seeds) < MIN_SEEDS_FOR_CLAIMS:
        parts.append(f"screening only: {min(seeds)} finished fresh run(s) of each row")
    begun = sum(
        told["counts"].get(name, 0) for name in ("finished", "pruned", "diverged", "failed")
    )
    if begun < told["num_wanted"]:
        parts.append(f"{begun} of {told['num_wanted']} trials so far")
    return "; ".join(parts)


def _headline(told: dict[str, Any]) -> str:
    best = told["best"]
    if best is None:
        return f"No trial of the search over {told['space']['name']} finished."
    again = fresh_row_of(told, best)
    if best["is_default"] and again is not None and again["test"] is not None:
        return (
            "The search found nothing better on validation than the default without tuning, which"
            f" has {percent(again['test'], decimals=1)} % on test images with {_runs(again)}."
        )
    finalists = [row for row in told["fresh"] if row["label"] != told["default"]]
    measured = [row for row in finalists if row["test"] is not None]
    if not measured:
        return (
            f"{best['name'].capitalize()} has the highest validation accuracy,"
            f" {percent(best['accuracy'], decimals=1)} %; it was not run again, so expect less."
        )
    first = measured[0]
    text = f"{first['label'].capitalize()}, the best on validation, has"
    text += f" {percent(first['test'], decimals=1)} % on test images with {_runs(first)}"
    return f"{text}; {_verdict(told, first)}."


def _verdict(told: dict[str, Any], row: dict[str, Any]) -> str:
    default = next(row for row in told["fresh"] if row["label"] == told["default"])
    if row["difference"] is None:
        return "the default was not measured beside it"
    base = f"the default without tuning has {percent(default['test'], decimals=1)} %"
    seeds = min(row["num_seeds"], default["num_seeds"])
    if row["p_adjusted"] is None or seeds < MIN_SEEDS_FOR_CLAIMS:
        return f"{base}, and with so few runs nothing is claimed"
    low, high = (signed_points(row[f"difference_{end}"]) for end in ("low", "high"))
    base += f", {low} to {high} points from it (paired, 95 %)"
    if row["p_adjusted"] >= ALPHA:
        return f"{base}: no difference is shown"
    return f"{base}: {'better' if row['difference'] > 0 else 'worse'}"


def _sentences(told: dict[str, Any]) -> list[str]:
    counts = told["counts"]
    words = {
        "finished": "finished",
        "pruned": "were stopped early",
        "diverged": "diverged",
        "failed": "failed",
        "rejected": "proposals were refused before anything was built",
        "lost": "were interrupted and tried again",
        "running": "still run",
    }
    said = ", ".join(f"{counts[name]} {word}" for name, word in words.items() if counts.get(name))
    sentences = [
        f"Of the trials, {said}. Every trial saw training and validation images only; no test image"
        " was looked at before the search had ended."
        if said
        else "Nothing was tried."
    ]
    return [*sentences, *_curse(told)]


def _curse(told: dict[str, Any]) -> list[str]:
    """Say how optimistic the best validation accuracy of a search is."""
    best = told["best"]
    if best is None:
        return []
    num = told["counts"].get("finished", 0)
    text = (
        f"{best['name'].capitalize()} had {percent(best['accuracy'], decimals=1)} % on validation,"
        f" {f'the highest of {num} that finished' if num > 1 else 'the only one that finished'}."
        " The highest of many is lucky as well as good, and"
        " the search chose it on these very images, so that figure is optimistic."
    )
    row = fresh_row_of(told, best)
    if row is None or row["validation"] is None:
        return [f"{text} What it has with fresh seeds was not measured."]
    change = signed_points(row["validation"] - best["accuracy"])
    return [
        f"{text} With {_runs(row)} it has {percent(row['validation'], decimals=1)} % on the same"
        f" validation images ({change} points), and {percent(row['test'], decimals=1)} % on test"
        " images, which is the figure to quote."
    ]

"""The comparison and the recommendation as plain data: what machines, tables and the page read."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from whatwhere.errors import UsageError
from whatwhere.records import Run
from whatwhere.report.cells.cell import NO_ATTENTION, Cell, Row
from whatwhere.report.cells.claims import is_compared, is_significant, spoken
from whatwhere.report.cells.screening import metric_of
from whatwhere.report.checks import impossible
from whatwhere.report.scale.told import tell_together
from whatwhere.report.words.cautions import missing
from whatwhere.report.words.protocol import protocol_name
from whatwhere.report.words.story import Story, tell
from whatwhere.report.words.verdicts import pair as pair_sentence
from whatwhere.report.words.verdicts import usefulness
from whatwhere.report.words.wording import transfer
from whatwhere.stats.comparison import MethodSummary, Pair
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS

FORMAT = 1
SCORES = ("accuracy", "balanced-accuracy", "macro-f1", "auc", "nll", "brier", "clean")


def summarise(run: Run, cells: tuple[Cell, ...]) -> dict[str, Any]:
    """Put everything a run shows into one dictionary of plain values.

    Args:
        run: The run.
        cells: Its cells.

    Returns:
        The content of `summary.json`: full precision, None where there is no number.
    """
    asked = run.config.get("asked", {})
    stories = [tell(cell, place=_place(cell, cells)) for cell in cells]
    content = {
        "format": FORMAT,
        "name": asked.get("name") or run.folder.name,
        "metric": metric_of(run),
        "screening": next((story.screening for story in stories if story.screening), ""),
        "scope": transfer(len({cell.dataset for cell in cells})),
        "sentence": _one_sentence(stories),
        "missing": _missing(run, cells),
        "impossible": impossible(run, cells),
        "together": tell_together(cells),
        "cells": [_cell(cell, story, cells) for cell, story in zip(cells, stories, strict=True)],
    }
    return _finite(content)


def leaderboard(run: Path | dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of every leaderboard of a run, best mean first.

    Args:
        run: The run's folder, or the content of its `summary.json`.

    Returns:
        One dictionary per design and cell, with "dataset" and "size" added.

    Raises:
        UsageError: If the folder has no summary.
    """
    summary = read_summary(run) if isinstance(run, Path) else run
    return [
        {"dataset": cell["dataset"], "size": cell["size"], **row}
        for cell in summary["cells"]
        for row in cell["leaderboard"]
    ]


def read_summary(folder: Path) -> dict[str, Any]:
    """Return the content of a run's `summary.json`.

    Args:
        folder: The run's folder.

    Returns:
        The summary.

    Raises:
        UsageError: If there is none.
    """
    try:
        return json.loads((folder / "summary.json").read_bytes())
    except FileNotFoundError:
        raise UsageError(
            f"{folder} has no summary.json; write it from the records with `whatwhere report"
            f" {folder}`"
        ) from None


def cell_title(dataset_title: str, size: int) -> str:
    """Return the heading of a cell.

    Args:
        dataset_title: Title of the data set.
        size: Number of training images.

    Returns:
        The heading.
    """
    return f"{dataset_title}, {size:,} training images"


def _place(cell: Cell, cells: tuple[Cell, ...]) -> str:
    sizes = {other.size for other in cells if other.dataset == cell.dataset}
    return f"{cell.title} with {cell.size:,} training images" if len(sizes) > 1 else cell.title


def _one_sentence(stories: list[Story]) -> str:
    if not stories:
        return "No trial has run yet, so there is nothing to compare."
    return " ".join(story.recommendation for story in stories)


def _missing(run: Run, cells: tuple[Cell, ...]) -> str:
    plan = run.config.get("plan", {})
    seeds = plan.get("seeds", 0)
    num_seeds = seeds if isinstance(seeds, int) else len(seeds)
    sizes = plan.get("sizes", {})
    num_cells = sum(map(len, sizes.values())) if isinstance(sizes, dict) else len(cells)
    num_folds = run.config.get("asked", {}).get("recipe", {}).get("folds", 1)
    num_planned = len(plan.get("designs", [])) * num_seeds * num_cells * num_folds
    for confirmed in plan.get("confirm", {}).values():
        num_rows = sum(len(chosen["designs"]) for chosen in confirmed["rounds"])
        num_planned += num_rows * confirmed["seeds"]
    num_missing = num_planned - len(run.trials)
    return missing(num_missing, num_planned=num_planned) if num_missing > 0 else ""


def _cell(cell: Cell, story: Story, cells: tuple[Cell, ...]) -> dict[str, Any]:
    comparison = cell.comparison
    return {
        "dataset": cell.dataset,
        "size": cell.size,
        "title": cell_title(cell.title, cell.size),
        "place": _place(cell, cells),
        "metric": cell.metric,
        "protocol": protocol_name(cell),
        "steps": cell.recipe.get("steps"),
        "recommendation": story.recommendation,
        "recommended": list(cell.recommendation.designs) if cell.recommendation else [],
        "because": list(cell.recommendation.because) if cell.recommendation else [],
        "not_settled": list(cell.recommendation.not_settled) if cell.recommendation else [],
        "excluded": cell.excluded,
        "stage": cell.stage,
        "stages": list(story.stages),
        "screening": _screening(cell),
        "first_seed": min((o.seed for o in cell.outcomes), default=0),
        "highest": story.highest,
        "advice": asdict(story.advice),
        "useful": story.useful,
        "usefulness": [
            {**asdict(item), "is_useful": item.is_useful, "sentence": usefulness(item)}
            for item in story.judged
        ],
        "controls": [asdict(verdict) for verdict in story.controls],
        "detectable": story.detectable,
        "cautions": list(story.cautions),
        "num_leaked": cell.num_leaked,
        "is_compared": is_compared(cell),
        "num_items": comparison.num_items if comparison else None,
        "num_groups": comparison.num_groups if comparison else None,
        "num_folds": cell.num_folds,
        "num_comparisons": comparison.num_comparisons if comparison else None,
        "detectable_difference": comparison.detectable_difference if comparison else None,
        "unique_winner": cell.compared.unique_winner if is_compared(cell) else None,
        "winner_margin": cell.compared.winner_margin if is_compared(cell) else None,
        "leaderboard": _rows(cell),
        "pairs": [_pair(pair) for pair in comparison.pairs] if comparison else [],
    }


def _screening(cell: Cell) -> list[dict[str, Any]]:
    """List the rows of the first stage, highest validation mean first; empty for one stage."""
    screening = cell.screening
    if screening is None:
        return []
    rows = {row.design.name: row for row in screening.rows}
    found = {s.name: s for s in screening.comparison.summaries} if screening.comparison else {}
    return [
        {
            "design": name,
            "label": rows[name].design.label,
            "family": rows[name].design.family,
            "mean": found[name].mean if name in found else None,
            "low": found[name].low if name in found else None,
            "high": found[name].high if name in found else None,
            "num_seeds": len(rows[name].finished),
            "parameters": rows[name].cost["parameters"],
            "fate": screening.fates[name],
            "confirmed": name in screening.confirmed,
        }
        for name in [*found, *(name for name in rows if name not in found)]
    ]


def _rows(cell: Cell) -> list[dict[str, Any]]:
    summaries = cell.comparison.summaries if cell.comparison else ()
    ranked = [_row(cell, cell.row(summary.name), summary) for summary in summaries]
    return ranked + [_row(cell, row, None) for row in cell.rows if not row.finished]


def _row(cell: Cell, row: Row, summary: MethodSummary | None) -> dict[str, Any]:
    design, claim = row.design, summary if is_compared(cell) else None
    return {
        "design": design.name,
        "label": design.label,
        "title": design.title,
        "family": design.family,
        "kind": design.kind,
        "wiring": design.wiring,
        "mean": summary.mean if summary else None,
        "low": summary.low if summary else None,
        "high": summary.high if summary else None,
        "num_seeds": summary.num_seeds if summary else 0,
        "seed_sd": summary.seed_sd if summary and summary.num_seeds > 1 else None,
        "letters": claim.letters if claim else "",
        "may_be_best": bool(claim and claim.may_be_best),
        "equivalent_to_best": bool(claim and claim.equivalent_to_best),
        "num_runs": len(row.outcomes),
        "num_diverged": row.num("diverged"),
        "num_failed": row.num("failed"),
        "num_collapsed": row.num_collapsed,
        "cost": row.cost,
        "scores": {name: row.mean_score(name) for name in SCORES},
        "learned_share": _learned_share(row),
        "from_none": _from_none(cell, row),
    }


def _learned_share(row: Row) -> dict[str, float] | None:
    """Say how far a design left the identity, over its blocks and seeds; None without it."""
    shares = row.learned_shares
    if not shares:
        return None
    return {"mean": sum(shares) / len(shares), "low": min(shares), "high": max(shares)}


def _from_none(cell: Cell, row: Row) -> dict[str, Any] | None:
    """Compare a row with the plain backbone; None where that cannot be said."""
    compared = {summary.name for summary in cell.comparison.summaries} if cell.comparison else set()
    name = row.design.name
    if not is_compared(cell) or name == NO_ATTENTION or not {name, NO_ATTENTION} <= compared:
        return None
    pair = cell.compared.pair(name, NO_ATTENTION)
    significant = is_significant(pair) and len(row.finished) >= MIN_SEEDS_FOR_CLAIMS
    sentence = pair_sentence(
        spoken(row),
        spoken(cell.row(NO_ATTENTION)),
        low=pair.low,
        high=pair.high,
        significant=significant,
        equivalent=pair.equivalent,
        detectable=cell.compared.detectable_difference,
    )
    return {**_pair(pair), "significant": significant, "sentence": sentence}


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "difference": pair.difference,
        "low": pair.low,
        "high": pair.high,
        "degrees_of_freedom": pair.degrees_of_freedom,
        "p_value": pair.p_value,
        "p_adjusted": pair.p_adjusted,
        "equivalent": pair.equivalent,
    }


def _finite(value: Any) -> Any:
    """Return plain values with NaN and infinities as None: JSON has no words for them."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if hasattr(value, "item"):  # NumPy's scalars
        return _finite(value.item())
    return value if isinstance(value, int) or math.isfinite(value) else None

"""How a table was made, in the one sentence that stands below it."""

import statistics
from typing import Any

from whatwhere.report.cells.cell import Cell
from whatwhere.report.numbers import decimals_for, is_number, plain
from whatwhere.report.words.training import training_sentences
from whatwhere.report.words.wording import metric_name

# A 95 % interval is about this many standard errors wide.
_STANDARD_ERRORS_IN_INTERVAL = 4.0


def decimals_of(entry: dict[str, Any]) -> int:
    """Choose the digits of a leaderboard's percentages from its typical standard error.

    Args:
        entry: A cell of the summary.

    Returns:
        Digits after the point, the same for all rows.
    """
    widths = [
        row["high"] - row["low"]
        for row in entry["leaderboard"]
        if is_number(row["high"]) and is_number(row["low"])
    ]
    typical = statistics.median(widths) / _STANDARD_ERRORS_IN_INTERVAL if widths else None
    return decimals_for(typical)


def decimals_of_row(row: dict[str, Any], decimals: int) -> int:
    """Choose the digits of one row: those of its table, fewer where its own error is larger.

    Args:
        row: A row of a leaderboard.
        decimals: Digits of the table.

    Returns:
        Digits after the point.
    """
    if not (is_number(row["high"]) and is_number(row["low"])):
        return decimals
    error = (row["high"] - row["low"]) / _STANDARD_ERRORS_IN_INTERVAL
    return min(decimals, decimals_for(error)) if error > 0 else decimals


def failures_of(row: dict[str, Any]) -> str:
    """Write how many runs of a design failed.

    Args:
        row: A row of a leaderboard.

    Returns:
        "0", or for instance "1 of 3".
    """
    num_failed = row["num_diverged"] + row["num_failed"]
    return f"{num_failed} of {row['num_runs']}" if num_failed else "0"


def protocol_name(cell: Cell) -> str:
    """Return the name of the protocol that a cell was trained with.

    Args:
        cell: The cell.

    Returns:
        For instance "quick"; empty where it has none.
    """
    return str(cell.recipe.get("name") or "")


def protocol_sentence(entry: dict[str, Any], cell: Cell) -> str:
    """Describe how a leaderboard was made.

    Args:
        entry: The cell in the summary.
        cell: The cell.

    Returns:
        A few sentences.
    """
    recipe = cell.recipe
    parts = [
        f"protocol {protocol_name(cell)}" if protocol_name(cell) else "",
        f"{recipe['backbone']}" if recipe.get("backbone") else "",
        _steps(recipe),
        f"batch {recipe['batch_size']}" if recipe.get("batch_size") else "",
        _optimiser(recipe),
        f"{recipe['image_size']} px" if recipe.get("image_size") else "",
        _images(entry),
    ]
    how = ", ".join(part for part in parts if part)
    said = training_sentences(recipe) + _beginning(recipe) + _networks(entry, recipe)
    return f"{how[0].upper()}{how[1:]}. {said}{estimand(entry)}"


def _images(entry: dict[str, Any]) -> str:
    num_tested = f"{entry['num_items'] or 0:,}"
    if entry["num_folds"] == 1:
        return f"{entry['size']:,} training and {num_tested} test images"
    return (
        f"{entry['num_folds']} folds with {entry['size']:,} training images each or slightly more,"
        f" each of {num_tested} images tested once per seed"
    )


def _beginning(recipe: dict[str, Any]) -> str:
    """Say what training began with; empty where all weights were fresh."""
    origin = recipe.get("pretrained")
    if not origin:
        return ""
    rested = recipe.get("frozen_fraction") or 0.0
    rest = f", whose weights rest for the first {100 * rested:.0f} % of the steps" if rested else ""
    return (
        f"Fine-tuned from {origin['name']} (SHA-256 {origin['sha256'][:12]}){rest}; attention"
        " starts as the identity. "
    )


def _steps(recipe: dict[str, Any]) -> str:
    if not recipe.get("steps"):
        return ""
    whole = recipe.get("whole_steps")
    return f"{recipe['steps']:,} steps" + (f" instead of the recipe's {whole:,}" if whole else "")


def _networks(entry: dict[str, Any], recipe: dict[str, Any]) -> str:
    """Say what whole networks have in common with the rest; empty without any."""
    if not any(row["kind"] == "network" for row in entry["leaderboard"]):
        return ""
    backbone = recipe.get("backbone") or "the backbone"
    return (
        f"Whole networks stand in the place of {backbone}, trained by the same recipe, which is not"
        " tuned to them. "
    )


def _optimiser(recipe: dict[str, Any]) -> str:
    if not recipe.get("optimizer"):
        return ""
    rate = recipe.get("learning_rate")
    at = f" at learning rate {plain(rate)}" if isinstance(rate, int | float) else ""
    return f"{recipe['optimizer']}{at}"


def estimand(entry: dict[str, Any]) -> str:
    """Say what the means and intervals of a leaderboard are about.

    Args:
        entry: A cell of the summary.

    Returns:
        The sentence.
    """
    sentence = (
        f"Mean {metric_name(entry['metric'])} and its 95 % interval are for new images from the"
        " same source, averaged over training randomness."
    )
    if entry["num_groups"]:
        sentence += (
            f" Images of one group count together: the interval is for new groups, of which"
            f" {entry['num_groups']:,} were tested."
        )
    if entry["num_folds"] > 1:
        sentence += (
            " The models of different folds share training images, which no interval of a"
            " cross-validation can count in full."
        )
    if not entry["is_compared"]:
        return f"{sentence} Too few seeds or rows to say which differ."
    num = entry["num_comparisons"]
    corrected = f" (Holm over {num:,} comparisons)" if num > 1 else ""
    return (
        f"{sentence} Rows that share a letter could not be told apart{corrected}; bold: may be"
        " best."
    )

"""The sentences about several cells together: what was found first, then what could have been."""

from collections.abc import Mapping, Sequence
from typing import Any

from whatwhere.report.numbers import points, points_at_most, spoken_points

TENFOLD = "with every tenfold of training images"
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def class_label(family: str, num_members: int) -> str:
    """Call the mean of a class of designs.

    Args:
        family: The class.
        num_members: Its designs.

    Returns:
        For instance "the mean of 6 parallel designs".
    """
    return f"the mean of {num_members} {family} designs"


def number(count: int) -> str:
    """Write a small count as a word.

    Args:
        count: At least 0.

    Returns:
        A word up to ten, digits above.
    """
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"


def interval(low: float, high: float) -> str:
    """Write an interval of a difference in points.

    Args:
        low: Lower end, as a share of one.
        high: Upper end.

    Returns:
        For instance "95 % +0.3 to +1.2".
    """
    return f"95 % {spoken_points(low)} to {spoken_points(high)}"


def no_size_study(place: str) -> str:
    """Say why sizes were not compared.

    Args:
        place: The data set.

    Returns:
        The sentence.
    """
    return (
        f"How differences on {place} change with the number of training images cannot be told: it"
        " takes no attention and one design more, each with a seed that finished at every size."
    )


def other_images(place: str) -> str:
    """Say that sizes were tested on different images.

    Args:
        place: The data set.

    Returns:
        The sentence.
    """
    return (
        f"The sizes of {place} were tested on different images, so nothing is said of how"
        " differences change with the number of training images."
    )


def size_screening(place: str, *, num_seeds: int) -> str:
    """Refuse a claim about sizes from one or two seeds.

    Args:
        place: The data set.
        num_seeds: Most seeds that a design finished at every size.

    Returns:
        The sentence.
    """
    seeds = "1 seed" if num_seeds == 1 else f"{num_seeds} seeds at most"
    return (
        f"Screening only ({seeds}): nothing is claimed about how differences on {place} change with"
        " the number of training images; that takes 3 seeds."
    )


def size_matters(
    place: str, shown: Sequence[Mapping[str, Any]], *, base: str, num_tested: int
) -> str:
    """Say that differences change with size, and name the clearest change.

    Args:
        place: The data set.
        shown: The trends that hold after correction, at least one.
        base: What differences are from.
        num_tested: Trends that were tested.

    Returns:
        The sentence.
    """
    clearest = min(shown, key=lambda trend: (trend["p_adjusted"], trend["p_value"]))
    falls = clearest["per_tenfold"] < 0
    low, high = sorted((abs(clearest["low"]), abs(clearest["high"])))
    others = len(shown) - 1
    clearest_of = (
        f" It is the clearest of {number(len(shown))} such changes among {num_tested} tested."
        if others
        else f" It is the only such change among {num_tested} tested."
    )
    return (
        f"On {place} the number of training images changes how designs compare:"
        f" {clearest['label']} {'loses' if falls else 'gains'}"
        f" {points(abs(clearest['per_tenfold']))} points {'to' if falls else 'on'} {base} {TENFOLD}"
        f" (95 % {points(low)} to {points(high)}).{clearest_of}"
    )


def size_not_shown(
    place: str,
    trends: Sequence[Mapping[str, Any]],
    *,
    base: str,
    num_tested: int,
    detectable: float | None,
) -> str:
    """Say that no change with size is shown, the largest estimate, and what would have been seen.

    Args:
        place: The data set.
        trends: All that were tested, at least one.
        base: What differences are from.
        num_tested: How many these are.
        detectable: Smallest change per tenfold that would have been found; None where none would.

    Returns:
        The sentence.
    """
    largest = max(trends, key=lambda trend: abs(trend["per_tenfold"]))
    reach = (
        "no change at all could have been seen with so few images and seeds"
        if detectable is None
        else f"this study could only have seen changes above {points_at_most(detectable)} points"
    )
    has_classes = any(trend["kind"] == "class" for trend in trends)
    classes = ", of designs and of classes of designs," if has_classes else ""
    differences = "difference" if num_tested == 1 else "differences"
    return (
        f"No conclusion on whether the number of training images on {place} changes which design"
        f" is worth its cost: none of the {num_tested} {differences} from {base}{classes} is shown"
        " to grow or to shrink. The largest estimate is"
        f" {spoken_points(largest['per_tenfold'])} points {TENFOLD}, of {largest['label']}"
        f" ({interval(largest['low'], largest['high'])});"
        f" {reach} (80 % power)."
    )

"""The sentences of a report: what a comparison may say, and never more.

"Best" is said of a set that the data could not narrow down further, never of the highest mean;
a difference that was not found is "no conclusion", never "no difference".
"""

from collections.abc import Sequence

from whatwhere.report.numbers import points_at_least, points_at_most

EQUIVALENCE_MARGIN = 0.005
MARGIN_IN_POINTS = f"{100 * EQUIVALENCE_MARGIN:g}"
_MOST_NAMES = 6
_METRICS = {
    "accuracy": "accuracy",
    "balanced-accuracy": "balanced accuracy",
    "macro-f1": "macro F1",
    "auc": "AUC",
}
_CHEAPEST = {
    "inference_ms": "is fastest",
    "macs": "needs the fewest multiply-adds",
    "parameters": "has the fewest parameters",
}


def metric_name(metric: str) -> str:
    """Return a metric's name as sentences write it.

    Args:
        metric: For instance "macro-f1".

    Returns:
        The words.
    """
    return _METRICS.get(metric, metric)


def screening(protocol: str, steps: int | None) -> str:
    """Say that a quick protocol is a screening; empty for every other protocol.

    Args:
        protocol: Name of the protocol.
        steps: Optimiser steps of a trial.

    Returns:
        The sentence, or an empty text.
    """
    if protocol != "quick":
        return ""
    length = f" at {steps:,} steps" if steps else ""
    return (
        f"This is a screening{length}: it narrows the choice down, and a longer training may order"
        " the designs differently."
    )


def tied(
    place: str,
    *,
    labels: Sequence[str],
    num_designs: int,
    num_recommended: int,
    cheapest: str,
    chosen_by: str | None,
    is_cheapest_of_all: bool = True,
) -> str:
    """Name the designs that may be best, and the cheapest that can be recommended.

    Args:
        place: The data set.
        labels: Designs that may be best, highest mean first.
        num_designs: Designs compared.
        num_recommended: How many of those that may be best can be recommended.
        cheapest: The cheapest of them.
        chosen_by: The cost it is cheapest in, or None where no cost was measured.
        is_cheapest_of_all: False if one that may be best is cheaper but cannot be recommended.

    Returns:
        The sentence.
    """
    names = listed(labels)
    if len(labels) > _MOST_NAMES:
        names = f"{len(labels)} of {num_designs} designs, the bold rows of the leaderboard"
    sentence = f"Tied for best on {place}: {names} (95 %)."
    if num_recommended == 1:
        return f"{sentence} Within this group only {cheapest} can be recommended."
    if chosen_by is None:
        return f"{sentence} No cost was measured to choose by within this group."
    of_which = "" if is_cheapest_of_all else " of those that can be recommended"
    choice = f"{cheapest} {_CHEAPEST[chosen_by]}{of_which}"
    return f"{sentence} Within this group choose by cost: {choice}."


def listed(labels: Sequence[str]) -> str:
    """Join names so that a wiring with commas in it stays one name.

    Args:
        labels: The names.

    Returns:
        The joined names.
    """
    return ("; " if any("," in label for label in labels) else ", ").join(labels)


def winner(place: str, *, label: str, margin: float) -> str:
    """Name the one design that remains.

    Args:
        place: The data set.
        label: The design.
        margin: Lower bound of its lead over every other, as a share of one.

    Returns:
        The sentence.
    """
    if margin >= EQUIVALENCE_MARGIN:
        lead = points_at_least(margin)
        return (
            f"{_begun(label)} is better than every other design on {place} by at least {lead}"
            " points (lower 95 % bound)."
        )
    return f"{_begun(label)} is ahead of every other design on {place}; {_small_gain(margin)}."


def _begun(label: str) -> str:
    """Begin a sentence with a label; a name stays as it is written."""
    return f"The {label.removeprefix('the ')}" if label.startswith("the ") else label


def screening_only(place: str, *, num_seeds: int, highest: str, metric: str) -> str:
    """Refuse a claim from one or two seeds.

    Args:
        place: The data set.
        num_seeds: Most finished seeds that designs have.
        highest: The design with the highest mean.
        metric: The metric compared.

    Returns:
        The sentence.
    """
    reason = f"{num_seeds} seeds at most"
    if num_seeds == 1:
        reason = "1 seed: how much runs vary is unknown"
    return (
        f"Screening only ({reason}), so nothing is claimed on {place};"
        f" {highest} has the highest mean {metric_name(metric)}."
    )


def nothing_to_compare(place: str, *, labels: Sequence[str]) -> str:
    """Say why there is no comparison.

    Args:
        place: The data set.
        labels: The designs that finished: none or one.

    Returns:
        The sentence.
    """
    if not labels:
        return f"No trial finished on {place}, so there is nothing to compare."
    return f"Only {labels[0]} finished on {place}, so there is nothing to compare it with."


def nothing_recommended(place: str, *, labels: Sequence[str]) -> str:
    """Say that every design that may be best is excluded from the recommendation.

    Args:
        place: The data set.
        labels: The designs that may be best.

    Returns:
        The sentence.
    """
    return (
        f"No design is recommended on {place}: those that may be best are {listed(labels)}, and"
        " each is a control, had failed runs or too few."
    )


def no_attention_may_be_best(*, attention: bool = True, networks: bool = False) -> str:
    """Say what it means that the plain backbone is in the set.

    Args:
        attention: Whether attention was compared.
        networks: Whether whole networks were compared.

    Returns:
        The sentence.
    """
    if not attention:
        return (
            "The backbone as it is, no attention, is among them: no other network is shown to be"
            " better here."
        )
    nor = ", nor another network to be better" if networks else ""
    return f"No attention is among them: attention is not shown to be worth its cost here{nor}."


def leak_mark(num_leaked: int, *, num_items: int) -> str:
    """Say that the test holds images that were trained on.

    Args:
        num_leaked: Test images that are in training or validation too.
        num_items: Test images.

    Returns:
        The sentence.
    """
    return (
        f"Leak: {num_leaked:,} of {num_items:,} test images ({100 * num_leaked / num_items:.1f} %)"
        " are, pixel for pixel, among those trained on or chosen by; see the scores without them."
    )


def pair(
    first: str,
    second: str,
    *,
    low: float,
    high: float,
    significant: bool,
    equivalent: bool,
    detectable: float,
) -> str:
    """Say what is known of two designs.

    Args:
        first: The design the difference is taken of.
        second: The design it is compared with.
        low: Lower 95 % bound of first minus second, as a share of one.
        high: Upper bound.
        significant: Whether the difference holds after the correction for all comparisons.
        equivalent: Whether it lies within half a point.
        detectable: Smallest difference the study could have seen, as a share of one.

    Returns:
        The sentence.
    """
    if significant and low > 0:
        return _ahead(first, second, low)
    if significant and high < 0:
        return _ahead(second, first, -high)
    if equivalent:
        return f"{_begun(first)} and {second} are equivalent within {MARGIN_IN_POINTS} points."
    return (
        "No conclusion: this study could only have seen differences above"
        f" {points_at_most(detectable)} points."
    )


def _ahead(leader: str, other: str, bound: float) -> str:
    if bound < EQUIVALENCE_MARGIN:
        return f"{_begun(leader)} is ahead of {other}; {_small_gain(bound)}."
    lead = points_at_least(bound)
    return f"{_begun(leader)} is ahead of {other} by at least {lead} points (lower 95 % bound)."


def _small_gain(bound: float) -> str:
    gain = points_at_least(max(bound, 0.0))
    return (
        "the gain may be close to zero"
        if float(gain) == 0
        else (f"the gain may be as small as {gain} points")
    )


def detectable(difference: float, *, num_comparisons: int) -> str:
    """Say what the table could have seen.

    Args:
        difference: As a share of one.
        num_comparisons: Comparisons corrected for.

    Returns:
        The sentence.
    """
    over = f"over its {num_comparisons:,} comparisons" if num_comparisons > 1 else "here"
    return (
        "The smallest difference this table could detect with 80 % power"
        f" {over}: {points_at_most(difference)} points."
    )

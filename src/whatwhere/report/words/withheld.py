"""The sentences that withhold a claim or a recommendation, with the reason."""

from collections.abc import Sequence

from whatwhere.report.words.wording import listed, many, metric_name

UNEQUAL_BUDGETS = "rows were trained with different steps or recipes"
LEAKED = "test images are among those trained on; --dedup leaves them out of training"


def screening(protocol: str, steps: int | None, *, kind: str = "design") -> str:
    """Say that a quick protocol is a screening; empty for every other protocol.

    Args:
        protocol: Name of the protocol.
        steps: Optimiser steps of a trial.
        kind: What is compared: "design", "network" or "design or network".

    Returns:
        The sentence, or an empty text.
    """
    if protocol != "quick":
        return ""
    length = f" at {steps:,} steps" if steps else ""
    return (
        f"This is a screening{length}: it narrows the choice down, and a longer training may order"
        f" the {many(kind)} differently."
    )


def seeds_at_most(num_seeds: int) -> str:
    """Say how many seeds are finished, for instance "2 seeds at most"."""
    return "1 seed at most" if num_seeds == 1 else f"{num_seeds} seeds at most"


def screening_only(
    place: str, *, num_seeds: int, highest: str, metric: str, reason: str = ""
) -> str:
    """Refuse a claim from one or two seeds, from unequal budgets or from a test that leaked.

    Args:
        place: The data set.
        num_seeds: Most finished seeds that designs have.
        highest: The design with the highest mean.
        metric: The metric compared.
        reason: What holds the claim back; empty where it is the number of seeds.

    Returns:
        The sentence.
    """
    if not reason:
        one = "1 seed: how much runs vary is unknown"
        reason = one if num_seeds == 1 else seeds_at_most(num_seeds)
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


def nothing_recommended(place: str, *, labels: Sequence[str], kind: str = "design") -> str:
    """Say that every design that may be best is excluded from the recommendation.

    Args:
        place: The data set.
        labels: The designs that may be best.
        kind: What is compared: "design", "network" or "design or network".

    Returns:
        The sentence.
    """
    return (
        f"No {kind} is recommended on {place}: those that may be best are {listed(labels)}, and"
        " each is a control, had failed runs or too few."
    )


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

"""The sentences that judge designs against a control; one that does not beat it is said not to."""

from collections.abc import Sequence

from whatwhere.report.numbers import points_at_least
from whatwhere.report.wording import MARGIN_IN_POINTS, listed


def ahead_of_control(control: str, *, leads: Sequence[tuple[str, float]]) -> str:
    """Name the designs that beat a control, each with the least it may be.

    Args:
        control: How the control is called.
        leads: Design and lower 95 % bound of its lead, as a share of one.

    Returns:
        The sentence.
    """
    return f"Ahead of {control}, by at least so many points: {_bounds(leads)}."


def behind_control(control: str, *, lags: Sequence[tuple[str, float]]) -> str:
    """Name the designs that a control beats.

    Args:
        control: How the control is called.
        lags: Design and lower 95 % bound of how far it is behind, as a share of one.

    Returns:
        The sentence.
    """
    return f"Behind {control}, by at least so many points: {_bounds(lags)}."


def _bounds(pairs: Sequence[tuple[str, float]]) -> str:
    return listed([f"{label} {points_at_least(max(low, 0.0))}" for label, low in pairs])


def equivalent_to_control(control: str, *, labels: Sequence[str]) -> str:
    """Name the designs that are as good as a control within half a point.

    Args:
        control: How the control is called.
        labels: The designs.

    Returns:
        The sentence.
    """
    return f"Equivalent to {control} within {MARGIN_IN_POINTS} points: {listed(labels)}."


def not_ahead_of_control(
    control: str, *, labels: Sequence[str], num_judged: int, kind: str = "design"
) -> str:
    """Name the designs that do not beat a control.

    Args:
        control: How the control is called.
        labels: The designs whose difference is undecided.
        num_judged: How many designs were judged against this control.
        kind: What they are: "design", "network" or "design or network".

    Returns:
        The sentence.
    """
    if len(labels) == num_judged and len(labels) > 1:
        return f"No {kind} beats {control} here: all {num_judged} differences are undecided."
    verb = "Does" if len(labels) == 1 else "Do"
    return f"{verb} not beat {control} here, the difference is undecided: {listed(labels)}."

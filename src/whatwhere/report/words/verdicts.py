"""The sentences that judge one row by another; one that does not beat a control is said not to."""

from collections.abc import Collection, Sequence

from whatwhere.report.cells.useful import (
    AHEAD,
    BEHIND,
    EQUIVALENT,
    NOT_RUN,
    PURPOSES,
    UNDECIDED,
    Against,
    Judged,
)
from whatwhere.report.numbers import points_at_least, points_at_most
from whatwhere.report.words.wording import (
    EQUIVALENCE_MARGIN,
    MARGIN_IN_POINTS,
    begun,
    listed,
    small_gain,
)


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


def usefulness(judged: Judged) -> str:
    """Say which of the three rows a design beats, and which it fails against.

    Args:
        judged: The design against no attention, its cost control and its constant gain.

    Returns:
        The words, without a capital or a point.
    """
    if judged.is_useful:
        return f"useful: beats {_named(judged.in_state(AHEAD))}"
    said = {
        "beats": judged.in_state(AHEAD),
        "behind": judged.in_state(BEHIND),
        "no better than": judged.in_state(EQUIVALENT),
        "undecided against": judged.in_state(UNDECIDED),
        "not run:": judged.in_state(NOT_RUN),
    }
    words = [f"{words} {_named(items)}" for words, items in said.items() if items]
    return f"not shown to be useful: {'; '.join(words)}"


def _named(items: Sequence[Against]) -> str:
    names = [_called(item) for item in items]
    return listed(list(dict.fromkeys(names)))


def _called(item: Against) -> str:
    if item.purpose == PURPOSES[0]:
        return item.label
    return f"{item.label} ({item.purpose})" if item.label else item.purpose


def useful_designs(
    judged: Sequence[Judged],
    *,
    base: str = "no attention",
    can_run: Collection[str] = PURPOSES,
    can_confirm: bool = True,
) -> str:
    """Say in one sentence which designs are useful.

    Args:
        judged: All designs of attention in a cell.
        base: How the backbone without attention is called.
        can_run: The PURPOSES of which this run could have a control.
        can_confirm: Whether a second stage is possible.

    Returns:
        The sentence; empty without any.
    """
    if not judged:
        return ""
    three = f"{base}, a backbone of its cost and a constant gain like its own"
    useful = [item.label for item in judged if item.is_useful]
    if useful:
        verb = "is useful: it beats" if len(useful) == 1 else "are useful: each beats"
        return f"{begun(listed(useful))} {verb} {three}."
    missing = sorted({a.purpose for item in judged for a in item.in_state(NOT_RUN)})
    also = _how_to_run([p for p in missing if p in can_run], can_confirm=can_confirm)
    if never := [purpose for purpose in missing if purpose not in can_run]:
        also += f" Here no control can be built for {' and '.join(never)}."
    return f"No design is shown to be useful here, which takes beating {three}.{also}"


def _how_to_run(missing: Sequence[str], *, can_confirm: bool) -> str:
    if not missing:
        return ""
    confirm = ", and --confirm those of the designs that it confirms" if can_confirm else ""
    return f" Not every control was run ({', '.join(missing)}): --controls full runs them{confirm}."


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
        return f"{begun(first)} and {second} are equivalent within {MARGIN_IN_POINTS} points."
    return (
        "No conclusion: this study could only have seen differences above"
        f" {points_at_most(detectable)} points."
    )


def _ahead(leader: str, other: str, bound: float) -> str:
    if bound < EQUIVALENCE_MARGIN:
        return f"{begun(leader)} is ahead of {other}; {small_gain(bound)}."
    lead = points_at_least(bound)
    return f"{begun(leader)} is ahead of {other} by at least {lead} points (lower 95 % bound)."

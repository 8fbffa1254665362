"""The sentences about stages: what only screened, what was confirmed, what is luck."""

from collections.abc import Sequence

from whatwhere.report.numbers import points
from whatwhere.report.words.wording import begun, listed, many, metric_name


def waits_for_second_stage(place: str) -> str:
    """Say that designs were screened and nothing is confirmed yet.

    Args:
        place: The data set.

    Returns:
        The sentence.
    """
    return (
        f"Screening only (the second stage has not run), so nothing is claimed on {place}; the same"
        " command continues."
    )


def two_stages(
    *,
    num_screened: int,
    num_seeds: int,
    metric: str,
    labels: Sequence[str],
    num_fresh: int,
    base: str = "no attention",
    with_controls: bool = True,
    is_complete: bool = True,
) -> str:
    """Say how the rows were chosen and what they are judged by.

    Args:
        num_screened: Rows of the first stage.
        num_seeds: Its seeds.
        metric: The metric compared.
        labels: Designs that were confirmed.
        num_fresh: Seeds of the second stage.
        base: How the backbone without attention is called.
        with_controls: Whether controls are in the second stage.
        is_complete: Whether every trial of the second stage is on record.

    Returns:
        The sentences.
    """
    what = f"{listed(labels)}, {base}" if labels else f"no design, only {base}"
    if with_controls:
        what = f"{what} and the controls"
    elif labels:
        what = f"{listed(labels)} and {base}"
    ran = "ran with" if is_complete else "run again, which is not complete yet, with"
    return (
        f"Two stages: {num_screened} rows were screened with {num_seeds} seeds by their"
        f" {metric_name(metric)} on validation images alone; then {what} {ran} {num_fresh} fresh"
        " seeds. All that is judged here is from the second"
        " stage."
    )


def only_screened(labels: Sequence[str]) -> str:
    """Name designs that may be best by validation and have not been confirmed.

    Args:
        labels: The designs.

    Returns:
        The sentences.
    """
    it, has = ("it", "has") if len(labels) == 1 else ("they", "have")
    return (
        f"Only screened so far: {listed(labels)}. By validation {it} may be best, but {it} {has} no"
        f" fresh seeds, so nothing is claimed of {'it' if it == 'it' else 'them'}; the same command"
        " with --confirm runs them."
    )


def grown(labels: Sequence[str], *, num_fresh: int, num_rounds: int) -> str:
    """Say that the second stage was extended after it could be read.

    Args:
        labels: Rows that joined last; may be empty.
        num_fresh: Fresh seeds of every row now.
        num_rounds: How often rows or seeds were chosen for it.

    Returns:
        The sentences.
    """
    what = f"{listed(labels)} joined" if labels else "seeds were added"
    return (
        f"The second stage was extended after a verdict ({what}; {num_fresh} fresh seeds each,"
        f" round {num_rounds}). What was confirmed keeps its seeds; a test that is read more than"
        " once errs more often than its 5 %."
    )


def highest_mean(
    label: str,
    *,
    num_designs: int,
    luck: float,
    metric: str,
    kind: str = "design",
    can_confirm: bool = True,
) -> str:
    """Say how much of a highest mean is luck; it is never called best.

    Args:
        label: The row with the highest mean.
        num_designs: Rows compared.
        luck: How far the highest of so many equal means lies above their truth, as a share of one.
        metric: The metric compared.
        kind: What is compared: "design", "network" or "design or network".
        can_confirm: Whether a second stage is possible.

    Returns:
        The sentences.
    """
    remedy = "; --confirm runs what leads again, with fresh seeds" if can_confirm else ""
    return (
        f"{begun(label)} has the highest mean {metric_name(metric)}. The highest of {num_designs}"
        f" equally good {many(kind)} would lie about {points(luck)} points too high by the luck of"
        f" its seeds alone{remedy}."
    )

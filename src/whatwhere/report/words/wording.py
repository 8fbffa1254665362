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
_MANY = {
    "design": "designs",
    "network": "networks",
    "design or network": "designs and networks",
}
_CHEAPEST = {
    "inference_ratio": "is fastest",
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


def many(kind: str) -> str:
    """Return the plural of what rows are.

    Args:
        kind: "design", "network" or "design or network".

    Returns:
        The words.
    """
    return _MANY[kind]


def tied(
    place: str,
    *,
    labels: Sequence[str],
    num_designs: int,
    num_recommended: int,
    cheapest: str,
    chosen_by: str | None,
    is_cheapest_of_all: bool = True,
    kind: str = "design",
    confirmed: bool = False,
) -> str:
    """Name the designs that may be best, and the cheapest that can be recommended.

    Args:
        place: The data set.
        labels: Designs that may be best, highest mean first.
        num_designs: Rows compared, the controls among them.
        num_recommended: How many of those that may be best can be recommended.
        cheapest: The cheapest of them.
        chosen_by: The cost it is cheapest in, or None where no cost was measured.
        is_cheapest_of_all: False if one that may be best is cheaper but cannot be recommended.
        kind: What is compared: "design", "network" or "design or network".
        confirmed: Whether an earlier stage chose what is compared here.

    Returns:
        The sentence.
    """
    names = listed(labels)
    if len(labels) > _MOST_NAMES:
        names = f"{len(labels)} of {num_designs} rows, those in bold on the leaderboard"
    among = f" among the confirmed {many(kind)}" if confirmed else ""
    sentence = f"Tied for best on {place}{among}: {names} (95 %)."
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


def winner(
    place: str, *, label: str, margin: float, kind: str = "design", confirmed: bool = False
) -> str:
    """Name the one design that remains.

    Args:
        place: The data set.
        label: The design.
        margin: Lower bound of its lead over every other, as a share of one.
        kind: What is compared: "design", "network" or "design or network".
        confirmed: Whether an earlier stage chose what is compared here.

    Returns:
        The sentence.
    """
    kind = f"confirmed {kind}" if confirmed else kind
    if margin >= EQUIVALENCE_MARGIN:
        lead = points_at_least(margin)
        return (
            f"{begun(label)} is better than every other {kind} on {place} by at least {lead}"
            " points (lower 95 % bound)."
        )
    return f"{begun(label)} is ahead of every other {kind} on {place}; {small_gain(margin)}."


def begun(label: str) -> str:
    """Begin a sentence with what it is about.

    Args:
        label: How sentences call a row.

    Returns:
        The words with a capital; a name stays as it is written.
    """
    return label[0].upper() + label[1:] if label.startswith(("the ", "no ")) else label


def transfer(num_data_sets: int) -> str:
    """Bound what several data sets allow to be said; empty for one.

    Args:
        num_data_sets: Data sets compared on.

    Returns:
        The sentence, or an empty text.
    """
    if num_data_sets < 2:
        return ""
    return (
        f"What follows is said on these {num_data_sets} data sets, and of others only where an"
        " interval over data sets is printed."
    )


def no_attention_may_be_best(
    label: str = "no attention", *, attention: bool = True, networks: bool = False
) -> str:
    """Say what it means that the plain backbone is in the set.

    Args:
        label: How it is called.
        attention: Whether attention was compared.
        networks: Whether whole networks were compared.

    Returns:
        The sentence.
    """
    if not attention:
        return f"{begun(label)} is among them: no other network is shown to be better here."
    nor = ", nor another network to be better" if networks else ""
    return f"{begun(label)} is among them: attention is not shown to be worth its cost here{nor}."


def small_gain(bound: float) -> str:
    """Say how small a gain may be.

    Args:
        bound: Its lower bound, as a share of one.

    Returns:
        The words, without a capital or a point.
    """
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

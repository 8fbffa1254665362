"""The sentences about several data sets, and why some numbers are not printed."""

from collections.abc import Mapping
from typing import Any

from whatwhere.report.numbers import points, spoken_points
from whatwhere.report.scale.words import interval
from whatwhere.report.words.wording import begun, listed
from whatwhere.stats.several.across import (
    MAX_METHODS_IN_DIAGRAM,
    MIN_DATA_SETS,
    MIN_METHODS_TO_RANK,
)
from whatwhere.stats.several.signed_rank import CALLED_FROM

NAMES = {
    "pooled": "The mean difference for data sets like these",
    "error_ratio": "The ratio of errors",
    "wilcoxon": "Wilcoxon's signed-rank test",
    "practical": "The probability of being better in practice",
    "friedman": "Friedman's test of mean ranks",
    "critical_difference": "The critical-difference diagram",
}


def gate(quantity: str, *, needs: int, num_sets: int, num_designs: int) -> str:
    """Say why a quantity is not printed.

    Args:
        quantity: Its name in `MIN_DATA_SETS`.
        needs: Data sets that it takes.
        num_sets: Data sets that there are.
        num_designs: Designs that every data set has.

    Returns:
        The sentence; empty where it is printed.
    """
    name = NAMES[quantity]
    ranks = quantity in ("friedman", "critical_difference")
    if num_sets < needs:
        return f"{name} is not printed: {num_sets} data sets cannot carry it, it takes {needs}."
    if ranks and num_designs < MIN_METHODS_TO_RANK:
        return (
            f"{name} is not printed: it takes {MIN_METHODS_TO_RANK} designs, there are"
            f" {num_designs}."
        )
    if quantity == "critical_difference" and num_designs > MAX_METHODS_IN_DIAGRAM:
        return (
            f"{name} is not printed: it can be read with at most {MAX_METHODS_IN_DIAGRAM} designs,"
            f" there are {num_designs}."
        )
    return ""


def across(told: Mapping[str, Any]) -> str:
    """Say what several data sets show together.

    Args:
        told: The data sets, pairs and counts.

    Returns:
        The sentence.
    """
    num_sets, base = len(told["data_sets"]), told["control"]
    if not told["claims"]:
        return (
            f"Screening only: nothing is claimed of these {num_sets} data sets together; that takes"
            f" 3 seeds of {base} and of one design more on each."
        )
    if num_sets < MIN_DATA_SETS["pooled"]:
        return _few(told)
    shown = [pair for pair in told["pairs"] if pair["significant"]]
    if not shown:
        return _none_shown(told)
    named = [f"{pair['spoken']} {_by(pair)}" for pair in shown[:3]]
    more = f"; and {len(shown) - 3} more" if len(shown) > 3 else ""
    return (
        f"On these {num_sets} data sets, and for data sets like them, {len(shown)} of"
        f" {len(told['pairs'])} designs and controls {'differs' if len(shown) == 1 else 'differ'}"
        f" from {base} on average: {'; '.join(named)}{more}."
    )


def friedman(told: Mapping[str, Any]) -> str:
    """Say whether mean ranks differ.

    Args:
        told: From `tell_data_sets`, with a Friedman test.

    Returns:
        The sentence.
    """
    found, num_sets = told["friedman"], len(told["data_sets"])
    which = "differ" if found["p_value"] < 0.05 else "are not shown to differ"
    statistic = "" if found["statistic"] is None else f"F = {found['statistic']:.3g}, "
    return (
        f"The mean ranks of these {len(told['designs'])} designs {which} over the {num_sets} data"
        f" sets (Friedman's test with Iman and Davenport's F: {statistic}p ="
        f" {found['p_value']:.2g})."
    )


def pairs(told: Mapping[str, Any]) -> list[str]:
    """Say of counts, ranks of differences and probabilities what each shows, as far as printed.

    Args:
        told: From `tell_data_sets`.

    Returns:
        One sentence for each; none where the runs allow no claim.
    """
    if not told["claims"]:
        return []
    sentences = [_counted(told)]
    if told["pairs"][0]["wilcoxon"]:
        sentences.append(_wilcoxon(told))
    if told["pairs"][0]["practical"]:
        sentences.append(_practical(told))
    return sentences


def _counted(told: Mapping[str, Any]) -> str:
    num_sets, base = len(told["data_sets"]), told["control"]
    claimed = [pair for pair in told["pairs"] if pair["claimed"]]
    most = max(claimed, key=lambda pair: (pair["wins"], -pair["losses"]), default=None)
    if most is None or most["wins"] == 0:
        return f"Nothing is shown to be ahead of {base} on any of the {num_sets} data sets."
    behind = f"behind on {most['losses']}" if most["losses"] else "behind on none"
    return (
        f"{begun(most['spoken'])} is shown to be ahead of {base} most often: on {most['wins']} of"
        f" {num_sets} data sets, and {behind}."
    )


def _wilcoxon(told: Mapping[str, Any]) -> str:
    shown = [
        pair["spoken"]
        for pair in told["pairs"]
        if pair["claimed"] and pair["wilcoxon"]["p_adjusted"] < 0.05
    ]
    what = f"differ from {told['control']} by Wilcoxon's signed-rank test after Holm's correction"
    if not shown:
        return f"None is shown to {what}."
    return f"{len(shown)} of {len(told['pairs'])} {what}: {listed(shown)}."


def _practical(told: Mapping[str, Any]) -> str:
    margin = f"{100 * told['margin']:g}"
    named = {
        side: [
            p["spoken"]
            for p in told["pairs"]
            if p["claimed"] and p["practical"][side] > CALLED_FROM
        ]
        for side in ("better", "worse", "equal")
    }
    words = {
        "better": f"better than {told['control']} by more than {margin} points",
        "worse": f"worse by more than {margin} points",
        "equal": f"equal within {margin} points",
    }
    parts = [f"{words[side]}: {listed(names)}" for side, names in named.items() if names]
    if not parts:
        return (
            f"None is better, worse or equal within {margin} points with a probability above"
            f" {100 * CALLED_FROM:g} %."
        )
    return f"With a probability above {100 * CALLED_FROM:g} % these are {'; '.join(parts)}."


def _by(pair: Mapping[str, Any]) -> str:
    pooled = pair["pooled"]
    return f"{spoken_points(pooled['mean'])} points ({interval(pooled['low'], pooled['high'])})"


def _few(told: Mapping[str, Any]) -> str:
    num_sets, base = len(told["data_sets"]), told["control"]
    always = [p["spoken"] for p in told["pairs"] if p["claimed"] and p["wins"] == num_sets]
    found = f"No design is shown to be ahead of {base} on each of them."
    if always:
        verb = "is" if len(always) == 1 else "are"
        found = f"{begun(listed(always))} {verb} shown to be ahead of {base} on each of them."
    return (
        f"{num_sets} data sets cannot carry a statement about data sets in general, which takes"
        f" {MIN_DATA_SETS['pooled']}; the table says what each shows. {found}"
    )


def _none_shown(told: Mapping[str, Any]) -> str:
    num_sets, base = len(told["data_sets"]), told["control"]
    known = [pair for pair in told["pairs"] if pair["pooled"] is not None]
    if not known:
        first = max(told["pairs"], key=lambda pair: abs(pair["mean_difference"]))
        return f"No conclusion for data sets like these {num_sets}: {first['withheld']['pooled']}."
    largest = max(known, key=lambda pair: abs(pair["pooled"]["mean"]))
    pooled = largest["pooled"]
    half = points((pooled["high"] - pooled["low"]) / 2)
    return (
        f"No conclusion for data sets like these {num_sets}: no design is shown to be ahead of or"
        f" behind {base} on average. The largest estimate is {largest['spoken']}, {_by(largest)};"
        f" so few data sets know it to within {half} points only."
    )

"""The published rule about fine labels, on the same images with fine and with coarse labels."""

from collections.abc import Sequence
from typing import Any

from whatwhere.report.cells.cell import Cell
from whatwhere.report.numbers import points, points_at_most
from whatwhere.report.scale import words
from whatwhere.report.scale.rules import findings_of
from whatwhere.report.scale.tables import aligned_seeds, same_images, shared_seeds, table_of
from whatwhere.stats.hypotheses.claims import Claim, Part, label_rule_claim
from whatwhere.stats.hypotheses.published_rules import (
    CHANNEL_FIRST,
    PUBLISHED_ORDER_RULE,
    SPATIAL_FIRST,
)

# The same images with coarse labels are known by this ending of the data set's name.
COARSE = "-coarse"
_NAMED = (*SPATIAL_FIRST, *CHANNEL_FIRST)


def label_pairs(cells: Sequence[Cell]) -> list[tuple[Cell, Cell]]:
    """Find cells of the same test images with fine and with coarse labels.

    Args:
        cells: All cells of a run.

    Returns:
        Fine and coarse, each pair of data sets once, at the largest size that both have.
    """
    largest: dict[str, tuple[Cell, Cell]] = {}
    for fine in cells:
        for coarse in cells:
            fits = coarse.dataset == fine.dataset + COARSE and coarse.size == fine.size
            if fits and same_images((fine, coarse)):
                known = largest.get(fine.dataset)
                if known is None or known[0].size < fine.size:
                    largest[fine.dataset] = (fine, coarse)
    return list(largest.values())


def tell_label_rule(fine: Cell, coarse: Cell) -> dict[str, Any]:
    """Tell whether spatial before channel attention is better for fine-grained classes.

    Args:
        fine: The cell with fine labels.
        coarse: The same test images with coarse labels.

    Returns:
        The sentence, the finding, and the difference of the two orders on each set of labels.
    """
    seeds = aligned_seeds(shared_seeds((fine, coarse)), _NAMED)
    one, other = table_of(fine, seeds), table_of(coarse, seeds)
    if one is None or other is None:
        parts = (Part(PUBLISHED_ORDER_RULE.sentence, None, f"not run: {', '.join(_NAMED)}"),)
        claim = Claim(PUBLISHED_ORDER_RULE.name, PUBLISHED_ORDER_RULE.sentence, parts)
        reverse = claim
    else:
        claim = label_rule_claim(one, other, rule=PUBLISHED_ORDER_RULE)
        reverse = label_rule_claim(other, one, rule=PUBLISHED_ORDER_RULE)
    num_seeds = len(next(iter(seeds.values()), ()))
    (finding,) = findings_of([claim], num_seeds=[num_seeds])
    (coarse_finding,) = findings_of([reverse], num_seeds=[num_seeds])
    return {
        "fine": fine.title,
        "coarse": coarse.title,
        "metric": fine.metric,
        "size": fine.size,
        "num_items": len(fine.test_index) if fine.test_index is not None else 0,
        "num_seeds": num_seeds,
        "finding": finding,
        "on_coarse": coarse_finding["parts"][0],
        "sentence": _sentence(finding, num_seeds=num_seeds),
    }


def _sentence(finding: dict[str, Any], *, num_seeds: int) -> str:
    parts = finding["parts"]
    missing = [part["missing"] for part in parts if part["value"] is None]
    if missing:
        return (
            "The published rule that spatial before channel attention suits fine-grained classes"
            f" was not tested here ({missing[0]})."
        )
    if finding["withheld"]:
        return (
            f"Screening only ({num_seeds} seeds): nothing is claimed about spatial before channel"
            " attention for fine-grained classes; that takes 3 seeds."
        )
    better, more = parts
    numbers = (
        f"it is {_apart(better, 'ahead', 'behind')} with the fine labels, which is"
        f" {_apart(more, 'more', 'less')} than with the coarse ones"
    )
    if finding["verdict"] == "supported":
        return (
            "Spatial before channel attention suits fine-grained classes here, as published:"
            f" {numbers}."
        )
    if finding["verdict"] == "contradicted":
        return (
            "The published rule that spatial before channel attention suits fine-grained classes is"
            f" contradicted here: {numbers}."
        )
    return (
        "No conclusion on whether spatial before channel attention suits fine-grained classes:"
        f" {numbers}; this study could only have seen {points_at_most(better['detectable'])} and"
        f" {points_at_most(more['detectable'])} points (80 % power)."
    )


def _apart(part: dict[str, Any], above: str, below: str) -> str:
    side = below if part["value"] < 0 else above
    reach = words.interval(part["low"], part["high"])
    return f"{points(abs(part['value']))} points {side} ({reach})"

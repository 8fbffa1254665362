"""The published rules about size as a guideline, tested on several data sets."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from whatwhere.report.cells.cell import Cell
from whatwhere.report.numbers import spoken_points
from whatwhere.report.scale.words import interval
from whatwhere.report.words.wording import listed
from whatwhere.stats.hypotheses.guideline import MIN_DATA_SETS, GuidelineTest, check_guideline
from whatwhere.stats.hypotheses.published_rules import published_choice


def tell_guideline(cells: Sequence[Cell], *, claims: bool) -> dict[str, Any]:
    """Test whether following the published rules pays on data sets that they were not drawn from.

    Args:
        cells: One per data set, at least two.
        claims: Whether the runs are enough for a verdict.

    Returns:
        The sentence, and where it could be tested the regrets and the shuffles.
    """
    sizes = {cell.dataset: cell.size for cell in cells}
    scores = {cell.dataset: _scores(cell) for cell in cells}
    wanted = {name for size in sizes.values() for name in published_choice(size)}
    missing = sorted(n for n in wanted if any(n not in own for own in scores.values()))
    if missing:
        return {
            "verdict": "undecided",
            "test": None,
            "sentence": (
                "Whether the published rules about size pay was not tested: they choose"
                f" {listed(missing)} for data sets of these sizes, not run on every one of them"
                f" (add -d {','.join(missing)})."
            ),
        }
    if not claims:
        return {
            "verdict": "undecided",
            "test": None,
            "sentence": (
                "Screening only: nothing is claimed about whether the published rules about size"
                " pay; that takes 3 seeds."
            ),
        }
    found = check_guideline(scores, sizes, published_choice)
    return {"verdict": found.verdict, "test": _plain(found), "sentence": _sentence(found)}


def _scores(cell: Cell) -> dict[str, float]:
    """Return mean scores without the controls: nobody would choose one by default."""
    return {
        summary.name: summary.mean
        for summary in cell.compared.summaries
        if cell.row(summary.name).design.kind != "control"
    }


def _plain(found: GuidelineTest) -> dict[str, Any]:
    content = asdict(found)
    return {**content, "withheld": dict(found.withheld), "notes": list(found.notes)}


def _sentence(found: GuidelineTest) -> str:
    num_sets = len(found.data_sets)
    if found.regret is None:
        return (
            f"Whether the published rules about size pay cannot be tested on {num_sets} data sets:"
            f" it takes {MIN_DATA_SETS}, and with fewer than a dozen only a rule that nearly always"
            " holds can pass."
        )
    regret = found.regret
    gained = (
        f"following them scored {spoken_points(-regret.mean)} points compared with the one design"
        f" with the highest mean on the other data sets ({interval(-regret.high, -regret.low)})"
    )
    shuffled = (
        "and the rules choose the same for all of these sizes, so shuffling them says nothing"
    )
    if found.shuffled is not None:
        shuffled = (
            "and with the sizes shuffled between data sets they would have done as well with"
            f" probability {found.shuffled.p_value:.2g}"
        )
    numbers = f"{gained}, {shuffled}"
    opening = {
        "supported": "Following the published rules about size paid on these data sets",
        "contradicted": "Following the published rules about size did not pay on these data sets",
        "undecided": "No conclusion on whether following the published rules about size pays",
    }[found.verdict]
    return f"{opening}: {numbers}."

"""From a comparison to a recommendation: the cheapest of the designs that may be best."""

from dataclasses import dataclass

from whatwhere.stats.comparison import Comparison


@dataclass(frozen=True)
class Recommendation:
    """Which designs to choose, and how far the data settle it.

    Args:
        designs: Designs that may be best and are not excluded, cheapest first; may be empty.
        because: Sentences that give the reasons.
        not_settled: Sentences that say what the data leave open; empty if nothing.
    """

    designs: tuple[str, ...]
    because: tuple[str, ...]
    not_settled: tuple[str, ...]


def choose(
    comparison: Comparison, costs: dict[str, float], *, excluded: dict[str, str] | None = None
) -> Recommendation:
    """Recommend the designs that may be best, cheapest first.

    Designs of equal cost keep the order of their means; one without a known cost comes last.

    Args:
        comparison: What the data show.
        costs: Cost by name, lower is better; any unit.
        excluded: Designs that are not recommended whatever they score, with the reason.

    Returns:
        The recommendation: a set of several designs where that is the truth.
    """
    excluded = excluded or {}
    kept = [name for name in comparison.may_be_best if name not in excluded]
    designs = tuple(sorted(kept, key=lambda name: costs.get(name, float("inf"))))
    return Recommendation(
        designs=designs,
        because=tuple(_reasons(comparison, designs, costs, excluded)),
        not_settled=tuple(_open_questions(comparison, designs)),
    )


def _reasons(
    comparison: Comparison,
    designs: tuple[str, ...],
    costs: dict[str, float],
    excluded: dict[str, str],
) -> list[str]:
    total = len(comparison.summaries)
    reasons = []
    if comparison.unique_winner is not None:
        reasons.append(f"{comparison.unique_winner} is the only one of {total} that may be best")
    elif total > 1:
        reasons.append(f"{len(comparison.may_be_best)} of {total} may be best")
    if len(designs) > 1 and len({costs.get(name) for name in designs}) > 1:
        reasons.append(f"{designs[0]} costs least of those that may be best")
    left_out = [name for name in comparison.may_be_best if name in excluded]
    return reasons + [f"{name} may be best but is left out: {excluded[name]}" for name in left_out]


def _open_questions(comparison: Comparison, designs: tuple[str, ...]) -> list[str]:
    questions = []
    if not comparison.seeds_known:
        questions.append("one run each: how much runs vary is unknown")
    elif comparison.screening_only:
        questions.append("screening only: fewer than three runs of a design")
    if len(designs) > 1:
        questions.append(f"which is best of {', '.join(designs)}")
    return questions

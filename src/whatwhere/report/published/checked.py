"""What arithmetic says of a table of published results, line by line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whatwhere.settings.results_table import PublishedResult
from whatwhere.settings.setting import COSTS
from whatwhere.settings.test_sets import find_test_set, plain_name
from whatwhere.stats.published import (
    Flaw,
    ScoredOn,
    flaws_of_row,
    most_disagreement,
    possible_num_runs,
)

IMPOSSIBLE, NOT_BOTH, DOUBTFUL = "impossible", "not both", "doubtful"
SEVERAL, UNCHECKED, PASSED = "several runs", "not checked", "passes"
_COUNTED = {
    IMPOSSIBLE: "cannot be right as printed",
    NOT_BOTH: "cannot be right together with another of the same row",
    DOUBTFUL: "doubtful",
    SEVERAL: "of no single run, though of several averaged",
    UNCHECKED: "not checked, as the test set is not known",
}
# A share of images on which two trained networks may well agree; below it nothing is remarkable.
_CLOSE = 0.05


@dataclass(frozen=True)
class CheckedResult:
    """One published number with what was found.

    Args:
        result: The line.
        flaws: Why it cannot be, or can hardly be, as printed.
        is_checked: Whether the test set is known, so that more than its range was checked.
    """

    result: PublishedResult
    flaws: tuple[Flaw, ...]
    is_checked: bool

    @property
    def verdict(self) -> str:
        """What is said of it in a word or two; "–" of parameters and multiply-adds.

        IMPOSSIBLE, NOT_BOTH and DOUBTFUL by its worst flaw; SEVERAL where only a mean of several
        runs can be printed so and the paper does not say of how many; UNCHECKED or PASSED.
        """
        excluded = [flaw for flaw in self.flaws if flaw.impossible]
        if excluded:
            return NOT_BOTH if all(flaw.of_pair for flaw in excluded) else IMPOSSIBLE
        if self.flaws:
            alone = all(flaw.check == "count" for flaw in self.flaws)
            return SEVERAL if alone and self._fits_runs else DOUBTFUL
        if self.result.metric in COSTS:
            return "–"
        return PASSED if self.is_checked else UNCHECKED

    @property
    def _fits_runs(self) -> bool:
        num_items = scored_on(self.result).num_items
        return possible_num_runs(self.result.value, num_items=num_items) > 0


def check_results(results: Sequence[PublishedResult]) -> tuple[CheckedResult, ...]:
    """Check every number against its test set and the numbers of its row.

    Args:
        results: The lines of a table.

    Returns:
        The same, in their order.
    """
    rows: dict[tuple[object, ...], list[PublishedResult]] = {}
    for result in results:
        rows.setdefault(result.row, []).append(result)
    flaws = {row: _flaws(own) for row, own in rows.items()}
    return tuple(
        CheckedResult(
            result,
            tuple(flaw for flaw in flaws[result.row] if result.metric in flaw.metrics),
            is_checked=scored_on(result).num_items > 0,
        )
        for result in results
    )


def scored_on(result: PublishedResult) -> ScoredOn:
    """Return the test set of a line: what the line says, otherwise the official one.

    Args:
        result: The line.

    Returns:
        The test set; with 0 images where it is not known.
    """
    known = find_test_set(result.dataset)
    if result.n_test is not None and known and result.n_test != known.num_images:
        known = None  # other images than the official ones
    return ScoredOn(
        num_items=result.n_test or (known.num_images if known else 0),
        num_classes=result.n_classes or (known.num_classes if known else 0),
        balanced=bool(known and known.balanced) if result.balanced is None else result.balanced,
        num_runs=result.n_seeds,
    )


def summary_sentence(checked: Sequence[CheckedResult]) -> str:
    """Say in one sentence what was found.

    Args:
        checked: The lines.

    Returns:
        The sentence.
    """
    if not checked:
        return "The table of published results has no line yet."
    number = {kind: sum(c.verdict == kind for c in checked) for kind in _COUNTED}
    lines = "1 published number" if len(checked) == 1 else f"{len(checked)} published numbers"
    found = [f"{number[kind]} {words}" for kind, words in _COUNTED.items() if number[kind]]
    said = ", ".join(found) or "no check of arithmetic objects"
    return f"Of {lines}: {said}."


def close_calls(results: Iterable[PublishedResult]) -> list[str]:
    """Name highest accuracies that lead by less than their test set can easily show.

    Args:
        results: The lines of a table.

    Returns:
        A sentence for every table whose two highest accuracies are that close.
    """
    tables: dict[tuple[str, ...], list[PublishedResult]] = {}
    for result in results:
        if result.metric == "accuracy" and scored_on(result).num_items:
            key = (result.paper, result.version, result.table, plain_name(result.dataset))
            tables.setdefault(key, []).append(result)
    sentences = []
    for own in tables.values():
        first, second = (*sorted(own, key=lambda r: -r.value.value), None, None)[:2]
        if first is None or second is None:
            continue
        gap, num_items = first.value.value - second.value.value, scored_on(first).num_items
        most = most_disagreement(gap, num_items=num_items)
        if 0 < most < _CLOSE:
            sentences.append(
                f"{first.paper}, {first.dataset}: {first.topology} ({first.value.text}) leads"
                f" {second.topology} ({second.value.text}) by {100 * gap:.2f} points; on"
                f" {num_items:,} test images such a lead can be seen, however many runs, only if"
                f" the two disagree on at most {100 * most:.1f} % of the images."
            )
    return sentences


def _flaws(row: Sequence[PublishedResult]) -> list[Flaw]:
    printed = {result.metric: result.value for result in row if result.metric not in COSTS}
    runs = {result.n_seeds for result in row}
    test = scored_on(row[0])
    if len(runs) > 1:
        test = ScoredOn(test.num_items, test.num_classes, test.balanced)
    return flaws_of_row(row[0].topology, printed, test)

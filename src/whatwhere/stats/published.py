"""Published numbers: saying what no test could have given, whatever their rounding hides.

A check marks a number as *impossible* only where arithmetic excludes it. Where a number is merely
hard to believe it is *doubtful*, and the reason is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from scipy.special import ndtri

from whatwhere.stats.decide import POWER, TAIL
from whatwhere.stats.printed import Printed

SHARES = ("accuracy", "top5", "recall", "precision", "macro-f1", "auc")
# A mean of more runs than this can be any share of a few printed digits.
MOST_RUNS = 20
_ROUNDING = 1e-9


@dataclass(frozen=True)
class ScoredOn:
    """What is known of the images that a published table was scored on.

    Args:
        num_items: Images; 0 where they are not known, and counts are not checked.
        num_classes: Classes; 0 likewise.
        balanced: Whether every class has equally many images.
        num_runs: Runs that a printed figure is the mean of; 0 where the paper does not say.
    """

    num_items: int
    num_classes: int
    balanced: bool
    num_runs: int = 0


@dataclass(frozen=True)
class Flaw:
    """Why a printed number cannot be, or can hardly be.

    Args:
        check: Name of the check.
        row: The row of the table.
        metrics: Which of its numbers are concerned. Of two, what is excluded is that both are
            as printed; either alone may be.
        impossible: Whether arithmetic excludes them; otherwise they are doubtful.
        sentence: The reason.
    """

    check: str
    row: str
    metrics: tuple[str, ...]
    impossible: bool
    sentence: str

    @property
    def of_pair(self) -> bool:
        """Whether it concerns two numbers beside each other, and neither alone."""
        return len(self.metrics) > 1


def flaws_of_row(row: str, printed: Mapping[str, Printed], test: ScoredOn) -> list[Flaw]:
    """Check the numbers that a table prints for one row.

    Args:
        row: Name of the row.
        printed: Its numbers by metric: accuracy, top5, recall, precision, macro-f1 (the last three
            averaged over classes), auc (each class against the rest, averaged over classes).
        test: What they were measured on.

    Returns:
        Everything that cannot be, or can hardly be; empty where nothing is found.
    """
    found = [_beyond(row, name, printed[name]) for name in SHARES if name in printed]
    shares = ("accuracy", "top5", *(("recall",) if test.balanced else ()))
    found += [_no_count(row, name, printed[name], test) for name in shares if name in printed]
    accuracy = printed.get("accuracy")
    if accuracy is not None:
        found.append(_fewer_among_five(row, accuracy, printed.get("top5")))
        if test.balanced:
            found.append(_recall_is_accuracy(row, accuracy, printed.get("recall")))
        if test.balanced and test.num_classes:
            found.append(_auc_beside_accuracy(row, accuracy, printed.get("auc"), test))
    return [flaw for flaw in found if flaw is not None]


def difference_flaw(
    row: str, metric: str, *, printed: Printed, of: Printed, minus: Printed
) -> Flaw | None:
    """Check a printed difference against the two printed numbers that it is of.

    Args:
        row: Name of the row.
        metric: What differs.
        printed: The difference.
        of: What is subtracted from.
        minus: What is subtracted.

    Returns:
        The flaw, or None where rounding explains the rest.
    """
    rest = abs(printed.value - (of.value - minus.value))
    if rest <= printed.half + of.half + minus.half + _ROUNDING:
        return None
    return Flaw(
        "difference",
        row,
        (metric,),
        True,
        f"the printed difference {printed.text} is not {of.text} minus {minus.text}",
    )


def possible_num_runs(share: Printed, *, num_items: int, most: int = MOST_RUNS) -> int:
    """Return the smallest number of runs whose mean share of right answers is printed so.

    R runs on n images are right R n times at most, so their mean is a multiple of 1 / (R n).

    Args:
        share: A printed accuracy.
        num_items: n, the images of the test.
        most: Largest R to try.

    Returns:
        R from 1, or 0 where none up to `most` fits.

    Source:
        The idea is the GRIM test: Brown and Heathers (2017), Social Psychological and Personality
        Science 8(4).

    Example:
        >>> possible_num_runs(read_printed("86.3 %"), num_items=156)
        3
    """
    for runs in range(1, most + 1):
        total = runs * num_items
        if abs(round(share.value * total) / total - share.value) <= share.half + _ROUNDING:
            return runs
    return 0


def most_disagreement(gap: float, *, num_items: int) -> float:
    """Return up to which disagreement n images let a gap be seen, whatever the number of runs.

        n (gap / (z_{.975} + z_{.8}))^2

    Args:
        gap: Difference of two accuracies, at least 0.
        num_items: n, test images.

    Returns:
        The share of images on which the two may differ at most for 80 % power, in one planned
        comparison.

    Example:
        >>> round(100 * most_disagreement(0.0034, num_items=10_000), 1)
        1.5
    """
    return float(min(1.0, num_items * (gap / (ndtri(1 - TAIL) + ndtri(POWER))) ** 2))


def decision_auc(accuracy: float, *, num_classes: int) -> float:
    """Return the macro AUC of bare yes-or-no answers on a balanced test.

        AUC_c = (sensitivity_c + specificity_c) / 2,  so  (a + 1 - (1 - a) / (C - 1)) / 2

    averaged over classes: the mean sensitivity is the accuracy a, and every wrong answer is one
    false alarm in one of the C - 1 other classes.

    Args:
        accuracy: a, in [0, 1].
        num_classes: C, at least 2.

    Returns:
        The AUC of answers without confidence, in [0, 1].
    """
    return (accuracy + 1 - (1 - accuracy) / (num_classes - 1)) / 2


def _beyond(row: str, name: str, printed: Printed) -> Flaw | None:
    if printed.low <= 1 + _ROUNDING and printed.high >= -_ROUNDING:
        return None
    return Flaw("range", row, (name,), True, f"{name} {printed.text} is not between 0 and 100 %")


def _no_count(row: str, name: str, printed: Printed, test: ScoredOn) -> Flaw | None:
    """A share of n images, averaged over R runs, is a multiple of 1 / (R n)."""
    if not test.num_items:
        return None
    runs = possible_num_runs(printed, num_items=test.num_items)
    said = test.num_runs
    if said and not possible_num_runs(printed, num_items=said * test.num_items, most=1):
        which = "one run" if said == 1 else f"{said} runs"
        text = (
            f"no count of right answers in {which} on {test.num_items:,} images is {printed.text}"
        )
        return Flaw("count", row, (name,), True, text)
    if said or runs == 1:
        return None
    fits = f"a mean of {runs} runs could be" if runs else f"nor is a mean of up to {MOST_RUNS} runs"
    text = f"{printed.text} is not the share of any one run on {test.num_items:,} images; {fits}"
    return Flaw("count", row, (name,), False, text)


def _fewer_among_five(row: str, accuracy: Printed, top5: Printed | None) -> Flaw | None:
    if top5 is None or top5.high >= accuracy.low - _ROUNDING:
        return None
    text = f"top-5 {top5.text} is below top-1 {accuracy.text}, which it includes"
    return Flaw("top-5", row, ("accuracy", "top5"), True, text)


def _recall_is_accuracy(row: str, accuracy: Printed, recall: Printed | None) -> Flaw | None:
    if recall is None:
        return None
    gap = abs(accuracy.value - recall.value)
    if gap <= accuracy.half + recall.half + _ROUNDING:
        return None
    text = (
        f"accuracy {accuracy.text} and recall {recall.text} differ by {gap:.3f}, but with equally"
        " many test images of every class recall averaged over classes is the accuracy (and so is"
        " recall averaged over images, always)"
    )
    return Flaw("recall", row, ("accuracy", "recall"), True, text)


def _auc_beside_accuracy(
    row: str, accuracy: Printed, auc: Printed | None, test: ScoredOn
) -> Flaw | None:
    """Two classes: the curve passes the operating point, so AUC >= tpr tnr >= 2 a - 1."""
    if auc is None:
        return None
    floor = 2 * accuracy.low - 1
    if test.num_classes == 2 and auc.high < floor - _ROUNDING:
        text = (
            f"AUC {auc.text} beside accuracy {accuracy.text}: on a balanced test of two classes it"
            f" is at least {floor:.3f}"
        )
        return Flaw("auc", row, ("auc", "accuracy"), True, text)
    bare = decision_auc(accuracy.low, num_classes=test.num_classes)
    if auc.high >= bare - _ROUNDING:
        return None
    text = (
        f"AUC {auc.text} beside accuracy {accuracy.text}: the bare answers of such a classifier,"
        f" without any confidence, have a macro AUC of {bare:.3f}; its scores would have to rank"
        " worse than the answers made from them"
    )
    return Flaw("auc", row, ("auc", "accuracy"), False, text)

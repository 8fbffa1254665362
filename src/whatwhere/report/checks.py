"""Arithmetic that any table of results obeys, checked on our own before anybody reads it.

Whatever is found here is no property of a design: a record was changed after its trial, or there
is a bug in whatwhere.
"""

from collections.abc import Iterator

import numpy as np

from whatwhere.records import Run
from whatwhere.report.cells.cell import Cell, Outcome, Row
from whatwhere.report.cells.claims import spoken
from whatwhere.report.cells.evidence import predicted
from whatwhere.report.words.wording import begun
from whatwhere.stats.printed import Printed
from whatwhere.stats.published import Flaw, ScoredOn, flaws_of_row, possible_num_runs

# Our numbers are not rounded for print; single precision is all that may have touched them.
_HALF = 2e-7
_SCORES = {"accuracy": "accuracy", "recall": "balanced-accuracy", "macro-f1": "macro-f1"}


def impossible(run: Run, cells: tuple[Cell, ...]) -> list[str]:
    """Find numbers of a run that cannot be.

    Checked are: scores between 0 and 1; accuracies, of every trial and of every mean, that are a
    count of right answers; validation accuracies on record likewise; on a balanced test set macro
    recall beside accuracy; of two balanced classes AUC beside accuracy; means beside their trials.

    Args:
        run: The run.
        cells: Its cells.

    Returns:
        One sentence per number that cannot be; empty for a run that is as it should be.
    """
    return [sentence for cell in cells for sentence in _of_cell(run, cell)]


def _of_cell(run: Run, cell: Cell) -> Iterator[str]:
    finished = [row for row in cell.rows if row.finished]
    if not finished:
        return
    label = predicted(run, cell, finished[0].design.name).label
    counts = np.bincount(label)
    # Of several folds AUC is a mean over folds, and need not obey what holds within each.
    single = cell.num_folds == 1
    test = ScoredOn(
        num_items=len(label),
        num_classes=len(counts),
        balanced=bool((counts == counts[0]).all()),
        num_runs=1,
    )
    for row in finished:
        for outcome in row.finished:
            where = f"{cell.title}: {spoken(row)}, seed {outcome.seed}"
            for flaw in _of_outcome(outcome, test, with_auc=single):
                yield f"{where}: {flaw.sentence}."
            if single:
                yield from _of_validation(outcome, cell, where)
        yield from _of_mean(row, cell, num_items=len(label))


def _of_outcome(outcome: Outcome, test: ScoredOn, *, with_auc: bool) -> list[Flaw]:
    names = {**_SCORES, **({"auc": "auc"} if with_auc else {})}
    printed = {
        name: _exact(value)
        for name, own in names.items()
        if (value := outcome.scores.get(own)) is not None
    }
    return [flaw for flaw in flaws_of_row("", printed, test) if flaw.impossible]


def _of_validation(outcome: Outcome, cell: Cell, where: str) -> Iterator[str]:
    share = (outcome.record.get("validation") or {}).get("accuracy")
    count = cell.data.get("splits", {}).get("validation", {}).get("count")
    if share is None or not count or _is_count(share, count):
        return
    yield (
        f"{where}: the recorded validation accuracy {_exact(share).text} is no count of right"
        f" answers on {count:,} images."
    )


def _of_mean(row: Row, cell: Cell, *, num_items: int) -> Iterator[str]:
    if cell.comparison is None or cell.metric != "accuracy":
        return
    mean = next(s.mean for s in cell.comparison.summaries if s.name == row.design.name)
    scores = [outcome.scores.get("accuracy") for outcome in row.finished]
    known = [score for score in scores if score is not None]
    name = f"{cell.title}: {begun(spoken(row))}"
    if len(known) == len(scores) and abs(np.mean(known) - mean) > _HALF:
        yield f"{name}: the mean {_exact(mean).text} is not that of its {len(known)} seeds."
    elif not _is_count(mean, num_items * len(scores)):
        yield (
            f"{name}: no count of right answers in {len(scores)} runs on {num_items:,} images has"
            f" the mean {_exact(mean).text}."
        )


def _is_count(share: float, total: int) -> bool:
    return possible_num_runs(_exact(share), num_items=total, most=1) == 1


def _exact(share: float) -> Printed:
    return Printed(f"{100 * share:.3f} %", share, _HALF)

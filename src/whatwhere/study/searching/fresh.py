"""The finalists again, with seeds that the search never had, beside the default and no tuning."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from whatwhere.errors import MismatchError
from whatwhere.records import Run
from whatwhere.report.search.told import FreshRow
from whatwhere.stats.scoring.scores import values_per_image
from whatwhere.study.compare import run_comparison
from whatwhere.study.display import Display
from whatwhere.study.preparing.chosen import only_design
from whatwhere.study.request import Request
from whatwhere.study.searching.space import Candidate, Space
from whatwhere.study.searching.store import Tried
from whatwhere.study.searching.trials import Bench
from whatwhere.study.searching.wanted import Wanted

DEFAULT = "default, not tuned"


@dataclass(frozen=True)
class Arm:
    """One run of `compare`: rows that share a recipe.

    Args:
        name: Of its folder.
        request: What is asked for.
        labels: What the rows are called, by name of the design.
    """

    name: str
    request: Request
    labels: dict[str, str]


def default_untuned(space: Space) -> Candidate:
    """Return the default of a space as it is without any search: the protocol unchanged."""
    default = space.fill(space.defaults)
    return Candidate(default.design, default.backbone, "", ())


def finalists(tried: Sequence[Tried], wanted: Wanted) -> tuple[Tried, ...]:
    """Return which trials are run again.

    Args:
        tried: Every proposal.
        wanted: How many, and what was looked for.

    Returns:
        Those with the best validation accuracy, best first, each configuration once; with two
        objectives those on the front only.
    """
    finished = [item for item in tried if item.accuracy is not None]
    chosen: dict[Candidate, Tried] = {}
    for item in front(finished) if wanted.is_two else sorted(finished, key=_order):
        assert item.candidate is not None
        chosen.setdefault(item.candidate, item)
    return tuple(chosen.values())[: wanted.finalists]


def front(finished: Sequence[Tried]) -> list[Tried]:
    """Return the trials that no smaller or equal one equals or beats, best accuracy first."""
    kept: list[Tried] = []
    for item in sorted(finished, key=lambda item: (item.parameters or 0, *_order(item))):
        if not kept or (item.accuracy or 0.0) > (kept[-1].accuracy or 0.0):
            kept.append(item)
    return kept[::-1]


def run_fresh(
    bench: Bench,
    space: Space,
    chosen: Sequence[Tried],
    wanted: Wanted,
    *,
    display: Display,
) -> tuple[tuple[FreshRow, ...], tuple[str, ...]]:
    """Run finalists and default with fresh seeds; what is finished is not run again.

    Args:
        bench: Data, recipe, device.
        space: What was searched.
        chosen: The finalists.
        wanted: How many seeds.
        display: What to tell meanwhile.

    Returns:
        What was measured, the default first, nothing without a finalist; and one text per run that
        failed or diverged.
    """
    if not chosen:
        return (), ()
    rows: list[FreshRow] = []
    failures: list[str] = []
    for arm in _arms(bench, space, chosen, wanted):
        folder = bench.folder / "fresh" / arm.name
        display.note(f"fresh seeds: {', '.join(arm.labels.values())}")
        result = run_comparison(
            arm.request, folder=folder, display=display, num_workers=wanted.num_workers
        )
        failures += [f"{arm.name}/{text}" for text in result.failures]
        run = Run.read(folder)
        page = result.report.relative_to(bench.folder) if result.report else Path()
        rows += [
            _row(run, name, label, wanted.seeds, page=str(page))
            for name, label in arm.labels.items()
        ]
    finished = [row for row in rows if row.seeds]
    for row in finished:
        if not np.array_equal(row.label_of_images, finished[0].label_of_images):
            raise MismatchError(
                f"{bench.folder}/fresh holds runs on different test images; start a new search"
                " with another -o"
            )
    return tuple(rows), tuple(failures)


def _arms(bench: Bench, space: Space, chosen: Sequence[Tried], wanted: Wanted) -> tuple[Arm, ...]:
    """Put rows of one recipe into one run, the default's first."""
    words = wanted.words(bench.folder)
    made: dict[tuple[Any, ...], Arm] = {}
    default = default_untuned(space)
    rows = [(DEFAULT, "default", default)]
    for item in chosen:
        assert item.candidate is not None
        if not bench.are_same(item.candidate, default):
            rows.append((item.name, f"trial-{item.number:04}", item.candidate))
    for label, folder, candidate in rows:
        request = bench.request_for(candidate)
        key = (request.protocol, request.learning_rate, request.backbone)
        known = made.get(key)
        labels = dict(known.labels) if known else {}
        designs = known.request.designs if known else ()
        labels.setdefault(only_design([candidate.design]).name, label)
        request = _with(request, designs=(*designs, candidate.design), words=words, wanted=wanted)
        made[key] = Arm(known.name if known else folder, request, labels)
    return tuple(made.values())


def _with(
    request: Request, *, designs: tuple[Any, ...], words: tuple[str, ...], wanted: Wanted
) -> Request:
    return replace(request, designs=designs, reproduces=words, seeds=wanted.seeds)


def _row(run: Run, name: str, label: str, num_seeds: int, *, page: str) -> FreshRow:
    trials = [t for t in run.trials if t.key.design == name and t.key.seed < num_seeds]
    finished = [trial for trial in trials if trial.finished]
    values, labels = [], np.empty(0)
    for trial in finished:
        arrays = trial.predictions()
        order = np.argsort(arrays["test_index"], kind="stable")
        labels = arrays["test_label"][order]
        values.append(values_per_image("accuracy", arrays["test_logit"][order], labels))
    validation = [trial.record["validation"]["accuracy"] for trial in finished]
    cost = trials[0].record["cost"] if trials else {}
    return FreshRow(
        label=label,
        seeds=tuple(trial.key.seed for trial in finished),
        values=np.stack(values) if values else np.empty((0, 0)),
        validation=float(np.mean(validation)) if validation else None,
        parameters=cost.get("parameters"),
        macs=cost.get("macs"),
        page=page,
        label_of_images=labels,
    )


def _order(item: Tried) -> tuple[float, int, int]:
    return -(item.accuracy or 0.0), item.parameters or 0, item.number

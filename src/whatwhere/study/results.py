"""After the trials: the report, the recommended models, and what went wrong."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from whatwhere.exporting import write_bundle
from whatwhere.records import Run, Trial, TrialKey, trial_folder
from whatwhere.report.build import write_report
from whatwhere.report.summary import read_summary
from whatwhere.study.preparing.prepare import Prepared
from whatwhere.study.trained import model_card, trained_bundle


def finish(folder: Path, prepared: Sequence[Prepared]) -> tuple[Path, tuple[str, ...]]:
    """Write the report and the recommended models of a run.

    Args:
        folder: The run's folder.
        prepared: The data sets at hand, for the pictures of the report.

    Returns:
        The page, and one text per trial that failed or diverged.
    """
    sources = {item.name: item.source for item in prepared}

    def fetch_images(dataset: str, indices: np.ndarray) -> np.ndarray | None:
        if dataset not in sources:
            return None
        return sources[dataset].evaluation_view(np.asarray(indices))

    page = write_report(folder, fetch_images=fetch_images)
    _write_best(folder, read_summary(folder))
    trials = Run.read(folder).trials
    return page, tuple(_failure(trial) for trial in trials if not trial.finished)


def _write_best(folder: Path, summary: dict[str, Any]) -> None:
    """Keep the recommended design's first model for every data set, at its largest size.

    Always the first seed and the first fold, never the luckiest.
    """
    largest: dict[str, dict[str, Any]] = {}
    for cell in summary["cells"]:
        known = largest.get(cell["dataset"])
        if known is None or cell["size"] > known["size"]:
            largest[cell["dataset"]] = cell
    shutil.rmtree(folder / "best", ignore_errors=True)
    for dataset, cell in largest.items():
        if not cell["recommended"]:
            continue
        fold = 0 if cell["num_folds"] > 1 else None
        key = TrialKey(dataset, cell["size"], cell["recommended"][0], cell["first_seed"], fold)
        bundle = trained_bundle(folder, key)
        title = Trial.read(trial_folder(folder, key)).record["design"]["title"]
        card = model_card(bundle, title=title, sentence=cell["recommendation"])
        target = folder / "best" if len(largest) == 1 else folder / "best" / dataset
        write_bundle(target, bundle, card=card)


def _failure(trial: Trial) -> str:
    return f"{trial.key.text}: {trial.record['state']}: {trial.record['reason']}"

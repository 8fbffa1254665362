"""What the trials of one seed said about the test images; the folds of a run come together here."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from whatwhere.errors import DataError, MismatchError
from whatwhere.records import Trial
from whatwhere.stats.scoring.metrics import influence

_WORST_FIRST = ("failed", "diverged", "finished")


@dataclass(frozen=True)
class Answered:
    """Answers to the test images, ordered by their place in the source.

    Args:
        logit: float64 (image, class).
        label: True class of each image.
        index: Position of each image in its source.
        fold: Which trial each answer is from.
        group: Equal for images that belong together; None where all are on their own.
    """

    logit: np.ndarray
    label: np.ndarray
    index: np.ndarray
    fold: np.ndarray
    group: np.ndarray | None

    def influence(self, metric: str) -> np.ndarray:
        """Return the influence values of a metric.

        Answers of all folds are pooled, except for AUC: it ranks images by one model's
        probabilities, so it is taken within each fold and averaged by the fold's images.

        Args:
            metric: One of METRICS.

        Returns:
            float64, one per image; their mean is the score.

        Raises:
            DataError: If a class that the metric needs has no image.
        """
        if metric != "auc":
            return influence(metric, self.logit, self.label)
        values = np.empty(len(self.label))
        for fold in np.unique(self.fold):
            own = self.fold == fold
            values[own] = influence(metric, self.logit[own], self.label[own])
        return values

    def score(self, metric: str) -> float | None:
        """Return a score; None where a class has no test image and the metric needs one."""
        try:
            return float(np.clip(self.influence(metric).mean(), 0.0, 1.0))
        except DataError:
            return None

    def is_about_images_of(self, other: "Answered") -> bool:
        """Return whether images, labels and groups are those of other answers."""
        if (self.group is None) != (other.group is None):
            return False
        pairs = [(self.index, other.index), (self.label, other.label)]
        if self.group is not None and other.group is not None:
            pairs.append((self.group, other.group))
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    def keep(self, kept: np.ndarray) -> "Answered":
        """Return the answers to some of the images."""
        group = None if self.group is None else self.group[kept]
        return Answered(
            self.logit[kept], self.label[kept], self.index[kept], self.fold[kept], group
        )


def read_answers(trials: list[Trial], *, split: str = "test") -> Answered:
    """Open what the finished trials of one seed predicted for one split.

    Args:
        trials: One, or one per fold.
        split: "test" or "validation"; no array of the other is read. Groups are known of test
            images only.

    Returns:
        Their answers.
    """
    opened = [_arrays(trial, split) for trial in trials]
    index = np.concatenate([arrays["index"] for arrays in opened])
    order = np.argsort(index, kind="stable")
    joined = {
        name: np.concatenate([arrays[name] for arrays in opened])[order]
        for name in ("logit", "label", "group")
        if name in opened[0]
    }
    fold = np.repeat(np.arange(len(opened)), [len(arrays["index"]) for arrays in opened])
    return Answered(
        logit=joined["logit"].astype(np.float64),
        label=joined["label"],
        index=index[order],
        fold=fold[order],
        group=joined.get("group"),
    )


def _arrays(trial: Trial, split: str) -> dict[str, np.ndarray]:
    """Read the arrays of one split, by name without the split's, and leave the others closed."""
    content = io.BytesIO(trial.content("predictions.npz"))
    with np.load(content, allow_pickle=False) as arrays:
        start = f"{split}_"
        return {n.removeprefix(start): arrays[n] for n in arrays.files if n.startswith(start)}


def by_seed(trials: list[Trial], *, num_folds: int) -> list[list[Trial]]:
    """Put the folds of each seed together.

    Args:
        trials: Of one design.
        num_folds: 1 without folds.

    Returns:
        One list per seed, by fold; a seed that still lacks folds is left out unless one of its
        trials went wrong.
    """
    seeds: dict[int, list[Trial]] = {}
    for trial in trials:
        seeds.setdefault(trial.key.seed, []).append(trial)
    return [
        own
        for own in seeds.values()
        if len(own) == num_folds or not all(trial.finished for trial in own)
    ]


def joined_record(trials: list[Trial]) -> dict[str, Any]:
    """Return one record for the trials of a seed: the worst state, all seconds and flags.

    The seed counts as still rising where most of its folds are.

    Args:
        trials: One, or one per fold.

    Returns:
        The record of the first trial that went worst, with what folds add up to.
    """
    worst = min(trials, key=lambda trial: _WORST_FIRST.index(trial.record["state"]))
    records = [trial.record for trial in trials]
    flags = {flag for record in records for flag in record.get("flags") or ()}
    shares = {
        f"{trial.key.fold}/{name}" if len(trials) > 1 else name: share
        for trial in trials
        for name, share in (trial.record.get("learned_shares") or {}).items()
    }
    return {
        **worst.record,
        "seconds": sum(record.get("seconds") or 0.0 for record in records),
        "flags": sorted(flags),
        "rising": 2 * sum(bool(record.get("rising")) for record in records) > len(records),
        "learned_shares": shares,
    }


def joined_curve(trials: list[Trial]) -> dict[str, np.ndarray]:
    """Return the training curve of a seed: the mean over the folds that got furthest.

    Args:
        trials: One, or one per fold.

    Returns:
        Columns by name; empty where none was kept.
    """
    curves = [t.curve() for t in trials if "curve.csv" in t.record.get("files", {})]
    lengths = [len(next(iter(curve.values()), ())) for curve in curves]
    furthest = [c for c, length in zip(curves, lengths, strict=True) if length == max(lengths)]
    if len(furthest) < 2:
        return furthest[0] if furthest else {}
    return {name: np.mean([curve[name] for curve in furthest], axis=0) for name in furthest[0]}


class SharedImages:
    """The test images of a cell, as the first seed has them; every other must agree."""

    def __init__(self) -> None:
        self.first: Answered | None = None

    @property
    def group(self) -> np.ndarray | None:
        """Equal for test images that belong together; None where all are on their own, or one."""
        group = self.first.group if self.first else None
        return group if group is not None and len(np.unique(group)) > 1 else None

    @property
    def label(self) -> np.ndarray | None:
        """True class of each image; None before any was opened."""
        return self.first.label if self.first else None

    def check(self, trial: Trial, tested: Answered) -> None:
        """Refuse answers to other images.

        Args:
            trial: To name in the error.
            tested: What it was tested on.

        Raises:
            MismatchError: If images or labels are not those of the first seed.
        """
        self.first = self.first or tested
        if not tested.is_about_images_of(self.first):
            raise MismatchError(
                f"{trial.folder} was tested on other images than the other trials of its data set,"
                " so they cannot be compared; run the same compare command again, or start a"
                " new run folder with -o"
            )

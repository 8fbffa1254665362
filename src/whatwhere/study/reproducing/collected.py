"""From the records of a setting's runs to what was measured of each of its points."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from whatwhere.data.sources.catalogue import CATALOGUE
from whatwhere.errors import DataError, MismatchError
from whatwhere.records import Run, Trial
from whatwhere.report.reproduction.scored import DataUsed, Scored, ScoredPoint
from whatwhere.settings import Setting
from whatwhere.stats.scoring.scores import PUBLISHED_SCORES, values_per_image
from whatwhere.study.preparing.measure import usable_device
from whatwhere.study.preparing.prepare import EASY, prepare
from whatwhere.study.reproducing.noise import NoisyTest
from whatwhere.study.reproducing.points import Arm, Point
from whatwhere.study.reproducing.runs import Wanted, arm_folder, request_of
from whatwhere.training.presets import preset


def collect(
    setting: Setting,
    arms: Sequence[Arm],
    points: Sequence[Point],
    wanted: Wanted,
    *,
    folder: Path,
    failures: tuple[str, ...],
) -> Scored:
    """Read what every point of a setting measured.

    Args:
        setting: The setting.
        arms: Its runs, all of which ran.
        points: What is measured on them.
        wanted: How it was run.
        folder: Of the reproduction.
        failures: Trials that did not finish, each with its reason.

    Returns:
        The setting with what was measured.

    Raises:
        MismatchError: If runs had other images, splits or test images than the first.
    """
    runs = {arm.name: Run.read(arm_folder(folder, arm.name)) for arm in arms}
    noisy = _noisy_test(setting, arms[0], wanted, folder) if _asks_noise(points) else None
    reader = _Reader(setting, runs, noisy, wanted.num_seeds(setting))
    first = runs[arms[0].name]
    return Scored(
        setting=setting,
        data=_data_used(setting, first),
        points=tuple(reader.point(point) for point in points),
        failures=failures,
        command=wanted.command(setting, folder),
        environment=first.environment,
        when=datetime.now().astimezone().isoformat(timespec="seconds"),
        commit=commit_of_code(),
    )


@dataclass(frozen=True, eq=False)
class _Tested:
    """What a trial was trained and tested on.

    Args:
        data_hash: Of all images.
        split_fingerprint: Of which image is in which split.
        index: Of the test images, ascending.
        label: Of the test images.
    """

    data_hash: str
    split_fingerprint: str
    index: np.ndarray
    label: np.ndarray

    def differs_in(self, first: "_Tested") -> str:
        """Return what is not that of the first trial; "" where all is."""
        same = {
            "images": self.data_hash == first.data_hash,
            "splits": self.split_fingerprint == first.split_fingerprint,
            "test images": np.array_equal(self.index, first.index),
            "test labels": np.array_equal(self.label, first.label),
        }
        return next((what for what, holds in same.items() if not holds), "")


class _Reader:
    """Reads points; the first one fixes which data and test images all others must have.

    Args:
        setting: The setting.
        runs: Its runs by arm.
        noisy: The test images, where some points want noise on them.
        num_seeds: Seeds that were asked for; more may lie in the folder.
    """

    def __init__(
        self, setting: Setting, runs: dict[str, Run], noisy: NoisyTest | None, num_seeds: int
    ) -> None:
        self.setting, self.runs, self.noisy = setting, runs, noisy
        self.num_seeds = num_seeds
        self.tested: _Tested | None = None

    def point(self, point: Point) -> ScoredPoint:
        run, name = self.runs[point.arm], point.design_name
        trials = [
            trial
            for trial in run.trials
            if trial.key.design == name and trial.key.seed < self.num_seeds
        ]
        finished = [trial for trial in trials if trial.finished]
        answers = [self._answers(run, trial, point.test_noise) for trial in finished]
        (recipe,) = run.config["recipe"].values()
        cost = trials[0].record["cost"] if trials else {}
        validation = [trial.record["validation"]["accuracy"] for trial in finished]
        size = trials[0].key.size if trials else 1
        return ScoredPoint(
            label=point.label,
            row=point.row.label,
            design=name,
            protocol=recipe["name"],
            seeds=tuple(trial.key.seed for trial in finished),
            values=_scores(answers),
            validation=float(np.mean(validation)) if validation else None,
            parameters=cost.get("parameters"),
            macs=cost.get("macs"),
            num_failed=len(trials) - len(finished),
            steps=recipe["steps"],
            full_steps=_full_steps(recipe, run, size),
            batch_size=recipe["batch_size"],
            learning_rate=recipe["learning_rate"],
            precision=recipe["precision"],
            series=point.series,
            value=point.value,
        )

    def _answers(self, run: Run, trial: Trial, noise: float) -> tuple[np.ndarray, np.ndarray]:
        """Return logits and labels of the test images, in the order of the source."""
        arrays = trial.predictions()
        order = np.argsort(arrays["test_index"], kind="stable")
        label = arrays["test_label"][order]
        tested = _Tested(
            data_hash=trial.record["data_hash"],
            split_fingerprint=trial.record["split_fingerprint"],
            index=arrays["test_index"][order],
            label=label,
        )
        self.tested = self.tested or tested
        what = tested.differs_in(self.tested)
        if what:
            raise MismatchError(
                f"{trial.folder} has other {what} than the first run of {self.setting.id}, so they"
                " cannot be compared; start again with another -o"
            )
        if not noise:
            return arrays["test_logit"][order], label
        assert self.noisy is not None
        return self.noisy.logits(trial, sigma=noise, run=run.folder), label


def _full_steps(recipe: dict[str, Any], run: Run, size: int) -> int:
    """Return how many steps the whole recipe has on these data at this batch size."""
    ((name, facts),) = run.data.items()
    whole = preset(
        recipe["name"],
        easy=name in EASY,
        allow_flip=facts["flip"],
        image_size=facts["image_size"],
        num_train=size,
        num_classes=len(facts["class_names"]),
        batch_size=recipe["batch_size"],
    )
    return whole.steps


def _scores(answers: Sequence[tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return values per image by score; a score that the images do not allow is left out."""
    values: dict[str, np.ndarray] = {}
    for name in PUBLISHED_SCORES:
        if not answers or (name == "top5" and answers[0][0].shape[1] <= 5):
            continue
        try:
            values[name] = np.stack([values_per_image(name, *answer) for answer in answers])
        except DataError:
            continue
    return values


def _asks_noise(points: Sequence[Point]) -> bool:
    return any(point.test_noise for point in points)


def _noisy_test(setting: Setting, arm: Arm, wanted: Wanted, folder: Path) -> NoisyTest:
    """Open the data again, as the run opened it."""
    device = usable_device(wanted.device)
    request = request_of(setting, arm, wanted, folder=folder)
    return NoisyTest(prepare(request.data[0], request, device=device).source, device)


def _data_used(setting: Setting, run: Run) -> DataUsed:
    """Return the data of a run; the reader has made sure that it is that of every other."""
    ((name, facts),) = run.data.items()
    splits = {part: facts["splits"][part]["count"] for part in ("train", "validation", "test")}
    own = CATALOGUE.card(setting.data) if setting.data in CATALOGUE else None
    num_classes = len(facts["class_names"])
    return DataUsed(
        name=name,
        title=facts["title"],
        other=_why_other(setting, name, facts),
        same_shape=own is not None
        and (own.channels, len(own.classes)) == (facts["channels"], num_classes),
        num_train=splits["train"],
        num_validation=splits["validation"],
        num_test=splits["test"],
        num_classes=num_classes,
        test_counts=tuple(facts["splits"]["test"]["class_counts"]),
        content_hash=facts["content_hash"],
        warnings=tuple(facts["warnings"]),
    )


def _why_other(setting: Setting, name: str, facts: dict[str, Any]) -> str:
    """Say why figures on the setting's data set do not compare; "" where it is that data set."""
    if setting.data not in CATALOGUE:
        return f"{facts['title']}; whatwhere cannot tell whether it is {setting.data}"
    card = CATALOGUE.card(setting.data)
    same = (
        name == card.name
        and tuple(facts["class_names"]) == card.classes
        and facts["citation"] == card.citation
        and facts["splits"]["test"]["count"] == card.splits[-1]
    )
    if not same:
        return f"{facts['title']} instead of {card.title}"
    unofficial = [text for text in facts["warnings"] if "do not compare with published" in text]
    return unofficial[0] if unofficial else ""


def commit_of_code() -> str:
    """Return the commit that this code is of, "+" behind it where it was changed; "" if unknown."""
    here = Path(__file__).parent
    try:
        tracked = _git(here, "ls-files", "--error-unmatch", Path(__file__).name)
        commit = _git(here, "rev-parse", "--short=12", "HEAD")
        changed = _git(here, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{commit}+" if tracked and changed else commit


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()

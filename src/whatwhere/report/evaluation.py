"""The page of one trained model on labelled images."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from whatwhere.records import write_atomically
from whatwhere.report.cells.cell import Predicted
from whatwhere.report.figures.classes import draw_confusion
from whatwhere.report.figures.reliability import draw_reliability
from whatwhere.report.mistakes import Mistake, worst_mistakes
from whatwhere.report.page import CONTENT_POLICY, page_environment
from whatwhere.report.pictures import picture_addresses, thumbnail
from whatwhere.stats.scoring.calibration import CalibrationError
from whatwhere.stats.scoring.evaluated import Calibration, Evaluation, Score
from whatwhere.version import __version__

DECIMALS = 1
UNBALANCED_FACTOR = 1.5


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A model's answers with what is to be said about them.

    Args:
        model: How to call the model.
        model_facts: What is known of its training, by name.
        data_title: How to call the images.
        split: Which of them were used, as the subject of a sentence.
        warnings: What a reader should know before trusting a figure.
        predicted: What the model said.
        images: uint8 (image, height, width, channel), those of `predicted` in its order.
        class_names: One per class.
        evaluation: The scores.
    """

    model: str
    model_facts: dict[str, Any]
    data_title: str
    split: str
    warnings: tuple[str, ...]
    predicted: Predicted
    images: np.ndarray
    class_names: tuple[str, ...]
    evaluation: Evaluation


def write_evaluation(folder: Path, evaluated: Evaluated) -> Path:
    """Write evaluation.json and evaluation.html.

    Args:
        folder: Made if missing.
        evaluated: The answers and their scores.

    Returns:
        The page.

    Raises:
        StorageError: If the files cannot be written.
    """
    content = json.dumps(summary_of(evaluated), indent=1, allow_nan=False).encode() + b"\n"
    write_atomically(folder / "evaluation.json", content)
    page = folder / "evaluation.html"
    write_atomically(page, _page(evaluated))
    return page


def summary_of(evaluated: Evaluated) -> dict[str, Any]:
    """Return everything as plain values, for machines."""
    return {
        "model": evaluated.model,
        "trained": evaluated.model_facts,
        "data": evaluated.data_title,
        "images": evaluated.split,
        "warnings": list(evaluated.warnings),
        "headline": headline(evaluated),
        "calibration_sentence": calibration_sentence(evaluated.evaluation.calibration),
        "class_names": list(evaluated.class_names),
        **asdict(evaluated.evaluation),
    }


def headline(evaluated: Evaluated) -> str:
    """Return the one sentence of the evaluation."""
    accuracy = evaluated.evaluation.score("accuracy")
    number = evaluated.evaluation.num_items
    return (
        f"{evaluated.model} is right on {_percent(accuracy.value)} % of {number:,} images of"
        f" {evaluated.data_title} (95 % interval {_percent(accuracy.low)} to"
        f" {_percent(accuracy.high)} %)."
    )


def calibration_sentence(calibration: Calibration) -> str:
    """Say whether the confidences can be believed, beside what chance would show.

    Args:
        calibration: The errors.

    Returns:
        One sentence.
    """
    error = calibration.equal_width
    shown = calibration.equal_width.shows_miscalibration or calibration.sweep.shows_miscalibration
    verdict = "its confidences are off" if shown else "no evidence of miscalibration"
    return (
        f"{verdict[0].upper()}{verdict[1:]}: calibration error {_points(error)}; by ECE-sweep"
        f" {_points(calibration.sweep)}."
    )


def _points(error: CalibrationError) -> str:
    return (
        f"{100 * error.value:.1f} points, where a perfectly calibrated model of these confidences"
        f" would show {100 * error.null_low:.1f} to {100 * error.null_high:.1f} (p ="
        f" {error.p_value:.3f})"
    )


def _page(evaluated: Evaluated) -> bytes:
    evaluation, predicted = evaluated.evaluation, evaluated.predicted
    mistakes = worst_mistakes(predicted)
    pictures = [
        _Reliability(
            draw_reliability(calibration.bins, name=f"reliability{number}", title=title),
            calibration_sentence(calibration),
            calibration,
        )
        for number, (title, calibration) in enumerate(_calibrations(evaluation))
    ]
    page = (
        page_environment()
        .get_template("evaluation.html.j2")
        .render(
            policy=CONTENT_POLICY,
            evaluated=evaluated,
            evaluation=evaluation,
            headline=headline(evaluated),
            unbalanced=_unbalanced(evaluation),
            scores=[(score, shown_value(score), _interval(score)) for score in evaluation.scores],
            reliability=pictures,
            confusion=draw_confusion(
                np.array(evaluation.confusion), class_names=evaluated.class_names, name="confusion"
            ),
            mistakes=mistakes,
            pictures=picture_addresses(_thumbnails(evaluated, mistakes)),
            decimals=DECIMALS,
            version=__version__,
        )
    )
    return page.encode("utf-8", errors="replace")


@dataclass(frozen=True)
class _Reliability:
    """One reliability diagram with its sentence."""

    figure: str
    sentence: str
    calibration: Calibration


def _calibrations(evaluation: Evaluation) -> list[tuple[str, Calibration]]:
    found = [("as trained", evaluation.calibration)]
    if evaluation.calibrated:
        title = f"after temperature {evaluation.temperature:.2f}"
        found.append((title, evaluation.calibrated))
    return found


def shown_value(score: Score) -> str:
    """Return a score for people: shares in percent, losses as they are."""
    if score.value is None:
        return "–"
    return f"{_percent(score.value)} %" if score.is_share else f"{score.value:.3f}"


def _interval(score: Score) -> str:
    if score.low is None or score.high is None:
        return "–"
    if score.is_share:
        return f"{_percent(score.low)} to {_percent(score.high)}"
    return f"{score.low:.3f} to {score.high:.3f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.{DECIMALS}f}"


def _unbalanced(evaluation: Evaluation) -> str:
    counts = [one.count for one in evaluation.classes]
    if max(counts) <= UNBALANCED_FACTOR * min(counts):
        return ""
    return (
        f"The classes are unbalanced ({min(counts):,} to {max(counts):,} images): accuracy favours"
        " the large ones, balanced accuracy and macro F1 do not."
    )


def _thumbnails(evaluated: Evaluated, mistakes: list[Mistake]) -> dict[str, np.ndarray]:
    place = {int(index): row for row, index in enumerate(evaluated.predicted.index)}
    return {
        str(mistake.index): thumbnail(evaluated.images[place[mistake.index]])
        for mistake in mistakes
    }

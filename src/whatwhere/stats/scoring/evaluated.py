"""What an evaluation of one trained model is made of."""

from dataclasses import dataclass

from whatwhere.stats.scoring.calibration import Bin, CalibrationError


@dataclass(frozen=True)
class Score:
    """One number with its interval.

    Args:
        name: For machines.
        title: For people, averaging included.
        value: The score; None where these images do not allow it.
        low: Lower end of the 95 % interval for new images and this trained model, or None.
        high: Upper end.
        is_share: Whether it is a share of 1 and higher is better; otherwise lower is better.
        note: Why there is no value; empty where there is one.
    """

    name: str
    title: str
    value: float | None
    low: float | None
    high: float | None
    is_share: bool
    note: str = ""


@dataclass(frozen=True)
class ClassScore:
    """One row of the per-class table; intervals are Wilson's.

    Args:
        name: Of the class.
        count: Images of it.
        num_predicted: Images that were called it.
        recall: Share of its images that were called it; None without images.
        recall_low: Lower end of the 95 % interval.
        recall_high: Upper end.
        precision: Share of the images called it that are it; None where none was.
        precision_low: Lower end of the 95 % interval.
        precision_high: Upper end.
        f1: 2 hits / (images of it + images called it); None where both are 0.
    """

    name: str
    count: int
    num_predicted: int
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    f1: float | None


@dataclass(frozen=True)
class Calibration:
    """How far confidence can be believed.

    Args:
        equal_width: Expected calibration error, 15 bins of equal width.
        sweep: With as many equally full bins as keep accuracy rising.
        bins: Of the reliability diagram.
        nll: Mean negative log-likelihood, in nats.
        brier: Mean Brier score.
    """

    equal_width: CalibrationError
    sweep: CalibrationError
    bins: tuple[Bin, ...]
    nll: float
    brier: float


@dataclass(frozen=True)
class Evaluation:
    """What one model's answers are worth.

    Args:
        num_items: Images.
        num_groups: Groups of images that are independent of each other; None where each image is.
        scores: In the order in which to show them.
        classes: One row per class.
        confusion: Rows are true classes, columns predicted ones.
        calibration: As the model is.
        temperature: Fitted on validation images, None without any.
        calibrated: With that temperature, None without one.
    """

    num_items: int
    num_groups: int | None
    scores: tuple[Score, ...]
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: Calibration
    temperature: float | None
    calibrated: Calibration | None

    def score(self, name: str) -> Score:
        """Return a score by name."""
        return next(score for score in self.scores if score.name == name)

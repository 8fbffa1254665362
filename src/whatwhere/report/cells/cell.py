"""What one data set at one training size showed, as the figures and tables read it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from whatwhere.stats.choose import Recommendation
from whatwhere.stats.comparison import Comparison

# The name of the plain backbone, which every design is compared with.
NO_ATTENTION = "none"


@dataclass(frozen=True)
class Design:
    """What a row of the leaderboard is.

    Args:
        name: Its name in the study, a legal file name.
        label: How the report calls it: the name, but a typed wiring and a network with its options
            by themselves, and the plain backbone by its title, or beside whole networks as, for
            instance, "resnet8 without attention".
        title: A longer name.
        family: Group of designs that share a colour.
        kind: "wiring", "block", "control", "user", or "network" for a whole network, which stands
            in the place of the backbone and has no attention of ours.
        number: Place in the catalogue.
        wiring: The canonical wiring, or None.
        source: Where the design comes from.
        departures: What differs from the source; may be empty.
        added_parameters: What a control of single designs' size adds; None for all others.
        cost_control: The control of a design's own size, "none" where it adds next to nothing;
            None where there is none, and in records that do not say.
        gain_control: The constant gain nearest to the design's own; None where none judges it,
            and in records that do not say.
    """

    name: str
    label: str
    title: str
    family: str
    kind: str
    number: int
    wiring: str | None
    source: str
    departures: str
    added_parameters: int | None = None
    cost_control: str | None = None
    gain_control: str | None = None

    @property
    def is_network(self) -> bool:
        """Whether the row is a whole network."""
        return self.kind == "network"

    @property
    def is_attention(self) -> bool:
        """Whether the row is a block in the backbone, and no control."""
        return self.kind not in ("network", "control") and self.name != NO_ATTENTION


def kind_of(designs: Iterable[Design]) -> str:
    """Return what rows are, for a sentence: "design", "network" or "design or network".

    Args:
        designs: What the rows are; the plain backbone is a network among networks, and a design
            among designs.

    Returns:
        The words.
    """
    others = [design for design in designs if design.name != NO_ATTENTION]
    if not any(design.is_network for design in others):
        return "design"
    return "network" if all(design.is_network for design in others) else "design or network"


@dataclass(frozen=True)
class Outcome:
    """One trial and, where it finished, what it scored on the test images.

    Args:
        record: The trial's record.
        scores: Test scores by name: the four metrics, "nll", "brier", and where test images are
            in training too "clean", the chosen metric without them; empty unless finished, None
            where the test images do not allow a score.
        values: Influence value of each test image on the chosen metric, or None.
        curve: Columns of the training curve; empty where none was kept.
        unusable: Why predictions of a finished trial cannot be scored; empty where they can.
    """

    record: dict[str, Any]
    scores: dict[str, float | None] = field(default_factory=dict)
    values: np.ndarray | None = None
    curve: dict[str, np.ndarray] = field(default_factory=dict)
    unusable: str = ""

    @property
    def state(self) -> str:
        """How the trial ended: "finished", "diverged" or "failed"."""
        return "failed" if self.unusable else self.record["state"]

    @property
    def reason(self) -> str:
        """Why the trial did not finish; empty where it did."""
        return self.unusable or self.record.get("reason") or ""

    @property
    def seed(self) -> int:
        """The trial's seed."""
        return self.record["seed"]


@dataclass(frozen=True)
class Row:
    """One design in one cell with all its trials.

    Args:
        design: The design.
        outcomes: Its trials, by seed.
        cost: Median over the finished trials, by cost name; None where nothing was measured.
    """

    design: Design
    outcomes: tuple[Outcome, ...]
    cost: dict[str, float | None]

    @property
    def finished(self) -> tuple[Outcome, ...]:
        """The trials that ended with predictions."""
        return tuple(outcome for outcome in self.outcomes if outcome.state == "finished")

    @property
    def run_values(self) -> np.ndarray:
        """Influence values of the finished trials (seed, image)."""
        return np.stack([outcome.values for outcome in self.finished if outcome.values is not None])

    def num(self, state: str) -> int:
        """Count the trials in a state.

        Args:
            state: "finished", "diverged" or "failed".

        Returns:
            How many there are.
        """
        return sum(outcome.state == state for outcome in self.outcomes)

    @property
    def num_collapsed(self) -> int:
        """How many finished trials predict one class only."""
        return sum("collapsed" in (o.record.get("flags") or ()) for o in self.finished)

    @property
    def learned_shares(self) -> list[float]:
        """The learned `a` of every block and finished trial; empty unless it began as identity."""
        return [a for o in self.finished for a in (o.record.get("learned_shares") or {}).values()]

    def mean_score(self, name: str) -> float | None:
        """Return the mean of a test score over the finished trials, None without any.

        Args:
            name: A metric, "nll", "brier" or "clean".

        Returns:
            The mean, or None.
        """
        scores = [outcome.scores.get(name) for outcome in self.finished]
        known = [score for score in scores if score is not None]
        return float(np.mean(known)) if known and len(known) == len(scores) else None


@dataclass(frozen=True)
class Screening:
    """The first of two stages: what validation images alone showed.

    Args:
        rows: All screened rows; their values are of validation images, and nothing is known of
            their answers to test images.
        comparison: What the validation images show, or None without any finished trial.
        candidates: Designs that this would confirm, highest validation mean first.
        confirmed: Rows that the second stage runs, controls among them.
        fates: What became of each row, in words.
        rounds: Fresh seeds and newly confirmed rows, each time the second stage grew.
    """

    rows: tuple[Row, ...]
    comparison: Comparison | None
    candidates: tuple[str, ...]
    confirmed: tuple[str, ...]
    fates: dict[str, str]
    rounds: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def only_screened(self) -> tuple[str, ...]:
        """Designs that may be best by validation and are not confirmed yet."""
        return tuple(name for name in self.candidates if name not in self.confirmed)


@dataclass(frozen=True)
class Cell:
    """Everything known about one data set at one training size.

    Args:
        dataset: Name of the data set.
        size: Number of training images.
        data: The data set's entry in `data.json`.
        recipe: The resolved recipe it was trained with.
        metric: The metric that is compared.
        rows: All designs, in catalogue order.
        comparison: What the finished trials show, or None without any.
        recommendation: Which designs to choose, or None without a comparison.
        chosen_by: The cost that orders the recommendation.
        excluded: Designs that are not recommended whatever they score, with the reason.
        test_index: Positions of the test images in their source; None where nothing finished.
        screening: The first of two stages; None where there is one stage only.
        groups: Equal for test images that belong together; None where all are on their own.
    """

    dataset: str
    size: int
    data: dict[str, Any]
    recipe: dict[str, Any]
    metric: str
    rows: tuple[Row, ...]
    comparison: Comparison | None
    recommendation: Recommendation | None
    chosen_by: str | None
    excluded: dict[str, str]
    test_index: np.ndarray | None = None
    screening: Screening | None = None
    groups: np.ndarray | None = None

    @property
    def stage(self) -> int:
        """Which stage its rows are from: 2 where a first one chose them, else 1."""
        return 2 if self.screening else 1

    @property
    def kind(self) -> str:
        """What its rows are: "design", "network" or "design or network"."""
        return kind_of(row.design for row in self.rows)

    @property
    def title(self) -> str:
        """The data set's title."""
        return self.data.get("title") or self.dataset

    @property
    def num_folds(self) -> int:
        """How often the test fold rotated; 1 without cross-validation."""
        return len(self.recipe.get("folds") or [""])

    @property
    def num_leaked(self) -> int:
        """How many test images are, pixel for pixel, in training or validation too."""
        return len(self.data.get("leaked_test_indices", []))

    @property
    def compared(self) -> Comparison:
        """The comparison, where the caller knows that there is one."""
        assert self.comparison is not None
        return self.comparison

    def row(self, name: str) -> Row:
        """Return the row of a design.

        Args:
            name: Name of a design in this cell.

        Returns:
            The row.
        """
        return next(row for row in self.rows if row.design.name == name)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All trials of all designs."""
        return tuple(outcome for row in self.rows for outcome in row.outcomes)


@dataclass(frozen=True)
class Predicted:
    """What one trained model said about the test images.

    Args:
        design: The design's name.
        seed: The trial's seed.
        probability: float64, one row per image, one column per class.
        label: True class per image.
        index: Position of each image in its source.
    """

    design: str
    seed: int
    probability: np.ndarray
    label: np.ndarray
    index: np.ndarray

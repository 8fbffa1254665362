"""What a user asks for, before anything is opened or measured."""

import re
import shlex
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from whatwhere.config import fingerprint
from whatwhere.data.splitting.folds import MAX_FOLDS
from whatwhere.errors import UsageError
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS

METRICS = ("accuracy", "balanced-accuracy", "macro-f1", "auc")
ALL = 0  # the size that means every training image
_UNITS = {"s": 1, "m": 60, "h": 3600}
MAX_SEEDS = 100
CONTROL_SETS = ("few", "full")
CONFIRM_SEEDS = 10  # fresh seeds of a confirmation, where the user names no number


@dataclass(frozen=True)
class Request:
    """A comparison as it was asked for; what is None is decided later.

    The fields up to `budget_seconds` are the plan, which may grow within a run. The others are
    the recipe, which may not.

    Args:
        data: Data sets: known names, folders, CSV or npz files.
        designs: Names, families, wildcards, wirings, "file.py:Block", or module classes; empty
            for the default rows.
        seeds: Number of seeds, from 0 on.
        sizes: Numbers of training images; `ALL` for every one.
        budget_seconds: Longest time to plan for; None for no limit.
        metric: Which score drives leaderboard, set and recommendation.
        strict: Whether to refuse data whose splits share images.
        reproduces: The words of the command that asks for exactly these rows, which no control
            joins; empty for a comparison.
        controls: "few" for one widened backbone and one constant gain, or "full" for a widened
            backbone of every design's own size and the constant gain nearest to its own.
        confirm_seeds: Fresh seeds for the designs that screening leaves; None for one stage.
        protocol: "quick", "standard", "thorough", or the name of a publication's recipe such as
            "r1".
        steps: Optimiser steps.
        epochs: Passes over the largest training set, instead of steps.
        batch_size: Images per step.
        learning_rate: At its peak.
        backbone: One of our ResNets, or "timm:NAME".
        pretrained: Weights to begin with: "timm:NAME", a file, or a trained model's folder.
        where: Where attention stands: "branch", "block", "stage" or a pattern of module names.
        image_size: Side of the images, in pixels.
        value_range: Lowest and highest value of images that are not 8 bit.
        device: A torch device.
        precision: "fp32" or "bf16"; measured once per run where it is not given.
        layout: "nchw" or "channels_last"; measured likewise.
        skip_bad: Whether to leave out files that cannot be read.
        frame: "first" takes the first picture of animations and documents.
        allow_missing_class: Whether a class may be missing in a split.
        dedup: Whether images that are in a later split too are left out of training.
        class_weights: "none", "balanced", or a JSON object of weights by class name.
        folds: How often the test fold rotates, 2 to 20; None takes one split.
        validation_fraction: Share of the images drawn for validation where the data gives none.
    """

    data: tuple[str, ...]
    designs: tuple[Any, ...] = ()
    seeds: int = 3
    sizes: tuple[int, ...] = (ALL,)
    budget_seconds: float | None = None
    metric: str = "accuracy"
    strict: bool = False
    reproduces: tuple[str, ...] = ()
    controls: str = "few"
    confirm_seeds: int | None = None
    protocol: str | None = None
    steps: int | None = None
    epochs: float | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    backbone: str | None = None
    pretrained: str | None = None
    where: str | None = None
    image_size: int | None = None
    value_range: tuple[float, float] | None = None
    device: str | None = None
    precision: str | None = None
    layout: str | None = None
    skip_bad: bool = False
    frame: str | None = None
    allow_missing_class: bool = False
    dedup: bool = False
    class_weights: str | None = None
    folds: int | None = None
    validation_fraction: float | None = None

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise UsageError(f"metric '{self.metric}': expected one of {', '.join(METRICS)}")
        if not 1 <= self.seeds <= MAX_SEEDS:
            raise UsageError(f"seeds={self.seeds}: expected 1 to {MAX_SEEDS}")
        if self.folds is not None and not 2 <= self.folds <= MAX_FOLDS:
            raise UsageError(f"folds={self.folds}: expected 2 to {MAX_FOLDS}")
        self._check_stages()
        if self.frame not in (None, "first"):
            raise UsageError(f"frame '{self.frame}': expected first, or nothing")
        if self.epochs is not None and self.epochs <= 0:
            raise UsageError(f"epochs={self.epochs}: expected a number above 0")
        if self.steps is not None and self.epochs is not None:
            raise UsageError("give steps or epochs, not both: one follows from the other")
        if len(set(self.sizes)) != len(self.sizes):
            raise UsageError(f"sizes {self.sizes}: every size once")
        if len(set(self.data)) != len(self.data):
            raise UsageError(f"data {', '.join(self.data)}: every data set once")

    def _check_stages(self) -> None:
        if self.controls not in CONTROL_SETS:
            raise UsageError(
                f"controls '{self.controls}': expected one of {', '.join(CONTROL_SETS)}"
            )
        if self.controls == "full" and self.pretrained is not None:
            raise UsageError(
                "controls 'full' with pretrained weights: no control can begin with them; leave"
                " out --controls"
            )
        if self.confirm_seeds is None:
            return
        if not MIN_SEEDS_FOR_CLAIMS <= self.confirm_seeds <= MAX_SEEDS:
            raise UsageError(
                f"confirm_seeds={self.confirm_seeds}: expected {MIN_SEEDS_FOR_CLAIMS} (fewer allow"
                f" no claim) to {MAX_SEEDS}"
            )
        if self.folds is not None:
            raise UsageError(
                "confirm with folds: every image is for validation in one fold and for test in"
                " another, so a choice by validation would have seen the test images; leave out"
                " --confirm (all designs are then compared, corrected for their number) or --folds"
            )

    def recipe(self) -> dict[str, Any]:
        """Return the recipe as it was asked for; what was left open is not in it."""
        names = [field.name for field in fields(self)]
        recipe = {name: getattr(self, name) for name in names[names.index("protocol") :]}
        return {name: value for name, value in recipe.items() if value not in (None, False)}

    def default_folder(self) -> Path:
        """Return `runs/` + data names + six digits of the recipe: same command, same run."""
        names = "+".join(re.sub(r"[^\w.-]+", "-", _stem(name)) for name in self.data)
        return Path("runs") / f"{names[:60]}-{fingerprint([self.data, self.recipe()])[:6]}"

    def command(self, folder: Path) -> str:
        """Return a command line that continues or repeats this comparison.

        Args:
            folder: The run's folder.

        Returns:
            A command line that continues or repeats this comparison.
        """
        if self.reproduces:
            return shlex.join(self.reproduces)
        words = ["whatwhere", "compare", *self.data]
        for design in self.designs:
            words += ["-d", design if isinstance(design, str) else design.__name__]
        words += ["--seeds", str(self.seeds)]
        if self.sizes != (ALL,):
            words += ["--sizes", ",".join(str(size or "all") for size in self.sizes)]
        if self.metric != "accuracy":
            words += ["--metric", self.metric]
        if self.controls != "few":
            words += ["--controls", self.controls]
        if self.confirm_seeds is not None:
            words.append("--confirm")
        if self.confirm_seeds not in (None, CONFIRM_SEEDS):
            words += ["--confirm-seeds", str(self.confirm_seeds)]
        if self.strict:
            words.append("--strict")
        for name, value in self.recipe().items():
            option = "--" + _OPTIONS.get(name, name.replace("_", "-"))
            if value is True:
                words.append(option)
            elif isinstance(value, tuple):
                words += [option, ",".join(_number(item) for item in value)]
            else:
                words += [option, str(value)]
        return shlex.join([*words, "-o", str(folder)])


_OPTIONS = {"batch_size": "batch", "learning_rate": "lr"}


def refuse_data_folder(folder: Path, data: tuple[str, ...]) -> None:
    """Refuse to write a run into a folder of images.

    Args:
        folder: Where the run would go.
        data: Data sets as the user named them.

    Raises:
        UsageError: If the run's folder lies in one of them.
    """
    for name in data:
        if Path(name).is_dir() and folder.resolve().is_relative_to(Path(name).resolve()):
            raise UsageError(
                f"the run {folder} would lie in the data folder {name}; choose"
                " another place with -o"
            )


def _stem(data: str) -> str:
    path = Path(data)
    return (path.resolve() if path.exists() else path).stem.lower()


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) else repr(value)


def parse_sizes(text: str) -> tuple[int, ...]:
    """Return training sizes from text such as "100,300,all".

    Args:
        text: Whole numbers of images, or "all", separated by commas.

    Returns:
        The sizes, `ALL` for "all".

    Raises:
        UsageError: If an item is neither.
    """
    sizes = []
    for item in text.split(","):
        item = item.strip()
        if item != "all" and not (item.isdigit() and int(item) > 0):
            raise UsageError(
                f"sizes '{text}': '{item}' is not a number of images; expected for"
                " instance 100,300,all"
            )
        sizes.append(ALL if item == "all" else int(item))
    return tuple(sizes)


def parse_confirmation(confirm: bool, confirm_seeds: int | None) -> int | None:
    """Return the number of fresh seeds, None where nothing is to be confirmed.

    Args:
        confirm: Whether to confirm.
        confirm_seeds: How many seeds; None for CONFIRM_SEEDS.

    Returns:
        The number of seeds, or None.

    Raises:
        UsageError: If seeds are given and nothing is to be confirmed.
    """
    if not confirm and confirm_seeds is not None:
        raise UsageError(f"confirm-seeds {confirm_seeds} without --confirm: add --confirm")
    return (CONFIRM_SEEDS if confirm_seeds is None else confirm_seeds) if confirm else None


def parse_budget(text: str) -> float:
    """Return seconds from text such as "90s", "10m" or "2h".

    Args:
        text: A positive number and its unit.

    Returns:
        Seconds.

    Raises:
        UsageError: If the text is not a duration.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if match is None or float(match.group(1)) == 0:
        raise UsageError(f"budget '{text}': expected a duration such as 90s, 10m or 2h")
    return float(match.group(1)) * _UNITS[match.group(2)]


def parse_value_range(text: str) -> tuple[float, float]:
    """Return the lowest and highest value from text such as "0,4095".

    Args:
        text: Two numbers, the lower one first.

    Returns:
        Both values.

    Raises:
        UsageError: If the text is not a range.
    """
    try:
        low, high = (float(item) for item in text.split(","))
    except ValueError:
        low, high = 0.0, 0.0
    if not low < high:
        raise UsageError(f"value range '{text}': expected LOW,HIGH such as 0,4095")
    return low, high

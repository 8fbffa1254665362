"""The plan: which trials, in which order, how long, and what they could show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from whatwhere.records import TrialKey

WORKER_START_SECONDS = 4.0
# A report's first guess before any trial ran: typical spread and disagreement of small networks.
ASSUMED_SEED_SD = 0.01
ASSUMED_DISAGREEMENT = 0.15


@dataclass(frozen=True)
class PlannedTrial:
    """A trial that may be run.

    Args:
        key: Its place in the study.
        seconds: How long it will take one worker.
        is_control: Whether it is no attention or a control, without which others mean little.
    """

    key: TrialKey
    seconds: float
    is_control: bool


@dataclass(frozen=True)
class Plan:
    """What will be run, and what was left out to keep to the budget.

    Args:
        trials: In order of running: seed after seed.
        seconds: Estimated time until the last one ends.
        left_out: Trials that did not fit.
    """

    trials: tuple[PlannedTrial, ...]
    seconds: float
    left_out: tuple[PlannedTrial, ...]

    def left_out_text(self) -> str:
        """Return one sentence about what does not fit the budget, or ""."""
        if not self.left_out:
            return ""
        seeds = sorted({trial.key.seed for trial in self.left_out})
        kept_seeds = {trial.key.seed for trial in self.trials}
        whole = [str(seed) for seed in seeds if seed not in kept_seeds]
        designs = sorted({t.key.design for t in self.left_out if t.key.seed in kept_seeds})
        parts = [f"seeds {', '.join(whole)}"] if whole else []
        parts += [f"designs {', '.join(designs)}"] if designs else []
        return (
            f"left out to keep to the budget: {' and '.join(parts)}"
            f" ({len(self.left_out)} of {len(self.left_out) + len(self.trials)} trials)"
        )


def make_plan(
    trials: Sequence[PlannedTrial], *, num_workers: int, budget_seconds: float | None
) -> Plan:
    """Order the trials, and keep what fits the budget.

    Seeds are complete before a new one begins, so that every finished seed compares all designs;
    within the last seed that fits only in part, no attention and the controls come first.

    Args:
        trials: Everything that is asked for and not finished.
        num_workers: Worker processes; 0 means one process.
        budget_seconds: Longest time, None for no limit.

    Returns:
        The plan.
    """
    ordered = sorted(trials, key=lambda t: (t.key.seed, not t.is_control))
    groups = groupby(ordered, key=lambda t: replace(t.key, fold=None))
    lanes = max(1, num_workers)
    start = WORKER_START_SECONDS if num_workers else 0.0
    kept: list[PlannedTrial] = []
    left_out: list[PlannedTrial] = []
    total = 0.0
    for _, folds in groups:
        together = list(folds)  # a seed of a design counts only with all its folds
        seconds = sum(trial.seconds for trial in together)
        end = start + (total + seconds) / lanes
        # What comes after the first trial that does not fit is left out too: otherwise cheap
        # designs would get more seeds than dear ones.
        if left_out or (budget_seconds is not None and end > budget_seconds):
            left_out += together
        else:
            kept += together
            total += seconds
    return Plan(tuple(kept), start + total / lanes if kept else 0.0, tuple(left_out))


def joined(first: Plan, second: Plan) -> Plan:
    """Return two plans as one, the second after the first.

    Args:
        first: What runs first.
        second: What runs then.

    Returns:
        The plan of both.
    """
    return Plan(
        (*first.trials, *second.trials),
        first.seconds + second.seconds,
        (*first.left_out, *second.left_out),
    )


def duration(seconds: float) -> str:
    """Return a duration for people.

    Args:
        seconds: At least 0.

    Returns:
        A duration for people.

    Example:
        >>> duration(95), duration(42), duration(7300)
        ('1 min 35 s', '42 s', '2 h 2 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

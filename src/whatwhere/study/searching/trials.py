"""The trials of a search: checked before they are built, trained, stopped early; no test image."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from whatwhere.blocks.designs import Design
from whatwhere.config import fingerprint, without_defaults
from whatwhere.errors import StorageError, UsageError
from whatwhere.models import ModelSpec
from whatwhere.models.counting import parameters_of
from whatwhere.records import TrialKey
from whatwhere.study.preparing.chosen import only_design
from whatwhere.study.preparing.measure import spec_of, trial_data
from whatwhere.study.preparing.prepare import Prepared, asked_protocol, resolve_protocol
from whatwhere.study.request import Request
from whatwhere.study.searching.proposals import Checked, Proposals, Taken
from whatwhere.study.searching.space import Candidate
from whatwhere.study.trials.checkpoint import remove_checkpoints
from whatwhere.study.trials.trial import Outcome, TrialSpec, run_trial
from whatwhere.study.trials.worker import reason_of
from whatwhere.training import Protocol
from whatwhere.training.fit import CurvePoint

# Comparisons have seeds from 0 to 99. Those of a search are never among them.
FIRST_SEED = 1_000_000
NUM_TENTHS = 10


class PrunedError(Exception):
    """A trial that is stopped, since those before it were better at the same point."""


@dataclass(frozen=True, eq=False)
class Bench:
    """A data set on which configurations can be tried.

    Args:
        prepared: The data set with its splits.
        request: What `compare` would be asked for, number format and layout settled.
        images_path: The mapped canvases.
        device: The torch device.
        folder: Of the search.
        seed: Of the search.
        max_parameters: Largest network that is tried; None for no limit.
    """

    prepared: Prepared
    request: Request
    images_path: Path
    device: str
    folder: Path
    seed: int
    max_parameters: int | None

    def request_for(self, candidate: Candidate) -> Request:
        """Return the request whose trials are those of a configuration."""
        base = asked_protocol(self.request, device=self.device)
        rate = float(candidate.learning_rate) if candidate.learning_rate else None
        return replace(
            self.request,
            protocol=candidate.protocol(base),
            learning_rate=rate,
            backbone=candidate.backbone or None,
        )

    def resolve(self, candidate: Candidate) -> tuple[Design, ModelSpec, Protocol]:
        """Return what a configuration's texts stand for.

        Args:
            candidate: The texts.

        Returns:
            Row, network and protocol.

        Raises:
            UsageError: If a name is not known or a value is outside its range.
        """
        request = self.request_for(candidate)
        source = self.prepared.source
        protocol = resolve_protocol(source, request, data=request.data[0], device=self.device)
        design = only_design([candidate.design])
        spec = replace(self.prepared, protocol=protocol).model
        return design, spec_of(spec, design, None), protocol

    def are_same(self, first: Candidate, second: Candidate) -> bool:
        """Whether two configurations come to the same network and recipe."""
        one, other = self.resolve(first), self.resolve(second)
        return (one[0].identity, *one[1:]) == (other[0].identity, *other[1:])

    def check(self, candidate: Candidate) -> Checked:
        """Say what a configuration would be, before anything of it is built.

        Args:
            candidate: The texts.

        Returns:
            Its size, and why it is not to be tried.
        """
        try:
            design, spec, _ = self.resolve(candidate)
            parameters = parameters_of(spec, design=design)
        except UsageError as error:
            return Checked(None, str(error))
        if self.max_parameters is not None and parameters > self.max_parameters:
            return Checked(
                parameters, f"{parameters:,} parameters, more than {self.max_parameters:,}"
            )
        return Checked(parameters, "")

    def trial(self, taken: Taken) -> TrialSpec:
        """Return the specification of a trial; it has no test images."""
        design, spec, protocol = self.resolve(taken.candidate)
        size = max(self.prepared.subsets)
        data = trial_data(self.prepared, size=size, images_path=self.images_path)
        seed = FIRST_SEED * (1 + self.seed) + taken.first
        name = f"trial-{taken.first:04}"
        parts = [design.identity, spec.backbone, without_defaults(protocol), seed]
        return TrialSpec(
            key=TrialKey(self.prepared.name, size, name, seed),
            identity=fingerprint([*parts, self.prepared.source.content_hash]),
            design=design,
            model=spec,
            protocol=protocol,
            data=replace(data, test=np.empty(0, dtype=np.int64)),
            device=self.device,
            checkpoint_path=self.folder / "trials" / name / "checkpoint.pt",
        )


def try_one(bench: Bench, proposals: Proposals, taken: Taken) -> str:
    """Train one configuration and write down how it ended.

    Args:
        bench: Data, recipe, device.
        proposals: Of the search.
        taken: What to train.

    Returns:
        One line that tells it.

    Raises:
        StorageError: If the disk is full or gone; the trial waits again then.
    """
    seen: dict[int, float] = {}
    seconds = [0.0]
    checkpoint_path = bench.folder / "trials" / f"trial-{taken.first:04}" / "checkpoint.pt"
    try:
        spec = bench.trial(taken)
        outcome = run_trial(spec, _watch(proposals, taken, spec.protocol.steps, seen, seconds))
    except PrunedError as stop:
        outcome = _stopped("pruned", str(stop), seconds[0])
    except StorageError:
        raise
    except Exception as error:
        outcome = _stopped("failed", reason_of(error), seconds[0])
    remove_checkpoints(checkpoint_path)
    record = outcome.record
    accuracy = record["validation"]["accuracy"] if outcome.state == "finished" else None
    proposals.end(
        taken,
        outcome.state,
        accuracy=accuracy,
        reason=record["reason"] or "",
        seconds=record["seconds"],
    )
    what = outcome.state if accuracy is None else f"{100 * accuracy:.2f} % on validation"
    why = f" ({record['reason']})" if record["reason"] else ""
    return f"trial {taken.trial.number}: {what}{why}, {taken.parameters:,} parameters"


def _stopped(state: str, reason: str, seconds: float) -> Outcome:
    return Outcome(state, {"reason": reason, "seconds": seconds, "validation": None}, {})


def _watch(
    proposals: Proposals, taken: Taken, steps: int, seen: dict[int, float], seconds: list[float]
) -> Callable[[CurvePoint], None]:
    """Return what tells the study every point of the curve, and stops a hopeless trial."""
    interval = -(-steps // NUM_TENTHS)

    def watch(point: CurvePoint) -> None:
        tenth = -(-point.step // interval)
        seen[tenth], seconds[0] = point.validation_accuracy, point.seconds
        if proposals.wanted.is_two:  # Optuna keeps curves of one objective only
            taken.trial.set_user_attr("seen", seen)
            return
        taken.trial.report(point.validation_accuracy, tenth)
        if point.step < steps and taken.trial.should_prune():
            raise PrunedError(
                f"after {point.step:,} of {steps:,} steps its best validation accuracy,"
                f" {100 * max(seen.values()):.1f} %, is below the median of the trials before"
            )

    return watch

"""The only training loop."""

import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from whatwhere.arrays import Batch
from whatwhere.randomness import derive_seed
from whatwhere.recorded import RecordedStep
from whatwhere.training.optimise import build_optimizer, learning_rate_at
from whatwhere.training.protocol import Protocol
from whatwhere.training.step import TrainingStep, fast_forward

NUM_EVALUATIONS = 10


class DivergedError(Exception):
    """Training produced a value that is not finite.

    Args:
        step: The step whose loss was not finite, from 0.
        learning_rate: Of that step.
        gradient_norm: Of the stem, averaged over the epoch until then.
        what: What was not finite: "loss", "weights" or "validation loss".
    """

    def __init__(self, step: int, learning_rate: float, gradient_norm: float, what: str) -> None:
        super().__init__(
            f"the {what} became non-finite at step {step} (learning rate {learning_rate:.3g})"
        )
        self.step = step
        self.learning_rate = learning_rate
        self.gradient_norm = gradient_norm


class CurvePoint(NamedTuple):
    """What is recorded at the end of every tenth of the steps, here called an epoch.

    The stem's gradient norm is a mean over the steps; steps in which it rests count as 0. The
    training loss is what is minimised: of augmented and perhaps mixed images, with smoothed labels.
    """

    step: int
    epoch: float
    learning_rate: float
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    stem_gradient_norm: float
    seconds: float


@dataclass
class FitResult:
    """What training leaves.

    Args:
        model: The network to use: averaged weights where the protocol averages.
        curve: One point per epoch.
        seconds: Time spent in training and validation.
    """

    model: nn.Module
    curve: list[CurvePoint] = field(default_factory=list)
    seconds: float = 0.0


Validate = Callable[[nn.Module], tuple[float, float]]
OnEpoch = Callable[[CurvePoint, Callable[[], dict[str, Any]]], None]


def fit(
    model: nn.Module,
    *,
    batch_at: Callable[[int], Batch],
    steps_per_epoch: int,
    validate: Validate,
    protocol: Protocol,
    seed: int,
    on_epoch: OnEpoch,
    class_weight: Tensor | None = None,
    resting: Collection[str] = (),
    resume_from: dict[str, Any] | None = None,
) -> FitResult:
    """Train a network.

    For the first `protocol.frozen_fraction` of the steps what is named in `resting` does not
    move: its parameters get no gradient, and modules that own one of its buffers (norms with
    running statistics) stay in evaluation mode. Then everything learns.

    Args:
        model: Trained in place, on the device where it is.
        batch_at: step -> batch; a pure function, so a resumed run sees the same batches.
        steps_per_epoch: Steps in a pass over the training images.
        validate: network -> (loss, accuracy) on the validation images.
        protocol: How to train.
        seed: Of what a network draws itself, such as dropout.
        on_epoch: Called after every epoch with its point and a function that returns the state
            to resume from; a plain function that may raise to stop.
        class_weight: Weight of every class in the loss, None for equal ones.
        resting: Names of parameters and buffers, as in the network's state dict.
        resume_from: A state that `on_epoch` was offered.

    Returns:
        The network, the curve and the time.

    Raises:
        DivergedError: If the loss or a weight is not finite.
    """
    loop = _Loop(model, protocol, seed, class_weight, frozenset(resting))
    if resume_from is not None:
        loop.restore(resume_from)
    interval = -(-protocol.steps // NUM_EVALUATIONS)
    devices = [loop.device] if loop.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        while loop.step < protocol.steps:
            last = min((loop.step // interval + 1) * interval, protocol.steps)
            loop.train_until(last, batch_at)
            point = loop.close_epoch(validate, steps_per_epoch)
            on_epoch(point, loop.state)
    return FitResult(loop.evaluated, loop.curve, loop.seconds)


class _Phase:
    """What rests in the first steps of a training run."""

    def __init__(self, model: nn.Module, resting: frozenset[str], num_resting_steps: int) -> None:
        self.model, self.num_resting_steps = model, num_resting_steps
        self.parameters = [
            p for name, p in model.named_parameters() if name in resting and p.requires_grad
        ]
        self.owners = [
            module
            for prefix, module in model.named_modules()
            for name, _ in module.named_buffers(prefix, recurse=False)
            if name in resting
        ]

    def enter(self, step: int) -> None:
        """Put the network into the mode in which a step trains it."""
        rests = step < self.num_resting_steps
        self.model.train()
        for parameter in self.parameters:
            parameter.requires_grad_(not rests)
        if rests:
            for owner in self.owners:
                owner.training = False  # not its children: attention may be one, and it learns


class _Loop:
    """The state of one training run."""

    def __init__(
        self,
        model: nn.Module,
        protocol: Protocol,
        seed: int,
        class_weight: Tensor | None,
        resting: frozenset[str],
    ) -> None:
        self.model, self.protocol, self.seed = model, protocol, seed
        self.device = next(model.parameters()).device
        self.optimizer = build_optimizer(model, protocol, resting=resting)
        self.work = TrainingStep(
            model,
            self.optimizer,
            protocol,
            forward=fast_forward(model, steps=protocol.steps),
            class_weight=class_weight,
        )
        self.take = RecordedStep(self.work)
        self.phase = _Phase(model, resting, round(protocol.frozen_fraction * protocol.steps))
        self.average: AveragedModel | None = None
        if protocol.ema_decay:
            average = get_ema_multi_avg_fn(protocol.ema_decay)
            self.average = AveragedModel(model, multi_avg_fn=average, use_buffers=True)
        self.step = 0
        self.num_summed = 0
        self.seconds = 0.0
        self.curve: list[CurvePoint] = []

    @property
    def evaluated(self) -> nn.Module:
        """The network that is validated and kept."""
        return self.model if self.average is None else self.average.module

    def train_until(self, last: int, batch_at: Callable[[int], Batch]) -> None:
        started = time.perf_counter()
        self.phase.enter(self.step)
        self.work.begin(self.step)
        self.num_summed = 0
        while self.step < last:
            if self.step == self.phase.num_resting_steps:
                self.phase.enter(self.step)
                self.take.forget()
            self._train_step(batch_at(self.step))
            if self.device.type == "cpu":
                self._check_loss()
            self.step += 1
        self._check_loss()
        self.seconds += time.perf_counter() - started

    def close_epoch(self, validate: Validate, steps_per_epoch: int) -> CurvePoint:
        """Check the weights, validate, and add a point to the curve."""
        started = time.perf_counter()
        if not all(bool(torch.isfinite(p).all()) for p in self.model.parameters()):
            raise DivergedError(self.step - 1, *self._rate_and_norm(), "weights")
        self.evaluated.eval()
        loss, accuracy = validate(self.evaluated)
        if not math.isfinite(loss):
            raise DivergedError(self.step - 1, *self._rate_and_norm(), "validation loss")
        self.seconds += time.perf_counter() - started
        rate, norm = self._rate_and_norm()
        point = CurvePoint(
            step=self.step,
            epoch=self.step / steps_per_epoch,
            learning_rate=rate,
            train_loss=float(self.work.loss_sum) / self.num_summed,
            validation_loss=loss,
            validation_accuracy=accuracy,
            stem_gradient_norm=norm,
            seconds=self.seconds,
        )
        self.curve.append(point)
        return point

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs; the random numbers follow from the step."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "curve": [list(point) for point in self.curve],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where `state` was taken."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.curve = [CurvePoint(*values) for values in state["curve"]]

    def _train_step(self, batch: Batch) -> None:
        torch.manual_seed(derive_seed(self.seed, "step", self.step))
        self.work.set_rate(self.step)
        self.take(batch)
        if self.average is not None:
            self.average.update_parameters(self.model)
        self.num_summed += 1

    def _check_loss(self) -> None:
        step = int(self.work.first_bad)
        if step >= 0:
            rate = learning_rate_at(step, self.protocol)
            raise DivergedError(step, rate, self._mean_norm(), "loss")

    def _rate_and_norm(self) -> tuple[float, float]:
        return learning_rate_at(self.step - 1, self.protocol), self._mean_norm()

    def _mean_norm(self) -> float:
        return float(self.work.norm_sum) / max(1, self.num_summed)

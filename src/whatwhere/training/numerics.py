"""Number format and memory layout, measured once per study on the bare backbone."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.arrays import Batch
from whatwhere.errors import UsageError
from whatwhere.recorded import RecordedStep

NUM_ROUNDS = 5
MAX_SECONDS = 20.0  # no further round begins after this long
# Half precision costs digits, so it has to be worth it: this much faster than the best of float32.
MIN_HALF_PRECISION_GAIN = 1.5
UNSAFE = ("fp32", "channels_last")


@dataclass(frozen=True)
class Numerics:
    """How numbers are held and laid out.

    Args:
        precision: "fp32" or "bf16" (autocast; weights stay float32).
        layout: "nchw" or "channels_last".
    """

    precision: str
    layout: str


def choose_numerics(
    make_model: Callable[[], nn.Module],
    image: Tensor,
    label: Tensor,
    *,
    precision: str = "auto",
    layout: str = "auto",
) -> tuple[Numerics, dict[str, float]]:
    """Time training steps of the bare backbone and pick the fastest way.

    All ways run once per round, so that a slow moment of the machine hits all alike.

    Args:
        make_model: Returns the bare backbone, on the device of the images.
        image: One normalised training batch (batch, channel, height, width).
        label: Its classes (batch,).
        precision: "fp32" or "bf16" to choose among these only, "auto" for both.
        layout: "nchw" or "channels_last" to choose among these only, "auto" for both.

    Returns:
        The choice, and the median milliseconds per step of every way tried.
    """
    candidates = _candidates(make_model(), precision, layout)
    runners = {numerics: _Runner(make_model(), image, label, numerics) for numerics in candidates}
    seconds: dict[Numerics, list[float]] = {numerics: [] for numerics in candidates}
    started = time.perf_counter()
    for round_number in range(NUM_ROUNDS):
        if round_number and time.perf_counter() - started > MAX_SECONDS:
            break
        for numerics, runner in runners.items():
            seconds[numerics].append(runner.time_step())
    medians = {numerics: statistics.median(times) for numerics, times in seconds.items()}
    # Half precision has to win by a margin.
    choice = min(
        candidates,
        key=lambda n: medians[n] * (MIN_HALF_PRECISION_GAIN if n.precision == "bf16" else 1.0),
    )
    return choice, {f"{n.precision} {n.layout}": 1000 * value for n, value in medians.items()}


def _candidates(model: nn.Module, precision: str, layout: str) -> list[Numerics]:
    candidates = [
        Numerics(one_precision, one_layout)
        for one_precision in ("fp32", "bf16")
        for one_layout in ("nchw", "channels_last")
        if precision in ("auto", one_precision) and layout in ("auto", one_layout)
    ]
    if not channels_last_is_safe(model):
        candidates = [n for n in candidates if (n.precision, n.layout) != UNSAFE]
    if not candidates:
        raise UsageError(
            "fp32 with channels_last can crash this network on a CPU (a strided 1x1 convolution of"
            " fewer than 16 channels); use --layout nchw"
        )
    return candidates


def channels_last_is_safe(model: nn.Module) -> bool:
    """Whether float32 channels-last training of a network avoids a known crash on CPUs.

    With AVX-512, the backward pass of a strided 1x1 convolution of fewer than 16 input channels
    writes out of bounds in that layout (oneDNN issue 6035).

    Args:
        model: The network.

    Returns:
        False if it has such a convolution.
    """
    return not any(
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and max(module.stride) > 1
        and module.in_channels < 16
        for module in model.modules()
    )


class _Runner:
    """One network in one way of holding numbers, ready to take timed steps."""

    def __init__(self, model: nn.Module, image: Tensor, label: Tensor, numerics: Numerics) -> None:
        last = numerics.layout == "channels_last"
        memory_format = torch.channels_last if last else torch.contiguous_format
        self.model = model.to(memory_format=memory_format).train()
        self.image = image.contiguous(memory_format=memory_format)
        self.mixed = numerics.precision == "bf16"
        self.take = RecordedStep(self._take_step)
        self.batch = Batch(self.image, label, label)
        self.take.prepare(self.batch)
        self.time_step()

    def time_step(self) -> float:
        self._wait()
        started = time.perf_counter()
        self.take(self.batch)
        self._wait()
        return time.perf_counter() - started

    def _take_step(self, batch: Batch) -> None:
        with torch.autocast(self.image.device.type, dtype=torch.bfloat16, enabled=self.mixed):
            logit = self.model(batch.image)
        self.model.zero_grad(set_to_none=True)
        functional.cross_entropy(logit.float(), batch.label).backward()

    def _wait(self) -> None:
        if self.image.device.type == "cuda":
            torch.cuda.synchronize()

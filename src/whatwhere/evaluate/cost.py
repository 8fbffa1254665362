"""What a network costs: parameters, multiply-adds, milliseconds, memory."""

import math
import statistics
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from whatwhere.arrays import Batch
from whatwhere.recorded import RecordedStep

NUM_ROUNDS = 5
MAX_SECONDS = 60.0  # no further round begins after this long


@dataclass(frozen=True)
class Cost:
    """The cost of one network, measured beside the others in the same rounds.

    Args:
        parameters: Learned values.
        macs: Multiply-adds of one image, forward.
        train_step_ms: Median milliseconds of a training step (forward and backward) of the batch.
        inference_ms: Median milliseconds of a forward pass of the batch.
        train_ratio: Median over rounds of the training time relative to the first network.
        inference_ratio: The same for the forward pass.
        peak_bytes: Largest memory held by tensors during a training step, weights included.
    """

    parameters: int
    macs: int
    train_step_ms: float
    inference_ms: float
    train_ratio: float
    inference_ratio: float
    peak_bytes: int


def measure_costs(
    makers: Mapping[str, Callable[[], nn.Module]], batch: Batch, *, precision: str
) -> dict[str, Cost]:
    """Measure networks side by side.

    Every network runs once per round, so that a slow moment of the machine hits all alike; ratios
    are taken within a round.

    Args:
        makers: Name -> function that returns a fresh network; the first is the reference.
        batch: One training batch, on the device to measure.
        precision: "fp32" or "bf16".

    Returns:
        One cost per name.
    """
    names = list(makers)
    train: dict[str, list[float]] = {name: [] for name in names}
    inference: dict[str, list[float]] = {name: [] for name in names}
    models = {name: maker() for name, maker in makers.items()}
    fixed = {name: _fixed_costs(models[name], batch, precision) for name in names}
    steps = {name: RecordedStep(partial(_train_step, models[name], precision)) for name in names}
    passes = {name: RecordedStep(partial(_forward, models[name], precision)) for name in names}
    for step in (*steps.values(), *passes.values()):
        step.prepare(batch)
    started = time.perf_counter()
    for round_number in range(NUM_ROUNDS):
        if round_number and time.perf_counter() - started > MAX_SECONDS:
            break
        for name in names:
            train[name].append(_timed(steps[name], batch))
            inference[name].append(_timed(passes[name], batch))
    reference = names[0]
    return {
        name: Cost(
            **fixed[name],
            train_step_ms=1000 * statistics.median(train[name]),
            inference_ms=1000 * statistics.median(inference[name]),
            train_ratio=_median_ratio(train[name], train[reference]),
            inference_ratio=_median_ratio(inference[name], inference[reference]),
        )
        for name in names
    }


def count_macs(model: nn.Module, image: Tensor) -> int:
    """Return the multiply-adds of one image.

    Convolutions and matrix products are counted, as torch's own counter does, with the two products
    of attention and the products of recurrent layers; element-wise work and pooling are not.

    Args:
        model: The network; put into evaluation mode.
        image: A batch of any size (batch, channel, height, width).

    Returns:
        Multiply-adds per image.
    """
    model.eval()
    counter = FlopCounterMode(display=False, custom_mapping=_RECURRENT)
    # torch's counter knows no formula for the fused attention of CPUs, and would count nothing.
    with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), counter:
        model(image[:1])
    return counter.get_total_flops() // 2


def _onednn_flops(x: Any, w_input: Any, w_hidden: Any, *_: Any, **__: Any) -> int:
    """Return the operations of one recurrent layer in one direction, from shapes."""
    return 2 * math.prod(x[:-1]) * (math.prod(w_input) + math.prod(w_hidden))


def _cudnn_flops(x: Any, weights: Any, *_: Any, **__: Any) -> int:
    """Return the operations of all recurrent layers, from shapes; biases have one dimension."""
    return 2 * math.prod(x[:-1]) * sum(math.prod(w) for w in weights if len(w) == 2)


# Fused recurrent layers, of which torch's counter knows nothing.
_RECURRENT = {
    torch.ops.aten.mkldnn_rnn_layer: _onednn_flops,
    torch.ops.aten._cudnn_rnn: _cudnn_flops,
}


def _fixed_costs(model: nn.Module, batch: Batch, precision: str) -> dict[str, Any]:
    with _PeakMemory() as memory:
        _train_step(model, precision, batch)
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "macs": count_macs(model, batch.image),
        "peak_bytes": memory.peak_bytes + weights,
    }


def _train_step(model: nn.Module, precision: str, batch: Batch) -> None:
    model.train()
    model.zero_grad(set_to_none=True)
    with torch.autocast(batch.image.device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
        logit = model(batch.image)
    functional.cross_entropy(logit.float(), batch.label).backward()


def _forward(model: nn.Module, precision: str, batch: Batch) -> None:
    model.eval()
    device = batch.image.device.type
    with (
        torch.inference_mode(),
        torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16"),
    ):
        model(batch.image)


def _timed(run: Callable[[Batch], None], batch: Batch) -> float:
    wait = torch.cuda.synchronize if batch.image.device.type == "cuda" else lambda: None
    wait()
    started = time.perf_counter()
    run(batch)
    wait()
    return time.perf_counter() - started


def _median_ratio(values: list[float], references: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(values, references, strict=True))


class _PeakMemory(TorchDispatchMode):
    """Counts the bytes of the storages that are alive at once, on any device."""

    def __init__(self) -> None:
        super().__init__()
        self.peak_bytes = 0
        self._held: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(value, Tensor):
                self._hold(value.untyped_storage())
        return result

    def _hold(self, storage: torch.UntypedStorage) -> None:
        key = storage.data_ptr()
        if storage.nbytes() == 0 or key in self._held:
            return
        self._held[key] = storage.nbytes()
        weakref.finalize(storage, self._held.pop, key, None).atexit = False
        self.peak_bytes = max(self.peak_bytes, sum(self._held.values()))

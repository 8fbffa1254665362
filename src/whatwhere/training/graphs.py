"""Training steps on a GPU without the cost of launching them: CUDA graphs and compiled networks.

Small networks keep a GPU waiting: a training step of SAMC is a thousand operations, each of which
takes Python longer to launch than the GPU to carry out. A graph launches them all at once.
"""

from collections.abc import Callable
from dataclasses import fields

import torch
from torch import Tensor, nn

from whatwhere.arrays import Batch

NUM_WARMUP_STEPS = 3  # libraries choose their kernels and momenta come into being
# Compiling takes about a minute and saves about 2 ms a step.
COMPILE_FROM_STEPS = 30_000


def fast_forward(model: nn.Module, *, steps: int) -> Callable[[Tensor], Tensor]:
    """Return what computes a network's logits in training: compiled where that pays.

    Args:
        model: The network; its weights are shared.
        steps: That will be trained.

    Returns:
        The network itself on a CPU and for short runs. `TORCH_COMPILE_DISABLE=1` in the
        environment, which is torch's own switch, turns compiling off.
    """
    on_gpu = next(model.parameters()).device.type == "cuda"
    if on_gpu and steps >= COMPILE_FROM_STEPS:
        return torch.compile(model, dynamic=False)
    return model


class RecordedStep:
    """A training step as a CUDA graph: taken as it is a few times, recorded, and then replayed.

    Recording is begun anew where batches take another form. Random numbers follow from the seed
    set before a step, in a replay as well.

    Args:
        take: Trains on a batch; it must not wait for the GPU.
    """

    def __init__(self, take: Callable[[Batch], None]) -> None:
        self.take = take
        self.graph: torch.cuda.CUDAGraph | None = None
        self.num_taken = 0
        self.held: Batch | None = None

    def forget(self) -> None:
        """Begin anew; for when the step does something else from now on."""
        self.graph, self.num_taken, self.held = None, 0, None

    def __call__(self, batch: Batch) -> None:
        """Train on a batch."""
        if self.held is not None and not _alike(batch, self.held):
            self.forget()
        if self.held is None:
            self.held = _like(batch)
        _copy(batch, self.held)
        if self.num_taken < NUM_WARMUP_STEPS:
            self._warm_up()
            return
        if self.graph is None:
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.take(self.held)
        self.graph.replay()

    def _warm_up(self) -> None:
        """Train on the held batch, in a stream of its own as recording will."""
        assert self.held is not None
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self.take(self.held)
        torch.cuda.current_stream().wait_stream(stream)
        self.num_taken += 1


def _tensors(batch: Batch) -> dict[str, Tensor]:
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return {name: value for name, value in values.items() if value is not None}


def _alike(batch: Batch, other: Batch) -> bool:
    """Whether two batches have the same fields, shapes and memory layouts."""
    first, second = (
        {name: (value.shape, value.stride(), value.dtype) for name, value in _tensors(b).items()}
        for b in (batch, other)
    )
    return first == second


def _like(batch: Batch) -> Batch:
    return Batch(**{name: torch.empty_like(value) for name, value in _tensors(batch).items()})


def _copy(batch: Batch, target: Batch) -> None:
    for name, value in _tensors(batch).items():
        getattr(target, name).copy_(value)

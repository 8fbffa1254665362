"""Steps on a GPU without the cost of launching them: CUDA graphs.

Small networks keep a GPU waiting: a training step of SAMC is a thousand operations, each of which
takes Python longer to launch than the GPU to carry out. A graph launches them all at once.
"""

from collections.abc import Callable
from dataclasses import fields

import torch
from torch import Tensor

from whatwhere.arrays import Batch

NUM_WARMUP_STEPS = 3  # libraries choose their kernels and momenta come into being


class RecordedStep:
    """A step; on a GPU a CUDA graph: taken a few times, then recorded, and then replayed.

    On a CPU it is taken as it is. Recording is begun anew where batches take another form. Random
    numbers follow from the seed set before a step, in a replay as well. A step that waits for the
    GPU, such as one of a block that looks at a value, cannot be recorded; it is taken every time.

    Args:
        take: Computes with a batch, for instance trains on it.
    """

    def __init__(self, take: Callable[[Batch], None]) -> None:
        self.take = take
        self.graph: torch.cuda.CUDAGraph | None = None
        self.num_taken = 0
        self.held: Batch | None = None
        self.recordable = True

    def forget(self) -> None:
        """Begin anew; for when the step does something else from now on."""
        self.graph, self.num_taken, self.held = None, 0, None

    def prepare(self, batch: Batch) -> None:
        """Do it with a batch until a GPU only replays it; nothing on a CPU."""
        if batch.image.device.type == "cuda":
            for _ in range(NUM_WARMUP_STEPS + 1):
                self(batch)

    def __call__(self, batch: Batch) -> None:
        """Do it with a batch."""
        if batch.image.device.type != "cuda":
            self.take(batch)
            return
        if self.held is not None and not _alike(batch, self.held):
            self.forget()
        if self.held is None:
            self.held = _like(batch)
        _copy(batch, self.held)
        if self.num_taken == NUM_WARMUP_STEPS and self.graph is None and self.recordable:
            self._record()
        if self.graph is None:
            self._warm_up()
        else:
            self.graph.replay()

    def _record(self) -> None:
        assert self.held is not None
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self.take(self.held)
        except RuntimeError:
            self.recordable = False  # what is wrong with the step itself shows when it is taken
        else:
            self.graph = graph

    def _warm_up(self) -> None:
        """Do it with the held batch, in a stream of its own as recording will."""
        assert self.held is not None
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self.take(self.held)
        torch.cuda.current_stream().wait_stream(stream)
        self.num_taken = min(self.num_taken + 1, NUM_WARMUP_STEPS)


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

"""Follow one sample through a network: which modules make which maps, and where paths join."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from whatwhere.errors import UsageError
from whatwhere.nn.modes import in_evaluation

# Sides in pixels that are tried in turn where no sample is given.
SIDES = (128, 224, 32, 28, 64, 96, 299)
_SUMS = (torch.ops.aten.add.Tensor, torch.ops.aten.add_.Tensor)
_CONCATENATION = torch.ops.aten.cat.default
_PRODUCTS = (
    torch.ops.aten.addmm.default,
    torch.ops.aten.mm.default,
    torch.ops.aten.bmm.default,
)

# A tensor at one moment: changing it in place makes another value of the same object.
Value = tuple[int, int]


@dataclass(frozen=True)
class Call:
    """One call of a module that returned a map.

    Args:
        name: The module's dotted name.
        value: What it returned.
        channels: Of the map.
        size: Height and width of the map, in pixels.
        num_convolutions: Convolutions that were carried out during the call.
        device: Of the map.
        dtype: Of the map.
    """

    name: str
    value: Value
    channels: int
    size: tuple[int, int]
    num_convolutions: int
    device: torch.device
    dtype: torch.dtype


@dataclass(frozen=True)
class Join:
    """A place where maps meet: a sum, or a concatenation of channels.

    Args:
        owner: Dotted name of the innermost module in whose forward it happened.
        is_sum: Whether it is a sum of two maps.
        branch: The summand with more convolutions behind it; None where neither has more.
        shape: Of the summands.
    """

    owner: str
    is_sum: bool
    branch: Value | None
    shape: tuple[int, ...]


@dataclass
class Trace:
    """What happened while a sample went through a network.

    Args:
        sample: What the network was called with.
        calls: Calls that returned maps, in the order in which they ended.
        joins: Sums and concatenations of maps, in their order.
        num_calls: How often every module was called, whatever it returned.
        num_convolutions: Convolutions that were carried out.
        num_products: Matrix products that were carried out.
        output: What the network returned.
    """

    sample: Tensor
    calls: list[Call] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    num_calls: Counter[str] = field(default_factory=Counter)
    num_convolutions: int = 0
    num_products: int = 0
    output: Any = None

    def returns_a_map(self, name: str) -> bool:
        """Whether a module was called once and returned a map."""
        return self.num_calls[name] == 1 and any(call.name == name for call in self.calls)


def follow(model: nn.Module, sample: Tensor | None = None) -> Trace:
    """Run a network once, in evaluation mode and without gradients, and note what happens.

    A map is a floating-point tensor (batch, channel, height, width) of more than one pixel in
    both directions and of the sample's aspect ratio, so channels-last tokens are no maps.

    Args:
        model: Any network; left as it was.
        sample: What to call it with; by default zeros with the channels of its first convolution,
            of the first side that it accepts.

    Returns:
        The calls and joins.

    Raises:
        UsageError: If the network does not run on the sample, or has no convolution.
    """
    failures = []
    for candidate in [sample] if sample is not None else _samples(model):
        follower = _Follower(candidate)
        try:
            with _watched(model, follower), follower:
                follower.trace.output = run(model, candidate)
            return follower.trace
        except Exception as error:
            failures.append(f"{tuple(candidate.shape)}: {type(error).__name__}: {error}")
    raise UsageError(
        f"{type(model).__name__} does not run on a sample of shape {failures[-1].splitlines()[0]};"
        " pass sample=torch.zeros(1, channels, height, width) of a size that it accepts"
    )


def run(model: nn.Module, sample: Tensor) -> Any:
    """Return a network's output in evaluation mode, without gradients; all else stays as it was.

    What a network draws on the CPU even in evaluation is the same at every call.

    Args:
        model: The network.
        sample: A batch that it accepts.

    Returns:
        Whatever the network returns.
    """
    with (
        in_evaluation(model),
        torch.random.fork_rng(devices=[]),
        torch.no_grad(),
        torch.autocast(sample.device.type, enabled=False),
    ):
        torch.default_generator.manual_seed(0)
        return model(sample)


class _Follower(TorchDispatchMode):
    """Counts the convolutions behind every tensor and notes joins and calls."""

    def __init__(self, sample: Tensor) -> None:
        super().__init__()
        self.trace = Trace(sample)
        self.stack = [""]
        self._depth: dict[int, int] = {}
        self._alive: list[Any] = []  # an id is unique only while its object lives

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _SUMS or func is _CONCATENATION:
            self._note_join(func, args)
        sources = [leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor)]
        depth = max((self._depth.get(id(source), 0) for source in sources), default=0)
        is_convolution = "convolution" in str(func)
        self.trace.num_convolutions += is_convolution
        self.trace.num_products += func in _PRODUCTS
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self._depth[id(leaf)] = depth + is_convolution
                self._alive.append(leaf)
        return result

    def is_map(self, value: Any) -> bool:
        """Whether a value is a feature map of the sample."""
        if not isinstance(value, Tensor) or value.ndim != 4 or not value.is_floating_point():
            return False
        batch, _, high, wide = self.trace.sample.shape
        height, width = value.shape[2:]
        off = abs(height * wide - width * high)
        return value.shape[0] == batch and min(height, width) > 1 and off <= max(high, wide)

    def _note_join(self, func: Any, args: Any) -> None:
        is_sum = func in _SUMS
        parts: Sequence[Any] = args[:2] if is_sum else args[0]
        if len(parts) < 2 or not all(self.is_map(part) for part in parts):
            return
        if is_sum and parts[0].shape != parts[1].shape:
            return
        if not is_sum and (len(args) < 2 or args[1] not in (1, -3)):
            return
        depths = [self._depth.get(id(part), 0) for part in parts]
        branch = None
        if is_sum and depths[0] != depths[1]:
            branch = _value(parts[depths.index(max(depths))])
        self.trace.joins.append(Join(self.stack[-1], is_sum, branch, tuple(parts[0].shape)))

    def note_call(self, name: str, output: Any, num_convolutions: int) -> None:
        """Note that a module returned."""
        self.trace.num_calls[name] += 1
        if not self.is_map(output):
            return
        self._alive.append(output)
        self.trace.calls.append(
            Call(
                name=name,
                value=_value(output),
                channels=output.shape[1],
                size=(output.shape[2], output.shape[3]),
                num_convolutions=num_convolutions,
                device=output.device,
                dtype=output.dtype,
            )
        )


def _value(tensor: Tensor) -> Value:
    return id(tensor), tensor._version


@contextmanager
def _watched(model: nn.Module, follower: _Follower) -> Iterator[None]:
    """With hooks that tell the follower when a module begins and ends."""
    handles = []
    starts: list[int] = []

    def begin(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any) -> None:
            follower.stack.append(name)
            starts.append(follower.trace.num_convolutions)

        return hook

    def end(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            follower.stack.pop()
            follower.note_call(name, output, follower.trace.num_convolutions - starts.pop())

        return hook

    try:
        for name, module in model.named_modules():
            handles.append(module.register_forward_pre_hook(begin(name)))
            handles.append(module.register_forward_hook(end(name)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _samples(model: nn.Module) -> Iterator[Tensor]:
    """Yield zeros to try, of the size that timm notes beside a model first."""
    if any(map(is_lazy, model.parameters())):
        raise UsageError(
            f"{type(model).__name__} has weights whose shape is open; run it once before"
        )
    first = next((m for m in model.modules() if isinstance(m, nn.Conv2d)), None)
    if first is None:
        raise UsageError(
            f"{type(model).__name__} has no convolution; attention on maps needs a"
            " convolutional network"
        )
    noted = (getattr(model, "pretrained_cfg", None) or {}).get("input_size")
    shapes = [tuple(noted)] if noted else []
    shapes += [(first.in_channels, side, side) for side in SIDES]
    for shape in dict.fromkeys(shapes):
        yield torch.zeros(1, *shape, device=first.weight.device, dtype=first.weight.dtype)

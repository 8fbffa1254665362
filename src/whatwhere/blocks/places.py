"""Where attention may stand in a network: after which modules, found by following a sample."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import nn

from whatwhere.blocks.follow import Call, Trace, Value
from whatwhere.errors import UsageError, nearest

PLACES = ("branch", "block", "stage")
SLOT = "attention"
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True)
class Place:
    """A module whose output attention will change.

    Args:
        name: The module's dotted name.
        channels: Of its output.
        device: Of its output.
        dtype: Of its output.
    """

    name: str
    channels: int
    device: torch.device
    dtype: torch.dtype


def find_places(model: nn.Module, trace: Trace, where: str) -> list[Place]:
    """Return the places that a word or a pattern stands for, in the order of the modules.

    - "branch": the end of every residual branch. A branch ends where a sum adds it to its
      shortcut; the place is the module whose output is the summand with more convolutions behind
      it, if the sum has the shape of its block's output. Blocks of the same class that lack a
      shortcut, because they change the shape, get it after the same module.
    - "block": the output of every innermost module that convolves and in which maps are added
      (where there is none: in which channels are concatenated), and of the modules of its class.
    - "stage": at every resolution the last output of an outermost module that convolves and in
      which maps are added or concatenated. Where a network never joins maps: at every resolution
      that has a convolution, the last layer that is no pooling.
    - anything else is a pattern of module names, part by part: `*` stands for one part, `**` for
      any number ("layer?.*.bn2", "**.conv2").

    Args:
        model: The network.
        trace: What `follow` saw.
        where: The word or pattern.

    Returns:
        At least one place.

    Raises:
        UsageError: If there is none; the message says what would work.
    """
    if where in PLACES:
        names = [] if _is_no_cnn(trace) else _FINDERS[where](model, trace)
        if not names:
            raise _refusal(model, trace, where)
    else:
        names = _matches(model, trace, where)
    order = {name: number for number, (name, _) in enumerate(model.named_modules())}
    last = {call.name: call for call in trace.calls}
    found = [last[name] for name in sorted(dict.fromkeys(names), key=order.__getitem__)]
    return [Place(call.name, call.channels, call.device, call.dtype) for call in found]


def _branches(model: nn.Module, trace: Trace) -> list[str]:
    outputs = {call.name: call for call in trace.calls}
    found: dict[str, str] = {}
    for join in trace.joins:
        block = outputs.get(join.owner)
        if join.branch is None or block is None or join.shape[1:] != (block.channels, *block.size):
            continue
        ends = [call for call in trace.calls if call.value == join.branch]
        ends = [call for call in ends if trace.num_calls[call.name] == 1]
        if ends:
            found[_branch_end(model, ends).name] = join.owner
    owners = set(found.values())
    for end, owner in list(found.items()):
        if owner and _is_inside(end, owner):
            for sibling in _siblings(model, trace, owner):
                if sibling not in owners:
                    found[sibling + end.removeprefix(owner)] = sibling
    return [name for name in found if trace.returns_a_map(name)]


def _branch_end(model: nn.Module, ends: list[Call]) -> Call:
    """Choose among modules that returned the same value: an empty slot, else the outermost."""
    for call in ends:
        if is_slot(model, call.name):
            return call
    return min(ends, key=lambda call: call.name.count("."))


def is_slot(model: nn.Module, name: str) -> bool:
    """Whether a module is a place that its network keeps free for attention."""
    return name.rpartition(".")[2] == SLOT and type(model.get_submodule(name)) is nn.Identity


def _siblings(model: nn.Module, trace: Trace, owner: str) -> list[str]:
    """Return the other modules of the owner's class that returned a map."""
    kind = type(model.get_submodule(owner))
    called = {call.name for call in trace.calls}
    return [
        name
        for name, module in model.named_modules()
        if type(module) is kind and name in called and name != owner
    ]


def _owners(model: nn.Module, trace: Trace, *, sums_only: bool) -> list[str]:
    """Return the modules that join maps, convolve and return a map, and their siblings."""
    convolving = {call.name for call in trace.calls if call.num_convolutions}
    joins = [join for join in trace.joins if join.is_sum or not sums_only]
    owners = dict.fromkeys(j.owner for j in joins if j.owner and j.owner in convolving)
    siblings = [name for owner in owners for name in _siblings(model, trace, owner)]
    return [name for name in dict.fromkeys([*owners, *siblings]) if trace.returns_a_map(name)]


def _blocks(model: nn.Module, trace: Trace) -> list[str]:
    owners = _owners(model, trace, sums_only=True) or _owners(model, trace, sums_only=False)
    return [name for name in owners if not any(_is_inside(other, name) for other in owners)]


def _stages(model: nn.Module, trace: Trace) -> list[str]:
    owners = _owners(model, trace, sums_only=False)
    outer = [name for name in owners if not any(_is_inside(name, other) for other in owners)]
    whole = {_whole(model, trace, name) for name in outer}
    calls = [call for call in trace.calls if call.name in whole]
    return list({call.size: call.name for call in calls or _plain_layers(model, trace)}.values())


def _whole(model: nn.Module, trace: Trace, name: str) -> str:
    """Return the module around a container that is only a part of it, else the module itself."""
    parent = name.rpartition(".")[0]
    is_part = isinstance(model.get_submodule(name), CONTAINERS) and not isinstance(
        model.get_submodule(parent), CONTAINERS
    )
    sizes = {call.name: call.size for call in trace.calls}
    whole = is_part and trace.returns_a_map(parent) and sizes[parent] == sizes[name]
    return parent if whole else name


def _is_inside(name: str, other: str) -> bool:
    return name.startswith(f"{other}.")


def _plain_layers(model: nn.Module, trace: Trace) -> list[Call]:
    """Return the layers, pooling apart, of the resolutions at which something is convolved."""
    leaves = [call for call in trace.calls if not list(model.get_submodule(call.name).children())]
    convolved = {call.size for call in leaves if call.num_convolutions}
    values = {
        call.value
        for call in leaves
        if call.size in convolved and "Pool" not in type(model.get_submodule(call.name)).__name__
    }
    layers: dict[Value, Call] = {}
    for call in trace.calls:  # the outermost module that returns a layer's value stands for it
        is_container = isinstance(model.get_submodule(call.name), CONTAINERS)
        if call.value in values and not is_container and trace.num_calls[call.name] == 1:
            layers[call.value] = call
    return list(layers.values())


def _matches(model: nn.Module, trace: Trace, pattern: str) -> list[str]:
    known = [name for name, _ in model.named_modules() if name]
    names = [name for name in known if _fits(name.split("."), pattern.split("."))]
    if not names:
        raise UsageError(
            f"where='{pattern}' is no module of {type(model).__name__}"
            f"{nearest(pattern, [*PLACES, *known])} (expected {', '.join(PLACES)}, or a pattern of"
            f" module names such as {_example(trace)})"
        )
    for name in names:
        if not trace.returns_a_map(name):
            several = trace.num_calls[name] > 1
            said = "is called more than once" if several else "returns no map"
            raise UsageError(
                f"where='{pattern}': {name} {said}, so attention cannot stand after it; narrow the"
                f" pattern, for instance to {_example(trace)}"
            )
    return names


def _fits(parts: list[str], pattern: list[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _example(trace: Trace) -> str:
    once = [call.name for call in trace.calls if call.name and trace.num_calls[call.name] == 1]
    return f"'{once[len(once) // 2]}'" if once else "'layer1.*'"


def _refusal(model: nn.Module, trace: Trace, where: str) -> UsageError:
    """Say why a network has no such place, and what works."""
    said = f"where='{where}': {type(model).__name__} has"
    if _is_no_cnn(trace):
        return UsageError(
            f"{said} {trace.num_convolutions} convolution(s) beside {trace.num_products} matrix"
            " products; attention on maps needs a convolutional network"
        )
    reasons = {
        "branch": "no residual branch that ends with a module's output",
        "block": "no modules that add or concatenate maps",
        "stage": "no feature maps",
    }
    works = [word for word in PLACES if _FINDERS[word](model, trace)]
    offers = [f"where='{word}'" for word in works[:1]] + [f"a name such as {_example(trace)}"]
    return UsageError(f"{said} {reasons[where]}; what works: {' or '.join(offers)}")


def _is_no_cnn(trace: Trace) -> bool:
    """Whether a network is a transformer with a few convolutions to cut its patches."""
    return 10 * trace.num_convolutions < trace.num_products


_FINDERS: dict[str, Callable[[nn.Module, Trace], list[str]]] = {
    "branch": _branches,
    "block": _blocks,
    "stage": _stages,
}

"""Put any block into anyone's network, after modules that are there, and take it out again."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from whatwhere.blocks.designs import STARTS, Design, named_or_typed
from whatwhere.blocks.follow import Trace, follow, run
from whatwhere.blocks.places import CONTAINERS, SLOT, Place, find_places, is_slot
from whatwhere.blocks.registered import WIDENED
from whatwhere.blocks.start import IdentityStart
from whatwhere.blocks.wiring import Wiring
from whatwhere.errors import UsageError, WhatWhereError

Factory = Callable[[int], nn.Module]
_RECORD = "_attached_attention"  # a plain attribute of the network: no part of its state dict


@dataclass(frozen=True)
class _Spot:
    """Where one block stands: after the host, as an attribute of its home."""

    host: str
    home: str
    attribute: str
    slot: nn.Module | None  # what the block stands in for, where the network keeps a place free


class _Attended:
    """The forward of a host: its own, and then the attention that stands after it.

    It is set on the host itself, not registered as a hook: torch.compile looks up `forward` anew
    for every network, but reuses the graph of another network of the same class whatever its hooks.
    """

    def __init__(self, host: nn.Module, home: nn.Module, attribute: str) -> None:
        self.host, self.home, self.attribute = host, home, attribute
        self.before = vars(host).get("forward")

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        if self.before is None:
            output = type(self.host).forward(self.host, *args, **kwargs)
        else:
            output = self.before(*args, **kwargs)
        return getattr(self.home, self.attribute)(output)


def attach(
    model: nn.Module,
    design: str | Wiring | Design | Factory,
    *,
    where: str = "branch",
    start: str = "identity",
    sample: Tensor | None = None,
) -> nn.Module:
    """Insert attention into a convolutional network, in place.

    One sample is followed through the network to find the places and their channels (see
    `whatwhere.blocks.places.find_places` for the rules). The block stands after a module that is
    there already, as its child `attention`: nothing is wrapped, so every parameter and buffer
    keeps its name and checkpoints of the bare network load with `strict=False`. Where the module
    is a container whose children run on their own, the block is a child of the nearest module
    around it instead (`attention_` and the rest of the name); an `nn.Identity` that a network
    keeps under the name `attention` is replaced.

    Args:
        model: The network; changed in place. Whatever replaces modules (converting norms to
            `SyncBatchNorm`, freezing or fusing them, compiling) comes before `attach` or after
            `detach`; `nn.DataParallel` is not supported, `DistributedDataParallel` is.
        design: A registered name, a wiring, a `Design`, or a module class (channels -> block).
        where: "branch", "block", "stage", or a pattern of module names such as "layer?.*.bn2".
        start: "identity" leaves the network's outputs unchanged, bit for bit, until training moves
            them; "paper" begins as published.
        sample: A batch (batch, channel, height, width) that the network accepts; by default zeros
            of a size that it does. Maps of one pixel carry no attention: with images so small that
            the last maps shrink to that, there are fewer places than with larger ones.

    Returns:
        The same network.

    Raises:
        UsageError: If the network has no such place, carries attention already, or does not run on
            the sample, before and after; nothing is changed then.

    Source: ours; the end of the residual branch is where SE and CBAM stand.

    Cost: two forward passes of one small image.

    Example:
        >>> from whatwhere.models import create_resnet
        >>> model = attach(create_resnet("resnet8", num_classes=5, in_channels=3), "csa")
        >>> type(model.stages[0][0].attention.block).__name__
        'WiringAttention'
    """
    if start not in STARTS:
        raise UsageError(f"attach(start='{start}'): expected one of {', '.join(STARTS)}")
    factory = _factory(design)
    if factory is None:
        return model
    if _record(model):
        raise UsageError(f"{type(model).__name__} carries attention already; `detach` it first")
    with torch.inference_mode(False):
        trace = follow(model, sample)
        places = find_places(model, trace, where)
        spots = [_spot(model, place) for place in places]
        # Everything that can fail comes before the first change.
        blocks = [_build(factory, place, start, model.training) for place in places]
        for spot, block in zip(spots, blocks, strict=True):
            _put(model, spot, block)
        setattr(model, _RECORD, spots)
        _check(model, trace, start)
    return model


def detach(model: nn.Module) -> nn.Module:
    """Take out all attention that `attach` inserted into a network, in place.

    Args:
        model: The network that was given to `attach`.

    Returns:
        The same network, with the modules and forwards that it had before.

    Raises:
        UsageError: If there is nothing to take out, or a module was replaced since.
    """
    spots = _record(model)
    if not spots:
        raise UsageError(f"{type(model).__name__} carries no attention that `attach` inserted")
    attached(model)  # refuses a network of which something is missing before anything is changed
    for spot in spots:
        home, host = model.get_submodule(spot.home), model.get_submodule(spot.host)
        if spot.slot is not None:
            setattr(home, spot.attribute, spot.slot)
            continue
        before = vars(host)["forward"].before
        delattr(host, "forward")
        if before is not None:
            vars(host)["forward"] = before
        delattr(home, spot.attribute)
    delattr(model, _RECORD)
    return model


def attached(model: nn.Module) -> dict[str, nn.Module]:
    """Return the blocks that `attach` inserted, by the name of the module they stand after.

    Args:
        model: The network that was given to `attach`.

    Returns:
        The blocks, in the order of the modules; empty where there are none.

    Raises:
        UsageError: If a module was replaced since, so that its attention is not run any more.
    """
    found = {}
    for spot in _record(model):
        home, forward = model.get_submodule(spot.home), _forward(model, spot)
        runs = isinstance(forward, _Attended) and forward.attribute == spot.attribute
        if not hasattr(home, spot.attribute) or not (runs or spot.slot is not None):
            raise UsageError(
                f"{spot.host} was replaced, or given other attention, after `attach`: what was put"
                " there does not run; convert or freeze norms first, and detach in reverse order"
            )
        found[spot.host] = getattr(home, spot.attribute)
    return found


def _forward(model: nn.Module, spot: _Spot) -> Any:
    return vars(model.get_submodule(spot.host)).get("forward")


def _put(model: nn.Module, spot: _Spot, block: nn.Module) -> None:
    home = model.get_submodule(spot.home)
    setattr(home, spot.attribute, block)
    if spot.slot is None:
        host = model.get_submodule(spot.host)
        vars(host)["forward"] = _Attended(host, home, spot.attribute)


def _check(model: nn.Module, trace: Trace, start: str) -> None:
    """Run the sample again; a network that goes wrong with attention is given back as it was."""
    calls: Counter[nn.Module] = Counter()
    blocks = attached(model).values()
    handles = [block.register_forward_hook(lambda b, *_: calls.update([b])) for block in blocks]
    try:
        output = run(model, trace.sample)
        if any(calls[block] != 1 for block in blocks):
            raise UsageError("a block does not run once, perhaps since a module runs its children")
        if start == "identity" and not _same(trace.output, output):
            raise UsageError("its output changes although the blocks start as the identity")
    except Exception as error:
        detach(model)
        raise UsageError(
            f"{type(model).__name__} cannot carry this attention there: {error}; name another place"
        ) from error
    finally:
        for handle in handles:
            handle.remove()


def _same(before: Any, after: Any) -> bool:
    """Whether all tensors of two outputs are equal, bit for bit."""
    pairs = zip(tree_leaves(before), tree_leaves(after), strict=True)
    return all(
        torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)
        for one, other in pairs
        if isinstance(one, Tensor)
    )


def _record(model: nn.Module) -> list[_Spot]:
    return getattr(model, _RECORD, [])


def _factory(design: str | Wiring | Design | Factory) -> Factory | None:
    """Return what makes a block for a number of channels; None for no attention."""
    if isinstance(design, Wiring):
        design = str(design)
    if isinstance(design, str):
        design = named_or_typed(design)
    if isinstance(design, Design):
        if design.name == WIDENED:
            raise UsageError(f"'{design.name}' changes the backbone; it is not a block of its own")
        return design.factory
    if isinstance(design, nn.Module) or not callable(design):
        kind = type(design).__name__
        raise UsageError(
            f"attach(design={kind} object): expected a name, a wiring, or what makes a block for a"
            f" number of channels, such as the class {kind} itself"
        )
    return design


def _build(factory: Factory, place: Place, start: str, training: bool) -> nn.Module:
    try:
        block = factory(place.channels)
        if start == "identity":
            block = IdentityStart(block, place.channels)
        return block.to(device=place.device, dtype=place.dtype).train(training)
    except WhatWhereError:
        raise
    except Exception as error:
        raise UsageError(
            f"the design fails at {place.name}, for {place.channels} channels:"
            f" {type(error).__name__}: {error}"
        ) from error


def _spot(model: nn.Module, place: Place) -> _Spot:
    """Decide which module the block becomes a child of, and under which name."""
    parent, _, last = place.name.rpartition(".")
    if is_slot(model, place.name):
        return _Spot(place.name, parent, last, model.get_submodule(place.name))
    home = place.name
    while isinstance(model.get_submodule(home), CONTAINERS):
        if not home:
            raise UsageError(
                f"attention cannot stand after {place.name}: the network is one"
                f" {type(model).__name__} that would run the block by itself; put the network into"
                " a module of your own, or name another place"
            )
        home = home.rpartition(".")[0]
    rest = place.name.removeprefix(home).strip(".").replace(".", "_")
    attribute = f"{SLOT}_{rest}" if rest else SLOT
    if hasattr(model.get_submodule(home), attribute):
        attribute += "_after"
    return _Spot(place.name, home, attribute, None)

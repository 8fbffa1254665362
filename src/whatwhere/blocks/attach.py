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
from whatwhere.blocks.start import IdentityStart
from whatwhere.errors import UsageError

Factory = Callable[[int], nn.Module]
_RECORD = "_attached_attention"  # a plain attribute of the network: no part of its state dict


@dataclass(frozen=True)
class _Attached:
    """Where one block stands: after the host, as an attribute of its home."""

    host: str
    home: str
    attribute: str
    fills_slot: bool


class _After:
    """A forward hook that passes its module's output through attention."""

    def __init__(self, block: nn.Module) -> None:
        self.block = block

    def __call__(self, host: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        return self.block(output)


def attach(
    model: nn.Module,
    design: str | Design | Factory,
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
        model: The network; changed in place. A submodule that is used outside the network, a
            scripted module or an already compiled one cannot carry attention.
        design: A registered name, a wiring, a `Design`, or a module class (channels -> block).
        where: "branch", "block", "stage", or a pattern of module names such as "layer?.*.bn2".
        start: "identity" leaves the network's outputs unchanged, bit for bit, until training moves
            them; "paper" begins as published.
        sample: A batch (batch, channel, height, width) that the network accepts; by default zeros
            of a size that it does.

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
    trace = follow(model, sample)
    places = find_places(model, trace, where)
    spots = [_spot(model, place) for place in places]
    # Everything that can fail comes before the first change.
    blocks = [_build(factory, place, start, model.training) for place in places]
    for spot, block in zip(spots, blocks, strict=True):
        setattr(model.get_submodule(spot.home), spot.attribute, block)
        if not spot.fills_slot:
            model.get_submodule(spot.host).register_forward_hook(_After(block))
    setattr(model, _RECORD, spots)
    _check(model, trace, start)
    return model


def detach(model: nn.Module) -> nn.Module:
    """Take out all attention that `attach` inserted into a network, in place.

    Args:
        model: The network that was given to `attach`.

    Returns:
        The same network, with the modules and hooks that it had before.

    Raises:
        UsageError: If there is nothing to take out.
    """
    spots = _record(model)
    if not spots:
        raise UsageError(f"{type(model).__name__} carries no attention that `attach` inserted")
    for spot in spots:
        home, host = model.get_submodule(spot.home), model.get_submodule(spot.host)
        if spot.fills_slot:
            setattr(home, spot.attribute, nn.Identity())
        else:
            for number, hook in list(host._forward_hooks.items()):
                if isinstance(hook, _After):
                    del host._forward_hooks[number]
            delattr(home, spot.attribute)
    delattr(model, _RECORD)
    return model


def attached(model: nn.Module) -> dict[str, nn.Module]:
    """Return the blocks that `attach` inserted, by the name of the module they stand after."""
    return {
        spot.host: getattr(model.get_submodule(spot.home), spot.attribute)
        for spot in _record(model)
    }


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


def _record(model: nn.Module) -> list[_Attached]:
    return getattr(model, _RECORD, [])


def _factory(design: str | Design | Factory) -> Factory | None:
    if isinstance(design, str):
        design = named_or_typed(design)
    return design.factory if isinstance(design, Design) else design


def _build(factory: Factory, place: Place, start: str, training: bool) -> nn.Module:
    block = factory(place.channels)
    if start == "identity":
        block = IdentityStart(block, place.channels)
    return block.to(device=place.device, dtype=place.dtype).train(training)


def _spot(model: nn.Module, place: Place) -> _Attached:
    """Decide which module the block becomes a child of, and under which name."""
    parent, _, last = place.name.rpartition(".")
    if is_slot(model, place.name):
        return _Attached(place.name, parent, last, True)
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
    return _Attached(place.name, home, attribute, False)

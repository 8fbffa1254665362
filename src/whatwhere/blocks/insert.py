"""Put a block into a residual network, at the branch, the block or the stage."""

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from whatwhere.errors import UsageError

PLACES = ("branch", "block", "stage")
Factory = Callable[[int], nn.Module]


def insert(model: nn.Module, factory: Factory, *, where: str = "branch") -> int:
    """Insert blocks into a residual network of ours or of timm, in place.

    "branch" fills the slot after the last norm of every residual branch, before the addition.
    "block" and "stage" put the attention after every block's output or every stage's, as an entry
    `attention` beside the block; the state dict then says `block.` before the block's own names.

    Args:
        model: The network.
        factory: channels -> block.
        where: One of "branch", "block", "stage".

    Returns:
        How many blocks were inserted.

    Raises:
        UsageError: If the place is unknown or the network has no residual stages.
    """
    if where not in PLACES:
        raise UsageError(f"insert(where='{where}'): expected one of {', '.join(PLACES)}")
    stages = list(_stages(model))
    if where == "stage":
        for stage in stages:
            stage.add_module("attention", factory(_out_channels(stage[-1])))
        return len(stages)
    num_inserted = 0
    for stage in stages:
        for index, block in enumerate(stage):
            attention = factory(_out_channels(block))
            if where == "branch":
                setattr(block, _slot(block), attention)
            else:
                pair = nn.Sequential()
                pair.add_module("block", block)
                pair.add_module("attention", attention)
                stage[index] = pair
            num_inserted += 1
    return num_inserted


def _stages(model: nn.Module) -> Iterator[nn.Sequential]:
    """Yield the stages of our residual networks (`stages`) or of timm's (`layer1`, ...)."""
    ours = getattr(model, "stages", None)
    theirs = [getattr(model, f"layer{number}", None) for number in range(1, 5)]
    found = list(ours) if isinstance(ours, nn.ModuleList) else theirs
    stages = [stage for stage in found if isinstance(stage, nn.Sequential)]
    if not stages or not all(_has_slot(block) for stage in stages for block in stage):
        raise UsageError(
            f"{type(model).__name__} has no residual stages that attention can be put into;"
            " expected one of our ResNets or one of timm's (timm:resnet18, timm:resnet50, ...)"
        )
    yield from stages


def _has_slot(block: nn.Module) -> bool:
    return hasattr(block, "attention") or (hasattr(block, "se") and hasattr(block, "bn2"))


def _slot(block: nn.Module) -> str:
    return "attention" if hasattr(block, "attention") else "se"


def _out_channels(block: nn.Module) -> int:
    """Return the channels of a block's output: ours say it, timm's last norm knows it."""
    said: Any = getattr(block, "out_channels", None)
    if said is None:
        norm: Any = getattr(block, "bn3", None) or block.bn2
        said = norm.num_features
    return int(said)

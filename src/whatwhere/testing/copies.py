"""Checks of a design as an object: made again, copied, wrapped, compiled, exported."""

import copy
import io
import pickle

import torch
from torch import nn

from whatwhere.blocks import IdentityStart, initial_gain
from whatwhere.testing.subject import (
    CHANNELS,
    Factory,
    applied,
    built,
    copied_state,
    difference,
    exercised,
    name_of,
    normal_map,
    require,
    same_state,
)


def check_construction_follows_the_seed(factory: Factory) -> None:
    """The same seed of torch gives the same weights: comparisons are paired by seeds.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If the weights differ.
    """
    require(
        same_state(copied_state(built(factory)), copied_state(built(factory))),
        factory,
        "starts with other weights for the same torch seed",
        look="random numbers from numpy or random, and weights shared between blocks",
    )


def check_copies_give_equal_results(factory: Factory) -> None:
    """A deep copy, a pickled copy and a new block with the same state dict give equal values.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If a copy fails or differs.
    """
    block = exercised(factory).eval()
    x = normal_map()
    expected = applied(block, x, factory)
    for way, other in (
        ("copy.deepcopy", copy.deepcopy),
        ("pickle", lambda block: pickle.loads(pickle.dumps(block))),
        ("a state dict", lambda block: _restored(block, factory)),
    ):
        try:
            copied = other(block)
        except AssertionError:
            raise
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise AssertionError(
                f"{name_of(factory)}: cannot be copied by {way}: {type(error).__name__}: {reason}."
                " Look at lambdas, local classes and open resources kept as attributes."
            ) from error
        gap = difference(applied(copied.eval(), x, factory), expected)
        require(
            gap == 0,
            factory,
            f"gives other values after a copy by {way}, by {gap:.2g}",
            look="tensors that are neither parameters nor persistent buffers",
        )


def _restored(block: nn.Module, factory: Factory) -> nn.Module:
    buffer = io.BytesIO()
    torch.save(block.state_dict(), buffer)
    buffer.seek(0)
    restored = built(factory, seed=8)
    restored.load_state_dict(torch.load(buffer, weights_only=True))
    return restored


def check_identity_start(factory: Factory) -> None:
    """Wrapped for an identity start, a block changes nothing at first and can become itself.

    At a = 0 the output is the input bit for bit; at a = 1 it is the block's, over its gain.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If it changes the map, or does not follow.
    """
    block = built(factory)
    applied(block.eval(), normal_map(4, size=(16, 16)), factory)
    gain = initial_gain(block, CHANNELS)
    require(
        0 < gain < float("inf"),
        factory,
        f"has an initial gain of {gain:.3g}, which nothing can be divided by",
        look="masks that are zero at the start",
    )
    wrapped = IdentityStart(block, CHANNELS)
    for dtype in (torch.bfloat16, torch.float64):
        wrapped, x = wrapped.to(dtype), normal_map(dtype=dtype)
        for training in (True, False):
            require(
                torch.equal(applied(wrapped.train(training), x, factory), x),
                factory,
                f"is not the identity at an identity start ({dtype})",
                look="values that are not finite",
            )
    nn.init.ones_(wrapped.a)
    expected = applied(wrapped.block, x, factory) / wrapped.initial_gain
    gap = difference(applied(wrapped, x, factory), expected)
    require(gap < 1e-9, factory, f"does not follow an identity start, by {gap:.2g}", look="forward")


def check_compiles_without_a_graph_break(factory: Factory) -> None:
    """torch.compile takes the block as one graph, with equal values in both modes.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If the graph breaks or values differ.
    """
    x = normal_map()
    for training in (True, False):
        torch.compiler.reset()
        block = built(factory).train(training)
        compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
        try:
            found = applied(compiled, x, factory)  # type: ignore[arg-type]
        except AssertionError as error:
            raise AssertionError(
                f"{error} That was under torch.compile(fullgraph=True): look for .item(), print"
                " and branches on values."
            ) from error
        gap = difference(found, applied(block, x, factory))
        require(
            gap < 1e-5,
            factory,
            f"gives other values when compiled, by {gap:.2g}",
            look="operations on data outside of torch",
        )


def check_exports_with_a_dynamic_batch(factory: Factory) -> None:
    """torch.export keeps the batch size open, with equal values at 1, 3 and 7 samples.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If it does not.
    """
    block = exercised(factory).eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    try:
        program = torch.export.export(block, (normal_map(2),), dynamic_shapes=({0: batch},))
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise AssertionError(
            f"{name_of(factory)}: cannot be exported with an open batch size:"
            f" {type(error).__name__}: {reason}. Look at shapes kept as plain numbers, .item() and"
            " branches on values."
        ) from error
    exported = program.module()
    for size in (1, 3, 7):
        x = normal_map(size)
        gap = difference(applied(exported, x, factory), applied(block, x, factory))
        require(
            gap < 1e-5,
            factory,
            f"gives other values after export, by {gap:.2g} at {size} samples",
            look="values computed from the batch size",
        )

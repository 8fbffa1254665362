"""Checks of what a design does to a map: shape, type, samples, layout, evaluation."""

import torch

from whatwhere.testing.subject import (
    Factory,
    applied,
    built,
    copied_state,
    difference,
    exercised,
    normal_map,
    require,
    same_state,
)

SIZES = ((1, 1), (7, 5), (32, 32))
DTYPES = (torch.float32, torch.float64, torch.bfloat16)
CHANNEL_COUNTS = (1, 2, 8, 13, 64)


def check_keeps_shape_and_dtype(factory: Factory) -> None:
    """Maps of 1x1, 7x5 and 32x32 keep shape and type, and every value is finite.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If a float32, float64 or bfloat16 map does not, in either mode.
    """
    for dtype in DTYPES:
        for size in SIZES:
            x = normal_map(2, size=size, dtype=dtype)
            for training in (True, False):
                y = applied(built(factory, dtype=dtype).train(training), x, factory)
                case = f"for a {dtype} map of {size[0]}x{size[1]}"
                require(
                    y.dtype == dtype,
                    factory,
                    f"returns {y.dtype} {case}",
                    look="products with a float32 mask or constant: convert it with .to(x.dtype)",
                )
                require(
                    bool(torch.isfinite(y).all()),
                    factory,
                    f"returns values that are not finite {case}",
                    look="divisions, logarithms and deviations over few values",
                )


def check_takes_any_channel_count(factory: Factory) -> None:
    """Maps of 1, 2, 8, 13 and 64 channels are taken.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If a number of channels is not.
    """
    for channels in CHANNEL_COUNTS:
        for training in (True, False):
            block = built(factory, channels).train(training)
            y = applied(block, normal_map(channels=channels), factory)
            require(
                bool(torch.isfinite(y).all()),
                factory,
                f"returns values that are not finite for {channels} channels",
                look="widths and groups that follow from the number of channels",
            )


def check_leaves_the_input_alone(factory: Factory) -> None:
    """The input keeps its values.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If forward changes it.
    """
    for dtype in DTYPES:
        for training in (True, False):
            x = normal_map(dtype=dtype)
            before = x.clone()
            with torch.no_grad():
                applied(built(factory, dtype=dtype).train(training), x, factory)
            require(
                torch.equal(x, before),
                factory,
                f"changes its input in place ({dtype})",
                look="in-place operations such as mul_, relu_, inplace=True or x *= mask",
            )


def check_batch_items_do_not_mix(factory: Factory) -> None:
    """In evaluation, a sample's output does not depend on the samples beside it.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If it does.
    """
    block = exercised(factory, dtype=torch.float64).eval()
    x = normal_map(dtype=torch.float64)
    together = applied(block, x, factory)
    for index in range(len(x)):
        alone = applied(block, x[index : index + 1], factory)
        gap = difference(alone, together[index : index + 1])
        require(
            gap < 1e-9,
            factory,
            f"mixes the samples of a batch: sample {index} alone differs by {gap:.2g}",
            look="means, maxima and softmax over axis 0, and views that merge batch and channels",
        )


def check_channels_last_gives_the_same_values(factory: Factory) -> None:
    """The memory layout of weights and maps changes no value.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If it does.
    """
    x = normal_map(dtype=torch.float64)
    for training in (True, False):
        expected = applied(built(factory, dtype=torch.float64).train(training), x, factory)
        block = built(factory, dtype=torch.float64).train(training)
        # torch's types know no `to` with a memory format alone.
        block = block.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        found = applied(block, x.to(memory_format=torch.channels_last), factory)
        gap = difference(found, expected)
        require(
            gap < 1e-9,
            factory,
            f"gives other values for a channels-last map, by {gap:.2g}",
            look="views and strides: use flatten or reshape, never as_strided",
        )


def check_evaluation_is_deterministic(factory: Factory) -> None:
    """In evaluation, the same map gives the same values, and the block stays as it was.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If values differ, or parameters or buffers change.
    """
    block = exercised(factory).eval()
    x, before = normal_map(), copied_state(block)
    first = applied(block, x, factory, seed=1)
    applied(block, normal_map(seed=4), factory, seed=2)
    gap = difference(applied(block, x, factory, seed=3), first)
    require(
        gap == 0,
        factory,
        f"gives other values for the same map in evaluation, by {gap:.2g}",
        look="dropout or noise that ignores self.training, and values kept between calls",
    )
    require(
        same_state(before, copied_state(block)),
        factory,
        "changes its own state in evaluation",
        look="buffers that are updated whether or not self.training is set",
    )


def check_evaluation_agrees_with_training(factory: Factory) -> None:
    """Where training neither draws random numbers nor moves a buffer, both modes agree.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If they do not.
    """
    block = exercised(factory, dtype=torch.float64)
    x, before = normal_map(5, dtype=torch.float64), copied_state(block)
    trained = applied(block, x, factory, seed=1)
    if not same_state(before, copied_state(block)):
        return  # running statistics, as a batch norm has them
    if difference(applied(block, x, factory, seed=2), trained) > 0:
        return  # dropout
    gap = difference(applied(block.eval(), x, factory), trained)
    require(
        gap < 1e-9,
        factory,
        f"has no running statistics and no dropout, yet evaluation differs by {gap:.2g}",
        look="branches on self.training",
    )

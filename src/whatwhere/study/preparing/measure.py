"""What is measured once, before the first trial: number format, costs, gains, the wide control."""

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from whatwhere.arrays import Batch
from whatwhere.blocks.designs import Design, named_or_typed
from whatwhere.blocks.start import initial_gain
from whatwhere.data.feeding.stream import TrainStream
from whatwhere.errors import UsageError
from whatwhere.evaluate import measure_costs
from whatwhere.models import (
    ModelSpec,
    build_model,
    is_resnet,
    num_parameters,
    place,
    widened_inner_widths,
)
from whatwhere.study.preparing.controls import cost_control, gain_controls, has_controls, is_widened
from whatwhere.study.preparing.prepare import Prepared
from whatwhere.study.trials.trial import TrialData, load_pixels
from whatwhere.training import Protocol, choose_numerics

GAIN_CHANNELS = 64
GAIN_DRAWS = 5


def usable_device(wanted: str | None) -> str:
    """Return the torch device to use.

    Args:
        wanted: What the user asked for; None takes a GPU where there is one.

    Returns:
        The device's name.

    Raises:
        UsageError: If it cannot be used here.
    """
    device = wanted or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"device '{device}' cannot be used here ({reason}); try cpu") from error
    return device


@contextmanager
def one_thread() -> Iterator[None]:
    """Measure as the workers train: with one thread each."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def trial_data(prepared: Prepared, *, size: int, images_path: Path) -> TrialData:
    """Return a data set at one training size, as it travels to workers.

    Args:
        prepared: The data set.
        size: Number of training images.
        images_path: The mapped canvases.

    Returns:
        A data set at one training size, as it travels to workers.
    """
    source = prepared.source
    return TrialData(
        images_path=images_path,
        labels=source.labels,
        image_size=source.image_size,
        mean=prepared.mean,
        std=prepared.std,
        train=prepared.subsets[size],
        validation=source.indices("validation"),
        test=source.indices("test"),
        groups=source.groups,
    )


def first_batch(data: TrialData, protocol: Protocol, device: str) -> Batch:
    """Return a training batch to measure on.

    Args:
        data: Where the images are.
        protocol: Batch size and layout.
        device: The torch device.

    Returns:
        A training batch to measure on.
    """
    pixels = load_pixels(data, protocol, device)
    stream = TrainStream(pixels, data.train, protocol.batch_size, protocol.augmentation, 0)
    return stream.batch(0)


def resolve_numerics(
    protocol: Protocol, spec: ModelSpec, data: TrialData, device: str
) -> tuple[Protocol, dict[str, float]]:
    """Settle what the protocol leaves to a measurement on the bare backbone.

    Args:
        protocol: With precision and layout perhaps "auto".
        spec: The bare backbone.
        data: What to measure on.
        device: The torch device.

    Returns:
        The protocol without "auto", and milliseconds per step of every way that was tried.
    """
    batch = first_batch(data, replace(protocol, layout="nchw"), device)
    bare = named_or_typed("none")
    numerics, milliseconds = choose_numerics(
        lambda: build_model(spec, design=bare, seed=0).to(device),
        batch.image,
        batch.label,
        precision=protocol.precision,
        layout=protocol.layout,
    )
    resolved = replace(protocol, precision=numerics.precision, layout=numerics.layout)
    return resolved, milliseconds


def median_widths(spec: ModelSpec, designs: Sequence[Design]) -> tuple[int, ...] | None:
    """Return the inner widths that bring the bare backbone to the median design's size.

    Args:
        spec: The bare backbone.
        designs: The rows; controls, no attention and whole networks do not count.

    Returns:
        The widths, or None where the backbone is not one of ours, or is pretrained.
    """
    if not is_resnet(spec.backbone) or spec.start == "identity":
        return None
    counted = [d for d in designs if d.card.kind != "control" and d.factory is not None]
    counted = counted or [named_or_typed("csa")]
    sizes = [num_parameters(build_model(spec, design=design, seed=0)) for design in counted]
    return widened_inner_widths(spec, target=round(statistics.median(sizes)))


def own_size(spec: ModelSpec, design: Design) -> tuple[int, tuple[int, ...]] | None:
    """Return the widened backbone that is as large as one design.

    Args:
        spec: The bare backbone.
        design: Attention of any kind.

    Returns:
        How many parameters it adds, 0 where the design adds less than half of the smallest step,
        and its inner widths; None where the backbone is not one of ours, or is pretrained.
    """
    if not is_resnet(spec.backbone) or spec.start == "identity":
        return None
    size = num_parameters(build_model(spec, design=design, seed=0))
    widths = widened_inner_widths(spec, target=size)
    bare, wide = (
        num_parameters(build_model(replace(spec, inner_widths=inner), design=_bare(), seed=0))
        for inner in (None, widths)
    )
    return wide - bare, widths


def full_controls(designs: Iterable[Design], spec: ModelSpec) -> tuple[Design, ...]:
    """Return every control that judges some of the designs by its own measure.

    Args:
        designs: The rows.
        spec: The bare backbone.

    Returns:
        A widened backbone for each size that designs have, and their constant gains.
    """
    judged = [design for design in designs if has_controls(design)]
    sizes = {size[0] for design in judged if (size := own_size(spec, design)) is not None}
    wide = (cost_control(num_added) for num_added in sorted(sizes - {0}))
    return (*wide, *gain_controls(judged, lambda design: gain_of(design, spec.start)))


def _bare() -> Design:
    return named_or_typed("none")


def costs_of(
    designs: Sequence[Design],
    *,
    spec: ModelSpec,
    widths: Mapping[str, tuple[int, ...]],
    protocol: Protocol,
    batch: Batch,
    device: str,
) -> dict[str, dict[str, Any]]:
    """Return the cost part of every design's records, measured side by side.

    Args:
        designs: The rows to measure; no attention is measured with them as the reference.
        spec: The bare backbone.
        widths: Inner widths of the widened controls, by name.
        protocol: Precision and layout.
        batch: One training batch.
        device: The torch device.

    Returns:
        Costs by name of design.
    """
    rows = {design.name: design for design in (named_or_typed("none"), *designs)}
    makers = {
        name: partial(_on_device, spec_of(spec, design, widths.get(name)), design, protocol, device)
        for name, design in rows.items()
    }
    costs = measure_costs(makers, batch, precision=protocol.precision)
    bare = costs["none"].parameters
    return {
        name: {
            **asdict(cost),
            "attention_parameters": None if rows[name].network else cost.parameters - bare,
            "initial_gain": gain_of(rows[name], spec.start),
        }
        for name, cost in costs.items()
    }


def spec_of(spec: ModelSpec, design: Design, widths: tuple[int, ...] | None) -> ModelSpec:
    """Return the backbone of a row: wider for a widened control, another for a whole network.

    Args:
        spec: The bare backbone.
        design: The row.
        widths: Inner widths of the widened control.

    Returns:
        The backbone of the row.
    """
    if design.network is not None:
        return replace(spec, backbone=design.network)
    return replace(spec, inner_widths=widths) if is_widened(design) else spec


def trial_seconds(cost: dict[str, Any], protocol: Protocol, num_validation: int) -> float:
    """Return how long a trial will take, in seconds of one worker.

    Args:
        cost: Of its design.
        protocol: Number of steps and batch size.
        num_validation: Validation images.

    Returns:
        How long a trial will take, in seconds of one worker.
    """
    batches = math.ceil(num_validation / protocol.batch_size) * 12
    train = protocol.steps * cost["train_step_ms"] * 1.1
    return (train + batches * cost["inference_ms"]) / 1000


def _on_device(spec: ModelSpec, design: Design, protocol: Protocol, device: str) -> nn.Module:
    model = build_model(spec, design=design, seed=0)
    return place(model, device=device, layout=protocol.layout)


def gain_of(design: Design, start: str) -> float | None:
    """Return what a block multiplies the map by when training begins; a network has no map.

    The geometric mean over GAIN_DRAWS initial weights: one draw of a block with a spatial mask may
    be 1.5 times as large as another.

    Args:
        design: The row.
        start: How attention begins, "paper" or "identity".

    Returns:
        RMS of its output over that of its input, None for a whole network.

    Raises:
        UsageError: If it is not finite.
    """
    factory: Callable[[int], nn.Module] | None = design.factory
    if design.network is not None:
        return None
    if factory is None or start == "identity":
        return 1.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        gains = [initial_gain(factory(GAIN_CHANNELS), GAIN_CHANNELS) for _ in range(GAIN_DRAWS)]
    if not all(map(math.isfinite, gains)):
        raise UsageError(f"'{design.name}' gives values that are not finite on normal noise")
    return statistics.geometric_mean(gains) if min(gains) > 0 else 0.0

"""Protocols: frozen sets of numbers, equal for every design."""

from dataclasses import dataclass, fields, replace
from itertools import pairwise

from whatwhere.augmentation import PLAIN, Augmentation
from whatwhere.errors import UsageError


@dataclass(frozen=True)
class Protocol:
    """Everything that fixes how a network is trained.

    Args:
        name: Of the preset that it began as.
        backbone: One of our ResNets, or "timm:NAME".
        where: Where attention stands: "branch", "block", "stage" or a pattern of module names.
        image_size: Side of the images, in pixels.
        steps: Optimiser steps, equal for all designs and all training sizes.
        batch_size: Images per step.
        optimizer: "sgd" or "adamw".
        learning_rate: At its peak.
        momentum: Of SGD.
        weight_decay: On weights of two and more axes; on norms, biases and scalars too where
            `decay_norms` says so.
        warmup_fraction: Share of the steps in which the learning rate rises from 0.
        schedule: How it falls afterwards: "linear", "cosine" or "drops".
        label_smoothing: From 0 to 1.
        ema_decay: Of the averaged weights that are evaluated, per step; 0 for none.
        clip_norm: Largest gradient norm; 0 for no clipping.
        class_weights: "none", "balanced" (inversely to the class counts), or one number above 0 per
            class, separated by commas.
        augmentation: "none", "crop", "flip" or "crop-flip".
        precision: "auto", "fp32" or "bf16".
        layout: "auto", "nchw" or "channels_last".
        start: How attention begins: "paper" (as published) or "identity".
        frozen_fraction: Share of the steps, from the first on, in which pretrained weights rest;
            0 where all weights are fresh.
        nesterov: Whether SGD's momentum looks ahead.
        decay_norms: Whether norms, biases and scalars have weight decay.
        drops: Shares of the steps at which the learning rate drops, where the schedule is "drops".
        drop_factor: What it is multiplied by each time.
        lowest_learning_rate: To which it falls, where the schedule is "linear" or "cosine".
        extra: Augmentation beyond crop and flip.
        whole_steps: Of the recipe that this is a shortened form of; 0 where it is whole.
    """

    name: str
    backbone: str
    where: str
    image_size: int
    steps: int
    batch_size: int
    optimizer: str
    learning_rate: float
    momentum: float
    weight_decay: float
    warmup_fraction: float
    schedule: str
    label_smoothing: float
    ema_decay: float
    clip_norm: float
    class_weights: str
    augmentation: str
    precision: str
    layout: str
    start: str
    frozen_fraction: float
    nesterov: bool = True
    decay_norms: bool = False
    drops: tuple[float, ...] = ()
    drop_factor: float = 0.1
    lowest_learning_rate: float = 0.0
    extra: Augmentation = PLAIN
    whole_steps: int = 0

    def __post_init__(self) -> None:
        weight_values(self.class_weights)
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise UsageError(f"{name}='{value}': expected one of {', '.join(allowed)}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{name}={value}: expected a value from {low} to {high}")
        ascending = all(low < high for low, high in pairwise((0.0, *self.drops, 1.0)))
        if not ascending or bool(self.drops) != (self.schedule == "drops"):
            raise UsageError(
                f"drops={self.drops} with schedule='{self.schedule}': expected ascending shares"
                " between 0 and 1 with the schedule drops, and none with every other"
            )


def weight_values(class_weights: str) -> tuple[float, ...] | None:
    """Return the numbers of a protocol's class weights, None for "none" and "balanced".

    Args:
        class_weights: As the protocol holds them.

    Returns:
        One number above 0 per class, or None.

    Raises:
        UsageError: If it is none of the three.
    """
    if class_weights in ("none", "balanced"):
        return None
    try:
        values = tuple(float(item) for item in class_weights.split(","))
    except ValueError:
        values = ()
    if not values or not all(0 < value < float("inf") for value in values):
        raise UsageError(
            f"class_weights='{class_weights}': expected none, balanced, or a number above 0 per"
            " class, separated by commas"
        )
    return values


_CHOICES = {
    "optimizer": ("sgd", "adamw"),
    "schedule": ("linear", "cosine", "drops"),
    "augmentation": ("none", "crop", "flip", "crop-flip"),
    "precision": ("auto", "fp32", "bf16"),
    "layout": ("auto", "nchw", "channels_last"),
    "start": ("paper", "identity"),
}
_RANGES = {
    "image_size": (8, 1024),
    "steps": (1, 10_000_000),
    "batch_size": (2, 65_536),
    "learning_rate": (0.0, 100.0),
    "momentum": (0.0, 1.0),
    "weight_decay": (0.0, 10.0),
    "warmup_fraction": (0.0, 1.0),
    "label_smoothing": (0.0, 1.0),
    "ema_decay": (0.0, 1.0),
    "clip_norm": (0.0, 1e9),
    "frozen_fraction": (0.0, 1.0),
    "drop_factor": (0.0, 1.0),
    "lowest_learning_rate": (0.0, 100.0),
}
# Tuned on no attention only (see LOG.md).
FINE_TUNING_DIVISOR = 3.0
FINE_TUNING_FROZEN_FRACTION = 0.2


def with_steps(protocol: Protocol, steps: int) -> Protocol:
    """Return a protocol for another number of steps, everything in proportion.

    Schedules are shares of the steps already; averaged weights look back over the same share.

    Args:
        protocol: Any.
        steps: The new number.

    Returns:
        The protocol; averages that would look back over one step or less are off.
    """
    decay = protocol.ema_decay
    if 0 < decay < 1 and steps != protocol.steps:
        decay = max(0.0, 1 - (1 - decay) * protocol.steps / steps)
    return replace(protocol, steps=steps, ema_decay=decay)


def fine_tuning(protocol: Protocol) -> Protocol:
    """Return a protocol for weights that were trained before.

    The learning rate is divided by `FINE_TUNING_DIVISOR`, attention begins as the identity, and
    for the first `FINE_TUNING_FROZEN_FRACTION` of the steps only head and attention learn.

    Args:
        protocol: For fresh weights.

    Returns:
        The protocol; everything else is as it was.
    """
    return replace(
        protocol,
        learning_rate=protocol.learning_rate / FINE_TUNING_DIVISOR,
        start="identity",
        frozen_fraction=FINE_TUNING_FROZEN_FRACTION,
    )


def protocol_fields() -> tuple[str, ...]:
    """Return the names of a protocol's numbers."""
    return tuple(field.name for field in fields(Protocol))

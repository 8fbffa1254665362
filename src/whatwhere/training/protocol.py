"""Protocols: frozen sets of numbers, tuned on no attention only and equal for every design."""

from dataclasses import dataclass, fields, replace

from whatwhere.errors import UsageError, unknown_name


@dataclass(frozen=True)
class Protocol:
    """Everything that fixes how a network is trained.

    Args:
        name: "quick", "standard" or "thorough".
        backbone: One of our ResNets, or "timm:NAME".
        where: Where attention stands: "branch", "block", "stage" or a pattern of module names.
        image_size: Side of the images, in pixels.
        steps: Optimiser steps, equal for all designs and all training sizes.
        batch_size: Images per step.
        optimizer: "sgd" (Nesterov) or "adamw".
        learning_rate: At its peak.
        momentum: Of SGD.
        weight_decay: On weights of two and more axes; norms, biases and scalars have none.
        warmup_fraction: Share of the steps in which the learning rate rises from 0.
        schedule: How it falls to 0 afterwards: "linear" or "cosine".
        label_smoothing: From 0 to 1.
        ema_decay: Of the averaged weights that are evaluated, per step; 0 for none.
        clip_norm: Largest gradient norm; 0 for no clipping.
        class_weights: "none", "balanced" (inversely to the class counts), or one number above 0 per
            class, separated by commas.
        augmentation: "none", "crop" or "crop-flip".
        precision: "auto", "fp32" or "bf16".
        layout: "auto", "nchw" or "channels_last".
        start: How attention begins: "paper" (as published) or "identity".
        frozen_fraction: Share of the steps, from the first on, in which pretrained weights rest;
            0 where all weights are fresh.
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
    "schedule": ("linear", "cosine"),
    "augmentation": ("none", "crop", "crop-flip"),
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
}
PROTOCOLS = ("quick", "standard", "thorough")
# Tuned on no attention only (see LOG.md).
FINE_TUNING_DIVISOR = 3.0
FINE_TUNING_FROZEN_FRACTION = 0.2


def preset(name: str, *, easy: bool, allow_flip: bool, image_size: int) -> Protocol:
    """Return a protocol by name.

    Args:
        name: "quick" is a screening, "standard" the default on a GPU, "thorough" for a claim.
        easy: Whether the data is one of the digit sets, which `quick` trains for 150 steps
            without augmentation instead of 400 with it.
        allow_flip: Whether mirrored images mean the same.
        image_size: Side of the images, in pixels; from 96 on, `standard` and `thorough` use
            the large stem.

    Returns:
        The protocol; precision and layout are "auto" until they are measured.

    Raises:
        UnknownNameError: If there is no such protocol.
    """
    crops = "crop-flip" if allow_flip else "crop"
    large = image_size >= 96
    if name == "quick":
        steps, augmentation = (150, "none") if easy else (400, crops)
        return _sgd(name, "resnet8", image_size, steps, 64, augmentation, learning_rate=0.2)
    if name == "standard":
        backbone = "resnet18-large" if large else "resnet20"
        return _sgd(name, backbone, image_size, 3000, 64, crops)
    if name == "thorough":
        backbone = "resnet18-large" if large else "resnet18"
        return _sgd(name, backbone, image_size, 20_000, 128, crops, schedule="cosine")
    raise unknown_name("protocol", name, PROTOCOLS)


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


def largest_image_size(name: str, *, device: str) -> int:
    """Return the side in pixels to which a protocol shrinks larger images.

    Args:
        name: Name of the protocol.
        device: "cpu" or another torch device.

    Returns:
        The side, in pixels.
    """
    sizes = {"quick": 32, "standard": 64 if device == "cpu" else 128, "thorough": 224}
    if name not in sizes:
        raise unknown_name("protocol", name, PROTOCOLS)
    return sizes[name]


def protocol_fields() -> tuple[str, ...]:
    """Return the names of a protocol's numbers."""
    return tuple(field.name for field in fields(Protocol))


def _sgd(
    name: str,
    backbone: str,
    image_size: int,
    steps: int,
    batch_size: int,
    augmentation: str,
    *,
    schedule: str = "linear",
    learning_rate: float = 0.1,
) -> Protocol:
    return Protocol(
        name=name,
        backbone=backbone,
        where="branch",
        image_size=image_size,
        steps=steps,
        batch_size=batch_size,
        optimizer="sgd",
        learning_rate=learning_rate,
        momentum=0.9,
        weight_decay=5e-4,
        warmup_fraction=0.1,
        schedule=schedule,
        label_smoothing=0.1 if name == "thorough" else 0.0,
        ema_decay=0.0,
        clip_norm=0.0,
        class_weights="none",
        augmentation=augmentation,
        precision="auto",
        layout="auto",
        start="paper",
        frozen_fraction=0.0,
    )

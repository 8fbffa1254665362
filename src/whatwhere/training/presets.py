"""Presets: protocols by name, of our own and those of publications."""

from whatwhere.errors import unknown_name
from whatwhere.training.protocol import Protocol
from whatwhere.training.recipes import RECIPES, recipe_protocol

PROTOCOLS = ("quick", "standard", "thorough")
PRESETS = (*PROTOCOLS, *RECIPES)


def preset(
    name: str,
    *,
    easy: bool,
    allow_flip: bool,
    image_size: int,
    num_train: int = 50_000,
    num_classes: int = 10,
    batch_size: int | None = None,
) -> Protocol:
    """Return a protocol by name.

    Args:
        name: "quick" is a screening, "standard" the default on a GPU, "thorough" for a claim; all
            were tuned on no attention only. Every other name is that of a recipe.
        easy: Whether the data is one of the digit sets, which `quick` trains for 150 steps
            without augmentation instead of 400 with it.
        allow_flip: Whether mirrored images mean the same.
        image_size: Side of the images, in pixels; from 96 on, `standard` and `thorough` use
            the large stem.
        num_train: Training images, from which a recipe's epochs become steps.
        num_classes: Of the data, which decides variants of `r1`.
        batch_size: Images per step instead of a recipe's own; its epochs stay.

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
    if name in RECIPES:
        return recipe_protocol(
            name,
            allow_flip=allow_flip,
            image_size=image_size,
            num_train=num_train,
            num_classes=num_classes,
            batch_size=batch_size,
        )
    raise unknown_name("protocol", name, PRESETS)


def largest_image_size(name: str, *, device: str) -> int:
    """Return the side in pixels to which a protocol shrinks larger images.

    Args:
        name: Name of the protocol.
        device: "cpu" or another torch device.

    Returns:
        The side, in pixels.
    """
    sizes = {"quick": 32, "standard": 64 if device == "cpu" else 128, "thorough": 224}
    if name in RECIPES:
        return RECIPES[name].largest_image_size
    if name not in sizes:
        raise unknown_name("protocol", name, PRESETS)
    return sizes[name]


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

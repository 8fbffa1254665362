"""Recipes of publications: how the networks were trained that comparisons refer to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from whatwhere.augmentation import PLAIN, Augmentation
from whatwhere.training.protocol import Protocol, with_steps

MANY_CLASSES = 100  # from here on `r1` takes the numbers of CIFAR-100


@dataclass(frozen=True)
class Recipe:
    """A way of training that somebody described.

    Args:
        title: What it is.
        sources: Where every number comes from.
        decided: What the sources leave open or what differs here, and how it was decided.
        epochs: Passes over the training images.
        warmup_epochs: In which the learning rate rises.
        batch_size: Images per step.
        settings: Fields of `Protocol` that differ from SGD with momentum 0.9 and a cosine to 0.
        extra: Augmentation beyond crop and flip.
        views: "crop" for crops with a margin, "" for none; flips come on top.
        flips: Whether images are mirrored, where the data allows it.
        many_classes: Fields of `Augmentation` and of `Protocol` from `MANY_CLASSES` classes on.
        largest_image_size: Larger images are shrunk to this side, in pixels.
        min_steps: Least number of optimiser steps, whatever the epochs come to; 0 for none.
    """

    title: str
    sources: str
    decided: str
    epochs: int
    batch_size: int
    settings: Mapping[str, Any]
    extra: Augmentation = PLAIN
    warmup_epochs: int = 0
    views: str = "crop"
    flips: bool = True
    many_classes: Mapping[str, Any] | None = None
    largest_image_size: int = 32
    min_steps: int = 0


_LAST = "The weights of the last epoch count, never those that are best on the test images."
_PADDED = Augmentation(padding="black")
_ROTATED = Augmentation(padding="black", rotation_degrees=15.0)
_CCT = (
    "SHI-Labs/Compact-Transformers, configs/pretrained/cct_7-3x1_cifar10_300epochs.yml and"
    " cct_7-3x1_cifar100_300epochs.yml"
)
_ADAMW = {
    "optimizer": "adamw",
    "learning_rate": 5.5e-4,
    "weight_decay": 0.06,
    "lowest_learning_rate": 1e-5,
}

RECIPES: Mapping[str, Recipe] = {
    "r0_samc": Recipe(
        title="SAMC (2024), as its rivals were probably trained: SGD with three drops",
        sources="weiaicunzai/pytorch-cifar100 (README, train.py, utils.py, conf): SGD 0.1, momentum"
        " 0.9, weight decay 5e-4 on all parameters, batch 128, 200 epochs, x0.2 after 60, 120 and"
        " 160, one epoch of warm-up, crop with 4 black pixels, flip, rotation by up to 15 degrees."
        " The rivals' parameter counts in SAMC's table 2 are those of this repository.",
        decided="SAMC's own recipe is not published. No Nesterov momentum: the README names it,"
        f" train.py does not set it. {_LAST} For networks with attention tokens see"
        " `r0_samc_adamw`.",
        epochs=200,
        warmup_epochs=1,
        batch_size=128,
        settings={
            "weight_decay": 5e-4,
            "decay_norms": True,
            "schedule": "drops",
            "drops": (0.3, 0.6, 0.8),
            "drop_factor": 0.2,
        },
        extra=_ROTATED,
    ),
    "r0_samc_adamw": Recipe(
        title="SAMC (2024), the same epochs and augmentation with AdamW",
        sources=f"Epochs, batch and augmentation as in `r0_samc`; AdamW 5.5e-4, weight decay 0.06,"
        f" cosine to 1e-5 and the share of warm-up (10 of 300 epochs) as in {_CCT}.",
        decided="The pairing is ours, since layer norms and attention seldom train well with"
        f" SGD 0.1. Of the two the one that is better on validation counts. {_LAST}",
        epochs=200,
        warmup_epochs=7,
        batch_size=128,
        settings=_ADAMW,
        extra=_ROTATED,
    ),
    "r0_dmsca": Recipe(
        title="DMSCA (2026) on CIFAR: SGD with a cosine, batch 64",
        sources="Table of hyper-parameters of the preprint rs-7639815/v1: SGD 0.1, momentum 0.9,"
        " cosine, batch 64, weight decay 5e-4, 200 epochs.",
        decided="Open there and decided here: crop with 4 black pixels and flip; no Nesterov"
        " momentum, warm-up or label smoothing; cosine to 0, step by step. The temperature must"
        " have no decay, which would pull it to 1; norms and biases have none either, because one"
        " rule holds here for all parameters of fewer than two axes, in every design alike."
        f" {_LAST}",
        epochs=200,
        batch_size=64,
        settings={"weight_decay": 5e-4},
        extra=_PADDED,
    ),
    "r0_amsra": Recipe(
        title="AMSRA-Net (2026), a recipe of its time: SGD with a cosine",
        sources="kuangliu/pytorch-cifar (main.py): SGD 0.1, momentum 0.9, weight decay 5e-4 on all"
        " parameters, cosine over 200 epochs, crop with 4 black pixels, flip.",
        decided="Only the abstract of AMSRA-Net is known, and it names no recipe; this is a usual"
        " one for a ResNet-18, which the abstract puts at 95.55 % on CIFAR-10 and the repository's"
        f" own table at 93.02 %. Batch 128, no warm-up. {_LAST}",
        epochs=200,
        batch_size=128,
        settings={"weight_decay": 5e-4, "decay_norms": True},
        extra=_PADDED,
    ),
    "r0_medmnist": Recipe(
        title="MedMNIST v2's own ResNet-18: Adam with two drops, no augmentation",
        sources="MedMNIST/experiments (MedMNIST2D/train_and_eval_pytorch.py): Adam 1e-3, batch 128,"
        " 100 epochs, x0.1 after 50 and 75, cross-entropy, no augmentation.",
        decided="AdamW without weight decay is Adam. There the epoch with the best validation AUC"
        " counts, here the last; pixels are normalised by the training images, there by 0.5. The"
        " rest of an epoch that fills no batch is a step there and left out here: 400 steps in"
        " place of 500 on BreastMNIST, 70,300 in place of 70,400 on PathMNIST.",
        epochs=100,
        batch_size=128,
        settings={
            "optimizer": "adamw",
            "learning_rate": 1e-3,
            "weight_decay": 0.0,
            "schedule": "drops",
            "drops": (0.5, 0.75),
            "drop_factor": 0.1,
        },
        views="",
        flips=False,
    ),
    "topologies_cifar": Recipe(
        title="The combinations of channel and spatial attention (2026) on CIFAR",
        sources="None: what is known of the paper names no recipe.",
        decided="SGD 0.1 with Nesterov momentum 0.9, weight decay 5e-4, cosine, batch 128, 200"
        f" epochs, crop and flip; the same for all topologies. {_LAST}",
        epochs=200,
        batch_size=128,
        settings={"weight_decay": 5e-4, "nesterov": True},
        extra=_PADDED,
    ),
    "topologies_medmnist": Recipe(
        title="The combinations of channel and spatial attention (2026) on MedMNIST",
        sources="None: what is known of the paper names no recipe. Learning rate, batch and epochs"
        " as in `r0_medmnist`.",
        decided="AdamW 1e-3, weight decay 0.01, cosine, batch 128, 100 epochs; crops that shift by"
        " an eighth of the side, flips where the data allows them. At least 3,600 steps, the 100"
        " epochs of PneumoniaMNIST (4,708 images): those of BreastMNIST (546) would be 400 and of"
        " RetinaMNIST (1,080) 800, so that few images could not be told from few steps."
        f" {_LAST}",
        epochs=100,
        batch_size=128,
        settings={"optimizer": "adamw", "learning_rate": 1e-3, "weight_decay": 0.01},
        min_steps=3600,
    ),
    "r1": Recipe(
        title="A modern recipe: AdamW, RandAugment, mixup, cutmix, averaged weights",
        sources=f"{_CCT}: AdamW 5.5e-4 (6e-4), weight decay 0.06, batch 128, 300 epochs, cosine to"
        " 1e-5, 10 epochs of warm-up, label smoothing 0.1, random resized crops of 80 % and more,"
        " flip, RandAugment `rand-m9-mstd0.5-inc1`, mixup 0.8 and cutmix 1.0 with probability 1/2"
        " each, until epoch 175 (throughout), erasing with probability 0 (0.25); in brackets"
        " CIFAR-100.",
        decided=f"CIFAR-100's numbers from {MANY_CLASSES} classes on. Added: averaged weights (a"
        " decay of 0.999 at CIFAR's number of steps, looking back over the same share of every"
        " other), gradients clipped at norm 1, no decay on norms and biases. Left out: ten epochs"
        " at the lowest rate after the 300. Pixels moved by bilinear reading only, where the"
        f" source draws bilinear or bicubic; mixing pairs neighbours of the batch. {_LAST} On large"
        " GPUs: --batch 512 --lr 0.001.",
        epochs=300,
        warmup_epochs=10,
        batch_size=128,
        settings={
            **_ADAMW,
            "label_smoothing": 0.1,
            "ema_decay": 0.999,
            "clip_norm": 1.0,
        },
        extra=Augmentation(
            smallest_crop_area=0.8,
            randaugment_ops=2,
            randaugment_magnitude=9.0,
            randaugment_magnitude_std=0.5,
            randaugment_increasing=True,
            mixup_alpha=0.8,
            cutmix_alpha=1.0,
            cutmix_probability=0.5,
            mixing_fraction=175 / 300,
        ),
        views="",
        many_classes={
            "learning_rate": 6e-4,
            "extra": {"mixing_fraction": 1.0, "erasing_probability": 0.25},
        },
    ),
}
CIFAR_IMAGES = 50_000


def recipe_protocol(
    name: str,
    *,
    allow_flip: bool,
    image_size: int,
    num_train: int,
    num_classes: int,
    batch_size: int | None = None,
) -> Protocol:
    """Return a recipe as a protocol; its epochs become steps, equal for all designs.

    Args:
        name: A key of `RECIPES`.
        allow_flip: Whether mirrored images mean the same.
        image_size: Side of the images, in pixels.
        num_train: Training images.
        num_classes: Of the data.
        batch_size: Images per step instead of the recipe's own.

    Returns:
        The protocol; its backbone is ResNet-18 unless another is asked for.
    """
    recipe = RECIPES[name]
    size = batch_size or recipe.batch_size
    settings = {
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "schedule": "cosine",
        "nesterov": False,
        "label_smoothing": 0.0,
        "ema_decay": 0.0,
        "clip_norm": 0.0,
        **recipe.settings,
    }
    views = [recipe.views, "flip" if allow_flip and recipe.flips else ""]
    protocol = Protocol(
        name=name,
        backbone="resnet18-large" if image_size >= 96 else "resnet18",
        where="branch",
        image_size=image_size,
        steps=_steps(recipe, CIFAR_IMAGES, recipe.batch_size),
        batch_size=size,
        momentum=0.9,
        warmup_fraction=recipe.warmup_epochs / recipe.epochs,
        class_weights="none",
        augmentation="-".join(filter(None, views)) or "none",
        precision="auto",
        layout="auto",
        start="paper",
        frozen_fraction=0.0,
        extra=recipe.extra,
        **settings,
    )
    if recipe.many_classes and num_classes >= MANY_CLASSES:
        changes = dict(recipe.many_classes)
        changes["extra"] = replace(protocol.extra, **changes.get("extra", {}))
        protocol = replace(protocol, **changes)
    return with_steps(protocol, _steps(recipe, num_train, size))


def _steps(recipe: Recipe, num_train: int, batch_size: int) -> int:
    return max(recipe.min_steps, recipe.epochs * max(1, num_train // batch_size))

"""What happened to training images, labels and weights, in sentences from a recorded recipe."""

from dataclasses import fields
from typing import Any

from whatwhere.augmentation import Augmentation
from whatwhere.report.numbers import plain

_VIEWS = {
    "crop": ["random crops"],
    "flip": ["random flips"],
    "crop-flip": ["random crops and flips"],
}


def training_sentences(recipe: dict[str, Any]) -> str:
    """Say what a recipe does beyond its optimiser; empty where it does nothing.

    Args:
        recipe: As a run records it; what is missing is off.

    Returns:
        Sentences, each followed by a space.
    """
    known = {field.name for field in fields(Augmentation)}
    recorded = recipe.get("extra") or {}
    extra = Augmentation(**{name: recorded[name] for name in known & set(recorded)})
    parts = {
        "Training images": [*_VIEWS.get(recipe.get("augmentation", ""), []), *_images(extra)],
        "Training labels": _labels(recipe, extra),
        "Training steps": _steps(recipe),
    }
    return "".join(f"{what}: {', '.join(items)}. " for what, items in parts.items() if items)


def _images(extra: Augmentation) -> list[str]:
    strength = f"{plain(extra.randaugment_magnitude)} ± {plain(extra.randaugment_magnitude_std)}"
    said = {
        "black beyond their border": extra.padding == "black",
        f"rotated by up to {plain(extra.rotation_degrees)}°": extra.rotation_degrees,
        f"random resized crops of {_percent(extra.smallest_crop_area)} of the area and more": (
            extra.smallest_crop_area < 1
        ),
        f"RandAugment ({extra.randaugment_ops} operations of strength {strength})": (
            extra.randaugment_ops
        ),
        f"noise of standard deviation {plain(extra.noise_sigma)} on values from 0 to 1": (
            extra.noise_sigma
        ),
        f"a rectangle erased in {_percent(extra.erasing_probability)} of them": (
            extra.erasing_probability
        ),
        _mixing(extra): extra.mixes,
    }
    return [text for text, is_on in said.items() if is_on]


def _mixing(extra: Augmentation) -> str:
    kinds = [("mixup", extra.mixup_alpha), ("cutmix", extra.cutmix_alpha)]
    text = " or ".join(f"{name} {plain(alpha)}" for name, alpha in kinds if alpha)
    if extra.mixing_fraction < 1:
        return f"{text} in the first {_percent(extra.mixing_fraction)} of the steps"
    return text


def _labels(recipe: dict[str, Any], extra: Augmentation) -> list[str]:
    smoothing = recipe.get("label_smoothing") or 0.0
    said = {
        f"smoothed by {plain(smoothing)}": smoothing,
        f"wrong with probability {plain(extra.label_noise)}": extra.label_noise,
    }
    return [text for text, is_on in said.items() if is_on]


def _steps(recipe: dict[str, Any]) -> list[str]:
    decay, clip = recipe.get("ema_decay") or 0.0, recipe.get("clip_norm") or 0.0
    drops = recipe.get("drops") or ()
    factor = plain(recipe.get("drop_factor", 0.1))
    places = ", ".join(_percent(share) for share in drops)
    said = {
        f"learning rate times {factor} after {places} of them": drops,
        f"weights averaged with a decay of {decay:.6g}": decay,
        f"gradients clipped at norm {plain(clip)}": clip,
    }
    return [text for text, is_on in said.items() if is_on]


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"

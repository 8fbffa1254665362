"""A trained model of a run, put together from its records alone."""

from pathlib import Path
from typing import Any

from whatwhere.blocks.registered import WIDENED
from whatwhere.errors import UsageError
from whatwhere.exporting import Bundle
from whatwhere.models import ModelSpec
from whatwhere.records import Run, Trial, TrialKey, trial_folder

NO_ATTENTION = "none"

# What decides, beside folds, which images are for training, under the names of `open_source`.
SPLIT_OPTIONS = ("validation_fraction", "dedup")


def trained_bundle(folder: Path, key: TrialKey) -> Bundle:
    """Return the model that a finished trial left.

    Args:
        folder: The run's folder.
        key: The trial.

    Returns:
        The model with everything that is needed to use it.

    Raises:
        UsageError: If the trial did not finish.
    """
    run, trial = Run.read(folder), Trial.read(trial_folder(folder, key))
    if not trial.finished:
        raise UsageError(f"{key.text} left no model: {trial.record['reason']}")
    recipe, data = run.config["recipe"][key.dataset], run.data[key.dataset]
    pixels = recipe if key.fold is None else recipe["folds"][key.fold]
    widths = trial.record["design"].get("inner_widths")
    if key.design == WIDENED:
        widths = recipe["widened_inner_widths"]
    return Bundle(
        spec=ModelSpec(
            backbone=trial.record["design"].get("network") or recipe["backbone"],
            num_classes=len(data["class_names"]),
            in_channels=data["channels"],
            where=recipe["where"],
            inner_widths=tuple(widths) if widths else None,
            start=recipe["start"],
            image_size=recipe["image_size"],
        ),
        design=rebuildable(trial.record["design"]),
        class_names=tuple(data["class_names"]),
        image_size=recipe["image_size"],
        mean=tuple(pixels["mean"]),
        std=tuple(pixels["std"]),
        precision=recipe["precision"],
        facts=facts_of(
            key,
            recipe=recipe,
            record=trial.record,
            data=trial.record,
            asked=run.config.get("asked", {}).get("recipe", {}),
        ),
        weights=trial.content("model.safetensors"),
    )


def facts_of(
    key: TrialKey,
    *,
    recipe: dict[str, Any],
    record: dict[str, Any],
    data: dict[str, Any],
    asked: dict[str, Any],
) -> dict[str, Any]:
    """Return what a trained model says about its origin.

    Args:
        key: The trial.
        recipe: The protocol's numbers by name.
        record: What the trial recorded.
        data: "data_hash" and "split_fingerprint" of what it was trained on.
        asked: The recipe as it was asked for, of which some options decide the splits.

    Returns:
        Plain values.
    """
    return {
        "dataset": key.dataset,
        "size": key.size,
        "seed": key.seed,
        **({} if key.fold is None else {"fold": key.fold, "folds": len(recipe["folds"])}),
        "protocol": recipe["name"],
        "steps": recipe["steps"],
        "learning_rate": recipe["learning_rate"],
        "batch_size": recipe["batch_size"],
        "validation_accuracy": record["validation"]["accuracy"],
        "pretrained": recipe.get("pretrained"),
        "data_hash": data["data_hash"],
        "split_fingerprint": data["split_fingerprint"],
        "split_options": {name: asked[name] for name in SPLIT_OPTIONS if name in asked},
    }


def rebuildable(design: dict[str, Any]) -> str:
    """Return the text from which a design can be built again.

    Args:
        design: Its card as records carry it.

    Returns:
        The text from which a design can be built again.
    """
    if design["kind"] == "user":
        return str(design["source"])
    if design["kind"] == "network" or design.get("added_parameters"):
        return NO_ATTENTION
    return str(design["wiring"] or design["name"])


def model_card(bundle: Bundle, *, title: str, sentence: str) -> str:
    """Return the README of a trained model.

    Args:
        bundle: The model.
        title: What the design is.
        sentence: What is known about how good it is.

    Returns:
        The README of a trained model.
    """
    facts, origin = bundle.facts, bundle.facts.get("pretrained")
    began = f"\n- fine-tuned from {origin['name']} (SHA-256 {origin['sha256']})" if origin else ""
    return f"""# {title}, trained on {facts["dataset"]}

{sentence}

{_form(bundle)}
- trained for {facts["steps"]} steps of {facts["batch_size"]} on {facts["size"]} images (protocol
  {facts["protocol"]}), seed {facts["seed"]}{_fold(facts)}{began}
- images: {bundle.image_size} px, {bundle.spec.in_channels} channel(s)
- classes: {", ".join(bundle.class_names)}
- validation accuracy of this one model: {100 * facts["validation_accuracy"]:.1f} %

Use it with `whatwhere predict FOLDER IMAGES`.
"""


def _fold(facts: dict[str, Any]) -> str:
    """Say that a model saw a part of the images only; empty without folds."""
    if facts.get("fold") is None:
        return ""
    return (
        f"; the images of fold {facts['fold'] + 1} were kept for its test (`whatwhere train` trains"
        " on more)"
    )


def _form(bundle: Bundle) -> str:
    if bundle.design == NO_ATTENTION:
        return f"- network: `{bundle.spec.backbone}`"
    return f"- design: `{bundle.design}` in `{bundle.spec.backbone}`"

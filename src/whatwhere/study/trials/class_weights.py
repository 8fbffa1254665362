"""Class weights: as a user gives them, as a run records them, and as the loss takes them."""

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from whatwhere.errors import UsageError, nearest
from whatwhere.training.protocol import Protocol, weight_values

KINDS = ("none", "balanced")
EXPECTED = 'none, balanced, a CSV file of class,weight, or for instance \'{"ant": 2, "bee": 1}\''


def parse_class_weights(given: str | Mapping[str, float] | None) -> str | None:
    """Return class weights in the form in which a run records them.

    A file is read at once and its content recorded, so that a run knows its weights and not only
    where they were.

    Args:
        given: "none", "balanced", the path of a CSV file with the header `class,weight`, or weights
            by class name, as a dictionary or a JSON object; None where nothing was asked for.

    Returns:
        None, "none", "balanced", or a JSON object with sorted names.

    Raises:
        UsageError: If it is none of these, or a weight is not a positive number.
    """
    if given is None or given in KINDS:
        return given if given is None else str(given)
    text = given if isinstance(given, str) else json.dumps(given)
    values = _from_json(text) if text.lstrip().startswith("{") else _from_file(Path(text))
    for name, value in values.items():
        if not math.isfinite(value) or value <= 0:
            raise UsageError(f"class weights: '{name}' has {value}; expected a number above 0")
    return json.dumps(values, sort_keys=True)


def weights_in_order(text: str, class_names: tuple[str, ...]) -> str:
    """Return class weights as a protocol holds them.

    Args:
        text: From `parse_class_weights`.
        class_names: Of the data, in the order of their indices.

    Returns:
        "none", "balanced", or one number per class, separated by commas.

    Raises:
        UsageError: If a class has no weight, or a weight no class.
    """
    if text in KINDS:
        return text
    values = json.loads(text)
    for name in values:
        if name not in class_names:
            raise UsageError(
                f"class weights: there is no class '{name}'{nearest(name, class_names)}"
                f" (classes: {', '.join(class_names[:20])})"
            )
    missing = [name for name in class_names if name not in values]
    if missing:
        raise UsageError(f"class weights: class '{missing[0]}' has none; give one for every class")
    return ",".join(repr(float(values[name])) for name in class_names)


def class_weight(labels: np.ndarray, num_classes: int, protocol: Protocol) -> Tensor | None:
    """Return the weight of every class in the loss, or None for equal ones.

    Args:
        labels: Of the training images.
        num_classes: K.
        protocol: Whether to weigh.

    Returns:
        n / (K n_c) where balanced, the protocol's own numbers where it has some.

    Raises:
        UsageError: If the protocol has numbers for another number of classes.
    """
    if protocol.class_weights == "none":
        return None
    values = weight_values(protocol.class_weights)
    if values is not None:
        if len(values) != num_classes:
            raise UsageError(f"{len(values)} class weights for {num_classes} classes")
        return torch.tensor(values, dtype=torch.float32)
    counts = np.bincount(labels, minlength=num_classes)
    return torch.tensor(len(labels) / (num_classes * np.maximum(counts, 1)), dtype=torch.float32)


def _from_json(text: str) -> dict[str, float]:
    try:
        values = json.loads(text)
        return {str(name): float(value) for name, value in values.items()}
    except (ValueError, TypeError, RecursionError):
        raise UsageError(f"class weights '{text[:80]}': expected {EXPECTED}") from None


def _from_file(path: Path) -> dict[str, float]:
    if not path.is_file():
        raise UsageError(f"class weights '{path}': there is no such file; expected {EXPECTED}")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return {row["class"].strip(): float(row["weight"]) for row in rows}
    except (KeyError, TypeError, ValueError, AttributeError, csv.Error) as error:
        raise UsageError(
            f"class weights '{path}': {type(error).__name__}: {error}; expected the header"
            " class,weight and a number per class"
        ) from None

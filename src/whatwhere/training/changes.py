"""Protocols with some numbers changed, as text: `r1(label_noise=0.2, mixup_alpha=0)`."""

import typing
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from whatwhere.augmentation import Augmentation
from whatwhere.errors import UsageError, nearest
from whatwhere.training.protocol import Protocol

# What has an option of its own, or follows from what training begins with.
_ELSEWHERE = {
    "name",
    "backbone",
    "where",
    "image_size",
    "steps",
    "whole_steps",
    "batch_size",
    "learning_rate",
    "class_weights",
    "precision",
    "layout",
    "start",
    "frozen_fraction",
    "extra",
}
_EXTRA = {field.name for field in fields(Augmentation)}
CHANGEABLE = (
    *(field.name for field in fields(Protocol) if field.name not in _ELSEWHERE),
    *(field.name for field in fields(Augmentation)),
)


def split_changes(text: str) -> tuple[str, dict[str, Any]]:
    """Return the preset that a text names, and the numbers that it changes.

    Args:
        text: A name, perhaps followed by `(setting=value, ...)`.

    Returns:
        The name, and values by setting.

    Raises:
        UsageError: If a setting is unknown or a value is not of its kind.

    Example:
        >>> split_changes("standard(label_noise=0.2)")
        ('standard', {'label_noise': 0.2})
    """
    name, opened, rest = text.partition("(")
    if not opened:
        return text, {}
    if not rest.endswith(")"):
        raise UsageError(f"protocol '{text}': expected for instance {name}(label_noise=0.2)")
    pairs = [item.partition("=") for item in rest[:-1].split(",") if item.strip()]
    return name.strip(), {key.strip(): _value(text, key.strip(), value) for key, _, value in pairs}


def with_changes(protocol: Protocol, changes: Mapping[str, Any]) -> Protocol:
    """Return a protocol with some numbers changed, whichever part of it they belong to.

    Args:
        protocol: Any.
        changes: Values by setting, as in `CHANGEABLE`.

    Returns:
        The protocol.
    """
    extra = {key: value for key, value in changes.items() if key in _EXTRA}
    own = {key: value for key, value in changes.items() if key not in _EXTRA}
    return replace(protocol, extra=replace(protocol.extra, **extra), **own)


def _value(text: str, key: str, value: str) -> Any:
    if key not in CHANGEABLE:
        raise UsageError(
            f"protocol '{text}': there is no setting '{key}'{nearest(key, CHANGEABLE)}"
            f" (settings: {', '.join(CHANGEABLE)})"
        )
    kind = typing.get_type_hints(Augmentation if key in _EXTRA else Protocol)[key]
    try:
        return _READERS[kind](value.strip())
    except (KeyError, ValueError):
        wanted = getattr(kind, "__name__", str(kind))
        raise UsageError(f"protocol '{text}': {key}='{value}' is not {wanted}") from None


_READERS: Mapping[Any, Any] = {
    str: str,
    int: int,
    float: float,
    bool: {"true": True, "false": False}.__getitem__,
    tuple[float, ...]: lambda value: tuple(float(item) for item in value.split("-") if item),
}

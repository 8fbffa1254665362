"""Frozen dataclasses to and from TOML, and their hash."""

import dataclasses
import hashlib
import json
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from whatwhere.errors import UsageError, nearest

MAX_TOML_BYTES = 1_000_000
ConfigType = TypeVar("ConfigType")


def fingerprint(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON, as 64 hex digits.

    Args:
        value: Anything made of dataclasses, dictionaries, sequences, numbers, texts and None.

    Returns:
        Equal digits for equal values, whatever the order of dictionary keys.

    Example:
        >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
        True
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def to_toml(values: dict[str, Any]) -> str:
    """Return `values` as TOML; keys whose value is None are left out.

    Args:
        values: Nested dictionaries of plain values.

    Returns:
        The TOML text.
    """
    return tomli_w.dumps(_without_none(values))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file of bounded size.

    Args:
        path: The file.

    Returns:
        Its values.

    Raises:
        UsageError: If the file is missing, larger than 1 MB or not TOML.
    """
    try:
        size = path.stat().st_size
        if size > MAX_TOML_BYTES:
            raise UsageError(f"{path} has {size} bytes; a configuration has at most 1 MB")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not a TOML file: {error}") from None


def build(kind: type[ConfigType], values: dict[str, Any]) -> ConfigType:
    """Make a config dataclass from plain values, refusing what it does not know.

    Args:
        kind: The dataclass.
        values: One entry per field; fields with a default may be missing.

    Returns:
        The dataclass; lists become tuples.

    Raises:
        UsageError: If a key is unknown, missing or of the wrong type.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in fields:
            raise UsageError(f"{kind.__name__} has no setting '{name}'{nearest(name, fields)}")
    types = typing.get_type_hints(kind)
    checked = {name: _coerce(kind, name, types[name], value) for name, value in values.items()}
    try:
        return kind(**checked)
    except TypeError as error:
        raise UsageError(f"{kind.__name__} is incomplete: {error}") from None


def without_defaults(value: Any) -> dict[str, Any]:
    """Return a config dataclass as a dictionary that leaves out what has its default.

    A field that is added later, with a default that means "as before", then changes neither what
    is written for older values nor their fingerprint. `build` is the way back.

    Args:
        value: The dataclass.

    Returns:
        One entry per field that has no default, or another value than it.
    """
    kept = {}
    for field in dataclasses.fields(value):
        own = getattr(value, field.name)
        if own != field.default:
            kept[field.name] = without_defaults(own) if dataclasses.is_dataclass(own) else own
    return kept


def _coerce(kind: type, name: str, expected: Any, value: Any) -> Any:
    """Return the value as the field wants it; an int will do for a float, nothing else bends."""
    if isinstance(value, dict) and dataclasses.is_dataclass(expected):
        return build(expected, value)  # type: ignore[arg-type]
    if isinstance(value, dict) and typing.get_origin(expected) is Mapping:
        return value
    if isinstance(value, list):
        return tuple(value)
    plain = {
        item
        for item in (typing.get_args(expected) or (expected,))
        if item in (bool, int, float, str)
    }
    if float in plain and int not in plain and type(value) is int:
        return float(value)
    if plain and value is not None and type(value) not in plain and not isinstance(value, tuple):
        wanted = " or ".join(sorted(item.__name__ for item in plain))
        raise UsageError(f"{kind.__name__}.{name} must be {wanted}, not {value!r}")
    return value


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(item) for item in value]
    return value

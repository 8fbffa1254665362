"""The text of a network, `samc(shortcut=none, dims=64-128-160)`, to and from a frozen dataclass."""

import dataclasses
import math
import re
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from whatwhere.errors import UsageError, nearest, unknown_name

ConfigType = TypeVar("ConfigType")
_TEXT = re.compile(r"\s*([\w.-]+)\s*(?:\((.*)\))?\s*")
_EXAMPLE = "for instance samc(shortcut=none, dims=64-128-160)"


def split_text(text: str) -> tuple[str, dict[str, str]]:
    """Return a network's name and its options as they were written.

    Args:
        text: A name, perhaps with options in parentheses.

    Returns:
        The name, and values by option, unchecked.

    Raises:
        UsageError: If the text is not of that form, or an option stands twice.

    Example:
        >>> split_text("samc(shortcut=none, dims=64-128-160)")
        ('samc', {'shortcut': 'none', 'dims': '64-128-160'})
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise UsageError(f"'{text}' names no network: expected a name, {_EXAMPLE}")
    name, inside = match.group(1), match.group(2)
    options: dict[str, str] = {}
    for part in inside.split(",") if inside and inside.strip() else []:
        option, equals, value = (piece.strip() for piece in part.partition("="))
        if not (option and equals and value):
            raise UsageError(f"'{text}': '{part.strip()}' is no option=value, {_EXAMPLE}")
        if option in options:
            raise UsageError(f"'{text}' gives the option '{option}' twice")
        options[option] = value
    return name, options


def with_options(default: ConfigType, options: Mapping[str, str], *, name: str) -> ConfigType:
    """Return a network's configuration with some fields replaced.

    Args:
        default: A frozen dataclass whose fields are int, float, bool, a `Literal` of texts, one of
            these or None, or a tuple of numbers of any length. One with a method `idle` says by
            field beside what other value it is never read.
        options: Values as text; tuples are written with "-", None as "none".
        name: Of the network, for error messages.

    Returns:
        A dataclass of the same class.

    Raises:
        UnknownNameError: If there is no such option.
        UsageError: If a value is none that the option can have, or the option has no effect beside
            the others (where the configuration tells such options, by a method `idle`).
    """
    kinds = typing.get_type_hints(type(default))
    parsed = {}
    for option, text in options.items():
        if not kinds:
            raise UsageError(f"{name} has no options, so '{option}' is none of it")
        if option not in kinds:
            raise unknown_name(f"option of {name}", option, kinds)
        try:
            parsed[option] = _parsed(kinds[option], text)
        except ValueError as error:
            raise UsageError(f"{name}({option}={text}): {error}") from None
    config = dataclasses.replace(default, **parsed)  # type: ignore[type-var]
    idle: Mapping[str, str] = config.idle() if hasattr(config, "idle") else {}
    for option, value in parsed.items():
        if option in idle and value != getattr(default, option):
            said = f"{option}={options[option]} has no effect beside {idle[option]}"
            raise UsageError(f"{name}: {said}; leave it out")
    return config


def text_of(name: str, config: Any, *, default: Any) -> str:
    """Return the text that stands for a configuration: the same for equal ones.

    Args:
        name: Of the network.
        config: Its configuration.
        default: The configuration that the bare name stands for.

    Returns:
        The name, with the options that differ from the default in the order of the fields.
    """
    changed = [
        f"{field.name}={_written(getattr(config, field.name))}"
        for field in dataclasses.fields(config)
        if getattr(config, field.name) != getattr(default, field.name)
    ]
    return f"{name}({', '.join(changed)})" if changed else name


def described(config: Any) -> dict[str, str]:
    """Return what each option is by default, and what else it may be where that is a choice.

    Args:
        config: The configuration that a bare name stands for.

    Returns:
        Texts by option, in the order of the fields.
    """
    kinds = typing.get_type_hints(type(config))
    return {
        field.name: _written(getattr(config, field.name)) + _choices(kinds[field.name])
        for field in dataclasses.fields(config)
    }


def _choices(kind: Any) -> str:
    if typing.get_origin(kind) is typing.Literal:
        return f" (of {', '.join(typing.get_args(kind))})"
    return ""


def _parsed(kind: Any, text: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        inner = next(argument for argument in arguments if argument is not type(None))
        return None if text == "none" else _parsed(inner, text)
    if origin is tuple:
        return tuple(_parsed(arguments[0], part) for part in text.split("-"))
    if origin is typing.Literal:
        return _chosen(text, arguments)
    if kind is bool:
        return _chosen(text, ("true", "false")) == "true"
    return _number(kind, text)


def _chosen(text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise ValueError(f"expected one of {', '.join(allowed)}{nearest(text, allowed)}")
    return text


def _number(kind: type[int] | type[float], text: str) -> int | float:
    wanted = "a whole number" if kind is int else "a number"
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"expected {wanted}, not '{text}'") from None
    if not math.isfinite(value):
        raise ValueError(f"expected {wanted}, not '{text}'")
    return value


def _written(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "-".join(map(_written, value))
    return str(value)

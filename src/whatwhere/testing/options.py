"""The check that every option of a constructor changes something."""

import inspect
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args, get_origin

import torch

from whatwhere.testing.subject import (
    Factory,
    applied,
    built,
    copied_state,
    difference,
    name_of,
    normal_map,
    require,
)

_CHANNELS = 64  # wide enough for a reduction of 16 to differ from one of 4
_SIZES = ((7, 5), (32, 32))
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Same:
    """Another value of an option that chooses how to compute, and must change no result.

    Args:
        value: The other value.
    """

    value: Any


def check_every_option_changes_something(
    factory: Factory, *, options: Mapping[str, Any] | None = None
) -> None:
    """Another value of an option changes parameters, buffers or outputs from the same seed.

    Flags, numbers, tuples and options annotated with `Literal` find another value by themselves;
    all others need one. An option that matters only beside another one is tried beside it.

    Args:
        factory: channels -> block; options that a `functools.partial` binds are left as bound.
        options: Another value by option; `Same(value)` where it must change nothing instead.

    Raises:
        AssertionError: If an option has no effect, or no other value is known.
    """
    found, given = _options(factory), dict(options or {})
    unknown = ", ".join(sorted(set(given) - set(found)))
    has = f"has no option '{unknown}' (it has: {', '.join(found) or 'none'})"
    require(not unknown, factory, has, look="the options given to this check")
    others = {name: tuple(_others(parameter)) for name, parameter in found.items()}
    others |= {name: (value,) for name, value in given.items() if not isinstance(value, Same)}
    for name, values in others.items():
        if isinstance(given.get(name), Same):
            _must_not_matter(factory, name, given[name].value)
        else:
            _must_matter(factory, name, values, others)


def _must_not_matter(factory: Factory, name: str, value: Any) -> None:
    gap = _distance(_behaviour(factory), _other_behaviour(factory, name, value))
    require(
        gap < _ROUNDING,
        factory,
        f"gives other values, by {gap:.2g}, where its option '{name}' is {value!r}",
        look="the ways of computing that the option chooses from",
    )


def _must_matter(
    factory: Factory, name: str, values: tuple[Any, ...], others: Mapping[str, tuple[Any, ...]]
) -> None:
    require(
        bool(values),
        factory,
        f"has an option '{name}' for which no other value is known",
        look=f"the argument options={{'{name}': another value}} of this check, or annotate the"
        " option with typing.Literal",
    )
    beside: list[dict[str, Any]] = [{}]
    beside += [{key: value} for key in others if key != name for value in others[key]]
    require(
        any(_changes(factory, name, values, base) for base in beside),
        factory,
        f"ignores its option '{name}' (tried {', '.join(map(repr, values))})",
        look="the constructor: is the option used?",
    )


def _options(factory: Factory) -> dict[str, inspect.Parameter]:
    """Return all parameters with a default, but not those that a partial has bound."""
    bound = factory.keywords if isinstance(factory, partial) else {}
    parameters = inspect.signature(factory).parameters.values()
    return {
        parameter.name: parameter
        for parameter in parameters
        if parameter.default is not parameter.empty and parameter.name not in bound
    }


def _others(parameter: inspect.Parameter) -> Iterator[Any]:
    """Yield values other than the default, as far as default and annotation tell them."""
    default = parameter.default
    if get_origin(parameter.annotation) is Literal:
        yield from (value for value in get_args(parameter.annotation) if value != default)
    elif isinstance(default, bool):
        yield not default
    elif isinstance(default, int):
        values = (2 * default, default // 2, default + 1, default + 2, default - 1, 1, 2)
        yield from (value for value in dict.fromkeys(values) if value != default)
    elif isinstance(default, float):
        yield from (
            value for value in (2 * default, default / 2, default + 0.5) if value != default
        )
    elif isinstance(default, tuple) and len(default) > 1:
        yield default[:-1]
        yield default[::-1]


def _changes(factory: Factory, name: str, values: tuple[Any, ...], base: dict[str, Any]) -> bool:
    """Return whether any value changes something; a value that is refused does not count."""
    try:
        expected = _behaviour(partial(factory, **base))
    except AssertionError:
        if not base:
            raise
        return False
    for value in values:
        try:
            found = _other_behaviour(partial(factory, **base), name, value)
        except AssertionError:
            if len(values) == 1:
                raise
            continue
        if _distance(found, expected) > _ROUNDING:
            return True
    return False


def _other_behaviour(factory: Factory, name: str, value: Any) -> dict[str, torch.Tensor]:
    try:
        return _behaviour(partial(factory, **{name: value}))
    except AssertionError as error:
        raise AssertionError(
            f"{name_of(factory)}: its option '{name}' refuses {value!r}. Look at: {error}"
        ) from error


def _behaviour(factory: Factory) -> dict[str, torch.Tensor]:
    """Return state and outputs from one seed, at the start and with all parameters moved."""
    values: dict[str, torch.Tensor] = {}
    for spread in (0.0, 0.3):
        block = built(factory, _CHANNELS, spread=spread, dtype=torch.float64)
        for size in _SIZES:
            x = normal_map(2, channels=_CHANNELS, size=size, dtype=torch.float64)
            with torch.no_grad():
                values[f"trained {spread} {size}"] = applied(block.train(), x, factory)
                values[f"evaluated {spread} {size}"] = applied(block.eval(), x, factory)
        values |= {f"{key} {spread}": value for key, value in copied_state(block).items()}
    return values


def _distance(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> float:
    """Return the largest difference, infinity where names or shapes differ."""
    shapes = [{key: value.shape for key, value in values.items()} for values in (found, expected)]
    if shapes[0] != shapes[1]:
        return math.inf
    return max(difference(found[key], expected[key]) for key in expected)

"""Designs of other packages: entry points that join the registry, or are refused with a reason."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from torch import nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.errors import UsageError
from whatwhere.registry import Registry

GROUP = "whatwhere.designs"
NUMBERS = range(500, 1000)  # after everything of ours, before what a user types
KINDS = ("block", "control")
_USER_FAMILIES = ("typed", "yours")
_loading: ContextVar[bool] = ContextVar("loading", default=False)

Factory = Callable[[int], nn.Module]
Pair = tuple[DesignCard, Factory]


def add_plugins(known: Registry[DesignCard]) -> None:
    """Register the designs of every installed package that declares them.

    An entry point joins as a whole or not at all; one that cannot join is refused with a warning,
    and with the same reason for whoever asks for its designs.

    Args:
        known: The registry with all designs of ours.

    Raises:
        UsageError: If a plug-in asks for the registry while it is being loaded.
    """
    if _loading.get():
        raise UsageError(
            "a plug-in cannot look up designs while it is loaded; do it in the factory"
        )
    token = _loading.set(True)
    try:
        accepted = _accepted(known)
    finally:
        _loading.reset(token)
    for card, factory, version in sorted(accepted, key=lambda item: (item[0].number, item[0].name)):
        known.register(card, factory, version=version)


def _accepted(known: Registry[DesignCard]) -> list[tuple[DesignCard, Factory, str]]:
    """Return what may join: cards, factories, and the package's name and version."""
    accepted: list[tuple[DesignCard, Factory, str]] = []
    taken, families = {name.lower() for name in known}, {*known.families(), *_USER_FAMILIES}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (_package(point), point.name)):
        names = [point.name]
        try:
            pairs = _pairs(point)
            names += [card.name for card, _ in pairs]
            _check([card for card, _ in pairs], taken, families)
        # A module that ends the program when it is imported must not end ours.
        except (Exception, SystemExit) as error:
            _refuse(known, point, names, error)
            continue
        accepted += [(card, factory, _package(point)) for card, factory in pairs]
        taken |= {card.name.lower() for card, _ in pairs}
    return accepted


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"


def _pairs(point: EntryPoint) -> list[Pair]:
    """Return what an entry point stands for: one pair, or all pairs that a function returns."""
    value: Any = point.load()
    if callable(value):
        value = value()
        if not isinstance(value, Iterable):
            raise UsageError(f"its function returned {value!r}, not pairs (DesignCard, factory)")
        pairs = list(value)
    else:
        pairs = [value]
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], DesignCard)):
            raise UsageError(f"its value {pair!r} is not a pair (DesignCard, factory)")
        if not callable(pair[1]):
            raise UsageError(f"the factory of '{pair[0].name}' is {pair[1]!r}, not callable")
    return pairs


def _check(cards: Sequence[DesignCard], taken: set[str], families: set[str]) -> None:
    seen = set(taken)
    for card in cards:
        if card.name.lower() in seen:
            raise UsageError(f"the name '{card.name}' is taken; choose another one")
        if card.name in families or card.family in families:
            word = card.name if card.name in families else card.family
            raise UsageError(f"'{word}' is a family of whatwhere's own; choose another name")
        if card.number not in NUMBERS:
            raise UsageError(
                f"'{card.name}' has number {card.number}; expected"
                f" {NUMBERS.start} to {NUMBERS.stop - 1}"
            )
        if card.kind not in KINDS or card.wiring is not None:
            raise UsageError(
                f"'{card.name}' has kind '{card.kind}' and wiring {card.wiring!r}; expected kind"
                f" {' or '.join(KINDS)} and no wiring (its text, if it has one, is the equation)"
            )
        seen.add(card.name.lower())


def _refuse(
    known: Registry[DesignCard], point: EntryPoint, names: Sequence[str], error: BaseException
) -> None:
    reason = str(error) if isinstance(error, UsageError) else f"{type(error).__name__}: {error}"
    sentence = f"the plug-in '{point.name}' of package {_package(point)} is refused: {reason}"
    for name in names:
        known.refuse(name, sentence)
    warnings.warn(f"{sentence}; all other designs work", stacklevel=2)

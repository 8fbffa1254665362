"""One registry for designs and data sets: name -> (factory, card), in a fixed order."""

import fnmatch
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from whatwhere.errors import UnknownNameError, UsageError, unknown_name


@runtime_checkable
class Card(Protocol):
    """What every card has; designs and data sets add their own fields."""

    @property
    def name(self) -> str:
        """The registered name, a legal file name on every system."""

    @property
    def family(self) -> str:
        """The group the entry belongs to; a family name stands for its members."""


CardType = TypeVar("CardType", bound=Card)


class Registry(Generic[CardType]):
    """Named factories with their cards, iterated in the order of registration.

    Args:
        kind: What is registered, in the singular, for error messages.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, tuple[Callable[..., Any], CardType]] = {}
        self._versions: dict[str, str] = {}
        self._refused: dict[str, str] = {}

    def register(self, card: CardType, factory: Callable[..., Any], *, version: str = "1") -> None:
        """Add an entry; a name may be taken once.

        Args:
            card: The facts about the entry.
            factory: What makes it.
            version: Text that changes when what the factory makes may have changed.

        Raises:
            UsageError: If the name is already registered.
        """
        if card.name in self._entries:
            raise UsageError(f"a {self.kind} named '{card.name}' is registered already")
        self._entries[card.name] = (factory, card)
        self._versions[card.name] = version

    def refuse(self, name: str, reason: str) -> None:
        """Remember why an entry was not registered, for whoever asks for it.

        Args:
            name: What it would have been asked for by.
            reason: A sentence for the error.
        """
        self._refused[name] = reason

    def is_refused(self, name: str) -> bool:
        """Say whether `refuse` gave a reason for `name`."""
        return name in self._refused

    def card(self, name: str) -> CardType:
        """Return the card of `name`, or raise with the nearest known name."""
        return self._entry(name)[1]

    def factory(self, name: str) -> Callable[..., Any]:
        """Return the factory of `name`, or raise with the nearest known name."""
        return self._entry(name)[0]

    def version(self, name: str) -> str:
        """Return the version of `name`, or raise with the nearest known name."""
        self._entry(name)
        return self._versions[name]

    def match(self, pattern: str) -> list[str]:
        """Return the names that a name, a family or a wildcard stands for.

        Args:
            pattern: For instance "csa", "sequential" or "*csa".

        Returns:
            Registered names in their fixed order; never empty.

        Raises:
            UnknownNameError: If nothing matches.
        """
        if pattern in self._entries:
            return [pattern]
        names = [name for name, (_, card) in self._entries.items() if card.family == pattern]
        names = names or [name for name in self._entries if fnmatch.fnmatchcase(name, pattern)]
        if not names:
            raise self._unknown(pattern, [*self._entries, *self.families()])
        return names

    def families(self) -> list[str]:
        """Return the family names in order of first appearance."""
        return list(dict.fromkeys(card.family for _, card in self._entries.values()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def _entry(self, name: str) -> tuple[Callable[..., Any], CardType]:
        if name not in self._entries:
            raise self._unknown(name, self._entries)
        return self._entries[name]

    def _unknown(self, name: str, allowed: Iterable[str]) -> UnknownNameError:
        if name in self._refused:
            return UnknownNameError(f"unknown {self.kind} '{name}': {self._refused[name]}")
        return unknown_name(self.kind, name, allowed)

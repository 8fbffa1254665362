"""What is known about a design: the facts that lists, reports, documentation and tests all read."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from whatwhere.errors import UsageError, nearest

KINDS = ("wiring", "block", "control", "user", "network")
FIDELITIES = ("exact", "inferred", "reconstruction", "ours")


@dataclass(frozen=True, kw_only=True)
class DesignCard:
    """The facts about one design.

    Args:
        number: Fixes the order in every list and report.
        name: Registered name, a legal file name.
        family: The group it belongs to.
        title: What it is, in a few words.
        kind: "wiring", "block", "control", "user", or "network" for a whole network.
        equation: y as a function of x; a wiring is its own equation.
        source: Paper, section, equation.
        fidelity: "exact" where the source fixes every value, "inferred" where the design is named
            but not defined, "reconstruction" where parts of it had to be decided by us, "ours"
            where there is no source.
        departures: Where it differs from its source; "" where nowhere.
        parameters_at_64: Learned values at 64 channels, counted by hand; None where unknown.
        wiring: Canonical wiring text, None where it is not a wiring.
        licence: Package and licence of code that it runs; "" where it runs ours alone.

    Raises:
        UsageError: If a field has a value that it cannot have.
    """

    number: int
    name: str
    family: str
    title: str
    kind: str
    equation: str
    source: str
    fidelity: str
    departures: str = ""
    parameters_at_64: int | None = None
    wiring: str | None = None
    licence: str = ""

    def __post_init__(self) -> None:
        for field, (fits, expected) in _RULES.items():
            value = getattr(self, field)
            if not fits(value):
                expected += nearest(str(value), _CHOICES.get(field, ()))
                raise UsageError(f"card {self.name!r}: {field}={value!r}: expected {expected}")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\w[\w.-]*", value) is not None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_CHOICES = {"kind": KINDS, "fidelity": FIDELITIES}
_RULES: dict[str, tuple[Callable[[object], bool], str]] = {
    "name": (_is_name, "letters, digits, '_', '.' and '-'"),
    "number": (_is_count, "a whole number from 0"),
    "kind": (KINDS.__contains__, f"one of {', '.join(KINDS)}"),
    "fidelity": (FIDELITIES.__contains__, f"one of {', '.join(FIDELITIES)}"),
    "family": (_is_text, "a text"),
    "title": (_is_text, "a text"),
    "equation": (_is_text, "a text"),
    "source": (_is_text, "a text"),
    "departures": (_is_text, "a text"),
    "licence": (_is_text, "a text"),
    "parameters_at_64": (
        lambda value: value is None or _is_count(value),
        "a whole number from 0, or None where unknown",
    ),
    "wiring": (
        lambda value: value is None or _is_text(value),
        "a text, or None where it is not a wiring",
    ),
}

"""A search space: texts with gaps, and the values that may fill them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from whatwhere.config import build, read_toml
from whatwhere.errors import UsageError, unknown_name
from whatwhere.training.changes import split_changes

FOLDER = Path(__file__).parent / "spaces"
_GAP = re.compile(r"\{(\w+)\}")
_DIGITS = 4  # of a number in a text; the text is what is run, so nothing is lost between the two
Value = int | float | str


@dataclass(frozen=True)
class Parameter:
    """What one gap may be filled with: one of some choices, or a number from a range.

    Args:
        default: Its value in the configuration that needs no search.
        choices: Numbers or texts.
        low: Least number of a range.
        high: Largest number of a range.
        log: Whether factors count rather than differences.
    """

    default: Value
    choices: tuple[Value, ...] = ()
    low: float | None = None
    high: float | None = None
    log: bool = False

    def __post_init__(self) -> None:
        if bool(self.choices) == (self.low is not None and self.high is not None):
            raise UsageError("a parameter has either choices, or low and high")
        if self.choices:
            allowed, right = f"one of {_listed(self.choices)}", self.default in self.choices
            if len(set(map(str, self.choices))) < max(2, len(self.choices)) or self.log:
                raise UsageError("expected at least two different choices, and no log")
        else:
            assert self.low is not None
            assert self.high is not None
            if not (self.low < self.high and (self.low > 0 or not self.log)):
                raise UsageError(
                    f"low={self.low} and high={self.high}: expected low below high,"
                    " and with log both above 0"
                )
            allowed = f"a number from {self.low} to {self.high}"
            right = type(self.default) in (int, float) and self.low <= self.default <= self.high  # type: ignore[operator]
        if not right:
            raise UsageError(f"default={self.default}: expected {allowed}")

    def draw(self, rng: np.random.Generator) -> Value:
        """Return a random value: every choice, or every part of the range, is as likely."""
        if self.choices:
            return self.choices[int(rng.integers(len(self.choices)))]
        assert self.low is not None
        assert self.high is not None
        if self.log:
            return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class Follower:
    """A gap whose filling follows from another's.

    Args:
        parameter: Which one.
        values: By the other's value, as text.
    """

    parameter: str
    values: Mapping[str, Value]


@dataclass(frozen=True)
class Candidate:
    """One configuration, as texts that `compare` takes.

    Args:
        design: The row: a whole network with its options, or a design in the backbone.
        backbone: The backbone; "" for the protocol's.
        learning_rate: As text; "" for the protocol's.
        changes: Numbers of the protocol that change, as text by setting.
    """

    design: str
    backbone: str
    learning_rate: str
    changes: tuple[tuple[str, str], ...]

    def protocol(self, base: str) -> str:
        """Return the protocol as text.

        Args:
            base: The name of the one that is changed, perhaps with changes of its own.

        Returns:
            For instance "r1(weight_decay=0.03)"; where both change a number, the candidate does.
        """
        name, _, inside = base.partition("(")
        own = [item.partition("=") for item in inside.rstrip(")").split(",") if item.strip()]
        changes = {**{key.strip(): value.strip() for key, _, value in own}, **dict(self.changes)}
        listed = ", ".join(f"{key}={value}" for key, value in changes.items())
        return f"{name.strip()}({listed})" if changes else base


@dataclass(frozen=True)
class Space:
    """What is searched.

    Args:
        name: Of its file.
        title: What it is about.
        design: Text of a row with gaps such as {width}.
        parameters: What fills the gaps, by name.
        source: Where it is from.
        protocol: Name of the protocol that is changed; "" for the default of `compare`.
        backbone: Text of the backbone with gaps; "" for the protocol's.
        learning_rate: Text with gaps; "" for the protocol's.
        changes: Texts with gaps by setting of the protocol.
        follows: Gaps that follow from others, by name.

    Raises:
        UsageError: If a gap has no parameter, or a parameter no gap.
    """

    name: str
    title: str
    design: str
    parameters: Mapping[str, Parameter]
    source: str = ""
    protocol: str = ""
    backbone: str = ""
    learning_rate: str = ""
    changes: Mapping[str, str] = field(default_factory=dict)
    follows: Mapping[str, Follower] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.parameters:
            raise UsageError("there are no parameters: nothing to search")
        texts = (self.design, self.backbone, self.learning_rate, *self.changes.values())
        gaps = {gap for text in texts for gap in _GAP.findall(text)}
        known = {*self.parameters, *self.follows}
        for gap in gaps - known:
            raise unknown_name("parameter", gap, sorted(known))
        for name, follower in self.follows.items():
            self._check_follower(name, follower)
        used = gaps | {item.parameter for name, item in self.follows.items() if name in gaps}
        for name in sorted(known - used):
            raise UsageError(f"'{name}' fills no gap: write {{{name}}} where it belongs")

    @property
    def defaults(self) -> dict[str, Value]:
        """The values that need no search."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    def draw(self, rng: np.random.Generator) -> dict[str, Value]:
        """Return random values of all parameters."""
        return {name: parameter.draw(rng) for name, parameter in self.parameters.items()}

    def fill(self, values: Mapping[str, Value]) -> Candidate:
        """Return the configuration that some values stand for.

        Args:
            values: One per parameter.

        Returns:
            The texts without gaps.
        """
        shown = {name: written(value) for name, value in values.items()}
        for name, follower in self.follows.items():
            shown[name] = written(follower.values[shown[follower.parameter]])
        fill = lambda text: _GAP.sub(lambda gap: shown[gap[1]], text)  # noqa: E731
        changes = tuple((name, fill(text)) for name, text in self.changes.items())
        return Candidate(fill(self.design), fill(self.backbone), fill(self.learning_rate), changes)

    def _check_follower(self, name: str, follower: Follower) -> None:
        if name in self.parameters:
            raise UsageError(f"'{name}' is a parameter, so it cannot follow another one")
        if follower.parameter not in self.parameters:
            raise unknown_name("parameter", follower.parameter, self.parameters)
        choices = self.parameters[follower.parameter].choices
        missing = [written(item) for item in choices if written(item) not in follower.values]
        if missing or not choices:
            raise UsageError(
                f"'{name}' follows {follower.parameter}, so it needs a value for each of its"
                f" choices; missing: {', '.join(missing) or 'choices'}"
            )


def written(value: Value) -> str:
    """Return a value as texts hold it."""
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else str(value)


def space_names() -> list[str]:
    """Return the names of the spaces that come with the package, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_space(name: str) -> Space:
    """Return a search space.

    Args:
        name: Of one that comes with the package, or a TOML file.

    Returns:
        The space.

    Raises:
        UnknownNameError: If there is no such space.
        UsageError: If a key is unknown, missing or of the wrong kind; the file is named.
    """
    if name in space_names():
        return read_space(FOLDER / f"{name}.toml")
    if not name.endswith(".toml"):
        raise UsageError(f"{unknown_name('space', name, space_names())}, or a file such as my.toml")
    return read_space(Path(name))


def read_space(path: Path) -> Space:
    """Read a search space from its file.

    Args:
        path: A TOML file.

    Returns:
        The space.

    Raises:
        UsageError: If a key is unknown, missing or of the wrong kind; the file is named.
    """
    values = read_toml(path)
    try:
        for name, kind in _TABLES.items():
            values[name] = _built(name, values.get(name, {}), kind)
        space = build(Space, {**values, "name": path.stem})
        split_changes(space.fill(space.defaults).protocol("any"))
    except UsageError as error:
        raise UsageError(f"{path.name}: {error}") from None
    return space


_TABLES: Mapping[str, type | None] = {"parameters": Parameter, "follows": Follower, "changes": None}


def _built(table: str, entries: Any, kind: type | None) -> dict[str, Any]:
    if not isinstance(entries, dict):
        raise UsageError(f"{table} must be a table, not {entries!r}")
    built: dict[str, Any] = {}
    entry: Any
    for name, entry in entries.items():
        wanted = "a table" if kind else 'a text such as "{weight_decay}"'
        if not isinstance(entry, dict if kind else str):
            raise UsageError(f"{table}.{name} must be {wanted}, not {entry!r}")
        try:
            built[name] = build(kind, entry) if kind else entry  # type: ignore[arg-type]
        except UsageError as error:
            raise UsageError(f"{table}.{name}: {error}") from None
    return built


def _listed(values: tuple[Value, ...]) -> str:
    return ", ".join(map(str, values))

"""What is known about a design: the facts that lists, reports, documentation and tests all read."""

from dataclasses import dataclass

KINDS = ("wiring", "block", "control", "user")
FIDELITIES = ("exact", "inferred", "reconstruction", "ours")


@dataclass(frozen=True, kw_only=True)
class DesignCard:
    """The facts about one design.

    Args:
        number: Fixes the order in every list and report.
        name: Registered name, a legal file name.
        family: The group it belongs to.
        title: What it is, in a few words.
        kind: "wiring", "block", "control" or "user".
        equation: y as a function of x; a wiring is its own equation.
        source: Paper, section, equation.
        fidelity: "exact" where the source fixes every value, "inferred" where the design is named
            but not defined, "reconstruction" where parts of it had to be decided by us, "ours"
            where there is no source.
        departures: Where it differs from its source; "" where nowhere.
        parameters_at_64: Learned values at 64 channels, counted by hand; None where unknown.
        wiring: Canonical wiring text, None where it is not a wiring.
        licence: Package and licence of code that it runs; "" where it runs ours alone.
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
        assert self.kind in KINDS, self.kind
        assert self.fidelity in FIDELITIES, self.fidelity

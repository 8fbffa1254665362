"""What is known about a design: the facts that lists, reports and tests all read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DesignCard:
    """The facts about one design.

    Args:
        number: Fixes the order in every list and report.
        name: Registered name, a legal file name.
        family: The group it belongs to.
        title: What it is, in a few words.
        kind: "wiring", "reference", "control" or "user".
        wiring: Canonical wiring text, None where it is not a wiring.
        source: Paper, section, equation.
        departures: Where it differs from its source; "" where nowhere.
        parameters_at_64: Learned values at 64 channels, counted by hand; None where unknown.
    """

    number: int
    name: str
    family: str
    title: str
    kind: str
    wiring: str | None
    source: str
    departures: str
    parameters_at_64: int | None

"""Whether attention is worth having: better than none, than its cost, than its gain."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from whatwhere.report.cells.cell import NO_ATTENTION, Cell, Row
from whatwhere.report.cells.claims import is_compared, is_significant, spoken
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS

_CONSTANT_GAIN = re.compile(r"(?:([0-9.e+-]+) \* )?x(?: / ([0-9.e+-]+))?")
AHEAD, BEHIND, EQUIVALENT, UNDECIDED, NOT_RUN = (
    "ahead",
    "behind",
    "equivalent",
    "undecided",
    "not run",
)
PURPOSES = ("attention", "its cost", "its gain")


@dataclass(frozen=True)
class Against:
    """A design against one of the three rows that it must beat.

    Args:
        purpose: What that row stands for, one of PURPOSES.
        control: Name of the row, None where there is none.
        label: How sentences call it; the name of what was not run.
        parameters: Of the whole network, None where it was not run.
        status: "ahead", "behind", "equivalent", "undecided" or "not run".
        difference: Design minus control, None where it was not run.
        low: Lower 95 % bound.
        high: Upper bound.
    """

    purpose: str
    control: str | None
    label: str
    status: str
    parameters: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Judged:
    """A design against all three.

    Args:
        design: Its name.
        label: How sentences call it.
        against: No attention, its cost control, the constant gain of its own bin.
    """

    design: str
    label: str
    against: tuple[Against, ...]

    @property
    def is_useful(self) -> bool:
        """Whether it beats all three."""
        return all(item.status == AHEAD for item in self.against)

    def in_state(self, *states: str) -> tuple[Against, ...]:
        """Return the rows against which it stands so."""
        return tuple(item for item in self.against if item.status in states)


def judge_designs(cell: Cell) -> tuple[Judged, ...]:
    """Judge every design of attention by the pairwise rule, corrected for all comparisons.

    Args:
        cell: The cell.

    Returns:
        One verdict per design with enough finished seeds, in the order of the leaderboard; none
        where nothing may be claimed.
    """
    if not is_compared(cell):
        return ()
    rows = enough(cell.rows)
    place = {summary.name: rank for rank, summary in enumerate(cell.compared.summaries)}
    designs = sorted(
        (row for row in rows if row.design.is_attention), key=lambda row: place[row.design.name]
    )
    return tuple(_judged(cell, row, rows) for row in designs)


def enough(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that have the seeds for a claim."""
    return [row for row in rows if len(row.finished) >= MIN_SEEDS_FOR_CLAIMS]


def plain_row(rows: Sequence[Row]) -> Row | None:
    """Return the backbone without attention."""
    return next((row for row in rows if row.design.name == NO_ATTENTION), None)


def cost_row(row: Row, rows: Sequence[Row]) -> Row | None:
    """Return the widened backbone that a design is judged by.

    Args:
        row: The design.
        rows: All rows of the cell.

    Returns:
        The one of its own size, no attention where it adds next to nothing, else the one of the
        median design's size; None where none was run.
    """
    own = [other for other in rows if other.design.added_parameters is not None]
    if own and row.design.cost_control is not None:
        wanted = [other for other in rows if other.design.name == row.design.cost_control]
        if wanted:
            return wanted[0]
    widened = [r for r in rows if r.design.kind == "control" and gain_value(r) is None]
    return next((other for other in widened if other not in own), None)


def gain_row(row: Row, rows: Sequence[Row]) -> Row | None:
    """Return the constant gain that a design is judged by.

    Args:
        row: The design.
        rows: All rows of the cell.

    Returns:
        The one of its own bin, None where that was not run. Where a record names no bin, the
        nearest that was run, no attention (a gain of 1) among them.
    """
    if row.design.gain_control is not None:
        wanted = row.design.gain_control
        return next((other for other in rows if other.design.name == wanted), None)
    gains = [other for other in rows if gain_value(other) is not None]
    plain = plain_row(rows)
    known = [*gains, plain] if plain and gains else gains
    own = row.cost["initial_gain"]
    if not known or not own or own <= 0:
        return None
    return min(known, key=lambda other: abs(math.log((gain_value(other) or 1.0) / own)))


def gain_value(row: Row) -> float | None:
    """Return the factor of a constant-gain control, None for everything else."""
    match = _CONSTANT_GAIN.fullmatch(row.design.wiring or "")
    if match is None or row.design.kind != "control":
        return None
    return float(match[1] or 1) / float(match[2] or 1)


def _judged(cell: Cell, row: Row, rows: Sequence[Row]) -> Judged:
    controls = (plain_row(rows), cost_row(row, rows), gain_row(row, rows))
    names = (NO_ATTENTION, None, row.design.gain_control)
    against = tuple(
        _against(cell, row, control, purpose, name)
        for control, purpose, name in zip(controls, PURPOSES, names, strict=True)
    )
    return Judged(row.design.name, spoken(row), against)


def _against(
    cell: Cell, row: Row, control: Row | None, purpose: str, wanted: str | None
) -> Against:
    if control is None:
        return Against(purpose, None, wanted or "", NOT_RUN)
    pair = cell.compared.pair(row.design.name, control.design.name)
    status = EQUIVALENT if pair.equivalent else UNDECIDED
    if is_significant(pair):
        status = AHEAD if pair.difference > 0 else BEHIND
    label = control.design.label
    return Against(
        purpose=purpose,
        control=control.design.name,
        label=label,
        status=status,
        parameters=control.cost["parameters"],
        difference=pair.difference,
        low=pair.low,
        high=pair.high,
    )

"""How designs and networks stand against the controls, in sentences."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from whatwhere.report import verdicts
from whatwhere.report.cell import NO_ATTENTION, Cell, Row, kind_of
from whatwhere.report.claims import is_compared, is_significant, spoken
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS

_CONSTANT_GAIN = re.compile(r"(?:([0-9.e+-]+) \* )?x(?: / ([0-9.e+-]+))?")


@dataclass(frozen=True)
class Verdict:
    """How the rows stand against one control.

    Args:
        control: How sentences call the control.
        title: Its longer name.
        sentences: Who is ahead, behind, equivalent, undecided.
    """

    control: str
    title: str
    sentences: tuple[str, ...]


def against_controls(cell: Cell) -> tuple[Verdict, ...]:
    """Judge every row against the plain backbone, the widened one and the constant gain.

    A whole network is judged against the plain backbone alone: the other controls say what
    attention is worth.

    Args:
        cell: The cell.

    Returns:
        A verdict for every control; none where nothing may be claimed.
    """
    if not is_compared(cell):
        return ()
    finished = [row for row in cell.rows if len(row.finished) >= MIN_SEEDS_FOR_CLAIMS]
    none = [row for row in finished if row.design.name == NO_ATTENTION]
    gains = [row for row in finished if _gain_of(row) is not None]
    others = [row for row in finished if row.design.kind == "control" and row not in gains]
    judged = [row for row in finished if row not in none + gains + others]
    attention = [row for row in judged if not row.design.is_network]
    opponents = [*((control, judged) for control in none)]
    opponents += [(control, attention) for control in others]
    for control in gains:
        nearest = [row for row in attention if _nearest_gain(row, gains + none) is control]
        opponents.append((control, nearest))
    return tuple(
        Verdict(spoken(control), control.design.title, tuple(_against(cell, control, rows)))
        for control, rows in opponents
        if rows
    )


def _gain_of(row: Row) -> float | None:
    """Return the factor of a constant-gain control, None for everything else."""
    match = _CONSTANT_GAIN.fullmatch(row.design.wiring or "")
    if match is None or row.design.kind != "control":
        return None
    return float(match[1] or 1) / float(match[2] or 1)


def _nearest_gain(row: Row, controls: list[Row]) -> Row:
    """Find the control whose gain is nearest to the design's own, as ratios go."""
    own = row.cost["initial_gain"]
    if not own or own <= 0:
        return controls[0]
    return min(controls, key=lambda control: abs(math.log((_gain_of(control) or 1.0) / own)))


def _against(cell: Cell, control: Row, judged: list[Row]) -> list[str]:
    name = spoken(control)
    place = {summary.name: rank for rank, summary in enumerate(cell.compared.summaries)}
    judged = sorted(judged, key=lambda row: place[row.design.name])
    pairs = [
        (spoken(row), cell.compared.pair(row.design.name, control.design.name)) for row in judged
    ]
    ahead = [(label, p.low) for label, p in pairs if is_significant(p) and p.difference > 0]
    behind = [(label, -p.high) for label, p in pairs if is_significant(p) and p.difference < 0]
    same = [label for label, p in pairs if not is_significant(p) and p.equivalent]
    undecided = [label for label, p in pairs if not is_significant(p) and not p.equivalent]
    return [
        *_if(ahead, lambda: verdicts.ahead_of_control(name, leads=ahead)),
        *_if(behind, lambda: verdicts.behind_control(name, lags=behind)),
        *_if(same, lambda: verdicts.equivalent_to_control(name, labels=same)),
        *_if(
            undecided,
            lambda: verdicts.not_ahead_of_control(
                name,
                labels=undecided,
                num_judged=len(judged),
                kind=kind_of(row.design for row in judged),
            ),
        ),
    ]


def _if(condition: object, sentence: Callable[[], str]) -> list[str]:
    return [sentence()] if condition else []

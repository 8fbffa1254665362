"""How designs and networks stand against the controls, in sentences."""

from collections.abc import Callable
from dataclasses import dataclass

from whatwhere.report.cells.cell import NO_ATTENTION, Cell, Row, kind_of
from whatwhere.report.cells.claims import is_compared, is_significant, spoken
from whatwhere.report.cells.useful import cost_row, enough, gain_row, gain_value
from whatwhere.report.words import verdicts


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
    finished = enough(cell.rows)
    none = [row for row in finished if row.design.name == NO_ATTENTION]
    controls = [row for row in finished if row.design.kind == "control"]
    judged = [row for row in finished if row not in none + controls]
    attention = [row for row in judged if not row.design.is_network]
    opponents = [*((control, judged) for control in none)]
    for control in sorted(controls, key=lambda row: gain_value(row) is not None):
        own_row = cost_row if gain_value(control) is None else gain_row
        rows = [row for row in attention if own_row(row, finished) is control]
        opponents.append((control, rows))
    return tuple(
        Verdict(spoken(control), control.design.title, tuple(_against(cell, control, rows)))
        for control, rows in opponents
        if rows
    )


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

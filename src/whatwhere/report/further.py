"""What it would take to decide further among rows that are tied: seeds, or more test images."""

from collections.abc import Sequence

from whatwhere.errors import UsageError
from whatwhere.report.cell import Cell, Row
from whatwhere.report.claims import is_compared
from whatwhere.report.numbers import points_at_most
from whatwhere.stats.plan import Spread, seeds_needed, spread_of
from whatwhere.stats.table import ItemTable

TARGETS = (0.02, 0.01, 0.005)


def to_decide(cell: Cell) -> str:
    """Say what would tell apart the rows that may be best.

    Args:
        cell: The cell.

    Returns:
        One or two sentences; empty where nothing is tied or nothing may be claimed.
    """
    if not is_compared(cell) or len(cell.compared.may_be_best) < 2:
        return ""
    rows = [row for row in cell.rows if len(row.finished) > 1]
    spread = _spread(cell, rows)
    if spread is None:
        return ""
    now = max(len(row.finished) for row in rows)
    plans = [(target, seeds_needed(spread, target=target)) for target in TARGETS]
    seen = [target for target, plan in plans if plan.num_seeds and plan.num_seeds <= now]
    more = [(t, p.num_seeds) for t, p in plans if p.num_seeds and p.num_seeds > now]
    never = [target for target, plan in plans if plan.unanswerable]
    seconds = sum(
        float(o.record.get("seconds") or 0) / len(row.finished)
        for row in rows
        for o in row.finished
    )
    parts = []
    if seen:
        parts.append(f"differences of {_points(seen[-1:])} would have been seen with {now} seeds")
    parts += [
        f"differences of {_points([target])} need about {num} seeds of every row"
        f" ({_time(seconds * (num - now))} more of one worker)"
        for target, num in more
    ]
    if never:
        parts.append(
            f"differences of {_points(never)} cannot be seen on these"
            f" {cell.compared.num_items:,} test images whatever the seeds (their limit is"
            f" {points_at_most(plans[0][1].floor)} points): that takes more test images"
        )
    option = "--confirm-seeds" if cell.screening else "--seeds"
    return f"To tell tied rows apart ({option}): {'; '.join(parts)}."


def _spread(cell: Cell, rows: Sequence[Row]) -> Spread | None:
    seeds = {tuple(outcome.seed for outcome in row.finished) for row in rows}
    groups = cell.groups
    try:
        table = ItemTable(
            tuple(row.design.name for row in rows),
            tuple(row.run_values for row in rows),
            len(seeds) == 1,
            groups,
        )
        return spread_of(table.independent_values(), blocked=table.blocked)
    except UsageError:
        return None


def _points(targets: Sequence[float]) -> str:
    words = [f"{100 * target:g}" for target in targets]
    return f"{' and '.join(words)} point{'s' if words != ['1'] else ''}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

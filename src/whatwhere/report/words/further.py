"""What it would take to decide further among rows that are tied: seeds, or more test images."""

from collections.abc import Sequence

from whatwhere.errors import UsageError
from whatwhere.report.cells.cell import Cell, Row
from whatwhere.report.cells.claims import is_compared
from whatwhere.report.numbers import points_at_most
from whatwhere.stats.planning.plan import Spread, seeds_needed, spread_of
from whatwhere.stats.table import ItemTable

TARGETS = (0.02, 0.01, 0.005)
MANY_SEEDS = 100  # more than that is no plan


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
    parts = what_decides(
        spread,
        num_seeds=max(len(row.finished) for row in rows),
        seconds=_seconds(rows),
        num_items=cell.compared.num_items,
    )
    option = "--confirm-seeds" if cell.screening else "--seeds"
    return f"To tell tied rows apart ({option}): {'; '.join(parts)}."


def what_decides(
    spread: Spread, *, num_seeds: int, seconds: float, num_items: int
) -> tuple[str, ...]:
    """Say for differences of 2, 1 and 0.5 points what it takes to see them.

    Args:
        spread: Of the runs that there are.
        num_seeds: Seeds that every row has now.
        seconds: What one more seed of every row takes.
        num_items: Test images.

    Returns:
        Clauses, without a capital or a point.
    """
    now = num_seeds
    plans = [(target, seeds_needed(spread, target=target)) for target in TARGETS]
    needed = [(target, plan.num_seeds) for target, plan in plans if plan.num_seeds]
    seen = [target for target, number in needed if number <= now]
    many = [target for target, number in needed if number > max(now, MANY_SEEDS)]
    never = [target for target, plan in plans if plan.unanswerable]
    parts = []
    if seen:
        parts.append(f"differences of {_points(seen[-1:])} would have been seen with {now} seeds")
    parts += [
        f"differences of {_points([target])} need about {number} seeds of every row"
        f" ({_time(seconds * (number - now))} more of one worker)"
        for target, number in needed
        if now < number <= MANY_SEEDS
    ]
    if many:
        parts.append(
            f"differences of {_points(many)} need more than {MANY_SEEDS} seeds of every row"
        )
    if never:
        parts.append(
            f"differences of {_points(never)} cannot be seen on these {num_items:,} test images"
            f" whatever the seeds (their limit is {points_at_most(plans[0][1].floor)} points): that"
            " takes more test images"
        )
    return tuple(parts)


def _seconds(rows: Sequence[Row]) -> float:
    """Return what one more seed of every row takes."""
    runs = [[float(o.record.get("seconds") or 0.0) for o in row.finished] for row in rows]
    return sum(sum(own) / len(own) for own in runs)


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
    joined = f"{', '.join(words[:-1])} and {words[-1]}" if words[1:] else words[0]
    return f"{joined} point{'s' if words != ['1'] else ''}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

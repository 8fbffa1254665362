"""From cells to tables that fit together: one row per seed that finished everywhere."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from whatwhere.report.cells.cell import NO_ATTENTION, Cell, Row
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS
from whatwhere.stats.table import ItemTable

Seeds = Mapping[str, tuple[int, ...]]


def shared_seeds(cells: Sequence[Cell]) -> dict[str, tuple[int, ...]]:
    """List the seeds that each design finished in every one of some cells.

    Args:
        cells: At least one.

    Returns:
        Seeds, ascending, by design in the order of the first cell; designs without any are absent.
    """
    found: dict[str, tuple[int, ...]] = {}
    for row in cells[0].rows:
        name = row.design.name
        common = set.intersection(*(_finished(cell, name) for cell in cells))
        if common:
            found[name] = tuple(sorted(common))
    return found


def aligned_seeds(seeds: Seeds, names: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Keep for each of some designs only the seeds that all of them have.

    Args:
        seeds: By design.
        names: Designs to keep; those without any seed are passed over.

    Returns:
        The same seeds for all, or nothing where they have none in common.
    """
    known = [name for name in dict.fromkeys(names) if name in seeds]
    common = set.intersection(*(set(seeds[name]) for name in known)) if known else set()
    return {name: tuple(sorted(common)) for name in known} if common else {}


def table_of(cell: Cell, seeds: Seeds) -> ItemTable | None:
    """Return the values of some runs of a cell.

    Args:
        cell: The cell.
        seeds: Which seeds of which designs; each is to be finished.

    Returns:
        The table; None without designs.
    """
    if not seeds:
        return None
    return ItemTable(
        methods=tuple(seeds),
        values=tuple(_values(cell.row(name), own) for name, own in seeds.items()),
        blocked=len(set(seeds.values())) == 1,
        groups=cell.groups,
    )


def can_claim(seeds: Seeds) -> bool:
    """Say whether two designs, one of them the plain backbone, have enough seeds for a claim.

    Args:
        seeds: By design.

    Returns:
        Whether they have.
    """
    enough = [name for name, own in seeds.items() if len(own) >= MIN_SEEDS_FOR_CLAIMS]
    return NO_ATTENTION in enough and len(enough) > 1


def has_attention(cells: Sequence[Cell]) -> bool:
    """Say whether a design is there that published rules could speak of.

    Args:
        cells: Any number.

    Returns:
        Whether a row is a block in the backbone, and no control.
    """
    return any(row.design.is_attention for cell in cells for row in cell.rows)


def same_images(cells: Sequence[Cell]) -> bool:
    """Say whether cells were tested on the same images.

    Args:
        cells: At least one, each with a finished trial.

    Returns:
        Whether they were; of different data sets it is their positions that are compared.
    """
    first = cells[0].test_index
    return all(
        first is not None and cell.test_index is not None
        and np.array_equal(cell.test_index, first)
        for cell in cells
    )  # fmt: skip


def _finished(cell: Cell, name: str) -> set[int]:
    rows = [row for row in cell.rows if row.design.name == name]
    return {outcome.seed for row in rows for outcome in row.finished if outcome.values is not None}


def _values(row: Row, seeds: tuple[int, ...]) -> np.ndarray:
    by_seed = {outcome.seed: outcome.values for outcome in row.finished}
    return np.stack([values for seed in seeds if (values := by_seed[seed]) is not None])

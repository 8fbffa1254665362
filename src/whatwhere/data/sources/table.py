"""A CSV of paths and labels, perhaps with groups and splits, as a Listing."""

import csv
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from whatwhere.data.names import display, legal_name, natural_key, refuse_twins
from whatwhere.data.source import UNASSIGNED, Listing
from whatwhere.data.sources.walk import inside
from whatwhere.data.splitting.checks import settle_splits
from whatwhere.errors import DataError, nearest

COLUMNS = ("path", "label", "group", "split")
REQUIRED = COLUMNS[:2]
SPLITS = {"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}
MAX_SHOWN = 20


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        line: Its number in the file, from 1.
        cells: Column name to stripped text, for the columns of the header.
    """

    line: int
    cells: dict[str, str]


def list_table(table: Path) -> Listing:
    """List the images that a CSV names: `path,label`, and if wanted `group` and `split`.

    Paths are relative to the table's folder and stay inside it. The order of the lines has no
    influence on any result.

    Args:
        table: The CSV file, UTF-8, with a header line.

    Returns:
        Images sorted by path, classes in natural order; the split is -1 where none is given.

    Raises:
        DataError: With the number of every line that is wrong.
    """
    rows = read_rows(table)
    root = os.fsencode(table.resolve().parent)
    _raise_problems(table, [*_cell_problems(rows), *_file_problems(rows, root)])
    rows = sorted(rows, key=lambda row: os.fsencode(row.cells["path"]))
    labels, names = _numbered([row.cells["label"] for row in rows])
    refuse_twins(names, what="class")
    groups = (
        _numbered([row.cells["group"] for row in rows])[0] if "group" in rows[0].cells else None
    )
    parts = [SPLITS.get(row.cells.get("split", "").lower(), UNASSIGNED) for row in rows]
    split, warnings = settle_splits(np.array(parts, np.int8))
    return Listing(
        name=legal_name(table.stem),
        title=display(os.fsencode(table.name)),
        items=tuple(display(os.fsencode(row.cells["path"])) for row in rows),
        labels=labels,
        class_names=tuple(display(os.fsencode(name)) for name in names),
        split=split,
        groups=groups,
        paths=tuple(os.path.join(root, os.fsencode(row.cells["path"])) for row in rows),
        warnings=warnings,
        source="a table of image files",
    )


def read_rows(table: Path) -> list[Row]:
    """Read the lines of a table, checking its header and the number of cells.

    Args:
        table: The CSV file.

    Returns:
        At least one row.

    Raises:
        DataError: If it is no such table; bytes that are not UTF-8 are kept as they are.
    """
    try:
        with table.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip().lower() for cell in next(reader, [])]
            _check_header(table, header)
            return _read_body(table, header, reader)
    except csv.Error as error:
        raise DataError(f"{display(table)}, line {reader.line_num}: not a CSV ({error})") from None
    except OSError as error:
        raise DataError(f"{display(table)} cannot be read: {error.strerror}") from None


def _check_header(table: Path, header: list[str]) -> None:
    expected = "expected path,label and, if wanted, group and split"
    for name in header:
        if name not in COLUMNS:
            hint = nearest(name, COLUMNS)
            raise DataError(
                f"{display(table)}, line 1: unknown column '{display(name)}'{hint}; {expected}"
            )
    missing = [name for name in REQUIRED if name not in header]
    if missing or len(set(header)) != len(header):
        raise DataError(f"{display(table)}, line 1: columns missing or named twice; {expected}")


def _read_body(table: Path, header: list[str], reader: "csv._reader") -> list[Row]:  # type: ignore
    rows, problems = [], []
    for cells in reader:
        if len(cells) == len(header):
            named = zip(header, (cell.strip() for cell in cells), strict=True)
            rows.append(Row(reader.line_num, dict(named)))
        elif cells:
            problems.append((reader.line_num, f"{len(cells)} cells instead of {len(header)}"))
    _raise_problems(table, problems)
    if not rows:
        raise DataError(f"{display(table)} has a header and no images")
    return rows


def _cell_problems(rows: Sequence[Row]) -> list[tuple[int, str]]:
    """Return what is wrong with cells by themselves: blank ones and unknown splits."""
    has_splits = any(row.cells.get("split") for row in rows)
    problems = []
    for row in rows:
        needed = [name for name in row.cells if name != "split" or has_splits]
        problems += [(row.line, f"no {name}") for name in needed if not row.cells[name]]
        split = row.cells.get("split", "")
        if split and split.lower() not in SPLITS:
            hint = nearest(split, SPLITS)
            problems.append((row.line, f"unknown split '{display(split)}'{hint}"))
    return problems


def _file_problems(rows: Sequence[Row], root: bytes) -> list[tuple[int, str]]:
    """Return what is wrong with the files: missing, outside, not a file, named twice."""
    problems = []
    first: dict[tuple[int, int], int] = {}
    for row in rows:
        name = row.cells["path"]
        try:
            path = os.path.join(root, os.fsencode(name))
            status = os.stat(path)
        except (OSError, ValueError):
            problems.append((row.line, f"there is no file '{display(name)}' beside the table"))
            continue
        line = first.setdefault((status.st_dev, status.st_ino), row.line)
        if not inside(root, path):
            problems.append((row.line, f"'{display(name)}' lies outside the table's folder"))
        elif not stat.S_ISREG(status.st_mode):
            problems.append((row.line, f"'{display(name)}' is not a regular file"))
        elif line != row.line:
            problems.append((row.line, f"'{display(name)}' is the file of line {line} again"))
    return problems


def _raise_problems(table: Path, problems: list[tuple[int, str]]) -> None:
    if not problems:
        return
    lines = [f"\n  line {line}: {what}" for line, what in sorted(problems)[:MAX_SHOWN]]
    more = len(problems) - MAX_SHOWN
    rest = f"\n  and {more} more" if more > 0 else ""
    raise DataError(f"{display(table)} has {len(problems)} wrong lines:{''.join(lines)}{rest}")


def _numbered(texts: list[str]) -> tuple[np.ndarray, list[str]]:
    """Return int64 numbers for texts, and the distinct texts in natural order."""
    names = sorted(set(texts), key=natural_key)
    number = {name: index for index, name in enumerate(names)}
    return np.array([number[text] for text in texts], np.int64), names

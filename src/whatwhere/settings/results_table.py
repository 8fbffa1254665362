"""Published results as a CSV table, read strictly: every error names its line and the way out."""

import csv
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

from whatwhere.errors import UsageError, nearest, unknown_name
from whatwhere.settings.setting import COSTS, METRICS
from whatwhere.stats.printed import Printed, read_printed

REQUIRED = ("paper", "topology", "dataset", "metric", "value")
COLUMNS = (
    "paper",
    "version",
    "table",
    "topology",
    "dataset",
    "backbone",
    "image_size",
    "metric",
    "value",
    "spread",
    "n_seeds",
    "page",
    "entered_by",
)
# For a data set whose official test set is not known here, or a test on other images.
TEST_COLUMNS = ("n_test", "n_classes", "balanced")
_WHOLE = {"image_size": "pixels", "n_seeds": "runs", "n_test": "images", "n_classes": "classes"}
_DECIMAL_COMMA = re.compile(r"\d+,(?!\d{3}(\D|$))\d*")


@dataclass(frozen=True)
class PublishedResult:
    """One line of the table: one number of one publication.

    Args:
        line: Where it stands in the file, from 1.
        paper: As people cite it.
        version: Of the paper.
        table: Table or figure.
        topology: What is scored: a topology, a network, or what the paper calls its row.
        dataset: Data set.
        backbone: Network that it is put into.
        image_size: Side of the images in pixels, None where it is not said.
        metric: One of METRICS.
        value: The number with its rounding.
        spread: What is printed behind ±, None where nothing is.
        n_seeds: Runs that it is the mean of; 0 where it is not said.
        page: Page of the paper.
        entered_by: Who typed the line.
        n_test: Test images, None for the official ones.
        n_classes: Classes, None likewise.
        balanced: Whether every class has equally many test images, None likewise.
    """

    line: int
    paper: str
    version: str
    table: str
    topology: str
    dataset: str
    backbone: str
    image_size: int | None
    metric: str
    value: Printed
    spread: Printed | None
    n_seeds: int
    page: str
    entered_by: str
    n_test: int | None
    n_classes: int | None
    balanced: bool | None

    @property
    def row(self) -> tuple[object, ...]:
        """What it shares with the other numbers of its row of the table."""
        place = (self.paper, self.version, self.table, self.topology, self.dataset)
        return (*place, self.backbone, self.image_size)


def read_results(path: Path) -> tuple[PublishedResult, ...]:
    """Read a table of published results.

    Args:
        path: A CSV file in UTF-8 with the columns of COLUMNS, in any order; those of REQUIRED
            must be there and filled, the others may be missing or empty. TEST_COLUMNS may be
            added.

    Returns:
        The lines, in their order; none of a table with a header alone.

    Raises:
        UsageError: If the file cannot be read or a line is wrong; file and line are named.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is no UTF-8 text"
        if isinstance(error, OSError):
            reason = f"cannot be read ({error.strerror})"
        raise UsageError(f"{path} {reason}; expected a CSV table of published results") from None
    return parse_results(text, name=path.name)


def parse_results(text: str, *, name: str) -> tuple[PublishedResult, ...]:
    """Read a table of published results from its text.

    Args:
        text: The whole CSV.
        name: Of the file, for errors.

    Returns:
        The lines.

    Raises:
        UsageError: If a line is wrong.
    """
    reader = csv.reader(io.StringIO(text), strict=True)
    results: list[PublishedResult] = []
    columns: list[str] = []
    try:
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            if not columns:
                columns = _header(values)
            else:
                results.append(_result(dict(_fields(columns, values)), line=reader.line_num))
                _refuse_repeated(results)
    except (UsageError, csv.Error) as error:
        raise UsageError(f"{name}, line {reader.line_num}: {error}") from None
    if not columns:
        raise UsageError(f"{name} is empty; expected the header {','.join(COLUMNS)}")
    return tuple(results)


def _header(values: list[str]) -> list[str]:
    columns = [value.strip() for value in values]
    if len(columns) == 1 and (";" in columns[0] or "\t" in columns[0]):
        raise UsageError("the columns are not separated by commas; save the table as CSV with ','")
    for column in columns:
        if column not in (*COLUMNS, *TEST_COLUMNS):
            raise unknown_name("column", column, (*COLUMNS, *TEST_COLUMNS))
        if columns.count(column) > 1:
            raise UsageError(f"the column '{column}' is there twice")
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise UsageError(f"no column {', '.join(missing)}; expected {', '.join(REQUIRED)} at least")
    return columns


def _fields(columns: list[str], values: list[str]) -> list[tuple[str, str]]:
    if len(values) != len(columns):
        raise UsageError(
            f"{len(values)} fields under {len(columns)} columns; a field that holds a comma stands"
            ' in quotes, such as "Liu, Jiang"'
        )
    return [(name, value.strip()) for name, value in zip(columns, values, strict=True)]


def _result(fields: dict[str, str], *, line: int) -> PublishedResult:
    for name in REQUIRED:
        if not fields[name]:
            raise UsageError(f"{name} is empty")
    metric = fields["metric"].lower()
    if metric not in METRICS:
        hint = nearest(metric, METRICS)
        raise UsageError(f"metric '{fields['metric']}': expected {', '.join(METRICS)}{hint}")
    texts = {name: fields.get(name, "") for name in COLUMNS}
    counts = {name: _whole(name, fields.get(name, "")) for name in _WHOLE}
    return PublishedResult(
        line=line,
        **{name: texts[name] for name in ("paper", "version", "table", "topology", "dataset")},
        backbone=texts["backbone"],
        image_size=counts["image_size"],
        metric=metric,
        value=_number(metric, texts["value"]),
        spread=_number(f"spread of {metric}", texts["spread"]) if texts["spread"] else None,
        n_seeds=counts["n_seeds"] or 0,
        page=texts["page"],
        entered_by=texts["entered_by"],
        n_test=counts["n_test"],
        n_classes=counts["n_classes"],
        balanced=_yes_or_no(fields.get("balanced", "")),
    )


def _number(what: str, text: str) -> Printed:
    """Read a number as it is printed; a share is a fraction of one or carries a percent sign."""
    if _DECIMAL_COMMA.search(text):
        raise UsageError(f"{what} '{text}': write a decimal point, such as 86.3 %")
    try:
        number = replace(read_printed(f"0{text}" if text.startswith(".") else text), text=text)
    except UsageError:
        raise UsageError(f"{what} '{text}' is no number: expected 86.3 % or 0.863") from None
    unit = text.lstrip("+-0123456789.,").strip()
    if what in COSTS or what.removeprefix("spread of ") in COSTS:
        if unit in ("%", "points"):
            raise UsageError(f"{what} '{text}' is a count: expected 1,206,322 or 1.21 M")
    elif unit in ("k", "M", "G"):
        raise UsageError(f"{what} '{text}' is a share: expected 86.3 % or 0.863")
    else:
        _check_share(what, text, unit, number)
    return number


def _check_share(what: str, text: str, unit: str, number: Printed) -> None:
    if not unit and number.value > 1:
        raise UsageError(f"{what} '{text}' is above 1: write {text} % if it is a percentage")
    is_spread = what.startswith("spread")
    if unit == "points" and not is_spread:
        raise UsageError(f"{what} '{text}' is a difference; expected the share, such as 86.3 %")
    if unit == "%" and 0 < number.value < 0.01 and not is_spread:
        fraction = text.rstrip("% ")
        raise UsageError(
            f"{what} '{text}' is less than one percent: if it is a fraction, write {fraction}"
            " without the sign"
        )


def _whole(name: str, text: str) -> int | None:
    if not text:
        return None
    digits = text.replace(",", "").removesuffix("px").strip()
    if not digits.isdecimal() or int(digits) == 0:
        raise UsageError(f"{name} '{text}': expected a whole number of {_WHOLE[name]}, or nothing")
    return int(digits)


def _yes_or_no(text: str) -> bool | None:
    if text.lower() not in ("", "yes", "no"):
        raise UsageError(f"balanced '{text}': expected yes, no, or nothing")
    return None if not text else text.lower() == "yes"


def _refuse_repeated(results: list[PublishedResult]) -> None:
    new = results[-1]
    for old in results[:-1]:
        if (old.row, old.metric) == (new.row, new.metric):
            raise UsageError(
                f"{new.metric} of {new.topology} on {new.dataset} stands on line {old.line}"
                " already; every number once"
            )

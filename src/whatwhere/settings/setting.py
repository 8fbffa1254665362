"""A published setting: its rows, its recipe, what was reported, what is doubtful about it."""

from dataclasses import dataclass, fields

from whatwhere.errors import UsageError, nearest
from whatwhere.settings.sweep import Sweep
from whatwhere.stats.printed import Printed, read_printed
from whatwhere.stats.scoring.scores import PUBLISHED_SCORES

COSTS = ("parameters", "macs")
METRICS = (*PUBLISHED_SCORES, *COSTS)
KINDS = ("published", "sensitivity", "ours")


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Args:
        label: How the table calls it. Rows of one label are alternatives, such as one network under
            two optimisers, or two readings of a name: the better one on validation is compared with
            the reported figure.
        design: What `compare` calls it: a design, or a network with its options; "{value}" stands
            for the value of a sweep.
        protocol: Its recipe where it is not the setting's.
        note: What a reader should know about it.
    """

    label: str
    design: str
    protocol: str = ""
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """One number of a table.

    Args:
        row: Label of its row.
        metric: A score, or "parameters" or "macs".
        printed: The number as printed, with its unit.
        minus: Label of the row that it is the difference to; "" where it is no difference.
        spread: What is printed behind ±, with its unit; "" where nothing is.
        source: Where it is from, where that is not the paper: a yardstick.
        num_runs: Runs that it is the mean of, where that is not what the setting says of all.

    Raises:
        UsageError: If a number does not read.
    """

    row: str
    metric: str
    printed: str
    minus: str = ""
    spread: str = ""
    source: str = ""
    num_runs: int = 0

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            hint = nearest(self.metric, METRICS)
            raise UsageError(f"metric '{self.metric}': expected one of {', '.join(METRICS)}{hint}")
        read_printed(self.printed)
        if self.spread:
            read_printed(self.spread)

    @property
    def number(self) -> Printed:
        """The printed number with its rounding."""
        return read_printed(self.printed)


@dataclass(frozen=True)
class Measured:
    """A run of the setting that is on record.

    Args:
        date: Year-month-day.
        seeds: Runs of every row.
        machine: What it ran on.
        file: The result file, in the project's repository.
        result: What was found, in a sentence.
    """

    date: str
    seeds: int
    machine: str
    file: str
    result: str


@dataclass(frozen=True)
class Setting:
    """Everything about one published table, or about one sweep of our own.

    Args:
        id: Its name, a legal file name.
        kind: "published", "sensitivity" (a sweep), or "ours" (a table that no paper has).
        title: What it is, in a few words.
        paper: The paper, as people cite it.
        table: Which table or sentence of it.
        data: Name of a data set in the catalogue; of one outside it where `refused` says so.
        protocol: Recipe of the rows; it knows how long it is.
        rows: What is trained.
        doi: Of the paper.
        backbone: Network that designs are put into; "" for the protocol's.
        batch_size: Images per step; 0 for the protocol's.
        seeds: Runs of every row, as we would report it.
        num_runs: Runs behind every printed figure; 0 where the paper does not say.
        balanced_test: Whether every class has equally many test images.
        validation_fraction: Share of the training images held out for validation, where the data
            set has no validation images of its own; 0 for what `compare` takes.
        figures: What was reported.
        sweep: What is varied, or None.
        unknown: What the paper leaves out.
        choices: What we chose where it does, and where we depart from it.
        contradictions: What in the paper does not fit together.
        claims: What the paper says in words.
        expected: What we expect, before measuring.
        refused: Why it cannot be run without further ado, and how it could; "" where it can.
        measured: Whole runs on record, latest first.

    Raises:
        UsageError: If a field has a value that it cannot have.
    """

    id: str
    kind: str
    title: str
    paper: str
    table: str
    data: str
    protocol: str
    rows: tuple[Row, ...]
    doi: str = ""
    backbone: str = ""
    batch_size: int = 0
    seeds: int = 5
    num_runs: int = 0
    balanced_test: bool = False
    validation_fraction: float = 0.0
    figures: tuple[Figure, ...] = ()
    sweep: Sweep | None = None
    unknown: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    expected: str = ""
    refused: str = ""
    measured: tuple[Measured, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"kind '{self.kind}': expected one of {', '.join(KINDS)}")
        self._check_texts()
        labels = [row.label for row in self.rows]
        if not labels:
            raise UsageError("a setting has at least one row")
        keys = [(row.label, row.design, row.protocol or self.protocol) for row in self.rows]
        if len(set(keys)) < len(keys):
            raise UsageError("two rows have the same label, design and protocol")
        for figure in self.figures:
            for name in filter(None, (figure.row, figure.minus)):
                if name not in labels:
                    raise UsageError(f"a figure names the row '{name}'{nearest(name, labels)}")
        self._check_sweep()

    def _check_texts(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "str" or field.type is str:
                wrong = [] if isinstance(value, str) else [value]
            elif field.name in ("unknown", "choices", "contradictions", "claims"):
                wrong = [item for item in value if not isinstance(item, str)]
            else:
                wrong = []
            if wrong:
                raise UsageError(f"{field.name} must be text, not {wrong[0]!r}")
        if self.seeds < 1:
            raise UsageError(f"seeds={self.seeds}: expected at least 1")

    def _check_sweep(self) -> None:
        holds = any("{value}" in row.design for row in self.rows)
        if holds != (self.sweep is not None and self.sweep.varies == "network"):
            raise UsageError("'{value}' in a design and a sweep of networks belong together")
        swept = self.sweep and self.sweep.varies == "batch-size"
        if self.sweep and swept and self.batch_size != self.sweep.reference:
            raise UsageError("batch_size must be the reference of a sweep of batch sizes")

    @property
    def state(self) -> str:
        """Whether a whole run of it is on record, and from when."""
        if not self.measured:
            return "not measured"
        last = self.measured[0]
        return f"measured on {last.date}, {last.seeds} seeds, {last.machine}"

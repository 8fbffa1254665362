"""What a user sees while a study runs: trials done, time left, validation standings."""

import threading
import time
from collections import defaultdict
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from whatwhere.study.plan import Plan, duration
from whatwhere.study.trials.trial import Outcome, TrialSpec
from whatwhere.training.fit import CurvePoint

_SHOWN = 8
_PLAIN_SECONDS = 10.0  # between two lines where the output is not a terminal


class Display(Protocol):
    """What a study tells while it runs; called from several threads."""

    def note(self, text: str) -> None:
        """Show one line."""

    def start(self, plan: Plan) -> None:
        """Trials begin."""

    def epoch(self, spec: TrialSpec, point: CurvePoint) -> None:
        """A trial ended an epoch."""

    def ended(self, spec: TrialSpec, outcome: Outcome) -> None:
        """A trial ended."""

    def stop(self) -> None:
        """No more trials, for whatever reason."""


class Silent:
    """Says nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def start(self, plan: Plan) -> None:
        """Show nothing."""

    def epoch(self, spec: TrialSpec, point: CurvePoint) -> None:
        """Show nothing."""

    def ended(self, spec: TrialSpec, outcome: Outcome) -> None:
        """Show nothing."""

    def stop(self) -> None:
        """Show nothing."""


class _Standings:
    """Mean validation accuracy per cell and design over the trials that ended."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, spec: TrialSpec, outcome: Outcome) -> None:
        if outcome.state == "finished":
            accuracy = outcome.record["validation"]["accuracy"]
            self.values[spec.key.cell, spec.design.name].append(accuracy)

    def leaders(self) -> list[tuple[str, str, float, int]]:
        """Return cell, design, mean and number of seeds, highest mean first."""
        rows = [(*key, sum(v) / len(v), len(v)) for key, v in self.values.items()]
        return sorted(rows, key=lambda row: (-row[2], row[1]))

    def ahead(self, cell: str) -> str:
        """Say which design leads in a cell, which is named where there are several."""
        leader = next((row for row in self.leaders() if row[0] == cell), None)
        if leader is None:
            return ""
        where = f" of {cell}" if len({name for name, _ in self.values}) > 1 else ""
        return f", ahead on validation{where}: {leader[1]} {100 * leader[2]:.1f} %"


class PlainDisplay:
    """One line at a time, for logs and pipes.

    Args:
        console: Where to print.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.standings = _Standings()
        self.num_trials = self.num_ended = 0
        self.started = self.last_line = time.monotonic()

    def note(self, text: str) -> None:
        """Print one line."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def start(self, plan: Plan) -> None:
        """Remember how much there is to do; a second stage has standings of its own."""
        self.standings = _Standings()
        self.num_trials, self.num_ended = len(plan.trials), 0
        self.started = time.monotonic()

    def epoch(self, spec: TrialSpec, point: CurvePoint) -> None:
        """Print nothing: epochs are too many for lines."""

    def ended(self, spec: TrialSpec, outcome: Outcome) -> None:
        """Print a line every ten seconds, and one for every trial that went wrong."""
        self.num_ended += 1
        self.standings.add(spec, outcome)
        if outcome.state != "finished":
            self.note(f"{spec.key.text}: {outcome.state}: {outcome.record['reason']}")
        elapsed = time.monotonic() - self.started
        if time.monotonic() - self.last_line < _PLAIN_SECONDS and self.num_ended < self.num_trials:
            return
        self.last_line = time.monotonic()
        left = elapsed / self.num_ended * (self.num_trials - self.num_ended)
        ahead = self.standings.ahead(spec.key.cell)
        self.note(f"{self.num_ended} of {self.num_trials} trials, {duration(left)} left{ahead}")

    def stop(self) -> None:
        """Print nothing."""


class LiveDisplay:
    """A bar and the validation standings, redrawn in place.

    Args:
        console: A terminal.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.standings = _Standings()
        self.lock = threading.Lock()
        self.progress = Progress(
            TextColumn("trials"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self.live: Live | None = None
        self.task = self.progress.add_task("trials", total=None)
        self.shares: dict[str, float] = {}
        self.num_trials = 0

    def note(self, text: str) -> None:
        """Print one line above the bar."""
        self.console.print(escape(text), highlight=False)

    def start(self, plan: Plan) -> None:
        """Show the bar; a second stage has standings of its own."""
        self.standings = _Standings()
        self.num_trials = len(plan.trials)
        self.progress.reset(self.task, total=self.num_trials)
        self.live = Live(self._render(), console=self.console, refresh_per_second=4, transient=True)
        self.live.start()

    def epoch(self, spec: TrialSpec, point: CurvePoint) -> None:
        """Move the bar by a part of a trial."""
        with self.lock:
            share = point.step / spec.protocol.steps
            self.progress.update(self.task, advance=share - self.shares.get(spec.key.text, 0))
            self.shares[spec.key.text] = share

    def ended(self, spec: TrialSpec, outcome: Outcome) -> None:
        """Move the bar and update the standings."""
        with self.lock:
            self.standings.add(spec, outcome)
            self.progress.update(self.task, advance=1 - self.shares.pop(spec.key.text, 0))
        if outcome.state != "finished":
            self.note(f"{spec.key.text}: {outcome.state}: {outcome.record['reason']}")
        if self.live is not None:
            self.live.update(self._render())

    def stop(self) -> None:
        """Take the bar away."""
        if self.live is not None:
            self.live.stop()

    def _render(self) -> Group:
        table = Table(
            title="validation so far (test images are not looked at)", title_justify="left"
        )
        table.add_column("data and size")
        table.add_column("design")
        table.add_column("mean accuracy", justify="right")
        table.add_column("seeds", justify="right")
        for cell, design, mean, count in self.standings.leaders()[:_SHOWN]:
            table.add_row(escape(cell), escape(design), f"{100 * mean:.1f} %", str(count))
        return Group(self.progress, table)


def default_display(*, quiet: bool = False) -> Display:
    """Return a display that suits standard error.

    Args:
        quiet: Whether to say nothing.

    Returns:
        A live one in a terminal, plain lines elsewhere.
    """
    if quiet:
        return Silent()
    console = Console(stderr=True)
    return LiveDisplay(console) if console.is_terminal else PlainDisplay(console)

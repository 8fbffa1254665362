"""What a plan says of seeds: one plain sentence, a small table, and what it rests on."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from whatwhere.report.numbers import points_at_most
from whatwhere.report.text import visible
from whatwhere.study.plan import duration
from whatwhere.study.seeds import PILOT_SEEDS, PlannedNeed, SeedTable

_SENTENCE_TARGET = 1  # the place of one point among the targets


def print_seeds(tables: Sequence[SeedTable], console: Console) -> None:
    """Print the seeds that every data set needs.

    Args:
        tables: One per data set and training size.
        console: Where to print.
    """
    for table in tables:
        console.print()
        console.print(Text(visible(sentence(table)), style="bold"))
        console.print(_as_table(table))
        for line in (floor_sentence(table), basis(table)):
            console.print(Text(visible(line)))


def seed_facts(table: SeedTable) -> dict[str, Any]:
    """Return what the table says as plain values, for JSON."""
    pilot = table.pilot
    return {
        "title": table.title,
        "sentence": sentence(table),
        "basis": basis(table),
        "is_measured": bool(table.measured_on),
        "measured_on": list(table.measured_on),
        "num_rows": table.num_rows,
        "num_items": table.num_items,
        "detectable": table.detectable,
        "run_sd": pilot.spread.run_variance**0.5,
        "disagreement": pilot.disagreement,
        "floor_pair": pilot.of(2).spread.floor(),
        "floor_table": pilot.of(table.num_rows).spread.floor(),
        "pair": [_need_facts(planned) for planned in table.pair],
        "table": [_need_facts(planned) for planned in table.table],
    }


def sentence(table: SeedTable) -> str:
    """Say in one sentence what the seeds asked for can show, and what one point needs."""
    seeds = "1 seed" if table.num_seeds == 1 else f"{table.num_seeds} seeds"
    rows = f"the {table.num_rows} rows"
    if table.is_second_stage:
        seeds, rows = f"{table.num_seeds} fresh seeds", f"up to {table.num_rows} confirmed rows"
    now = f"{visible(table.title)}: with {seeds}, nothing could be told apart"
    if table.detectable < 1:
        now = (
            f"{table.title}: with {seeds}, differences of about {points_at_most(table.detectable)}"
            f" points and more between {rows} could be detected (80 % power)"
        )
    planned = table.table[_SENTENCE_TARGET]
    need = planned.need
    if need.num_seeds is not None and planned.seconds is not None:
        if need.num_seeds <= table.num_seeds:
            return f"{now}; for 1 point {need.num_seeds} are enough."
        return (
            f"{now}; for 1 point it takes about {need.num_seeds} seeds"
            f" ({duration(planned.seconds)})."
        )
    if need.decidable == "yes":
        return f"{now}; 1 point needs more seeds than anybody runs."
    certain = "cannot" if need.decidable == "no" else "can hardly"
    return (
        f"{now}; 1 point {certain} be decided on {table.num_items:,} test images, however many"
        " seeds."
    )


def floor_sentence(table: SeedTable) -> str:
    """Say what the test images alone leave undecided."""
    pair = points_at_most(table.pilot.of(2).spread.floor())
    whole = points_at_most(table.pilot.of(table.num_rows).spread.floor())
    return (
        f"With unlimited seeds these {table.num_items:,} test images let differences of about"
        f" {pair} points be seen in one planned pair, and of {whole} in the whole table: what is"
        " smaller is not decidable."
    )


def basis(table: SeedTable) -> str:
    """Say what the plan rests on, and that it is an assumption where it is one."""
    pilot = table.pilot
    sd = 100 * pilot.spread.run_variance**0.5
    apart = f" and single runs disagree on {100 * pilot.disagreement:.0f} % of the test images"
    if table.metric != "accuracy":
        apart = ""
    if table.measured_on:
        low, high = (100 * variance**0.5 for variance in pilot.run_variance)
        brackets = any(planned.need.low for planned in (*table.pair, *table.table))
        limits = " In brackets: the need at the limits of what so few runs say." if brackets else ""
        return (
            f"Measured on {pilot.num_runs} runs of {_listed(table.measured_on)}: runs spread by"
            f" {sd:.1f} points (80 % sure: {low:.1f} to {high:.1f}){apart}.{limits} Which design is"
            " ahead did not enter this plan."
        )
    measured = duration(table.pilot_seconds or 0.0)
    return (
        "Nothing is on record, so this is an assumption and no measurement: that runs spread by"
        f" {sd:.1f} points and that single runs disagree on {100 * pilot.disagreement:.0f} % of the"
        f" test images. --pilot {PILOT_SEEDS} measures it in about {measured}, on runs that count."
    )


def _as_table(table: SeedTable) -> Table:
    shown = Table(box=None, header_style="dim", pad_edge=False)
    shown.add_column("to see")
    for scope in (
        "a planned pair",
        f"{'up to' if table.is_second_stage else 'all'} {table.num_rows} rows",
    ):
        shown.add_column(f"seeds, {scope}", justify="right")
        shown.add_column("time", justify="right")
    shown.add_column("decidable?")
    for pair, whole in zip(table.pair, table.table, strict=True):
        target = 100 * pair.need.target
        shown.add_row(
            f"{target:g} point{'' if target == 1 else 's'}",
            _seeds(pair),
            _time(pair),
            _seeds(whole),
            _time(whole),
            _decided(pair, whole),
        )
    return shown


def _seeds(planned: PlannedNeed) -> str:
    need = planned.need
    if need.num_seeds is None:
        beyond = "cannot" if need.decidable != "yes" else "over 999"
        return f"{beyond} ({need.low} at best)" if need.low else beyond
    if need.low == need.high:
        return str(need.num_seeds)
    return f"{need.num_seeds} ({need.low} to {need.high or 'no limit'})"


def _time(planned: PlannedNeed) -> str:
    return "–" if planned.seconds is None else duration(planned.seconds)


def _decided(pair: PlannedNeed, whole: PlannedNeed) -> str:
    if pair.need.decidable == whole.need.decidable:
        return pair.need.decidable
    return f"pair {pair.need.decidable}, all {whole.need.decidable}"


def _listed(names: Sequence[str]) -> str:
    shown = ["no attention" if name == "none" else name for name in names]
    if len(shown) > 4:
        return f"{len(shown)} rows"
    return " and ".join([", ".join(shown[:-1]), shown[-1]])


def _need_facts(planned: PlannedNeed) -> dict[str, Any]:
    need = planned.need
    return {
        "target": need.target,
        "num_seeds": need.num_seeds,
        "low": need.low,
        "high": need.high,
        "power": need.power,
        "decidable": need.decidable,
        "seconds": planned.seconds,
    }

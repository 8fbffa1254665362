"""What a run tells while it goes on."""

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from whatwhere.study.display import LiveDisplay, PlainDisplay


def _ended(display: Any, design: str, accuracy: float, cell: str = "scans") -> None:
    spec = SimpleNamespace(
        key=SimpleNamespace(cell=cell, text=design), design=SimpleNamespace(name=design)
    )
    record = {"validation": {"accuracy": accuracy}}
    display.ended(spec, SimpleNamespace(state="finished", record=record))


@pytest.mark.parametrize("kind", [PlainDisplay, LiveDisplay])
def test_the_standings_of_a_second_stage_are_of_its_own_runs(kind):
    """The screening's luck is not carried into what confirms."""
    display = kind(Console(file=io.StringIO(), width=100))
    plan: Any = SimpleNamespace(trials=(None,))
    for accuracy in (0.97, 0.71):
        display.start(plan)
        _ended(display, "csa", accuracy)
        display.stop()
    assert display.standings.leaders() == [("scans", "csa", 0.71, 1)]


def test_a_line_names_the_leader_of_the_data_it_speaks_of():
    """The highest accuracy of all is that of the easiest data."""
    told = io.StringIO()
    display = PlainDisplay(Console(file=told, width=100))
    display.start(SimpleNamespace(trials=(None,)))  # type: ignore[arg-type]
    _ended(display, "csa", 0.97)
    _ended(display, "sca", 0.52, "cells")
    _ended(display, "se", 0.53, "cells")
    first, second, last = told.getvalue().splitlines()
    assert first.endswith("ahead on validation: csa 97.0 %")
    assert second.endswith("ahead on validation of cells: sca 52.0 %")
    assert last.endswith("ahead on validation of cells: se 53.0 %")

"""What a run tells while it goes on."""

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from whatwhere.study.display import LiveDisplay, PlainDisplay


def _ended(display: Any, design: str, accuracy: float) -> None:
    spec = SimpleNamespace(
        key=SimpleNamespace(cell="scans", text=design), design=SimpleNamespace(name=design)
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

"""Several processes on one search: exactly as many trials as wanted, and none lost by a kill."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.search.conftest import SPACE
from whatwhere.study.searching import trials as trials_module
from whatwhere.study.searching.store import COUNTED, open_study, read_trials

PREAMBLE = """
import os, signal, sys, time
from pathlib import Path
from whatwhere.study.trials import checkpoint
from whatwhere.study.searching import trials
from whatwhere.study.searching.search import run_search
from whatwhere.study.searching.wanted import Wanted
from whatwhere.study.trials.trial import Outcome
here = Path(sys.argv[1])
run = trials.run_trial
def search(**more):
    given = {"data": "digits", "space": str(here / "tiny.toml"), "protocol": "quick", "steps": 30}
    given |= {"trials": 1, "finalists": 0, "num_workers": 0}
    return run_search(Wanted(**(given | more)), folder=here / "out")
"""
SHARED = """
def pretend(spec, on_epoch):
    time.sleep(0.1)
    record = {"reason": None, "seconds": 0.1, "validation": {"accuracy": 0.5}}
    return Outcome("finished", record, {})
trials.run_trial = pretend
(here / sys.argv[2]).touch()
while len(list(here.glob("ready*"))) < 2:
    time.sleep(0.01)
search(trials=9)
"""
# Half way through a trial whose state is kept the process is killed, as by a lack of memory.
KILLED = """
checkpoint.MIN_SECONDS = 0.0
def dying(spec, on_epoch):
    def dies(point):
        on_epoch(point)
        if point.step >= 15:
            os.kill(os.getpid(), signal.SIGKILL)
    return run(spec, dies)
trials.run_trial = dying
search()
"""


@pytest.fixture
def start(tmp_path):
    """Return what starts a process that searches."""
    (tmp_path / "tiny.toml").write_text(SPACE)
    environment = {**os.environ, "WHATWHERE_DATA": str(tmp_path / "cache")}

    def begin(code, *words):
        command = [sys.executable, "-c", PREAMBLE + code, str(tmp_path), *words]
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)

    return begin


def tried_in(folder):
    with open_study(folder, two=False) as opened:
        return read_trials(opened.study)


def test_two_processes_try_exactly_what_is_wanted(start, tmp_path):
    processes = [start(SHARED, f"ready{number}") for number in range(2)]
    for process in processes:
        assert process.wait(timeout=300) == 0, process.stderr.read().decode()
        process.stderr.close()
    tried = tried_in(tmp_path / "out")
    assert [item.outcome for item in tried] == ["finished"] * 9
    assert len({item.owner for item in tried}) == 2
    # No two processes propose the same.
    assert len({json.dumps(item.values, sort_keys=True) for item in tried}) == 9


def test_a_killed_process_loses_no_trial(start, search, set_aside, tmp_path):
    process = start(KILLED)
    assert process.wait(timeout=300) == -signal.SIGKILL, process.stderr.read().decode()
    process.stderr.close()
    (running,) = tried_in(tmp_path / "out")
    assert running.outcome == "running"
    found = search(trials=1, steps=30, finalists=0)
    lost, again = found.trials
    assert (lost["outcome"], again["outcome"]) == ("lost", "finished")
    assert again["values"] == lost["values"]
    assert (again["first"], again["attempt"]) == (0, 2)
    # It went on where it was killed, and ends as if it had not been.
    assert list(again["seen"]) == ["6", "7", "8", "9", "10"]
    assert not list((tmp_path / "out").rglob("checkpoint*"))
    set_aside("killed")
    whole = search(trials=1, steps=30, finalists=0)
    assert whole.trials[0]["accuracy"] == again["accuracy"]
    assert whole.trials[0]["seen"]["10"] == again["seen"]["10"]


class StoppedError(BaseException):
    """What a signal raises in the command."""


def stop(spec, on_epoch):
    raise StoppedError


def test_an_interrupted_trial_waits_for_the_next_command(search, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(trials_module, "run_trial", stop)
        with pytest.raises(StoppedError):
            search(trials=1, finalists=0)
    found = search(trials=1, finalists=0)
    assert [trial["outcome"] for trial in found.trials] == ["lost", "finished"]


def test_a_trial_that_never_ends_well_is_given_up(search, monkeypatch):
    monkeypatch.setattr(trials_module, "run_trial", stop)
    for _ in range(3):
        with pytest.raises(StoppedError):
            search(trials=1, finalists=0)
    found = search(trials=1, finalists=0)
    assert [trial["outcome"] for trial in found.trials] == ["lost", "lost", "failed"]
    assert found.failures == ("trial 2: its process ended 3 times (out of memory?)",)


def test_it_waits_for_trials_of_a_live_process(search, monkeypatch, tmp_path):
    """A trial that another process runs counts, and the search ends when that one has ended."""
    search(trials=1, finalists=0)
    with open_study(tmp_path / "out", two=False) as opened:
        foreign = opened.study.ask()
        texts = opened.study.trials[0].user_attrs["texts"]
        known = {"owner": "elsewhere/1/0.00", "texts": texts, "parameters": 5000}
        opened.mark(foreign.number, known)
        notes = []

        class Display:
            def note(self, text):
                notes.append(text)
                if "waiting" in text:
                    opened.mark(foreign.number, {"outcome": "finished"})
                    opened.study.tell(foreign, 0.001)

        found = search(trials=2, finalists=0, display=Display())
    assert [trial["accuracy"] for trial in found.trials][1] == 0.001
    assert "waiting for 1 trial(s) that other processes run" in notes
    assert sum(trial["outcome"] in COUNTED for trial in found.trials) == 2

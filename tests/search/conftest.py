"""A tiny space, and searches on the bundled digits that take a second or two."""

import shutil

import pytest

from whatwhere.study.display import Silent
from whatwhere.study.searching.search import run_search
from whatwhere.study.searching.wanted import Wanted

SPACE = """
title = "a tiny space"
design = "{block}"
backbone = "resnet8-w{width}"
learning_rate = "{rate}"

[changes]
weight_decay = "{decay}"

[parameters]
block = {choices = ["none", "eca", "S(x)"], default = "none"}
width = {choices = [4, 5, 7], default = 5}
rate = {low = 0.01, high = 0.3, log = true, default = 0.1}
decay = {low = 0.0, high = 0.01, default = 0.0005}
"""


@pytest.fixture
def space_file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(SPACE)
    return path


@pytest.fixture
def search(tmp_path, space_file, monkeypatch):
    """Return what runs a search of three steps per trial in the folder `out`."""
    monkeypatch.setenv("WHATWHERE_DATA", str(tmp_path / "cache"))

    def run(*, display=None, **more):
        given = {"data": "digits", "space": str(space_file), "protocol": "quick", "steps": 3}
        given |= {"trials": 3, "seeds": 1, "num_workers": 0}
        return run_search(
            Wanted(**(given | more)), folder=tmp_path / "out", display=display or Silent()
        )

    return run


@pytest.fixture
def set_aside(tmp_path):
    """Return what makes room for the same search anew, with the number format that it measured."""

    def move(name):
        (tmp_path / "out").rename(tmp_path / name)
        (tmp_path / "out").mkdir()
        shutil.copy(tmp_path / name / "search.toml", tmp_path / "out")

    return move

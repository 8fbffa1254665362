"""Runs to report on, simulated once for all tests of this folder."""

import importlib.util
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from whatwhere.report.build import write_report


def _load(name: str):
    path = Path(__file__).with_name(f"{name}.py")
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


fake = _load("fake_run")

HOSTILE_NAMES = (
    "</script><img src=x onerror=alert(1)>",
    "{{7*7}}",
    "$$",
    "=cmd()",
    "a|b",
    "%n%s",
    "\x1b[31mred",
    "\u202egnp.exe",
    '" onmouseover="alert(1)',
    "日本",
    "x^$_{",
)


class Page(HTMLParser):
    """Collects tags with attributes, and the visible text of every table cell and paragraph."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict]] = []
        self.text: list[str] = []
        self.tables: list[dict] = []
        self._cell: list[str] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"an attribute twice in {attrs}"
        self.tags.append((tag, attributes))
        if tag == "table":
            self.tables.append({"class": attributes.get("class", ""), "rows": []})
        if tag == "tr" and self.tables:
            self.tables[-1]["rows"].append({"attributes": attributes, "cells": []})
        if tag in ("td", "th"):
            self._cell = []

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.tables[-1]["rows"][-1]["cells"].append("".join(self._cell).strip())
            self._cell = None

    def handle_data(self, data):
        self.text.append(data)
        if self._cell is not None:
            self._cell.append(data)

    def table(self, kind: str) -> dict:
        """Return the first table of a class, by column heading and by design."""
        rows = next(table for table in self.tables if table["class"] == kind)["rows"]
        return {"heading": rows[0]["cells"], "rows": rows[1:]}


@pytest.fixture(scope="session")
def read_page():
    return Page


@pytest.fixture(scope="session")
def fake_run():
    return fake


@pytest.fixture(scope="session")
def main_run(tmp_path_factory):
    """All 24 rows, three seeds, reported with pictures at hand."""
    folder = fake.write_fake_run(tmp_path_factory.mktemp("main") / "run")
    write_report(folder, fetch_images=fake.picture)
    return folder


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory):
    """Two data sets at two sizes with hostile names, a diverged, a failed and a typed design."""
    hostile = fake.FakeData(
        name="hostile",
        title="<b>Hostile</b> & $$",
        class_names=HOSTILE_NAMES,
        train_counts=(311, 211, 97, 53, 41, 37, 31, 29, 23, 17, 11),
        num_test=97,
        num_validation=53,
        sizes=(101, 811),
        warnings=("the file </script> is no image",),
    )
    many = fake.FakeData(
        name="many",
        title="Many classes",
        num_test=101,
        num_validation=59,
        class_names=tuple(f"class {i}" for i in range(37)),
        sizes=(101, 811),
    )
    rows = (
        *(row for row in fake.ROWS if row[0] in {"csa", "sca", "rcsa", "none", "wide", "gain"}),
        ("w-0a1b2c", "typed", "typed", "wiring", "choose(x, S(C_b(x)))", 1.1, 7001, 3.0),
        ("mine", "My <Block>", "my 'family'", "user", None, 0.9, 901, 1.0),
    )
    plan = fake.FakePlan(
        data=(hostile, many),
        rows=rows,
        command="whatwhere compare hostile many -d '<csa>' -d \"choose(x, S(C_b(x)))\"",
        states={
            ("rcsa", 1): ("diverged", "the loss became NaN"),
            ("mine", 0): ("failed", "=1+1 RuntimeError: \x1b[31mmemory"),
            **{("sca", seed): ("failed", "boom") for seed in range(3)},
        },
    )
    folder = fake.write_fake_run(tmp_path_factory.mktemp("hostile") / "run", plan)
    write_report(folder, fetch_images=fake.picture)
    return folder

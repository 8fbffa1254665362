"""Tables: every wrong line is named."""

import os

import numpy as np
import pytest

from whatwhere.data.sources.table import list_table
from whatwhere.errors import DataError


@pytest.fixture
def table(write_images):
    """Write a CSV beside ten images all/0.png ... all/9.png and return its path."""
    root = write_images("all", 10)

    def write(*lines: str, encoding: str = "utf-8"):
        path = root / "table.csv"
        path.write_bytes("\n".join(lines).encode(encoding))
        return path

    return write


def test_paths_labels_groups_and_splits(table):
    path = table(
        "path,label,group,split",
        "all/3.png,owl,p2,test",
        "all/1.png,ant,p1,train",
        'all/2.png,"owl, grey",p1,VAL',
    )
    listing = list_table(path)
    assert listing.items == ("all/1.png", "all/2.png", "all/3.png")
    assert listing.class_names == ("ant", "owl", "owl, grey")
    assert listing.labels.tolist() == [0, 2, 1]
    assert listing.split.tolist() == [0, 1, 2]
    assert listing.groups.tolist() == [0, 0, 1]
    assert listing.paths[0] == os.fsencode(path.parent / "all" / "1.png")


def test_columns_in_any_order_and_a_byte_order_mark(table):
    listing = list_table(table("label,path", "10,all/0.png", "9,all/1.png", encoding="utf-8-sig"))
    assert listing.class_names == ("9", "10")
    assert listing.labels.tolist() == [1, 0]
    assert listing.groups is None
    assert listing.split.tolist() == [-1, -1]


def test_the_order_of_the_lines_has_no_influence(table, opened):
    lines = [f"all/{index}.png,{'ab'[index % 2]}" for index in range(10)]
    lines += ["../photos/all/../extra.png,a", "extra2.png,b"]
    path = table("path,label", *lines[:10])
    for number, name in enumerate(("extra.png", "extra2.png")):
        pixels = (path.parent / "all" / f"{number}.png").read_bytes()
        (path.parent / name).write_bytes(pixels)
    forth = opened(table("path,label", *lines))
    back = opened(table("path,label", *lines[::-1]))
    assert forth.items == back.items
    assert forth.content_hash == back.content_hash
    np.testing.assert_array_equal(forth.split, back.split)


WRONG = {
    "unknown column": (("path,lable",), r"line 1: unknown column 'lable'; did you mean 'label'\?"),
    "no label column": (("path", "all/0.png"), "line 1: columns missing or named twice"),
    "column twice": (
        ("path,label,label", "all/0.png,a,b"),
        "line 1: columns missing or named twice",
    ),
    "empty file": (("",), "line 1: columns missing"),
    "header only": (("path,label",), "has a header and no images"),
    "cells": (("path,label", "all/0.png,a", "all/1.png"), "line 3: 1 cells instead of 2"),
    "no label": (("path,label", "all/0.png,a", "", "all/1.png, "), "line 4: no label"),
    "no group": (("path,label,group", "all/0.png,a,"), "line 2: no group"),
    "missing file": (
        ("path,label", "all/77.png,a"),
        "line 2: there is no file 'all/77.png' beside",
    ),
    "a folder": (("path,label", "all,a"), "line 2: 'all' is not a regular file"),
    "outside": (("path,label", "../out.png,a"), "line 2: '../out.png' lies outside"),
    "absolute": (("path,label", "/etc/hostname,a"), "line 2: '/etc/hostname' lies outside"),
    "twice": (
        ("path,label", "all/0.png,a", "all/1.png,a", "all/../all/0.png,b"),
        "line 4: 'all/../all/0.png' is the file of line 2 again",
    ),
    "split": (
        ("path,label,split", "all/0.png,a,tset"),
        r"unknown split 'tset'; did you mean 'test'",
    ),
    "half the splits": (
        ("path,label,split", "all/0.png,a,test", "all/1.png,a,"),
        "line 3: no split",
    ),
    "open quote": (("path,label", 'all/0.png,"a'), "line 2: not a CSV"),
    "twins": (("path,label", "all/0.png,Owl", "all/1.png,owl"), "'Owl' and 'owl'"),
    "control": (("path,label", "all/\x1b[2J.png,a"), r"no file 'all/\\x1b\[2J.png'"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_lines_are_named(table, kind):
    lines, expected = WRONG[kind]
    path = table(*lines)
    (path.parent.parent / "out.png").touch()
    with pytest.raises(DataError, match=expected):
        list_table(path)


def test_all_wrong_lines_are_reported_together(table):
    lines = [f"nowhere/{index}.png,a" for index in range(23)]
    with pytest.raises(DataError, match="23 wrong lines") as caught:
        list_table(table("path,label", *lines))
    assert "line 21: " in str(caught.value)
    assert "line 22: " not in str(caught.value)
    assert "and 3 more" in str(caught.value)


def test_groups_stay_together_when_the_split_is_made(write_images, opened):
    root = write_images("all", 60)
    lines = [f"all/{index}.png,{'ab'[index // 30]},g{index // 4}" for index in range(60)]
    # The last image looks like the first one, so their two groups are one.
    (root / "all" / "9.png").write_bytes((root / "all" / "0.png").read_bytes() + b"\0")
    (root / "table.csv").write_text("\n".join(["path,label,group", *lines]))
    source = opened(root / "table.csv")
    assert source.split[source.items.index("all/0.png")] == source.split[-1]
    for group in np.unique(source.groups):
        assert len(np.unique(source.split[source.groups == group])) == 1
    assert set(source.split.tolist()) == {0, 1, 2}

"""What is useful: a design must beat no attention, its cost and its gain; the page says which."""

import json
from dataclasses import replace

import pytest

from tests.report.conftest import fake
from whatwhere.report.build import write_report
from whatwhere.report.cells.useful import PURPOSES, Against, Judged
from whatwhere.report.words import staging, verdicts

NONE = ("none", "no attention", "reference", "block", "x", 1.0, 0, 0.0)
CSA = ("csa", "CSA", "sequential", "wiring", "S(C(x))", 0.25, 2384, 14.0)
ECA = ("eca", "ECA", "reference", "block", None, 0.5, 9, 14.0)
BAD = ("sca", "SCA", "sequential", "wiring", "C(S(x))", 0.25, 2384, -14.0)
WIDE = ("widened", "no attention, widened", "control", "control", None, 1.0, 2400, 0.0)
OWN = ("wide_2380", "no attention, widened by 2,380", "control", "control", None, 1.0, 2380, 14.0)
QUARTER = ("gain_0.25", "constant gain 0.25", "control", "control", "x / 4", 0.25, 0, 0.0)
HALF = ("gain_0.5", "constant gain 0.5", "control", "control", "x / 2", 0.5, 0, 0.0)
FACTS = {
    "csa": {"gain_control": "gain_0.25", "cost_control": "wide_2380"},
    "sca": {"gain_control": "gain_0.25", "cost_control": None},
    "eca": {"gain_control": "gain_0.5", "cost_control": "none"},
    "wide_2380": {"added_parameters": 2380},
}


def judged(tmp_path, *rows):
    data = replace(fake.FakeData(), num_test=1201)
    plan = fake.FakePlan(rows=rows, facts=FACTS, data=(data,), num_seeds=5)
    page = write_report(fake.write_fake_run(tmp_path / "run", plan)).read_text()
    (cell,) = json.loads((tmp_path / "run" / "summary.json").read_text())["cells"]
    return page, cell, {item["design"]: item for item in cell["usefulness"]}


def states(item):
    return [(against["control"], against["status"]) for against in item["against"]]


def test_a_design_that_beats_all_three_is_useful(tmp_path):
    page, cell, found = judged(tmp_path, NONE, CSA, BAD, WIDE, QUARTER)
    assert states(found["csa"]) == [
        ("none", "ahead"),
        ("widened", "ahead"),
        ("gain_0.25", "ahead"),
    ]
    assert found["csa"]["is_useful"]
    assert found["csa"]["sentence"] == (
        "useful: beats no attention, widened (its cost), gain_0.25 (its gain)"
    )
    assert states(found["sca"]) == [(name, "behind") for name in ("none", "widened", "gain_0.25")]
    assert cell["useful"] == (
        "csa is useful: it beats no attention, a backbone of its cost and a constant gain like its"
        " own."
    )
    assert cell["useful"] in page


def test_a_control_of_its_own_size_takes_the_place_of_the_median_one(tmp_path):
    _, cell, found = judged(tmp_path, NONE, CSA, ECA, WIDE, OWN, QUARTER, HALF)
    assert [name for name, _ in states(found["csa"])] == ["none", "wide_2380", "gain_0.25"]
    assert states(found["csa"])[1][1] in ("undecided", "equivalent")
    assert not found["csa"]["is_useful"]
    assert "wide_2380 (its cost)" in found["csa"]["sentence"]
    # It adds nine parameters: no attention is as large.
    assert [name for name, _ in states(found["eca"])] == ["none", "none", "gain_0.5"]
    assert found["eca"]["is_useful"]
    said = {verdict["control"]: " ".join(verdict["sentences"]) for verdict in cell["controls"]}
    assert "eca" not in said["the control wide_2380"]
    assert "csa" in said["the control wide_2380"]


def test_without_the_gain_of_its_own_bin_nothing_is_called_useful(tmp_path):
    _, cell, found = judged(tmp_path, NONE, ECA, CSA, WIDE, QUARTER)
    assert states(found["eca"])[2] == (None, "not run")
    assert not found["eca"]["is_useful"]
    assert found["eca"]["sentence"] == (
        "not shown to be useful: beats no attention, widened (its cost); not run: gain_0.5 (its"
        " gain)"
    )
    _, cell, _ = judged(tmp_path / "none", NONE, ECA, WIDE, QUARTER)
    assert cell["useful"].endswith(
        "Not every control was run (its gain): --controls full runs them, and --confirm those of"
        " the designs that it confirms."
    )


def test_networks_and_one_or_two_seeds_are_not_judged(tmp_path):
    network = ("mlp", "MLP", "network", "network", None, None, 700, 3.0)
    _, cell, found = judged(tmp_path, NONE, network)
    assert (found, cell["useful"]) == ({}, "")
    plan = fake.FakePlan(rows=(NONE, CSA, WIDE), facts=FACTS, num_seeds=2)
    write_report(fake.write_fake_run(tmp_path / "two", plan))
    (cell,) = json.loads((tmp_path / "two" / "summary.json").read_text())["cells"]
    assert cell["usefulness"] == []


@pytest.mark.parametrize(
    ("second", "third", "expected"),
    [
        (
            "ahead",
            "ahead",
            "useful: beats no attention, wide_2380 (its cost), gain_0.25 (its gain)",
        ),
        (
            "behind",
            "undecided",
            "not shown to be useful: beats no attention; behind wide_2380 (its cost); undecided"
            " against gain_0.25 (its gain)",
        ),
        (
            "equivalent",
            "not run",
            "not shown to be useful: beats no attention; no better than wide_2380 (its cost); not"
            " run: gain_0.25 (its gain)",
        ),
    ],
)
def test_sentences(second, third, expected):
    labels = ("no attention", "wide_2380", "gain_0.25")
    against = tuple(
        Against(purpose, None, label, status)
        for purpose, label, status in zip(PURPOSES, labels, ("ahead", second, third), strict=True)
    )
    assert verdicts.usefulness(Judged("csa", "csa", against)) == expected


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        (
            "widened_inner_widths = []",
            "Not every control was run (its gain): --controls full runs them, and --confirm those"
            " of the designs that it confirms. Here no control can be built for its cost.",
        ),
        ('start = "identity"', "like its own. Here no control can be built for its cost and its"),
    ],
)
def test_no_control_is_proposed_that_cannot_be_run(tmp_path, recipe, told):
    folder = fake.write_fake_run(tmp_path / "run", fake.FakePlan(rows=(NONE, BAD), facts=FACTS))
    config, head = folder / "config.toml", "[recipe.cluttered-digits]\n"
    config.write_text(config.read_text().replace(head, f"{head}{recipe}\n"))
    write_report(folder)
    (cell,) = json.loads((folder / "summary.json").read_text())["cells"]
    assert told in cell["useful"]


def test_confirmation_is_not_proposed_where_folds_forbid_it():
    against = tuple(Against(purpose, None, "", "not run") for purpose in PURPOSES)
    told = verdicts.useful_designs([Judged("csa", "csa", against)], can_confirm=False)
    assert told.endswith("--controls full runs them.")
    highest = staging.highest_mean(
        "csa", num_designs=3, luck=0.01, metric="accuracy", can_confirm=False
    )
    assert highest.endswith("by the luck of its seeds alone.")


def test_a_design_without_a_finished_run_is_not_behind(tmp_path):
    states = {("sca", seed): ("diverged", "loss is not finite") for seed in range(3)}
    plan = fake.FakePlan(rows=(NONE, CSA, BAD), facts=FACTS, states=states)
    write_report(fake.write_fake_run(tmp_path / "run", plan))
    (cell,) = json.loads((tmp_path / "run" / "summary.json").read_text())["cells"]
    assert "sca (has no finished run here)" in cell["advice"]["prior"]

"""Whole networks in a report: shown and compared with no attention, never called attention."""

import json

import pytest

from tests.report.conftest import fake
from whatwhere.report import verdicts, wording
from whatwhere.report.build import write_report

NONE = ("none", "no attention", "reference", "block", "x", 1.0, 0, 0.0)
CSA = ("csa", "CSA", "sequential", "wiring", "S(C(x))", 0.25, 2384, 0.2)
WIDE = ("widened", "no attention, widened", "control", "control", None, 1.0, 2400, 0.1)
GAIN = ("gain_0.25", "constant gain 0.25", "control", "control", "x / 4", 0.25, 0, 0.0)
GOOD = ("samc", "SAMC, a whole network", "network", "network", None, None, 900_000, 12.0)
BAD = ("mlp", "MLP, a whole network", "network", "network", None, None, 700_000, -12.0)
EVEN = ("vit", "ViT, a whole network", "network", "network", None, None, 800_000, 0.0)


def report_of(tmp_path, *rows):
    plan = fake.FakePlan(rows=rows, num_seeds=3)
    page = write_report(fake.write_fake_run(tmp_path / "run", plan))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    return page.read_text(), summary["cells"][0]


def test_networks_are_compared_with_no_attention_and_with_no_other_control(tmp_path):
    page, cell = report_of(tmp_path, NONE, CSA, WIDE, GAIN, GOOD, BAD)
    said = {verdict["control"]: " ".join(verdict["sentences"]) for verdict in cell["controls"]}
    assert "the network samc" in said["no attention"].partition("Behind")[0]
    assert "the network mlp" in said["no attention"].partition("Behind")[2]
    assert "network" not in said["the control widened"] + said["the control gain_0.25"]
    assert {"the control widened", "the control gain_0.25"} <= set(said)
    assert cell["recommendation"].startswith("The network samc is better than every other design")
    assert cell["recommended"] == ["samc"]
    rows = {row["design"]: row for row in cell["leaderboard"]}
    assert rows["samc"]["kind"] == "network"
    assert rows["samc"]["cost"]["parameters"] == 78042 + 900_000
    assert rows["samc"]["from_none"]["sentence"].startswith("The network samc is ahead of")
    assert "attention design or network is worth its cost" in page
    assert "The designs and networks" in page
    assert "A whole network stands in the place of the backbone" in page
    assert "none: a whole network" in page


def test_without_networks_the_page_does_not_speak_of_them(tmp_path):
    page, _ = report_of(tmp_path, NONE, CSA, WIDE)
    assert "network" not in page


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ((NONE, CSA), "attention is not shown to be worth its cost here."),
        (
            (NONE, CSA, EVEN),
            "attention is not shown to be worth its cost here, nor another network to be better.",
        ),
        ((NONE, EVEN), "no other network is shown to be better here."),
    ],
)
def test_what_it_means_that_the_backbone_may_be_best(tmp_path, rows, sentence):
    _, cell = report_of(tmp_path, *rows)
    assert cell["recommendation"].endswith(sentence)


def test_sentences_begin_with_a_capital():
    said = wording.winner("Digits", label="the network samc", margin=0.02)
    assert said.startswith("The network samc is better than every other design on Digits")
    assert wording.no_attention_may_be_best(attention=False, networks=True) == (
        "The backbone as it is, no attention, is among them: no other network is shown to be"
        " better here."
    )


def test_the_kind_of_what_was_judged_is_named():
    said = verdicts.not_ahead_of_control(
        "no attention", labels=["csa", "vit"], num_judged=2, kind="design or network"
    )
    assert said == (
        "No design or network beats no attention here: all 2 differences are undecided."
    )

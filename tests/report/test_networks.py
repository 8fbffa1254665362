"""Whole networks in a report: compared with the plain backbone, never called attention."""

import json

import pytest

from tests.report.conftest import fake
from whatwhere.report.build import write_report
from whatwhere.report.words import cautions, verdicts, withheld, wording

PLAIN = "resnet8 without attention"
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


def test_networks_are_compared_with_the_plain_backbone_and_with_no_other_control(tmp_path):
    page, cell = report_of(tmp_path, NONE, CSA, WIDE, GAIN, GOOD, BAD)
    said = {verdict["control"]: " ".join(verdict["sentences"]) for verdict in cell["controls"]}
    assert "the network samc" in said[PLAIN].partition("Behind")[0]
    assert "the network mlp" in said[PLAIN].partition("Behind")[2]
    assert "no attention" not in page.replace(WIDE[1], "")
    assert "network" not in said["the control widened"] + said["the control gain_0.25"]
    assert {"the control widened", "the control gain_0.25"} <= set(said)
    assert cell["recommendation"].startswith(
        "The network samc is better than every other design or network on"
    )
    assert cell["recommended"] == ["samc"]
    rows = {row["design"]: row for row in cell["leaderboard"]}
    assert rows["samc"]["kind"] == "network"
    assert rows["samc"]["cost"]["parameters"] == 78042 + 900_000
    assert rows["samc"]["from_none"]["sentence"].startswith(
        "The network samc is ahead of resnet8 without attention by"
    )
    assert (rows["none"]["label"], rows["none"]["title"]) == (PLAIN, PLAIN)
    assert "Paired difference from resnet8 without attention" in page
    assert "attention design or network is worth its cost" in page
    assert "The designs and networks" in page
    assert "A whole network stands in the place of the backbone" in page
    assert "none: a whole network" in page


def test_without_networks_the_page_does_not_speak_of_them(tmp_path):
    page, _ = report_of(tmp_path, NONE, CSA, WIDE)
    assert "network" not in page
    assert "Paired difference from no attention" in page


def test_without_attention_the_page_speaks_neither_of_it_nor_of_designs(tmp_path):
    page, cell = report_of(tmp_path, NONE, GOOD, BAD)
    assert ": which network is worth its cost</title>" in page
    assert '<h2 id="designs">The networks</h2>' in page
    assert "Paired difference from resnet8 without attention" in page
    assert "no attention" not in page
    assert "In a wiring" not in page
    assert cell["recommendation"].startswith("The network samc is better than every other network")


def test_rows_are_counted_as_rows(tmp_path):
    alike = [(f"net{n}", "a net", "network", "network", None, None, n, 0.0) for n in range(8)]
    _, cell = report_of(tmp_path / "networks", NONE, *alike)
    assert "9 of 9 rows, those in bold" in cell["recommendation"]
    _, cell = report_of(tmp_path / "both", NONE, CSA, *alike)
    assert "10 of 10 rows, those in bold" in cell["recommendation"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            (NONE, CSA),
            "No attention is among them: attention is not shown to be worth its cost here.",
        ),
        (
            (NONE, CSA, EVEN),
            "resnet8 without attention is among them: attention is not shown to be worth its cost"
            " here, nor another network to be better.",
        ),
        (
            (NONE, EVEN),
            "resnet8 without attention is among them: no other network is shown to be better here.",
        ),
    ],
)
def test_what_it_means_that_the_backbone_may_be_best(tmp_path, rows, sentence):
    _, cell = report_of(tmp_path, *rows)
    assert cell["recommendation"].endswith(sentence)


def test_sentences_begin_with_a_capital():
    said = wording.winner("Digits", label="the network samc", margin=0.02, kind="network")
    assert said.startswith("The network samc is better than every other network on Digits")
    assert wording.no_attention_may_be_best("the backbone without attention", attention=False) == (
        "The backbone without attention is among them: no other network is shown to be better here."
    )
    said = cautions.failures("the network samc", num_diverged=1, num_failed=0, num_runs=2)
    assert said == (
        "The network samc diverged in 1 of 2 runs; means are over the 1 finished run and the"
        " network samc is not recommended."
    )
    said = cautions.collapsed("no attention", num_collapsed=1, num_runs=3)
    assert said.startswith("No attention predicts one class for every validation image in 1 of 3")
    assert cautions.collapsed("csa", num_collapsed=1, num_runs=3).startswith("csa predicts")


def test_screening_and_refusals_name_what_was_compared():
    assert withheld.screening("quick", 150, kind="design or network").endswith(
        "a longer training may order the designs and networks differently."
    )
    assert withheld.nothing_recommended("Digits", labels=["mlp"], kind="network").startswith(
        "No network is recommended on Digits"
    )


def test_the_kind_of_what_was_judged_is_named():
    said = verdicts.not_ahead_of_control(
        PLAIN, labels=["csa", "vit"], num_judged=2, kind="design or network"
    )
    assert said == (
        "No design or network beats resnet8 without attention here: all 2 differences are"
        " undecided."
    )

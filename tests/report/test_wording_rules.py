"""Every row of the table of wording rules, from records to the printed sentence."""

import json
import math
import re

import pytest
import rich.console

from tests.report.conftest import fake
from whatwhere.report.build import write_report
from whatwhere.report.terminal import print_leaderboard
from whatwhere.report.words import cautions, verdicts, wording
from whatwhere.report.words.further import what_decides
from whatwhere.report.words.protocol import decimals_of, decimals_of_row
from whatwhere.stats.planning.plan import Spread

NONE = ("none", "no attention", "reference", "block", "x", 1.0, 0, 0.0)
CSA = ("csa", "CSA", "sequential", "wiring", "S(C(x))", 0.25, 2384, 0.2)
SCA = ("sca", "SCA", "sequential", "wiring", "C(S(x))", 0.25, 2384, 0.0)


def ahead(points):
    return ("rcsa", "RCSA", "residual", "wiring", "x + S(C(x))", 1.25, 2384, points)


def report(tmp_path, *rows, test=601, **changes):
    data = changes.pop("data", (fake.FakeData(num_test=test, num_validation=83),))
    plan = fake.FakePlan(rows=rows, data=data, **changes)
    folder = fake.write_fake_run(tmp_path / "run", plan)
    write_report(folder)
    summary = json.loads((folder / "summary.json").read_text())
    return folder, summary


def cell(summary):
    return summary["cells"][0]


def test_several_may_be_best(tmp_path):
    _, summary = report(tmp_path, NONE, CSA, SCA)
    assert re.fullmatch(
        r"Tied for best on Cluttered digits: ((csa|sca|no attention)(, )?){3} \(95 %\)\. Within"
        r" this group choose by cost: no attention is fastest\..*",
        cell(summary)["recommendation"],
    )


def test_one_remains_and_its_lead_is_large(tmp_path):
    _, summary = report(tmp_path, NONE, CSA, SCA, ahead(15.0))
    assert re.fullmatch(
        r"rcsa is better than every other design on Cluttered digits by at least \d+\.\d points"
        r" \(lower 95 % bound\)\.",
        cell(summary)["recommendation"],
    )


def test_one_remains_and_its_lead_may_be_small():
    assert wording.winner("Digits", label="A", margin=0.0031) == (
        "A is ahead of every other design on Digits; the gain may be as small as 0.31 points."
    )


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"low": 0.002, "significant": True}, "A is ahead of B; the gain may be as small as 0.20"),
        ({"equivalent": True}, "A and B are equivalent within 0.5 points."),
        ({}, "No conclusion: this study could only have seen differences above 2.1 points."),
    ],
)
def test_pairs(facts, expected):
    values = {"low": -0.01, "high": 0.03, "significant": False, "equivalent": False, **facts}
    assert verdicts.pair("A", "B", detectable=0.0205, **values).startswith(expected)


def test_fewer_than_three_seeds(tmp_path):
    _, summary = report(tmp_path, NONE, CSA, num_seeds=2)
    assert cell(summary)["recommendation"].startswith("Screening only (2 seeds at most)")


def test_unequal_budgets(tmp_path):
    plan = fake.FakePlan(rows=(NONE, CSA, SCA), data=(fake.FakeData(num_test=101),))
    folder = fake.write_fake_run(tmp_path / "run", plan)
    for path in folder.glob("trials/*/csa/s*/record.json"):
        path.write_text(path.read_text().replace('"steps": 150', '"steps": 300'))
    write_report(folder)
    summary = json.loads((folder / "summary.json").read_text())
    assert re.match(
        r"Screening only \(rows were trained with different steps or recipes\), so nothing is"
        r" claimed on Cluttered digits; .* has the highest mean accuracy\.",
        cell(summary)["recommendation"],
    )
    assert not cell(summary)["is_compared"]
    assert not any(row["may_be_best"] or row["letters"] for row in cell(summary)["leaderboard"])


@pytest.mark.parametrize(("num_leaked", "is_marked"), [(1, False), (3, True)])
def test_test_images_that_leaked(tmp_path, num_leaked, is_marked):
    plan = fake.FakePlan(rows=(NONE, CSA, SCA), data=(fake.FakeData(num_test=101),))
    folder = fake.write_fake_run(tmp_path / "run", plan)
    data = json.loads((folder / "data.json").read_text())
    data["cluttered-digits"]["leaked_test_indices"] = list(range(1201, 1201 + num_leaked))
    (folder / "data.json").write_text(json.dumps(data))
    write_report(folder)
    told = cell(json.loads((folder / "summary.json").read_text()))["recommendation"]
    if is_marked:
        assert told.startswith("Screening only (test images are among those trained on; --dedup")
        assert "Leak: 3 of 101 test images (3.0 %)" in told
    else:
        assert told.startswith("Tied for best")


def test_the_winner_of_a_sweep_has_the_highest_mean(tmp_path):
    folder, summary = report(tmp_path, NONE, CSA, SCA, ahead(15.0))
    assert cell(summary)["highest"].startswith(
        "rcsa has the highest mean accuracy. The highest of 4 equally good designs would lie about"
    )
    page = (folder / "report.html").read_text()
    assert cell(summary)["highest"] in page
    text = re.sub(r"(?s)<style>.*?</style>|class=\"best|may be best|tied for best", "", page)
    assert not re.search(r"\bbest\b", text, re.IGNORECASE)


def test_a_confirmed_winner_is_so_called(tmp_path):
    names = ("none", "rcsa", "csa")
    _, summary = report(tmp_path, NONE, CSA, SCA, ahead(15.0), confirmed=(names,), num_fresh=5)
    assert cell(summary)["recommendation"].startswith(
        "rcsa is better than every other confirmed design on Cluttered digits by at least"
    )
    assert cell(summary)["highest"] == ""


def test_several_data_sets(tmp_path):
    data = tuple(
        fake.FakeData(name=name, title=name, num_test=101, num_validation=31) for name in "ab"
    )
    folder, summary = report(tmp_path, NONE, CSA, data=data)
    assert summary["scope"] == (
        "What follows is said on these 2 data sets, and of others only where an interval over data"
        " sets is printed."
    )
    assert summary["scope"] in (folder / "report.html").read_text()
    _, summary = report(tmp_path / "one", NONE, CSA)
    assert summary["scope"] == ""


def test_failures(tmp_path):
    states = {("csa", seed): ("diverged", "the loss became NaN") for seed in (1, 3)}
    _, summary = report(tmp_path, NONE, CSA, SCA, num_seeds=10, states=states, test=101)
    sentence = (
        "csa diverged in 2 of 10 runs; means are over the 8 finished runs and csa is not"
        " recommended."
    )
    assert sentence in cell(summary)["cautions"]
    assert "csa" not in cell(summary)["recommended"]
    assert cautions.failures("csa", num_diverged=2, num_failed=0, num_runs=10) == sentence


def test_bold_is_the_set_and_not_the_maximum(tmp_path):
    folder, summary = report(tmp_path, NONE, CSA, ahead(15.0), ("c_cmssa", *ahead(-20.0)[1:]))
    best = {row["label"] for row in cell(summary)["leaderboard"] if row["may_be_best"]}
    assert best == {"rcsa"}
    bold = re.findall(r"\\textbf\{(\w+)\}", (folder / "table.tex").read_text())
    assert bold == re.findall(r"\*\*(\w+)\*\* \|", (folder / "table.md").read_text()) == ["rcsa"]
    _, two = report(tmp_path / "two", NONE, CSA, num_seeds=2)
    assert "**" not in (tmp_path / "two" / "run" / "table.md").read_text().partition("| Design")[2]
    assert not any(row["may_be_best"] for row in cell(two)["leaderboard"])


def test_accuracy_has_the_digits_of_its_standard_error_and_at_most_one_more(tmp_path):
    _, summary = report(tmp_path, NONE, CSA, SCA, test=2003)
    entry = cell(summary)
    for row in entry["leaderboard"]:
        error = 100 * (row["high"] - row["low"]) / 4
        first_digit = math.floor(math.log10(error))
        assert -decimals_of_row(row, decimals_of(entry)) >= first_digit - 1
    wide = {"low": 0.70, "high": 0.90}  # a standard error of 5 points
    assert decimals_of_row(wide, 2) == 1
    assert decimals_of_row({"low": 0.2, "high": 0.9}, 2) == 0
    assert decimals_of_row({"low": None, "high": None}, 2) == 2


def test_the_terminal_says_what_the_page_says(tmp_path):
    folder, summary = report(tmp_path, NONE, CSA, SCA, ahead(15.0))
    with (tmp_path / "shown").open("w") as file:
        print_leaderboard(summary, rich.console.Console(file=file, width=2000))
    shown = (tmp_path / "shown").read_text()
    page = (folder / "report.html").read_text()
    page = page.replace('<span class="option">--controls</span>', "--controls")
    page = page.replace('<span class="option">--confirm</span>', "--confirm")
    entry = cell(summary)
    sentences = (entry["recommendation"], entry["useful"], entry["advice"]["prior"])
    for sentence in (*sentences, entry["detectable"]):
        assert sentence
        assert sentence in shown
        assert sentence in page


def test_what_is_tied_says_what_would_decide_it(tmp_path):
    _, summary = report(tmp_path, NONE, CSA, SCA, ahead(0.1))
    further = cell(summary)["advice"]["further"]
    assert further.startswith("To tell tied rows apart (--seeds): differences of ")
    assert "seeds of every row" in further
    members = cell(summary)["advice"]["members"]
    costs = [member["inference_ms"] for member in members]
    assert costs == sorted(costs)
    assert cell(summary)["advice"]["prior"].startswith(
        "Published rules (Liu and Jiang, arXiv 2601.07310; a prior, no evidence on these images)"
        " would choose, for 1,009 training images, c_and_safa (not compared) or bi_csafa (not"
        " compared), and for fine-grained classes sca ("
    )


def test_few_images_cannot_decide_whatever_the_seeds():
    # Lasting differences of 156 images: (1.96 + .84) sqrt(V) = 1.4 points for one comparison.
    spread = Spread(2, 156, run_variance=1e-4, item_noise=5e-5, lasting=2.5e-5, blocked=False)
    parts = what_decides(spread, num_seeds=5, seconds=60.0, num_items=156)
    assert parts[0].startswith("differences of 2 points need about ")
    assert "seeds of every row (" in parts[0]
    assert parts[1] == (
        "differences of 1 and 0.5 points cannot be seen on these 156 test images whatever the seeds"
        " (their limit is 1.5 points): that takes more test images"
    )
    many = Spread(24, 10_000, run_variance=6e-4, item_noise=0.0, lasting=0.0)
    assert what_decides(many, num_seeds=90, seconds=1.0, num_items=10_000) == (
        "differences of 2 points would have been seen with 90 seeds",
        "differences of 1 and 0.5 points need more than 100 seeds of every row",
    )

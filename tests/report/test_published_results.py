"""A table of published results: the reader, the checks, and our figures beside it."""

from dataclasses import replace
from pathlib import Path

import pytest

from whatwhere.data.sources.catalogue import CATALOGUE
from whatwhere.errors import UsageError
from whatwhere.records import Run
from whatwhere.report.build import write_report
from whatwhere.report.cells.evidence import gather
from whatwhere.report.published.beside import beside
from whatwhere.report.published.checked import check_results, close_calls, summary_sentence
from whatwhere.report.published.shown import FILE_NAME, facts_of, keep, view_file
from whatwhere.settings.results_table import COLUMNS, parse_results, read_results
from whatwhere.settings.test_sets import TEST_SETS, find_test_set

from . import fake_run

EXAMPLE = Path(__file__).parents[2] / "docs" / "published_results.csv"
ROWS = tuple(row for row in fake_run.ROWS if row[0] in ("csa", "rcsa", "none"))


def table(*lines, header="paper,topology,dataset,metric,value"):
    return parse_results("\n".join((header, *lines)) + "\n", name="table.csv")


# networks.md 4.3: five rows of MSGA's table 1 on CIFAR-100, whose test set is balanced.
GAPS = {"MLP": 0.023, "CNN": 0.019, "LSTM": 0.016, "Transformer": 0.015, "proposed": 0.021}


def test_the_five_contradictions_of_a_real_table_are_flagged():
    checked = check_results(read_results(EXAMPLE))
    msga = [item for item in checked if item.result.paper.startswith("Dolz")]
    assert len(msga) == 20
    for row, gap in GAPS.items():
        own = {item.result.metric: item for item in msga if item.result.topology == row}
        assert own["accuracy"].verdict == own["recall"].verdict == "not both"
        (flaw,) = [flaw for flaw in own["recall"].flaws if flaw.check == "recall"]
        assert f"differ by {gap:.3f}" in flaw.sentence
        assert own["precision"].verdict == "passes"
    doubtful = {i.result.topology for i in msga if i.verdict == "doubtful"}
    assert {"MLP", "CNN"} <= doubtful


def test_official_baselines_of_medmnist_pass():
    """topologies.md, section 5: .863 on 156 images is no single run's, but three runs' mean."""
    checked = check_results(read_results(EXAMPLE))
    medmnist = {
        (item.result.dataset, item.result.metric): item
        for item in checked
        if item.result.paper.startswith("MedMNIST")
    }
    assert len(medmnist) == 13
    assert medmnist["BreastMNIST", "accuracy"].verdict == "passes"
    single = replace(medmnist["BreastMNIST", "accuracy"].result, n_seeds=1)
    assert check_results([single])[0].verdict == "impossible"
    assert medmnist["OCTMNIST", "accuracy"].verdict == "passes"
    retina = medmnist["RetinaMNIST", "accuracy"]
    assert retina.verdict == "several runs"
    assert "not the share of any one run on 400 images; a mean of" in retina.flaws[0].sentence


def test_a_lead_that_no_number_of_runs_can_show_is_named():
    """statistics.md 4.7: 95.89 against 95.55 on CIFAR-10 is below the floor from 1.5 % on."""
    sentences = close_calls(read_results(EXAMPLE))
    (amsra,) = [sentence for sentence in sentences if sentence.startswith("AMSRA")]
    assert amsra == (
        "AMSRA-Net: Jiang et al. (2026), CIFAR-10: AMSRA-Net (95.89 %) leads ResNet-18 (95.55 %) by"
        " 0.34 points; on 10,000 test images such a lead can be seen, however many runs, only if"
        " the two disagree on at most 1.5 % of the images."
    )
    assert close_calls(table("p,A,cifar10,accuracy,95 %", "p,B,cifar10,accuracy,93 %")) == []


def test_the_sentence_counts_what_was_found():
    checked = check_results(
        table(
            "p,A,CIFAR-100,accuracy,0.812",
            "p,A,CIFAR-100,recall,0.789",
            "p,B,CIFAR-100,accuracy,101 %",
            "p,C,my own,accuracy,80 %",
            "p,C,my own,parameters,1.21 M",
        )
    )
    assert [item.verdict for item in checked] == [
        "not both", "not both", "impossible", "not checked", "–",
    ]  # fmt: skip
    assert summary_sentence(checked) == (
        "Of 5 published numbers: 1 cannot be right as printed, 2 cannot be right together with"
        " another of the same row, 1 not checked, as the test set is not known."
    )
    assert summary_sentence(()) == "The table of published results has no line yet."
    passing = check_results(table("p,A,CIFAR-100,accuracy,0.812"))
    assert summary_sentence(passing) == "Of 1 published number: no check of arithmetic objects."


def test_a_line_may_name_its_own_test_set():
    header = "paper,topology,dataset,metric,value,n_test,n_classes,balanced,n_seeds"
    (own,) = check_results(table("p,A,scans,accuracy,33 %,7,2,no,1", header=header))
    assert own.flaws[0].sentence == "no count of right answers in one run on 7 images is 33 %"
    first, second = check_results(
        table(
            "p,A,scans,accuracy,90 %,1000,2,yes,1",
            "p,A,scans,auc,0.78,1000,2,yes,1",
            header=header,
        )
    )
    assert first.verdict == second.verdict == "not both"
    # Another number of images than the official one is another test set, balanced or not.
    other = table(
        "p,A,CIFAR-100,accuracy,0.812,12000,100,,1",
        "p,A,CIFAR-100,recall,0.789,12000,100,,1",
        header=header,
    )
    assert {item.verdict for item in check_results(other)} == {"passes"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("p,A,d,accuracy,86.3", "accuracy '86.3' is above 1: write 86.3 % if it is a percentage"),
        ("p,A,d,accuracy,0.863 %", r"is less than one percent: if it is a fraction, write 0.863"),
        ('p,A,d,accuracy,"86,3 %"', "write a decimal point, such as 86.3 %"),
        ("p,A,d,accuracy,high", "accuracy 'high' is no number: expected 86.3 % or 0.863"),
        ("p,A,d,accuracy,86.3 points", "is a difference; expected the share"),
        ("p,A,d,accuracy,1.2 M", "is a share: expected 86.3 % or 0.863"),
        ("p,A,d,parameters,12 %", "is a count: expected 1,206,322 or 1.21 M"),
        ("p,A,d,acuracy,86.3 %", "metric 'acuracy': expected .*; did you mean 'accuracy'"),
        ("p,A,d,accuracy,", "value is empty"),
        ("p,A,d,accuracy,86.3 %,7", "6 fields under 5 columns; a field that holds a comma"),
    ],
)
def test_a_wrong_line_is_named_with_the_way_out(line, message):
    with pytest.raises(UsageError, match=f"table.csv, line 3: .*{message}"):
        table("p,A,d,auc,0.9", line)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("paper,topologie,dataset,metric,value", "'topologie'; did you mean 'topology'"),
        ("paper,topology,dataset,metric", "no column value; expected paper, topology"),
        ("paper;topology;dataset", "not separated by commas"),
        ("paper,paper,topology,dataset,metric,value", "the column 'paper' is there twice"),
    ],
)
def test_a_wrong_header_is_named(header, message):
    with pytest.raises(UsageError, match=f"table.csv, line 1: .*{message}"):
        table("a,b,c,accuracy,0.5", header=header)


def test_whole_numbers_repeats_and_files():
    with pytest.raises(UsageError, match=r"n_seeds 'many': expected a whole number of runs"):
        table("p,A,d,auc,0.9,many", header="paper,topology,dataset,metric,value,n_seeds")
    with pytest.raises(UsageError, match=r"line 3: auc of A on d stands on line 2 already"):
        table("p,A,d,auc,0.9", "p,A,d,auc,0.8")
    with pytest.raises(UsageError, match=r"table.csv is empty; expected the header paper,version"):
        parse_results("\n\n", name="table.csv")
    assert table() == ()
    with pytest.raises(
        UsageError, match=r"nowhere.csv cannot be read \(No such file or directory\)"
    ):
        read_results(Path("nowhere.csv"))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "table.csv").write_bytes(b"paper,\xff\xfe")
    with pytest.raises(UsageError, match=r"table.csv is no UTF-8 text"):
        read_results(tmp_path / "table.csv")


def test_the_example_has_every_column():
    assert EXAMPLE.read_text().splitlines()[0] == ",".join(COLUMNS)


def test_official_test_sets_are_those_of_the_catalogue():
    for known in TEST_SETS:
        if known.name != "imagenet":
            card = CATALOGUE.card(known.name)
            assert (card.splits[-1], len(card.classes)) == (known.num_images, known.num_classes)
    assert find_test_set("Breast-MNIST").num_images == 156
    assert find_test_set("scans") is None


@pytest.fixture
def run(tmp_path):
    data = fake_run.FakeData(num_test=401)
    folder = fake_run.write_fake_run(tmp_path / "run", fake_run.FakePlan(rows=ROWS, data=(data,)))
    return Run.read(folder)


HEADER = "paper,topology,dataset,backbone,image_size,metric,value,n_test"


def test_ours_stands_beside_theirs_and_is_judged_only_in_the_same_setting(run):
    cells = gather(run)
    summary = next(s for s in cells[0].comparison.summaries if s.name == "csa")
    high = f"{summary.high + 0.02:.3f}"
    lines = check_results(
        table(
            f"p,CSA,Cluttered-Digits,ResNet-8,12,accuracy,{summary.mean:.4f},401",
            f"q,CSA,cluttered digits,resnet8,12,accuracy,{high},401",
            "r,CSA,cluttered-digits,resnet18,12,accuracy,0.9,401",
            "s,no attention,cluttered-digits,resnet8,12,auc,0.9,401",
            "t,TGPFA,cluttered-digits,resnet8,12,accuracy,0.9,401",
            "u,CSA,CIFAR-10,resnet8,12,accuracy,0.9,",
            f"v,CSA,cluttered-digits,resnet8,12,parameters,{78042 + 2384},401",
            header=HEADER,
        )
    )
    ours = [beside(line, cells) for line in lines]
    assert [found.verdict for found in ours] == ["within", "above", "", "", "", "", "within"]
    assert ours[0].value == pytest.approx(summary.mean)
    assert (ours[0].low, ours[0].high) == (summary.low, summary.high)
    assert ours[2].reason == "backbone resnet18, here resnet8"
    assert (ours[3].design, ours[3].reason) == (
        "no attention",
        "no interval: the run compares by another score",
    )
    assert ours[3].value is not None
    assert ours[4].reason == "no such design in this run"
    assert ours[5].reason == "not in this run"


def test_the_page_shows_a_table_that_lies_in_the_run(run, tmp_path):
    assert 'id="published"' not in write_report(run.folder).read_text()
    (tmp_path / "table.csv").write_text(
        f"{HEADER}\n<b>p</b>,CSA,cluttered-digits,resnet8,12,accuracy,101 %,401\n"
    )
    keep(tmp_path / "table.csv", run.folder)
    page = write_report(run.folder).read_text()
    assert "Of 1 published number: 1 cannot be right as printed." in page
    assert "accuracy 101 % is not between 0 and 100 %" in page
    assert "&lt;b&gt;p&lt;/b&gt;" in page
    assert write_report(run.folder).read_text() == page


def test_a_table_that_was_spoilt_later_costs_no_report(run):
    (run.folder / FILE_NAME).write_text("paper,value\n")
    page = write_report(run.folder).read_text()
    assert "Published results are not shown: published_results.csv, line 1: no column" in page


def test_a_wrong_table_is_not_kept(run, tmp_path):
    (tmp_path / "table.csv").write_text(f"{HEADER}\np,CSA,d,,,accuracy,86.3,\n")
    with pytest.raises(UsageError, match=r"table.csv, line 2: accuracy '86.3' is above 1"):
        keep(tmp_path / "table.csv", run.folder)
    assert not (run.folder / FILE_NAME).exists()
    with pytest.raises(UsageError, match="is not a run"):
        keep(EXAMPLE, tmp_path)


def test_facts_for_machines(tmp_path):
    facts = facts_of(view_file(EXAMPLE))
    assert len(facts["lines"]) == len(read_results(EXAMPLE))
    first = facts["lines"][0]
    assert (first["line"], first["printed"], first["check"], first["ours"]) == (
        2, "0.873", "doubtful", None,
    )  # fmt: skip

"""Our own tables: silent where all is well, loud where a number cannot be."""

import json
from dataclasses import replace

import numpy as np
import pytest

from whatwhere.records import Run
from whatwhere.report.build import read_summary, write_report
from whatwhere.report.cells.evidence import gather
from whatwhere.report.checks import impossible

from . import fake_run

ROWS = tuple(row for row in fake_run.ROWS if row[0] in ("csa", "none"))


@pytest.fixture
def folder(tmp_path):
    return fake_run.write_fake_run(
        tmp_path / "run", fake_run.FakePlan(rows=ROWS, data=(fake_run.FakeData(num_test=211),))
    )


def change_record(folder, design, seed, **changes):
    (path,) = folder.glob(f"trials/*/{design}/s{seed}/record.json")
    record = json.loads(path.read_bytes())
    path.write_text(json.dumps({**record, **changes}))


def with_scores(cells, design, **scores):
    """The cells as they would be if a score of one trial had been computed wrongly."""
    (cell,) = cells
    rows = []
    for row in cell.rows:
        if row.design.name == design:
            first, *others = row.outcomes
            row = replace(
                row, outcomes=(replace(first, scores={**first.scores, **scores}), *others)
            )
        rows.append(row)
    return (replace(cell, rows=tuple(rows)),)


def test_a_run_as_it_should_be_is_silent(folder):
    page = write_report(folder).read_text()
    assert read_summary(folder)["impossible"] == []
    assert 'class="alarm"' not in page
    assert "Do not use these tables" not in page


def test_a_changed_record_is_loud_at_the_top_of_the_page(folder):
    change_record(folder, "csa", 1, validation={"accuracy": 0.9, "loss": 0.3})
    page = write_report(folder).read_text()
    (sentence,) = read_summary(folder)["impossible"]
    assert sentence == (
        "Cluttered digits: csa, seed 1: the recorded validation accuracy 90.000 % is no count of"
        " right answers on 197 images."
    )
    assert sentence in page
    assert "Do not use these tables: 1 number contradicts arithmetic." in page
    assert page.index('class="alarm"') < page.index("<h1>")


def test_a_validation_accuracy_above_one_is_found(folder):
    change_record(folder, "none", 0, validation={"accuracy": 1.1, "loss": 0.3})
    write_report(folder)
    assert "110.000 % is no count" in read_summary(folder)["impossible"][0]


def test_an_accuracy_that_is_no_count_is_found_in_trial_and_mean(folder):
    run = Run.read(folder)
    cells = gather(run)
    assert impossible(run, cells) == []
    own = next(row for row in cells[0].rows if row.design.name == "csa").finished[0]
    wrong = own.scores["accuracy"] + 0.3 / 211
    found = impossible(run, with_scores(cells, "csa", accuracy=wrong))
    assert len(found) == 2
    assert "csa, seed 0: no count of right answers in one run on 211 images is" in found[0]
    assert "is not that of its 3 seeds" in found[1]


@pytest.fixture
def balanced(tmp_path, monkeypatch):
    labels = np.arange(2 * 53 + 31) % 2
    monkeypatch.setattr(fake_run, "_labels", lambda data, rng: labels)
    data = fake_run.FakeData(
        class_names=("benign", "malignant"), num_test=2 * 53, num_validation=31
    )
    run = Run.read(
        fake_run.write_fake_run(tmp_path / "two", fake_run.FakePlan(rows=ROWS, data=(data,)))
    )
    return run, gather(run)


def test_macro_recall_beside_accuracy_on_a_balanced_test(balanced):
    run, cells = balanced
    assert impossible(run, cells) == []
    own = cells[0].rows[0].finished[0].scores
    assert own["balanced-accuracy"] == pytest.approx(own["accuracy"])
    wrong = {"balanced-accuracy": own["accuracy"] - 0.02}
    found = impossible(run, with_scores(cells, cells[0].rows[0].design.name, **wrong))
    assert "differ by 0.020, but with equally many test images of every class" in found[-1]


def test_auc_beside_accuracy_of_two_balanced_classes(balanced):
    run, cells = balanced
    name = cells[0].rows[0].design.name
    accuracy = cells[0].rows[0].finished[0].scores["accuracy"]
    (found,) = impossible(run, with_scores(cells, name, auc=2 * accuracy - 1.01))
    assert "on a balanced test of two classes it is at least" in found
    assert impossible(run, with_scores(cells, name, auc=2 * accuracy - 0.99)) == []


def test_scores_stay_between_0_and_1(folder):
    run = Run.read(folder)
    (found,) = impossible(run, with_scores(gather(run), "none", **{"macro-f1": 1.2}))
    assert "no attention, seed 0: macro-f1 120.000 % is not between 0 and 100 %" in found

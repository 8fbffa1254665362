"""Files of a report: complete, stable, and written whatever happened in the run."""

import io
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from whatwhere.errors import MismatchError, UsageError
from whatwhere.records import Run
from whatwhere.report.build import leaderboard, write_report
from whatwhere.report.cells.evidence import gather, predicted
from whatwhere.report.pictures import encode_png, thumbnail
from whatwhere.stats import ItemTable, compare

FILES = ("results.csv", "summary.json", "table.md", "table.tex", "report.html")


def _small(fake_run, names=("csa", "eca", "none"), **changes):
    rows = tuple(row for row in fake_run.ROWS if row[0] in names)
    data = replace(fake_run.FakeData(num_test=101, num_validation=31), **changes.pop("data", {}))
    return fake_run.FakePlan(rows=rows, data=(data,), **changes)


def _cell(folder):
    (cell,) = json.loads((folder / "summary.json").read_text())["cells"]
    return cell


def test_the_same_records_give_the_same_bytes(main_run, tmp_path):
    before = {name: (main_run / name).read_bytes() for name in FILES}
    # Without the data at hand: the pictures are those that the first report kept.
    assert write_report(main_run) == main_run / "report.html"
    assert {name: (main_run / name).read_bytes() for name in FILES} == before


def test_pictures_are_kept_and_used_again(main_run):
    page = (main_run / "report.html").read_text()
    with np.load(main_run / "thumbnails.npz") as kept:
        assert len(kept.files) == page.count("data:image/png;base64,") == 30 + 12
        assert kept["cluttered-digits/0"].shape == (13, 11, 1)
    assert "picture not stored" not in page


def test_a_page_without_pictures_says_so(fake_run, tmp_path):
    folder = fake_run.write_fake_run(tmp_path / "run", _small(fake_run))
    page = write_report(folder).read_text()
    assert page.count("picture not stored") > 30
    assert not (folder / "thumbnails.npz").exists()
    (folder / "thumbnails.npz").write_bytes(b"torn")
    assert "picture not stored" in write_report(folder).read_text()


def test_thumbnails_shrink_by_whole_blocks():
    image = np.arange(257 * 4, dtype=np.uint8).reshape(257, 4, 1)
    small = thumbnail(image)
    assert small.shape == (85, 1, 1)
    # Factor 3: the first block is rows 0 to 2 and columns 0 to 2: 0 1 2 4 5 6 8 9 10.
    assert small[0, 0, 0] == 5
    assert thumbnail(image[:127]).shape == (127, 4, 1)


@pytest.mark.parametrize("num_channels", [1, 2, 3, 4])
def test_png_is_read_back_by_another_reader(num_channels):
    image = np.arange(7 * 5 * num_channels, dtype=np.uint8).reshape(7, 5, num_channels)
    read = np.asarray(Image.open(io.BytesIO(encode_png(image))))
    expected = image[..., :3] if num_channels >= 3 else image[..., 0]
    assert np.array_equal(read, expected)


def test_leaderboard_of_a_folder_and_of_a_summary(main_run):
    rows = leaderboard(main_run)
    assert rows == leaderboard(json.loads((main_run / "summary.json").read_text()))
    assert [row["dataset"] for row in rows] == ["cluttered-digits"] * 24
    means = [row["mean"] for row in rows]
    assert means == sorted(means, reverse=True)


def test_leaderboard_needs_a_summary(tmp_path):
    with pytest.raises(UsageError, match=r"no summary\.json; write it from the records"):
        leaderboard(tmp_path)


def test_one_seed_claims_nothing(fake_run, tmp_path):
    folder = fake_run.write_fake_run(tmp_path / "run", _small(fake_run, num_seeds=1))
    page = write_report(folder).read_text()
    cell = _cell(folder)
    assert cell["recommendation"].startswith("Screening only (1 seed: how much runs vary is")
    assert not any(row["may_be_best"] or row["letters"] for row in cell["leaderboard"])
    assert all(row["seed_sd"] is None for row in cell["leaderboard"])
    assert "nan" not in page.lower().replace("nan m", "")
    assert "Paired difference" not in page


def test_two_seeds_are_a_screening(fake_run, tmp_path):
    folder = fake_run.write_fake_run(tmp_path / "run", _small(fake_run, num_seeds=2))
    write_report(folder)
    assert _cell(folder)["recommendation"].startswith("Screening only (2 seeds at most)")


def test_one_row_with_three_seeds_is_a_screening_for_the_seeds_of_the_others(fake_run, tmp_path):
    folder = fake_run.write_fake_run(tmp_path / "run", _small(fake_run, names=("csa", "none")))
    (last,) = (path for path in (folder / "trials").rglob("s2") if path.parent.name == "csa")
    shutil.rmtree(last)
    write_report(folder)
    said = _cell(folder)["recommendation"]
    assert said.startswith("Screening only (2 seeds at most, but for one row), so nothing")


def test_two_designs(fake_run, tmp_path):
    folder = fake_run.write_fake_run(tmp_path / "run", _small(fake_run, names=("csa", "none")))
    write_report(folder)
    cell = _cell(folder)
    assert cell["num_comparisons"] == 1
    assert cell["recommendation"].startswith("Tied for best on Cluttered digits: ")


def test_one_design_has_nothing_to_compare_with(fake_run, tmp_path):
    folder = fake_run.write_fake_run(tmp_path / "run", _small(fake_run, names=("csa",)))
    write_report(folder)
    assert _cell(folder)["recommendation"] == (
        "Only csa finished on Cluttered digits, so there is nothing to compare it with."
    )


def test_ten_test_images(fake_run, tmp_path):
    plan = _small(fake_run, data={"num_test": 10, "class_names": ("a", "b", "c")})
    page = write_report(fake_run.write_fake_run(tmp_path / "run", plan)).read_text()
    assert "10 test images" in page
    assert ">nan" not in page


def test_a_class_without_test_images_costs_only_the_scores_that_need_it(fake_run, tmp_path):
    plan = _small(fake_run, data={"num_test": 7})
    folder = fake_run.write_fake_run(tmp_path / "run", plan)
    write_report(folder)
    (first, *_) = _cell(folder)["leaderboard"]
    assert first["scores"]["auc"] is None
    assert first["scores"]["accuracy"] == pytest.approx(first["mean"], abs=1e-12)
    folder = fake_run.write_fake_run(tmp_path / "auc", replace(plan, metric="auc"))
    write_report(folder)
    assert _cell(folder)["recommendation"].startswith("No trial finished")
    assert "auc needs at least one image of each of the 10 classes" in (
        (folder / "results.csv").read_text()
    )


def test_a_mean_over_classes_is_as_sure_as_its_small_classes_allow(fake_run, tmp_path):
    """The interval is that of the table with its classes, and wider than without."""
    plan = _small(fake_run, metric="balanced-accuracy", data={"num_test": 30})
    folder = fake_run.write_fake_run(tmp_path / "run", plan)
    write_report(folder)
    run = Run.read(folder)
    (cell,) = gather(run)
    label = predicted(run, cell, "none").label
    rows = [row for row in cell.rows if row.finished]
    table = ItemTable(
        methods=tuple(row.design.name for row in rows),
        values=tuple(row.run_values for row in rows),
        blocked=True,
    )
    shown = {row["design"]: row["high"] - row["low"] for row in _cell(folder)["leaderboard"]}
    alike = {s.name: s.high - s.low for s in compare(table).summaries}
    classes = {s.name: s.high - s.low for s in compare(replace(table, strata=label)).summaries}
    assert shown == pytest.approx(classes, abs=1e-12)
    assert all(shown[name] > 1.001 * width for name, width in alike.items())


def test_all_trials_of_a_design_failed(fake_run, tmp_path):
    states = {("eca", seed): ("failed", "out of memory") for seed in range(3)}
    folder = fake_run.write_fake_run(tmp_path / "run", _small(fake_run, states=states))
    page = write_report(folder).read_text()
    cell = _cell(folder)
    assert "eca failed in 3 of 3 runs; it has no finished run and is not recommended." in page
    assert page.count("<td>out of memory</td>") == 3
    last = cell["leaderboard"][-1]
    assert (last["design"], last["mean"], last["num_failed"]) == ("eca", None, 3)
    assert "eca" not in cell["recommended"]


def test_a_diverged_run_excludes_its_design_and_nothing_else(fake_run, tmp_path):
    plan = _small(
        fake_run,
        names=("rcsa", "tgpfa", "csa", "none"),
        num_seeds=4,
        states={("rcsa", 2): ("diverged", "the loss became NaN")},
    )
    folder = fake_run.write_fake_run(tmp_path / "run", plan)
    page = write_report(folder).read_text()
    cell = _cell(folder)
    row = next(row for row in cell["leaderboard"] if row["design"] == "rcsa")
    assert (row["num_seeds"], row["num_diverged"], row["num_runs"]) == (3, 1, 4)
    assert "rcsa" not in cell["recommended"]
    assert cell["recommended"]
    assert (
        "rcsa diverged in 1 of 4 runs; means are over the 3 finished runs and rcsa is not"
        " recommended."
    ) in page
    assert "the loss became NaN; at step 37, learning rate 0.1, gradient norm 1.7e+09" in page


def test_a_design_with_two_runs_left_does_not_silence_the_others(fake_run, tmp_path):
    plan = _small(
        fake_run,
        names=("rcsa", "c_cmssa", "none"),
        data={"num_test": 599},
        states={("rcsa", 1): ("failed", "killed")},
    )
    folder = fake_run.write_fake_run(tmp_path / "run", plan)
    write_report(folder)
    cell = _cell(folder)
    assert cell["is_compared"]
    (verdict,) = cell["controls"]
    (sentence,) = verdict["sentences"]
    assert (verdict["control"], verdict["title"]) == ("no attention", "no attention")
    assert sentence.startswith("Behind no attention, by at least so many points: c_cmssa 1")


def test_no_trial_at_all(fake_run, tmp_path):
    folder = fake_run.write_fake_run(tmp_path / "run", _small(fake_run, names=()))
    assert "No trial has run yet" in write_report(folder).read_text()
    assert (folder / "results.csv").read_text().count("\n") == 1


def test_missing_trials_are_counted(fake_run, tmp_path):
    folder = fake_run.write_fake_run(tmp_path / "run", _small(fake_run))
    shutil.rmtree(folder / "trials" / "cluttered-digits-n1009" / "eca" / "s2")
    assert "1 of 9 planned trials have not run" in write_report(folder).read_text()
    assert "Screening only for eca: it has 2 finished runs" in str(_cell(folder)["cautions"])


def test_other_test_images_are_refused(fake_run, tmp_path):
    folder = fake_run.write_fake_run(tmp_path / "run", _small(fake_run))
    other = fake_run.write_fake_run(tmp_path / "other", _small(fake_run, data={"num_test": 97}))
    place = "trials/cluttered-digits-n1009/eca/s1"
    shutil.rmtree(folder / place)
    shutil.copytree(other / place, folder / place)
    with pytest.raises(MismatchError, match="was tested on other images than the other trials"):
        write_report(folder)


def test_changed_predictions_are_refused(fake_run, tmp_path):
    folder = fake_run.write_fake_run(tmp_path / "run", _small(fake_run))
    path = Run.read(folder).trials[0].folder / "predictions.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(MismatchError, match="SHA-256 differs"):
        write_report(folder)


def test_recommended_model_is_the_first_seed(main_run):
    assert "seed 0 (the first seed, not the luckiest)" in (main_run / "report.html").read_text()


def test_csv_columns(main_run):
    heading = (main_run / "results.csv").read_text().splitlines()[0]
    assert heading == (
        "design,title,family,dataset,size,seed,state,reason,accuracy,balanced_accuracy,macro_f1,"
        "auc,nll,brier,validation_accuracy,validation_loss,parameters,macs,train_step_ms,"
        "inference_ms,peak_bytes,initial_gain,seconds,steps,stage"
    )


def test_controls_are_not_recommended(main_run):
    cell = _cell(main_run)
    assert cell["excluded"] == dict.fromkeys(
        ("wide", "gain"), "a control: it is there to judge the designs by"
    )
    assert not {"wide", "gain"} & set(cell["recommended"])


def test_a_design_is_judged_by_the_constant_gain_nearest_to_its_own(main_run):
    """C-CMSSA starts at 0.06 and faces the gain of a quarter; RCSA at 1.25 faces no attention."""
    verdicts = {
        verdict["control"]: " ".join(verdict["sentences"])
        for verdict in _cell(main_run)["controls"]
    }
    assert list(verdicts) == ["no attention", "the control wide", "the control gain"]
    for name in ("rcsa", "bi_csafa"):
        assert name in verdicts["no attention"]
    # 16 of the 21 designs start nearer to 0.25 than to 1, as ratios go.
    assert "all 16 differences" in verdicts["the control gain"]

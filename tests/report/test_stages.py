"""Two stages in a report: chosen by validation alone, judged by fresh seeds alone."""

import csv
import io
import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.report.conftest import fake
from whatwhere.records import Run, write_trial
from whatwhere.report.build import write_report
from whatwhere.report.cells.screening import MOST_CONFIRMED, screened
from whatwhere.report.words import staging
from whatwhere.stats.comparison import ItemTable, compare

DATA, SIZE = "cluttered-digits", 1009
CONFIRMED = ("none", "tgpfa", "rcsa", "wide", "gain")
PLAN = fake.FakePlan(
    data=(fake.FakeData(num_test=211, num_validation=83),), confirmed=(CONFIRMED,), num_fresh=5
)


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    folder = fake.write_fake_run(tmp_path_factory.mktemp("staged") / "run", PLAN)
    write_report(folder)
    return folder


def cell_of(folder):
    (cell,) = json.loads((folder / "summary.json").read_text())["cells"]
    return cell


def right(folder, design, seed):
    path = folder / "trials" / f"{DATA}-n{SIZE}" / design / f"s{seed}" / "predictions.npz"
    with np.load(path) as arrays:
        return (arrays["test_logit"].argmax(1) == arrays["test_label"]).mean()


def stem_gradient(folder, design, seed):
    path = folder / "trials" / f"{DATA}-n{SIZE}" / design / f"s{seed}" / "curve.csv"
    return float(next(csv.DictReader(path.read_text().splitlines()))["stem_gradient_norm"])


def test_headline_leaderboard_and_recommendation_are_of_the_second_stage(staged):
    cell = cell_of(staged)
    assert {row["design"] for row in cell["leaderboard"]} == set(CONFIRMED)
    for row in cell["leaderboard"]:
        fresh = [right(staged, row["design"], seed) for seed in range(1000, 1005)]
        assert row["num_seeds"] == 5
        assert row["mean"] == pytest.approx(np.mean(fresh), abs=1e-12)
    assert "among the confirmed designs: " in cell["recommendation"]
    assert set(cell["recommended"]) <= set(CONFIRMED)
    assert (cell["stage"], cell["first_seed"]) == (2, 1000)
    assert cell["highest"] == ""
    page = (staged / "report.html").read_text()
    assert "seed 1000 (the first seed, not the luckiest)" in page
    assert "Stage one: screening by validation" in page


def test_a_legend_names_the_families_that_are_drawn(staged):
    page = (staged / "report.html").read_text()
    legends = page.split('<ul class="families">')[1:]
    shown = [re.findall(r"</span>([a-z-]+)</li>", text.split("</ul>")[0]) for text in legends]
    assert len(shown) == 4
    for families in shown:
        assert sorted(families) == ["control", "parallel", "reference", "residual"]


def test_gradients_of_both_stages_count(staged):
    """csa, which no second stage ran, is what rcsa is compared with in the first."""
    (of_set,) = json.loads((staged / "summary.json").read_text())["together"]["gradients"]["sets"]
    (ratio,) = [r for r in of_set["ratios"] if (r["first"], r["second"]) == ("rcsa", "csa")]
    logs = [
        np.log(stem_gradient(staged, "rcsa", seed) / stem_gradient(staged, "csa", seed))
        for seed in range(PLAN.num_seeds)
    ]
    assert ratio["ratio"] == pytest.approx(np.exp(np.mean(logs)), rel=1e-9)
    assert of_set["num_seeds"] == PLAN.num_seeds


def test_the_first_stage_stands_apart_with_validation_scores_only(staged):
    cell = cell_of(staged)
    assert len(cell["screening"]) == 24
    logits = [
        Run.read(staged).folder / "trials" / f"{DATA}-n{SIZE}" / "csa" / f"s{seed}"
        for seed in range(3)
    ]
    scores = []
    for folder in logits:
        with np.load(folder / "predictions.npz") as arrays:
            said = arrays["validation_logit"].argmax(1)
            scores.append((said == arrays["validation_label"]).mean())
    row = next(row for row in cell["screening"] if row["design"] == "csa")
    assert row["mean"] == pytest.approx(np.mean(scores), abs=1e-12)
    with (staged / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 24 * 3 + 5 * 5
    for result in rows:
        is_first = int(result["seed"]) < 1000
        assert result["stage"] == ("1" if is_first else "2")
        assert (result["accuracy"] == "") == is_first
        assert result["validation_accuracy"] != ""


def test_the_choice_is_the_may_be_best_set_of_the_validation_images(staged):
    run = Run.read(staged)
    names, values = [], []
    for row in fake.ROWS:
        runs = []
        for trial in run.trials:
            if trial.key.design == row[0] and trial.key.seed < 1000:
                arrays = trial.predictions()
                said = arrays["validation_logit"].argmax(1)
                runs.append((said == arrays["validation_label"]).astype(float))
        names.append(row[0])
        values.append(np.stack(runs))
    expected = compare(ItemTable(tuple(names), tuple(values), blocked=True)).may_be_best
    kept = [name for name in expected if name not in ("none", "wide", "gain")]
    assert len(kept) > MOST_CONFIRMED
    assert screened(run, DATA, SIZE).candidates == tuple(kept[:MOST_CONFIRMED])


def test_the_choice_opens_no_array_of_test_images(staged, monkeypatch):
    expected = screened(Run.read(staged), DATA, SIZE).candidates
    opened = []
    real = np.lib.npyio.NpzFile.__getitem__

    def watched(self, name):
        opened.append(name)
        return real(self, name)

    monkeypatch.setattr(np.lib.npyio.NpzFile, "__getitem__", watched)
    assert screened(Run.read(staged), DATA, SIZE).candidates == expected
    assert opened
    assert not [name for name in opened if name.startswith("test")]


def test_a_report_of_two_stages_opens_test_answers_of_the_second_only(staged, monkeypatch):
    """A canary: with other answers of the first stage, nothing on the page but hashes differs."""
    before = {name: (staged / name).read_bytes() for name in ("summary.json", "results.csv")}
    for trial in Run.read(staged).trials:
        if trial.key.seed >= 1000:
            continue
        arrays = trial.predictions()
        arrays["test_label"] = (arrays["test_label"] + 1) % 10
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        files = {"predictions.npz": buffer.getvalue(), "curve.csv": trial.content("curve.csv")}
        write_trial(trial.folder, trial.record, files)
    write_report(staged)
    assert {name: (staged / name).read_bytes() for name in before} == before


def test_failed_designs_and_controls_are_no_candidates(tmp_path):
    states = {("tgpfa", 1): ("diverged", "the loss became NaN")}
    run = Run.read(fake.write_fake_run(tmp_path / "run", replace(PLAN, states=states)))
    found = screened(run, DATA, SIZE)
    assert "tgpfa" not in found.candidates
    assert not {"none", "wide", "gain"} & set(found.candidates)
    assert found.fates["c_cmssa"] == "behind"
    fates = screened(
        Run.read(
            fake.write_fake_run(tmp_path / "open", replace(PLAN, states=states, confirmed=()))
        ),
        DATA,
        SIZE,
    ).fates
    assert fates["tgpfa"] == "diverged in 1 of 3"
    assert fates["none"] == "for comparison"


def test_a_design_that_was_only_screened_is_named_and_not_judged(staged):
    only = set(screened(Run.read(staged), DATA, SIZE).only_screened)
    assert only
    (sentence,) = [s for s in cell_of(staged)["stages"] if s.startswith("Only screened so far: ")]
    assert all(name in sentence for name in only)
    assert "the same command with --confirm runs them." in sentence
    assert not only & {row["design"] for row in cell_of(staged)["leaderboard"]}


def test_before_the_second_stage_nothing_is_claimed(tmp_path):
    plan = replace(PLAN, confirmed=(), waiting=True)
    folder = fake.write_fake_run(tmp_path / "run", plan)
    page = write_report(folder).read_text()
    cell = cell_of(folder)
    assert cell["recommendation"] == (
        "Screening only (the second stage has not run), so nothing is claimed on Cluttered digits;"
        " the same command continues."
    )
    assert cell["leaderboard"] == []
    assert len(cell["screening"]) == 24
    assert "Leaderboard" not in page


def test_a_second_stage_that_grew_says_so(tmp_path):
    plan = replace(PLAN, confirmed=(CONFIRMED, ("grcsa",)))
    folder = fake.write_fake_run(tmp_path / "run", plan)
    write_report(folder)
    (sentence,) = [s for s in cell_of(folder)["stages"] if "extended" in s]
    assert sentence == (
        "The second stage was extended after a verdict (grcsa joined; 5 fresh seeds each, round 2)."
        " What was confirmed keeps its seeds; a test that is read more than once errs more often"
        " than its 5 %."
    )
    assert "grcsa" in {row["design"] for row in cell_of(folder)["leaderboard"]}


@pytest.mark.parametrize("num_kept", [0, 2])
def test_a_second_stage_that_was_interrupted_is_not_said_to_have_run(tmp_path, num_kept):
    folder = fake.write_fake_run(tmp_path / "run", PLAN)
    for trial in Run.read(folder).trials:
        if trial.key.seed >= 1000 + num_kept:
            shutil.rmtree(trial.folder)
    write_report(folder)
    cell = cell_of(folder)
    assert cell["stages"][0].endswith(
        "then tgpfa, rcsa, no attention and the controls run again, which is not complete yet, with"
        " 5 fresh seeds. All that is judged here is from the second stage."
    )
    assert cell["recommendation"].startswith("Screening only")


def test_a_design_that_was_screened_at_another_size_only_is_no_control(tmp_path):
    folder = fake.write_fake_run(tmp_path / "run", PLAN)
    for trial in Run.read(folder).trials:
        if trial.key.design == "rcsa" and trial.key.seed < 1000:
            shutil.rmtree(trial.folder)
    write_report(folder)
    assert "then tgpfa, rcsa, no attention and the controls ran" in cell_of(folder)["stages"][0]


def test_planned_trials_of_both_stages_are_counted(tmp_path):
    folder = fake.write_fake_run(tmp_path / "run", replace(PLAN, num_fresh=3))
    config = (folder / "config.toml").read_text()
    assert config.count("seeds = 3") == 3
    (folder / "config.toml").write_text(
        config.replace(
            "[plan.confirm.cluttered-digits-n1009]\nseeds = 3",
            "[plan.confirm.cluttered-digits-n1009]\nseeds = 4",
        )
    )
    write_report(folder)
    assert json.loads((folder / "summary.json").read_text())["missing"] == (
        "5 of 92 planned trials have not run; the same command completes them."
    )


def test_sentences():
    assert staging.two_stages(
        num_screened=24, num_seeds=3, metric="macro-f1", labels=["csa", "sca"], num_fresh=10
    ) == (
        "Two stages: 24 rows were screened with 3 seeds by their macro F1 on validation images"
        " alone; then csa, sca, no attention and the controls ran with 10 fresh seeds. All that is"
        " judged here is from the second stage."
    )
    few = {"num_screened": 2, "num_seeds": 3, "metric": "accuracy", "num_fresh": 10}
    assert "; then csa and no attention ran with 10 fresh" in staging.two_stages(
        labels=["csa"], with_controls=False, **few
    )
    assert "; then no design, only no attention ran with 10 fresh" in staging.two_stages(
        labels=[], with_controls=False, **few
    )
    assert staging.only_screened(["csa"]) == (
        "Only screened so far: csa. By validation it may be best, but it has no fresh seeds, so"
        " nothing is claimed of it; the same command with --confirm runs them."
    )
    assert "seeds were added; 15 fresh seeds each" in staging.grown([], num_fresh=15, num_rounds=2)
    assert staging.highest_mean("csa", num_designs=18, luck=0.0053, metric="accuracy") == (
        "csa has the highest mean accuracy. The highest of 18 equally good designs would lie about"
        " 0.53 points too high by the luck of its seeds alone; --confirm runs what leads again,"
        " with fresh seeds."
    )

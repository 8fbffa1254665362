"""Cross-validation from end to end: every image tested once, by models that never saw it."""

import csv
import json

import numpy as np
import pytest

import whatwhere
from whatwhere.errors import UsageError
from whatwhere.records import Run, trial_folder
from whatwhere.report.cells.tested import by_seed, read_answers
from whatwhere.report.summary import read_summary
from whatwhere.stats.scoring.metrics import influence

OPTIONS = {"steps": 4, "precision": "fp32", "layout": "nchw", "num_workers": 0, "quiet": True}
NUM_IMAGES, NUM_FOLDS = 71, 3


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Grey images of two classes, three of each patient, as a CSV."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("folds")
    rng = np.random.default_rng(0)
    with (folder / "data.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "group"])
        for number in range(NUM_IMAGES):
            label = number % 2
            image = rng.integers(60 * label, 160 + 60 * label, (16, 16), np.uint8)
            Image.fromarray(image).save(folder / f"{number}.png")
            writer.writerow([f"{number}.png", "ab"[label], f"patient {number // 3}"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHATWHERE_DATA", str(folder / "cache"))
        yield folder


@pytest.fixture(scope="module")
def run(place):
    done = whatwhere.compare(
        place / "data.csv",
        designs=["se"],
        folds=NUM_FOLDS,
        seeds=1,
        output=place / "run",
        **OPTIONS,
    )
    before = {trial.key: trial.record["seconds"] for trial in Run.read(done.folder).trials}
    done = whatwhere.compare(
        place / "data.csv",
        designs=["se"],
        folds=NUM_FOLDS,
        seeds=2,
        output=place / "run",
        **OPTIONS,
    )
    after = {trial.key: trial.record["seconds"] for trial in Run.read(done.folder).trials}
    assert {key: after[key] for key in before} == before  # nothing was computed twice
    return Run.read(done.folder)


def test_c16_every_image_is_tested_once_per_seed_and_groups_stay_whole(run):
    assert len(run.trials) == 4 * 2 * NUM_FOLDS  # no attention, se, two controls
    groups = {}
    for trial in run.trials:
        arrays = trial.predictions()
        assert trial.folder.name == f"s{trial.key.seed}-f{trial.key.fold}"
        assert not np.isin(arrays["test_index"], arrays["validation_index"]).any()
        groups.setdefault(trial.key.fold, set()).update(arrays["test_group"].tolist())
    assert sum(map(len, groups.values())) == len(set().union(*groups.values())) == 24
    for design in ("none", "se", "widened", "gain_0.25"):
        own = [trial for trial in run.trials if trial.key.design == design]
        seeds = by_seed(own, num_folds=NUM_FOLDS)
        assert [[trial.key.fold for trial in seed] for seed in seeds] == [[0, 1, 2]] * 2
        assert read_answers(seeds[0]).index.tolist() == list(range(NUM_IMAGES))


def test_folds_have_their_own_identities_and_pixel_statistics(run):
    assert len({trial.record["key"] for trial in run.trials}) == len(run.trials)
    folds = run.config["recipe"]["data"]["folds"]
    assert len({tuple(fold["mean"]) for fold in folds}) == NUM_FOLDS
    assert run.config["recipe"]["data"]["mean"] == folds[0]["mean"]


def test_the_report_pools_images_and_counts_groups(run):
    summary = read_summary(run.folder)
    (cell,) = summary["cells"]
    assert (cell["num_folds"], cell["num_items"], cell["num_groups"]) == (3, NUM_IMAGES, 24)
    assert summary["missing"] == ""
    assert {row["num_runs"] for row in cell["leaderboard"]} == {2}
    own = [trial for trial in run.trials if trial.key.design == "se"]
    right = [
        np.mean(
            [
                said.argmax() == label
                for trial in own
                if trial.key.seed == seed
                for said, label in zip(
                    trial.predictions()["test_logit"],
                    trial.predictions()["test_label"],
                    strict=True,
                )
            ]
        )
        for seed in range(2)
    ]
    row = next(row for row in cell["leaderboard"] if row["design"] == "se")
    assert row["mean"] == pytest.approx(np.mean(right), abs=1e-12)
    page = (run.folder / "report.html").read_text()
    assert "3 folds with" in page
    assert "of which 24 were tested" in page
    assert "no interval of a cross-validation can count in full" in page
    data = json.loads((run.folder / "data.json").read_text())["data"]
    assert (data["num_folds"], data["num_groups"]) == (3, 24)


def test_auc_ranks_within_folds_only(run):
    own = [trial for trial in run.trials if trial.key.design == "se" and trial.key.seed == 0]
    tested = read_answers(own)
    shifted = tested.logit + 100.0 * np.array([[0.0, 1.0]]) * tested.fold[:, None]
    expected = sum(
        influence("auc", tested.logit[tested.fold == fold], tested.label[tested.fold == fold]).sum()
        for fold in range(NUM_FOLDS)
    )
    assert tested.influence("auc").mean() == pytest.approx(expected / NUM_IMAGES, abs=1e-12)
    moved = tested.keep(np.ones(NUM_IMAGES, bool))
    object.__setattr__(moved, "logit", shifted)
    assert moved.score("auc") == pytest.approx(tested.score("auc"), abs=1e-12)


def test_a_seed_that_lacks_a_fold_is_not_compared(run, tmp_path):
    own = [trial for trial in run.trials if trial.key.design == "se"]
    assert len(by_seed(own[:-1], num_folds=NUM_FOLDS)) == 1
    assert trial_folder(run.folder, own[-1].key) == own[-1].folder


def test_the_kept_model_is_that_of_the_first_fold_and_is_scored_on_it(run, place, tmp_path):
    facts = (run.folder / "best" / "config.toml").read_text()
    assert "fold = 0" in facts
    assert "folds = 3" in facts
    assert "kept for its test" in (run.folder / "best" / "README.md").read_text()
    evaluated, _ = whatwhere.evaluate_model(run.folder, place / "data.csv", output=tmp_path)
    first = next(t for t in run.trials if t.key.fold == 0)
    assert evaluated.predicted.index.tolist() == sorted(first.predictions()["test_index"].tolist())
    assert evaluated.evaluation.num_groups == 8
    assert not any("another split" in warning for warning in evaluated.warnings)


def test_a_run_keeps_its_folds(run, place):
    with pytest.raises(UsageError, match="folds was 3 and is 4"):
        whatwhere.compare(place / "data.csv", folds=4, output=run.folder, **OPTIONS)
    with pytest.raises(UsageError, match="folds=1: expected 2 to 20"):
        whatwhere.compare(place / "data.csv", folds=1, output=place / "other", **OPTIONS)
    assert not (place / "other").exists()
    assert "--folds 3" in run.config["asked"]["command"]

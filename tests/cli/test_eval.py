"""`whatwhere eval` on the data of training, on other data, and on what does not fit."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

import whatwhere
from whatwhere.errors import DataError

NAMES = ("ant", "bee")


def write_photos(folder, *, seed, counts=(30, 20), names=NAMES, mode="L"):
    """Bright ants and dark bees."""
    for label, name in enumerate(names):
        for index in range(counts[label]):
            rng = np.random.default_rng([seed, label, index])
            pixels = (rng.integers(0, 120, (16, 16)) + 100 * (1 - label)).astype(np.uint8)
            path = folder / name / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).convert(mode).save(path)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model and the photographs it was trained on."""
    home = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHATWHERE_DATA", str(home / "cache"))
        photos = write_photos(home / "photos", seed=0, counts=(60, 40))
        whatwhere.train(
            photos, design="none", protocol="quick", steps=12, output=home / "model", quiet=True
        )
    return home


@pytest.fixture
def evaluate(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("WHATWHERE_DATA", str(trained / "cache"))

    def call(data, **options):
        return whatwhere.evaluate_model(trained / "model", data, output=tmp_path / "out", **options)

    return call


def test_the_data_of_training_is_scored_on_its_test_split(trained, evaluate, tmp_path):
    evaluated, page = evaluate(trained / "photos")
    assert evaluated.evaluation.num_items == 15
    assert evaluated.split == "the 15 test images of the data that the model was trained on"
    assert evaluated.warnings == ()
    assert evaluated.evaluation.temperature is not None
    text = page.read_text()
    assert "Can its confidence be believed?" in text
    assert "<script" not in text
    facts = json.loads((tmp_path / "out" / "evaluation.json").read_bytes())
    assert facts["num_items"] == 15
    assert facts["scores"][0]["name"] == "accuracy"
    table = (tmp_path / "out" / "predictions.csv").read_text()
    rows = list(csv.DictReader(table.splitlines()))
    assert len(rows) == 15
    right = np.mean([row["class"] == row["predicted"] for row in rows])
    assert facts["scores"][0]["value"] == pytest.approx(right)


def test_other_images_are_all_scored_and_fit_no_temperature(evaluate, tmp_path):
    other = write_photos(tmp_path / "other", seed=1, counts=(4, 3))
    evaluated, page = evaluate(other)
    assert evaluated.evaluation.num_items == 7
    assert evaluated.split == "all 7 images; the model was trained on other data"
    assert evaluated.evaluation.temperature is None
    assert "no temperature was fitted" in page.read_text()


def test_classes_go_by_name_not_by_place(evaluate, tmp_path):
    whole = write_photos(tmp_path / "whole", seed=2, counts=(9, 8))
    before = evaluate(whole)[0].evaluation
    (whole / "bee").rename(whole / "aardvark")
    with pytest.raises(DataError, match="class 'aardvark' of whole is none of the model's 2"):
        evaluate(whole)
    (whole / "aardvark").rename(whole / "bee")
    assert evaluate(whole)[0].evaluation.confusion == before.confusion


def test_colour_images_do_not_fit_a_grey_model(evaluate, tmp_path):
    other = write_photos(tmp_path / "colour", seed=3, mode="RGB")
    with pytest.raises(DataError, match=r"trained on images of 1 channel\(s\), and colour has 3"):
        evaluate(other)


def test_another_split_of_the_same_data_is_told(trained, evaluate, tmp_path, monkeypatch):
    import whatwhere.study.evaluating as evaluating

    monkeypatch.setattr(evaluating, "split_fingerprint", lambda split, items, groups: "another")
    evaluated, _ = evaluate(trained / "photos")
    assert "the model was trained on another split of this data" in evaluated.warnings[0]


def test_given_splits_are_kept(evaluate, tmp_path):
    for number, part in enumerate(("train", "val", "test")):
        write_photos(tmp_path / "split" / part, seed=5 + number, counts=(8, 7))
    evaluated, _ = evaluate(tmp_path / "split")
    assert evaluated.split == "the 15 test images that the data gives"
    assert evaluated.evaluation.temperature is not None


def test_the_verb(trained, tmp_path, monkeypatch, capsys):
    from whatwhere.cli import main

    monkeypatch.setenv("WHATWHERE_DATA", str(trained / "cache"))
    monkeypatch.chdir(tmp_path)
    words = ["eval", str(trained / "model"), str(trained / "photos")]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--json"])
    assert ended.value.code == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["page"] == "evaluations/model-photos/evaluation.html"
    assert (tmp_path / facts["page"]).is_file()
    with pytest.raises(SystemExit):
        main(words)
    said = capsys.readouterr().out
    assert "% of 15 images of photos (95 % interval" in said
    assert "Balanced accuracy (macro recall): " in said
    with pytest.raises(SystemExit) as ended:
        main(["eval", "nowhere", "digits"])
    assert ended.value.code == 2

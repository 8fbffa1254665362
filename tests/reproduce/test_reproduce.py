"""Settings run for real, on the bundled digits: tables, sweeps, result files, the command line."""

import hashlib
import json
import time

import numpy as np
import pytest

from whatwhere.errors import DataError, MismatchError, UsageError
from whatwhere.report.reproduction.written import read_results
from whatwhere.settings import load_setting, read_setting
from whatwhere.study.reproducing.collected import collect
from whatwhere.study.reproducing.noise import with_noise
from whatwhere.study.reproducing.points import layout
from whatwhere.study.reproducing.reproduce import run_setting
from whatwhere.study.reproducing.runs import Wanted, request_of

HEAD = """
kind = "published"
title = "Digits"
paper = "nobody (1999)"
table = "table 0"
data = "digits"
protocol = "quick"
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Return what writes a setting's file and runs it for three steps with two seeds."""
    monkeypatch.setenv("WHATWHERE_DATA", str(tmp_path / "cache"))

    def run(text, *, name="tiny", **more):
        path = tmp_path / f"{name}.toml"
        path.write_text(HEAD + text)
        wanted = Wanted(**({"seeds": 2, "steps": 3, "num_workers": 0} | more))
        return run_setting(read_setting(path), wanted, folder=tmp_path / "out")

    return run


TABLE = """
contradictions = ["the table contradicts itself"]
rows = [
  {label = "plain", design = "none"},
  {label = "CSA", design = "csa"},
]
figures = [
  {row = "CSA", metric = "accuracy", printed = "95.0 %"},
  {row = "CSA", metric = "parameters", printed = "78,130"},
  {row = "CSA", metric = "accuracy", printed = "+1.0 points", minus = "plain"},
]
"""


def test_a_shortened_table_is_run_told_and_kept(made, tmp_path):
    found = made(TABLE)
    assert [v["verdict"] for v in found.verdicts[::2]] == ["not comparable"] * 2
    assert found.verdicts[0]["reason"] == "shortened: 3 of 150 steps"
    assert found.told["status"].startswith("shortened: 3 of 150 steps, not comparable; screening")
    plain, block = found.told["points"]
    assert (plain["steps"], plain["full_steps"], plain["seeds"]) == (3, 150, [0, 1])
    assert block["parameters"] > plain["parameters"]
    difference = block["scores"]["accuracy"]["mean"] - plain["scores"]["accuracy"]["mean"]
    assert found.verdicts[2]["measured"] == pytest.approx(difference)
    # Exactly the rows of the table: no control joins.
    trials = {path.parent.name for path in (tmp_path / "out").glob("runs/*/trials/*/*/s*")}
    assert trials == {"none", "csa"}
    text = found.result.with_suffix(".md").read_text()
    for part in ("shortened: 3 of 150 steps", "the table contradicts itself", "machine", "torch"):
        assert part in text
    page = found.page.read_text()
    assert "shortened: 3 of 150 steps, not comparable" in page
    assert "://" not in page


def test_the_same_command_again_runs_and_writes_nothing_twice(made, tmp_path):
    first = made(TABLE)
    records = sorted((tmp_path / "out").glob("runs/*/trials/*/*/s*/record.json"))
    written = [path.stat().st_mtime_ns for path in records]
    time.sleep(1.1)  # the result would carry another second
    again = made(TABLE)
    assert [path.stat().st_mtime_ns for path in records] == written
    assert len(json.loads(again.result.read_bytes())) == 1
    assert again.told["when"] != first.told["when"]
    more = made(TABLE, seeds=3)
    assert more.told["points"][0]["seeds"] == [0, 1, 2]
    assert [len(e["points"][0]["seeds"]) for e in read_results(tmp_path / "out")] == [2, 3]


def test_another_length_is_another_recipe(made):
    made(TABLE)
    with pytest.raises(UsageError, match="was started with another recipe: steps was 3 and is 4"):
        made(TABLE, steps=4)


def test_only_the_rows_that_are_asked_for_run(made):
    found = made(TABLE, rows=("plain",))
    assert [point["label"] for point in found.told["points"]] == ["plain"]
    assert {v["reason"] for v in found.verdicts} == {"not measured"}
    with pytest.raises(LookupError, match="unknown row of tiny 'CSB'; did you mean 'CSA'"):
        made(TABLE, rows=("CSB",))


def test_other_data_is_said_to_be_other(made):
    found = made(TABLE, data="cluttered-digits", seeds=1, rows=("CSA",))
    assert found.told["status"].startswith(
        "shortened: 3 of 150 steps, not comparable; other data: Cluttered digits, 12 x 12 instead"
        " of Handwritten digits, 8 x 8; screening only"
    )
    assert found.verdicts[1]["verdict"] != "not comparable"  # the same shape of network


def test_a_sweep_of_designs(made):
    found = made(
        """
rows = [{label = "CSA", design = "S{value}(C(x))"}]
[sweep]
varies = "network"
axis = "kernel size"
values = [3, 5, 7]
reference = 7
asks = "best"
"""
    )
    result = found.told["sweeps"][0]
    assert [point["value"] for point in result["points"]] == [3, 5, 7]
    assert result["sentences"][0].startswith("Shortened: 3 of 150 steps, not comparable")
    assert result["sentences"][1].startswith("Screening only (2 runs of each)")
    assert found.page.read_text().count("<svg") == 3  # accuracy, recall, AUC
    assert len(list((found.folder / "runs").iterdir())) == 1


def test_a_sweep_of_batch_sizes_shows_equally_many_images(made):
    text = """
batch_size = 64
rows = [{label = "plain", design = "none"}]
[sweep]
varies = "batch-size"
axis = "batch size"
values = [32, 64]
reference = 64
asks = "best"
scalings = ["fixed", "linear"]
"""
    found = made(text, steps=2, seeds=1)
    facts = {
        (p["series"], p["value"]): (p["steps"], p["learning_rate"]) for p in found.told["points"]
    }
    assert facts == {
        ("fixed rate", 32): (4, 0.2),
        ("fixed rate", 64): (2, 0.2),
        ("linear rate", 32): (4, 0.1),
        ("linear rate", 64): (2, 0.2),
    }
    # The reference is trained once for both series.
    assert sorted(path.name for path in (found.folder / "runs").iterdir()) == [
        "quick-batch-32",
        "quick-batch-32-linear",
        "quick-batch-64",
    ]


def test_a_sweep_of_test_noise_asks_the_same_networks_again(made):
    found = made(
        """
rows = [{label = "plain", design = "none"}]
[sweep]
varies = "test-noise"
axis = "noise"
values = [0, 0.5]
reference = 0
asks = "loss"
""",
        steps=60,
    )
    clean, noisy = found.told["points"]
    assert clean["scores"]["accuracy"]["mean"] > noisy["scores"]["accuracy"]["mean"] + 0.1
    assert len(list((found.folder / "runs").glob("*/noise/0.5/*.npy"))) == 2


def test_noise_grows_with_sigma_and_is_the_same_for_all():
    images = np.full((3, 5, 7, 1), 128, np.uint8)
    small, large = (with_noise(images, sigma=sigma).astype(float) - 128 for sigma in (0.02, 0.04))
    assert with_noise(images, sigma=0) is images
    assert large == pytest.approx(2 * small, abs=1.6)  # each is rounded to the nearest
    many = with_noise(np.full((50, 20, 20, 3), 128, np.uint8), sigma=0.04).astype(float)
    assert many.std() == pytest.approx(255 * 0.04, rel=0.02)
    assert many.mean() == pytest.approx(128, abs=0.2)


@pytest.mark.parametrize(
    ("varies", "text"),
    [("training-noise", "quick(noise_sigma=0.1)"), ("label-noise", "quick(label_noise=0.1)")],
)
def test_noise_in_training_is_a_changed_recipe(tmp_path, varies, text):
    path = tmp_path / "noise.toml"
    path.write_text(
        HEAD
        + f"""
rows = [{{label = "plain", design = "none"}}]
[sweep]
varies = "{varies}"
axis = "noise"
values = [0, 0.1]
reference = 0
asks = "loss"
"""
    )
    setting = read_setting(path)
    arms, points = layout(setting)
    requests = [request_of(setting, arm, Wanted(), folder=tmp_path) for arm in arms]
    assert [request.protocol for request in requests] == ["quick", text]
    assert [point.value for point in points] == [0, 0.1]
    assert len({arm.name for arm in arms}) == 2


def test_label_noise_trains(made):
    found = made(
        """
rows = [{label = "plain", design = "none"}]
[sweep]
varies = "label-noise"
axis = "wrong labels"
values = [0, 0.4]
reference = 0
asks = "loss"
""",
        seeds=1,
    )
    assert [point["value"] for point in found.told["points"]] == [0, 0.4]


TWO_RECIPES = """
rows = [
  {label = "plain", design = "none"},
  {label = "plain", design = "none", protocol = "standard"},
]
"""


def rewrite_record(path, *, index=None, **changes):
    """Change what a record says, as if another run had been copied into the folder."""
    record = json.loads(path.read_bytes()) | changes
    if index is not None:
        file = path.parent / "predictions.npz"
        with np.load(file) as arrays:
            kept = dict(arrays)
        np.savez(file, **(kept | {"test_index": index(kept["test_index"])}))
        record["files"]["predictions.npz"] = hashlib.sha256(file.read_bytes()).hexdigest()
    path.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"data_hash": "0" * 64}, "other images than the first run"),
        ({"split_fingerprint": "0" * 64}, "other splits than the first run"),
        ({"index": lambda index: index + 1}, "other test images than the first run"),
    ],
)
def test_runs_on_other_images_are_not_laid_beside_each_other(made, tmp_path, change, what):
    made(TWO_RECIPES, seeds=1)
    setting, folder = read_setting(tmp_path / "tiny.toml"), tmp_path / "out"

    def collected():
        return collect(setting, *layout(setting), Wanted(seeds=1), folder=folder, failures=())

    assert len(collected().points) == 2
    (record,) = (folder / "runs" / "standard").glob("trials/*/*/s0/record.json")
    rewrite_record(record, **change)
    with pytest.raises(MismatchError, match=f"has {what} of tiny, .* start again with another -o"):
        collected()


def test_what_cannot_be_run_says_why_and_how():
    with pytest.raises(DataError, match=r"cannot be run: ImageNet .* whatwhere compare FOLDER"):
        run_setting(load_setting("dmsca2026_resnet50_imagenet"), Wanted())

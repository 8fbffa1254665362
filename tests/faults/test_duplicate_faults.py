"""Copies across splits, labels that contradict, data that changes: found, said, counted."""

import io
import json

import numpy as np
import pytest
from PIL import Image

import whatwhere.data.splitting.near
from whatwhere.data import SPLIT_NAMES, open_source
from whatwhere.errors import DataError, UsageError
from whatwhere.exporting import read_bundle

SIDE = 32
COUNTS = {"train": 40, "val": 20, "test": 20}


def smooth(seed):
    """A picture with structure, as photographs have: noise of a few low frequencies."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 5), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


@pytest.fixture
def arrays():
    """Two classes of distinct pictures in three given splits."""
    content, seed = {}, 0
    for part, count in COUNTS.items():
        content[f"{part}_images"] = np.stack([smooth(seed + n) for n in range(count)])
        content[f"{part}_labels"] = (np.arange(count) % 2)[:, None]
        seed += count
    return content


@pytest.fixture
def opened(tmp_path):
    def call(arrays, **options):
        np.savez(tmp_path / "set.npz", **arrays)
        return open_source(
            tmp_path / "set.npz",
            image_size=None,
            largest_size=SIDE,
            margin=False,
            cache_folder=tmp_path / "cache",
            **options,
        )

    return call


def leak(arrays, number):
    """Put the first training images at the end of the test, too."""
    arrays["test_images"][-number:] = arrays["train_images"][:number]
    arrays["test_labels"][-number:] = arrays["train_labels"][:number]


def test_pictures_that_differ_are_not_called_alike(opened, arrays):
    source = opened(arrays)
    assert source.warnings == ()
    assert source.leaked.tolist() == []
    assert source.near.num_near == 0


def test_c13_the_same_pixels_in_train_and_test_are_counted(opened, arrays):
    leak(arrays, 3)
    source = opened(arrays)
    assert source.leaked.tolist() == [77, 78, 79]
    assert source.warnings[0] == (
        "test images that are pixel for pixel among the train or validation images too: 3 of 20"
    )
    assert [len(source.indices(part)) for part in SPLIT_NAMES] == [40, 20, 20]


def test_c13_dedup_takes_them_out_of_training_and_leaves_the_test_alone(opened, arrays):
    leak(arrays, 3)
    arrays["val_images"][4] = arrays["train_images"][8]
    source = opened(arrays, dedup=True)
    assert [len(source.indices(part)) for part in SPLIT_NAMES] == [36, 20, 20]
    assert set(source.indices("train")) == set(range(40)) - {0, 1, 2, 8}
    assert source.warnings == ()
    assert "left out because they are in a later split too (--dedup): 4" in source.notes
    assert source.leaked.tolist() == []


def test_c13_strict_refuses_them(opened, arrays):
    leak(arrays, 1)
    with pytest.raises(DataError, match="--strict refuses this data: test images") as caught:
        opened(arrays, strict=True)
    assert caught.value.exit_code == 3
    leak(arrays, 1)
    assert opened(arrays, strict=True, dedup=True).warnings == ()


def test_c13_shape_counts_so_a_turned_strip_is_no_copy(tmp_path):
    pixels = np.random.default_rng(3).integers(0, 256, (8, 16), np.uint8)
    for label in "ab":
        (tmp_path / "photos" / label).mkdir(parents=True)
        for index in range(10):
            noise = np.random.default_rng([ord(label), index]).integers(0, 256, (9, 9), np.uint8)
            Image.fromarray(noise).save(tmp_path / "photos" / label / f"{index}.png")
    Image.fromarray(pixels).save(tmp_path / "photos" / "a" / "wide.png")
    Image.fromarray(pixels.reshape(16, 8)).save(tmp_path / "photos" / "b" / "high.png")
    source = open_source(
        tmp_path / "photos",
        image_size=8,
        largest_size=8,
        margin=False,
        cache_folder=tmp_path / "cache",
    )
    assert source.warnings == ()


def test_c13_the_report_scores_without_the_copies_and_marks_the_recommendation(cli, arrays):
    leak(arrays, 4)
    np.savez(cli.folder / "set.npz", **arrays)
    words = ("compare", "set.npz", "-d", "none", "--seeds", "1", "--steps", "4", "-o", "run")
    done = cli(*words, "--workers", "0")
    assert done.returncode == 0, done.stderr
    assert "too: 4 of 20" in done.stderr
    cell = json.loads((cli.folder / "run" / "summary.json").read_bytes())["cells"][0]
    assert "Leak: 4 of 20 test images (20.0 %) are, pixel for pixel," in cell["recommendation"]
    row = next(row for row in cell["leaderboard"] if row["design"] == "none")
    with np.load(next(cli.folder.glob("run/trials/*/none/s0/predictions.npz"))) as saved:
        right = saved["test_logit"].argmax(axis=1) == saved["test_label"]
    assert row["scores"]["clean"] == right[:16].mean()
    assert row["scores"]["accuracy"] == right.mean()
    page = (cli.folder / "run" / "report.html").read_text()
    assert "Accuracy without duplicates" in page
    assert "Test images (left) that look like training" in page


def jpeg(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return np.asarray(Image.open(buffer))


def brighter(pixels):
    return np.clip(pixels.astype(int) + 9, 0, 255).astype(np.uint8)


CHANGES = {"JPEG": jpeg, "brightness": brighter, "mirror": lambda pixels: pixels[:, ::-1]}


@pytest.mark.parametrize("change", CHANGES)
def test_c14_near_duplicates_are_found_with_their_pairs(opened, arrays, change):
    for index in (2, 5):
        arrays["test_images"][index] = CHANGES[change](arrays["train_images"][index + 20])
    source = opened(arrays)
    assert source.leaked.tolist() == []
    assert source.near.num_near == 2
    assert {pair[:2] for pair in source.near.pairs} == {(62, 22), (65, 25)}
    assert all(pair[2] <= 10 for pair in source.near.pairs)
    assert (
        "look like copies of training or validation images: 2 of 20 (10.0 %)"
        in (source.warnings[0])
    )


def test_c14_up_to_half_a_percent_is_no_warning(monkeypatch, opened, arrays):
    monkeypatch.setattr(whatwhere.data.splitting.near, "WARNING_SHARE", 0.05)
    arrays["test_images"][2] = jpeg(arrays["train_images"][22])
    assert opened(arrays).warnings == ()


def test_c14_where_all_images_look_alike_likeness_is_no_warning(opened, arrays):
    base = smooth(0).astype(int)
    for name in ("train", "val", "test"):
        rng = np.random.default_rng(len(name))
        noise = rng.integers(-4, 5, arrays[f"{name}_images"].shape)
        arrays[f"{name}_images"] = np.clip(base + noise, 0, 255).astype(np.uint8)
    source = opened(arrays)
    assert source.warnings == ()
    assert (
        "20 of 20 test images look like some training image, 20 of them like one of"
        in (source.notes[-1])
    )


def test_c14_the_answer_is_remembered_and_a_changed_memory_is_not_believed(
    opened, arrays, monkeypatch, tmp_path
):
    arrays["test_images"][2] = jpeg(arrays["train_images"][22])
    first = opened(arrays).near
    search = whatwhere.data.splitting.near._search
    monkeypatch.setattr(whatwhere.data.splitting.near, "_search", None)
    assert opened(arrays).near == first
    (path,) = (tmp_path / "cache" / "near").iterdir()
    path.write_text(path.read_text().replace('"num_near": 1', '"num_near": 0'))
    monkeypatch.setattr(whatwhere.data.splitting.near, "_search", search)
    assert opened(arrays).near == first


def test_c15_equal_images_of_two_classes_are_listed(opened, arrays):
    for part, count in (("train", 220), ("val", 50), ("test", 50)):
        extra = [smooth([sum(map(ord, part)), n]) for n in range(count)]
        arrays[f"{part}_images"] = np.concatenate([arrays[f"{part}_images"], extra])
        labels = (np.arange(count) % 2)[:, None]
        arrays[f"{part}_labels"] = np.concatenate([arrays[f"{part}_labels"], labels])
    arrays["train_images"][7] = arrays["train_images"][4]
    assert opened(arrays).warnings == (
        "2 of 400 images are equal pixel for pixel to one of another class: train/4 (0) and "
        "train/7 (1)",
    )
    with pytest.raises(DataError, match="--strict refuses this data: 2 of 400 images are equal"):
        opened(arrays, strict=True)


def test_c15_more_than_one_percent_of_them_is_refused(opened, arrays):
    arrays["train_images"][7] = arrays["train_images"][4]
    with pytest.raises(DataError, match="One of the labels is wrong: mend or remove") as caught:
        opened(arrays)
    assert caught.value.exit_code == 3
    assert "2 of 80 images" in str(caught.value)


def test_c16_groups_stay_whole_when_the_splits_are_made(opened, arrays):
    images = np.concatenate([arrays[f"{part}_images"] for part in COUNTS])
    groups = np.arange(80) // 4
    source = opened({"images": images, "labels": np.arange(80) % 2, "groups": groups})
    for group in range(20):
        assert len(set(source.split[groups == group])) == 1
    assert [len(source.indices(part)) for part in SPLIT_NAMES] == [56, 12, 12]


REMOVES = """
import pathlib
from torch import nn
class Removes(nn.Module):
    '''Takes the decoded images away while a trial runs.'''
    def __init__(self, channels):
        super().__init__()
        self.calls = 0
    def forward(self, x):
        self.calls += self.training and x.shape[0] == 64
        if self.calls > 8:
            for path in pathlib.Path('scratch').glob('*/*.npy'):
                path.unlink()
        return x
"""


def write_photos(folder, kind):
    for label in range(2):
        for index in range(60):
            path = folder / "ab"[label] / f"{index}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(smooth([label, index])).save(path)


def test_c17_images_that_vanish_during_a_run_fail_the_trials_with_their_path(cli, monkeypatch):
    (cli.folder / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(cli.folder / "scratch"))
    (cli.folder / "removes.py").write_text(REMOVES)
    write_photos(cli.folder / "photos", "png")
    words = ("compare", "photos", "-d", "removes.py:Removes", "--seeds", "2", "--steps", "12")
    pinned = ("--precision", "fp32", "--layout", "nchw")
    # This process chose its folder for temporary files long ago.
    done = cli.process(*words, *pinned, "-o", "run", "--workers", "0")
    assert done.returncode == 4, done.stderr
    states = [state for state, _, _ in cli.results().values()]
    assert 0 < states.count("failed") < len(states)
    (path,) = {line.split("'")[1] for line in done.stderr.splitlines() if "Errno 2" in line}
    assert path.startswith(str(cli.folder / "scratch"))


def test_c18_a_flipped_bit_in_a_jpeg_is_found_when_the_run_goes_on(cli):
    write_photos(cli.folder / "photos", "jpg")
    words = ("compare", "photos", "-d", "none", "--steps", "2", "-o", "run", "--workers", "0")
    assert cli(*words, "--seeds", "1").returncode == 0
    path = cli.folder / "photos" / "b" / "7.jpg"
    content = bytearray(path.read_bytes())
    content[-9] ^= 4
    path.write_bytes(content)
    Image.open(path).load()  # it still opens: only its hash tells
    changed = cli(*words, "--seeds", "2")
    assert changed.returncode == 8
    assert "photos has changed since run was started (data_hash differs)" in changed.stderr


HOSTILE = {
    "100 MB": (b"x = 1\n" * 17_000_000, "a configuration has at most 1 MB"),
    "nested": (b"x = " + b"[" * 100_000, "is not a TOML file"),
    "binary": (bytes(range(256)), "is not a TOML file"),
    "unknown key": (b"[model]\nbackbon = 'resnet8'\n", "has no setting 'backbon'; did you mean"),
    "wrong type": (b"[model]\nbackbone = 7\n", "backbone must be str, not 7"),
    "wrong list": (b"[images]\nclass_names = 7\n", "has an entry of another kind"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_d7_a_hostile_configuration_is_refused_by_name(tmp_path, kind):
    content, message = HOSTILE[kind]
    sound = {
        b"[model]": b"backbone = 'resnet8'\nnum_classes = 2\nin_channels = 1\nwhere = 'branch'\n",
        b"[images]": b"class_names = ['a', 'b']\nimage_size = 8\nmean = [1.0]\nstd = [1.0]\n",
    }
    head = b"format = 1\ndesign = 'none'\nprecision = 'fp32'\n"
    if content.startswith(b"["):
        section = content.split(b"\n")[0]
        other = next(name for name in sound if name != section)
        rest = b"\n".join(
            line
            for line in sound[section].split(b"\n")
            if line and line.split(b" ")[0] not in content
        )
        content = head + content + rest + b"\n" + other + b"\n" + sound[other]
    (tmp_path / "config.toml").write_bytes(content)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(UsageError, match=message) as caught:
        read_bundle(tmp_path)
    assert caught.value.exit_code == 2

"""Sets of the Hugging Face Hub, from snapshots on disk; the network is never asked."""

import io
import json
import sys

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from huggingface_hub import constants
from PIL import Image

from whatwhere.errors import DataError, UsageError

CLASSES = ("ant", "bee")


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@pytest.fixture
def snapshot(tmp_path):
    folder = tmp_path / "cache" / "hub" / "owner--insects"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n# Insects\n")
    return folder


def encoded(seed, kind="PNG"):
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (11, 13, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def write_parquet(path, rows, *, names=CLASSES):
    image = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    table = pyarrow.table(
        {
            "image": pyarrow.array([{"bytes": b, "path": "x"} for b, _ in rows], image),
            "label": [label for _, label in rows],
        }
    )
    if names:
        features = {
            "image": {"_type": "Image"},
            "label": {"_type": "ClassLabel", "names": list(names)},
        }
        stated = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": stated})
    path.parent.mkdir(exist_ok=True)
    pyarrow.parquet.write_table(table, path)


def write_splits(snapshot, *, names=CLASSES, label=lambda n: n % 2):
    for seed, (part, count) in enumerate((("train", 22), ("test", 14))):
        rows = [(encoded(100 * seed + n), label(n)) for n in range(count)]
        write_parquet(snapshot / "data" / f"{part}-00000-of-00001.parquet", rows, names=names)


@pytest.mark.filterwarnings("ignore:Returning existing local_dir")
def test_parquet_files_become_images_with_their_labels(snapshot, opened):
    write_splits(snapshot)
    source = opened("hf:owner/insects")
    assert (source.name, source.title) == ("owner-insects", "owner/insects")
    assert source.class_names == CLASSES
    assert source.licence == "cc-by-4.0"
    assert source.source == "the data set owner/insects of the Hugging Face Hub"
    assert [len(source.indices(part)) for part in ("train", "test")] == [19, 14]
    assert len(source.indices("validation")) == 3
    place = source.items.index("test/3")
    assert source.labels[place] == 1
    own = np.asarray(Image.open(io.BytesIO(encoded(103))))
    assert source.images[place].shape == (8, 8, 3)
    assert abs(source.images[place].mean() - own.mean()) < 12
    assert opened("hf:owner/insects").content_hash == source.content_hash


@pytest.mark.filterwarnings("ignore:Returning existing local_dir")
def test_labels_may_be_words(snapshot, opened):
    write_splits(snapshot, names=None, label=lambda n: ("wasp", "fly")[n % 2])
    source = opened("hf:owner/insects")
    assert source.class_names == ("fly", "wasp")
    assert source.labels[source.items.index("test/3")] == 0


@pytest.mark.filterwarnings("ignore:Returning existing local_dir")
def test_folders_of_images_and_a_complete_snapshot_need_no_library(snapshot, opened, monkeypatch):
    for part in ("train", "test"):
        for name in CLASSES:
            folder = snapshot / part / name
            folder.mkdir(parents=True)
            for index in range(7):
                (folder / f"{index}.png").write_bytes(
                    encoded([len(part), len(name + part), ord(name[0]), index])
                )
    source = opened("hf:owner/insects")
    assert source.class_names == CLASSES
    (snapshot / ".whatwhere-complete").touch()
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert opened("hf:owner/insects").content_hash == source.content_hash


def test_a_set_that_is_not_at_hand_says_where_to_put_it(opened):
    with pytest.raises(DataError, match="hf:owner/nothing cannot be fetched from the Hub") as error:
        opened("hf:owner/nothing")
    assert "put a copy of its files into" in str(error.value)


@pytest.mark.parametrize(
    "name", ["hf:owner", "hf:", "hf:a/b/c", "hf:../etc", "hf:a/..", "hf:a b/c"]
)
def test_names_that_are_none_are_refused(opened, name):
    with pytest.raises(UsageError, match="names no data set; expected hf:owner/name"):
        opened(name)


def test_without_the_library_the_extra_is_named(opened, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UsageError, match=r"pip install 'whatwhere\[hf\]'"):
        opened("hf:owner/name")


@pytest.mark.filterwarnings("ignore:Returning existing local_dir")
@pytest.mark.parametrize(
    ("rows", "names", "message"),
    [
        ([(None, 0)], CLASSES, "rows without an embedded image"),
        ([(b"x", 2)], CLASSES, "must hold numbers from 0 to 1"),
    ],
)
def test_rows_that_are_no_images_are_refused(snapshot, opened, rows, names, message):
    write_parquet(snapshot / "data" / "train.parquet", rows, names=names)
    with pytest.raises(DataError, match=message):
        opened("hf:owner/insects")


@pytest.mark.filterwarnings("ignore:Returning existing local_dir")
def test_a_damaged_parquet_file_is_named(snapshot, opened):
    write_splits(snapshot)
    path = snapshot / "data" / "test-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="is not read as images"):
        opened("hf:owner/insects")


@pytest.mark.filterwarnings("ignore:Returning existing local_dir")
def test_columns_that_cannot_be_told_are_named(snapshot, opened):
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a"]}), snapshot / "0.parquet")
    with pytest.raises(DataError, match="has the columns text; expected one of images"):
        opened("hf:owner/insects")

"""The cache: trusted when its hash is right, rebuilt when not, never half written."""

import errno
import json
import os

import numpy as np
import pytest

import whatwhere.data.images.cache
import whatwhere.data.images.files
from whatwhere.data.images.cache import ImageCache
from whatwhere.errors import DataError, StorageError

ROWS = np.random.default_rng(2).integers(0, 256, (13, 5, 5, 3), np.uint8)
FACTS = {"kept": [0, 2], "notes": ["one"]}


def stored(cache: ImageCache) -> None:
    cache.store("key", iter(ROWS), shape=(5, 5, 3), facts=lambda: FACTS)


def test_what_is_stored_is_loaded(tmp_path):
    cache = ImageCache(tmp_path)
    assert cache.load("key") is None
    stored(cache)
    array, facts = cache.load("key")
    np.testing.assert_array_equal(array, ROWS)
    assert facts == FACTS
    np.testing.assert_array_equal(np.load(tmp_path / "images" / "key.npy"), ROWS)
    assert sorted(os.listdir(tmp_path / "images")) == ["key.json", "key.npy"]


def test_large_arrays_are_memory_maps(tmp_path, monkeypatch):
    cache = ImageCache(tmp_path)
    stored(cache)
    assert not isinstance(cache.load("key")[0], np.memmap)
    monkeypatch.setattr(whatwhere.data.images.cache, "_memory_bytes", lambda: 4 * ROWS.nbytes - 1)
    array, _ = cache.load("key")
    assert isinstance(array, np.memmap)
    assert not array.flags.writeable
    np.testing.assert_array_equal(array, ROWS)


@pytest.mark.parametrize("position", [200, 128 + ROWS.nbytes - 1])
def test_a_flipped_bit_is_noticed(tmp_path, position):
    cache = ImageCache(tmp_path)
    stored(cache)
    path = tmp_path / "images" / "key.npy"
    content = bytearray(path.read_bytes())
    content[position] ^= 4
    path.write_bytes(content)
    assert cache.load("key") is None


def test_damaged_entries_are_not_trusted(tmp_path):
    cache = ImageCache(tmp_path)
    array, facts = tmp_path / "images" / "key.npy", tmp_path / "images" / "key.json"
    for path, content in (
        (array, b""),
        (array, b"\x93NUMPY"),
        (facts, b""),
        (facts, b"[]"),
        (facts, b"{}"),
    ):
        stored(cache)
        path.write_bytes(content)
        assert cache.load("key") is None
    stored(cache)
    entry = json.loads(facts.read_bytes())
    entry["facts"]["kept"] = [0, 1]
    facts.write_text(json.dumps(entry))
    assert cache.load("key") is None


def test_nothing_is_kept_when_the_facts_refuse(tmp_path):
    cache = ImageCache(tmp_path)

    def refuse():
        raise DataError("bad")

    with pytest.raises(DataError, match="bad"):
        cache.store("key", iter(ROWS), shape=(5, 5, 3), facts=refuse)
    assert os.listdir(tmp_path / "images") == []


def test_a_full_disk_is_a_storage_error(tmp_path, monkeypatch):
    cache = ImageCache(tmp_path)

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(whatwhere.data.images.cache, "_flush", full)
    with pytest.raises(StorageError, match=r"cannot be written to \(No space left.*WHATWHERE_DATA"):
        stored(cache)
    assert os.listdir(tmp_path / "images") == []


def test_the_folder_is_chosen_by_argument_then_variable_then_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WHATWHERE_DATA", raising=False)
    assert ImageCache().folder == tmp_path / "home" / ".cache" / "whatwhere" / "images"
    monkeypatch.setenv("WHATWHERE_DATA", str(tmp_path / "else"))
    assert ImageCache().folder == tmp_path / "else" / "images"
    assert ImageCache(tmp_path / "mine").folder == tmp_path / "mine" / "images"


@pytest.fixture
def photos(write_images):
    for name in ("ant", "bee"):
        root = write_images(name, 13)
    return root


@pytest.fixture
def num_decoded(monkeypatch):
    """A list that grows by one path for every file that is decoded."""
    paths = []
    decode = whatwhere.data.images.files.decode_file
    monkeypatch.setattr(
        whatwhere.data.images.files,
        "decode_file",
        lambda path, *args, **options: paths.append(path) or decode(path, *args, **options),
    )
    return paths


def test_a_second_opening_decodes_nothing(photos, opened, num_decoded):
    first = opened(photos)
    assert len(num_decoded) == 26
    second = opened(photos)
    assert len(num_decoded) == 26
    np.testing.assert_array_equal(first.images, second.images)
    assert first.content_hash == second.content_hash
    assert first.notes == second.notes


@pytest.mark.parametrize("options", [{"image_size": 9}, {"margin": True}, {"frame_first": True}])
def test_other_rules_decode_again(photos, opened, num_decoded, options):
    opened(photos)
    opened(photos, **options)
    assert len(num_decoded) == 52


def test_a_changed_file_of_the_same_size_and_time_is_noticed(photos, opened, num_decoded):
    first = opened(photos)
    path = photos / "ant" / "3.png"
    status = path.stat()
    other = bytearray((photos / "ant" / "4.png").read_bytes())
    other = other[: status.st_size] + bytes(max(0, status.st_size - len(other)))
    path.write_bytes(other)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    second = opened(photos)
    assert len(num_decoded) == 52
    assert first.content_hash != second.content_hash


def test_a_damaged_cache_is_rebuilt(photos, opened, num_decoded, tmp_path):
    first = opened(photos)
    (path,) = (tmp_path / "cache" / "images").glob("*.npy")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    second = opened(photos)
    assert len(num_decoded) == 52
    np.testing.assert_array_equal(first.images, second.images)

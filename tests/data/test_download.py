"""Downloads from a local server: what comes whole is kept, and nothing else ever is."""

import dataclasses
import hashlib
import io
import os
import zipfile

import numpy as np
import pytest
from PIL import Image

import whatwhere.data.sources.catalogue
from whatwhere.data.sources.catalogue import CATALOGUE, EUROSAT
from whatwhere.data.sources.download import download
from whatwhere.errors import DataError, StorageError, UnsafeError

from .server import Server, send

CONTENT = bytes(range(251)) * 401
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between attempts
    local = Server()
    yield local
    local.close()


@pytest.fixture
def fetch(server, tmp_path):
    def call(name="set.npz", md5=MD5):
        return download(f"{server.address}/files/{name}?download=1", md5=md5, folder=tmp_path / "d")

    return call


def kept(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_is_fetched_once_and_checked_every_time(server, fetch, tmp_path):
    server.files["/files/set.npz?download=1"] = CONTENT
    path = fetch()
    assert path == tmp_path / "d" / "set.npz"
    assert path.read_bytes() == CONTENT
    assert fetch() == path
    assert len(server.asked) == 1
    path.write_bytes(CONTENT[:-1] + b"?")
    assert fetch().read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(server, fetch, tmp_path):
    server.files["/files/set.npz?download=1"] = CONTENT + b"doctored"
    with pytest.raises(DataError, match="bytes that came are not the official file") as caught:
        fetch()
    assert "bring the file along: save it as" in str(caught.value)
    assert caught.value.exit_code == 3
    assert len(server.asked) == 3
    assert kept(tmp_path / "d") == []


def test_a_broken_transfer_is_tried_again(server, fetch, tmp_path):
    attempts = []

    def break_off_once(handler):
        attempts.append(1)
        send(handler, CONTENT if len(attempts) > 1 else CONTENT[:99], promised=len(CONTENT))

    server.files["/files/set.npz?download=1"] = break_off_once
    assert fetch().read_bytes() == CONTENT
    assert len(attempts) == 2


def test_a_transfer_that_always_breaks_leaves_nothing(server, fetch, tmp_path):
    server.files["/files/set.npz?download=1"] = lambda handler: send(
        handler, CONTENT[:99], promised=len(CONTENT)
    )
    with pytest.raises(DataError, match="the transfer broke off, in 3 attempts"):
        fetch()
    assert kept(tmp_path / "d") == []


def test_a_missing_file_names_the_answer(fetch, tmp_path):
    with pytest.raises(DataError, match="the server answered 404"):
        fetch()
    assert kept(tmp_path / "d") == []


def test_without_a_connection_the_way_by_hand_is_named(server, fetch, tmp_path):
    server.close()
    with pytest.raises(DataError, match=r"no connection to 127\.0\.0\.1:\d+ \(ConnectionError\)"):
        fetch()
    (tmp_path / "d" / "set.npz").write_bytes(CONTENT)
    assert fetch().read_bytes() == CONTENT


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(server, fetch, tmp_path):
    (tmp_path / "d").mkdir(mode=0o500)
    with pytest.raises(StorageError, match="cannot be written to"):
        fetch()


def test_a_file_in_place_of_the_folder_is_named(server, fetch, tmp_path):
    (tmp_path / "d").write_bytes(b"")
    with pytest.raises(StorageError, match="set WHATWHERE_DATA to another folder"):
        fetch()


def test_a_bar_is_shown_where_somebody_looks(server, fetch, monkeypatch):
    import sys

    server.files["/files/set.npz?download=1"] = CONTENT
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    fetch()
    assert "set.npz" in screen.getvalue()
    assert "100" in screen.getvalue()


def medmnist_file(counts):
    arrays, buffer = {}, io.BytesIO()
    for prefix, count in zip(("train", "val", "test"), counts, strict=True):
        arrays[f"{prefix}_images"] = np.full((count, 28, 28), 7, np.uint8)
        arrays[f"{prefix}_images"][:, 0, 0] = np.arange(count)
        arrays[f"{prefix}_labels"] = (np.arange(count) % 2).astype(np.uint8)[:, None]
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_a_medmnist_set_comes_by_name(server, tmp_path, monkeypatch):
    content = medmnist_file((13, 7, 5))
    card = dataclasses.replace(
        CATALOGUE.card("breastmnist"),
        address=f"{server.address}/breastmnist.npz",
        md5=hashlib.md5(content).hexdigest(),
    )
    server.files["/breastmnist.npz"] = content
    listing = whatwhere.data.sources.catalogue._list_medmnist(card, tmp_path)
    assert np.bincount(listing.split).tolist() == [13, 7, 5]
    assert listing.class_names == ("malignant", "normal or benign")
    assert (tmp_path / "downloads" / "breastmnist.npz").read_bytes() == content


def eurosat_file(names):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, name in enumerate(names):
            pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "JPEG")
            archive.writestr(name, buffer.getvalue())
    return packed.getvalue()


@pytest.fixture
def eurosat(server, monkeypatch):
    def serve(names):
        content = eurosat_file(names)
        server.files["/EuroSAT.zip"] = content
        card = dataclasses.replace(
            EUROSAT, address=f"{server.address}/EuroSAT.zip", md5=hashlib.md5(content).hexdigest()
        )
        monkeypatch.setattr(whatwhere.data.sources.catalogue, "EUROSAT", card)

    return serve


def test_eurosat_comes_by_name_and_is_unpacked_once(eurosat, opened, tmp_path, server):
    eurosat([f"2750/{label}/{label}_{n}.jpg" for label in EUROSAT.classes for n in range(7)])
    source = opened("eurosat", largest_size=64)
    assert (source.name, source.licence, source.num_classes) == ("eurosat", "MIT", 10)
    assert source.class_names == EUROSAT.classes
    assert "70 images instead of the 27000 of the official file" in source.warnings[0]
    opened("eurosat", largest_size=64)
    assert server.asked == ["/EuroSAT.zip"]


def test_d5_a_download_that_leads_out_of_its_folder_is_refused_whole(eurosat, opened, tmp_path):
    eurosat(["2750/Forest/1.jpg", "../../evil.jpg"])
    with pytest.raises(UnsafeError, match=r"its entry '\.\./\.\./evil\.jpg' leads out") as caught:
        opened("eurosat")
    assert caught.value.exit_code == 5
    assert kept(tmp_path) == ["EuroSAT.zip"]
    assert not list((tmp_path / "cache").glob("unpacked/*/*"))

"""CIFAR archives: batches as their authors pickle them, and pickles that would run code."""

import pickle
import tarfile
import zipfile

import numpy as np
import pytest

from whatwhere.data.sources.catalogue import CATALOGUE
from whatwhere.data.sources.cifar import BATCHES, list_cifar, unpickle
from whatwhere.errors import DataError, UnsafeError

FINE, COARSE = b"fine_labels", b"coarse_labels"


def pixels(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 3072), np.uint8)


@pytest.fixture
def ten(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for seed, name in enumerate(BATCHES["cifar10"]):
        batch = {b"data": pixels(20, seed), b"labels": [n % 10 for n in range(20)]}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return folder


@pytest.fixture
def hundred(tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    for name, count in (("train", 1300), ("test", 700)):
        fine = [n % 100 for n in range(count)]
        batch = {b"data": pixels(count, count), FINE: fine, COARSE: [n // 5 for n in fine]}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return folder


def test_batches_of_cifar_10(ten):
    listing = list_cifar(ten, CATALOGUE.card("cifar10"))
    assert np.bincount(listing.split).tolist() == [100, 0, 20]
    assert listing.items[99:102] == ("train/99", "test/0", "test/1")
    assert listing.class_names[:3] == ("airplane", "automobile", "bird")
    # A row holds the red plane, then the green one, then the blue one.
    row = pixels(20, 5)[3]
    np.testing.assert_array_equal(listing.images[103, :, :, 1], row[1024:2048].reshape(32, 32))
    assert listing.images[103, 1, 2].tolist() == [row[34], row[1024 + 34], row[2048 + 34]]


def test_files_that_are_not_official_are_used_with_a_warning(ten):
    warnings = list_cifar(ten, CATALOGUE.card("cifar10")).warnings
    assert len(warnings) == 7
    assert warnings[0].startswith("data_batch_1 is not the official CIFAR-10 file")
    assert warnings[6] == "other split sizes (100, 0, 20) than the official (50000, 0, 10000)"


def test_fine_and_coarse_labels_are_of_the_same_images(hundred, opened, tmp_path):
    fine = opened(hundred, largest_size=32)
    assert (fine.name, fine.num_classes) == ("cifar100", 100)
    assert fine.class_names[88] == "tiger"
    (tmp_path / "cache").mkdir(exist_ok=True)
    hundred.rename(tmp_path / "cache" / hundred.name)
    coarse = opened("cifar100-coarse", largest_size=32)
    assert (coarse.name, coarse.num_classes) == ("cifar100-coarse", 20)
    np.testing.assert_array_equal(coarse.labels, fine.labels // 5)
    np.testing.assert_array_equal(coarse.images, fine.images)
    assert coarse.content_hash != fine.content_hash


@pytest.mark.parametrize("ending", ["tar.gz", "tar", "zip"])
def test_the_packed_archive_is_read_too(ten, opened, tmp_path, ending):
    path = tmp_path / f"cifar-10-python.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(path, "w") as packed:
            for file in sorted(ten.iterdir()):
                packed.write(file, f"{ten.name}/{file.name}")
    else:
        with tarfile.open(path, "w:gz" if ending == "tar.gz" else "w") as packed:
            packed.add(ten, ten.name)
    source = opened(path, largest_size=32)
    assert source.name == "cifar10"
    assert source.content_hash == opened(ten, largest_size=32).content_hash


class Payload:
    def __reduce__(self):
        return print, ("this must not be printed",)


def test_d1_a_batch_that_would_run_code_is_refused_and_does_not(ten, opened, capsys):
    batch = {b"data": pixels(20, 0), b"labels": [0] * 20, b"note": Payload()}
    (ten / "data_batch_3").write_bytes(pickle.dumps(batch, protocol=2))
    with pytest.raises(UnsafeError, match=r"a Python pickle that would run \S*print") as caught:
        opened(ten)
    assert caught.value.exit_code == 5
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "batch",
    [
        [1, 2],
        {b"labels": [0] * 7},
        {b"data": pixels(7, 0), b"labels": [0] * 6},
        {b"data": pixels(7, 0), b"labels": [10] * 7},
        {b"data": pixels(7, 0).astype(np.float64), b"labels": [0] * 7},
        {b"data": pixels(7, 0)[:, :3071], b"labels": [0] * 7},
    ],
    ids=["a list", "no pixels", "labels short", "labels high", "no bytes", "rows short"],
)
def test_other_content_is_refused(ten, opened, batch):
    (ten / "test_batch").write_bytes(pickle.dumps(batch, protocol=2))
    with pytest.raises(DataError, match="is no batch of CIFAR-10: expected uint8 rows of 3,072"):
        opened(ten)


@pytest.mark.parametrize("cut", [0, 1, 100, 61_000])
def test_a_damaged_batch_is_named(ten, opened, cut):
    content = (ten / "test_batch").read_bytes()
    (ten / "test_batch").write_bytes(content[:cut])
    with pytest.raises(DataError, match=r"test_batch is damaged \("):
        opened(ten)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_are_read_whatever_the_protocol(ten, protocol):
    content = pickle.dumps({b"data": pixels(3, 1), b"labels": [1] * 3}, protocol)
    np.testing.assert_array_equal(unpickle(ten, content)[b"data"], pixels(3, 1))

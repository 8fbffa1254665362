"""Real data sets, where they are at hand: counts and classes as their owners state them."""

import subprocess
import sys
import zipfile

import numpy as np
import pytest

from whatwhere.data import SPLIT_NAMES

OFFICIAL = {
    "breastmnist": ((546, 78, 156), 1, [147, 399]),
    "pneumoniamnist": ((4708, 524, 624), 1, [1214, 3494]),
    "retinamnist": ((1080, 120, 400), 3, [486, 128, 206, 194, 66]),
}


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_medmnist_files(shared_data, opened, name):
    splits, channels, train_counts = OFFICIAL[name]
    source = opened(shared_data / "medmnist" / f"{name}.npz", largest_size=32)
    assert source.name == name
    assert (source.image_size, source.channels) == (28, channels)
    assert tuple(len(source.indices(part)) for part in SPLIT_NAMES) == splits
    assert np.bincount(source.labels[source.indices("train")]).tolist() == train_counts
    assert not any("official" in warning for warning in source.warnings)


def test_known_duplicates_across_official_splits(shared_data, opened):
    breast = opened(shared_data / "medmnist" / "breastmnist.npz", largest_size=32)
    pneumonia = opened(shared_data / "medmnist" / "pneumoniamnist.npz", largest_size=32)
    assert breast.warnings[0].endswith("too: 1 of 156")
    assert "train/115 (malignant) and test/76 (normal or benign)" in breast.warnings[1]
    assert "look like copies of training or validation images: 64 of 156" in breast.warnings[2]
    assert breast.near.num_other_class < 10
    assert pneumonia.warnings[0].endswith("too: 8 of 524")
    assert pneumonia.near.num_near < 10


def test_fundus_photographs_look_alike_and_are_not_called_copies(shared_data, opened):
    retina = opened(shared_data / "medmnist" / "retinamnist.npz", largest_size=32)
    assert retina.warnings == ()
    assert "in this set likeness does not show copies" in retina.notes[-1]


def test_a_sample_of_pathmnist_is_no_official_file(shared_data, opened):
    path = shared_data / "medmnist" / "pathmnist_test_sample718.npz"
    source = opened(path, largest_size=32)
    assert source.class_names[5] == "smooth muscle"
    assert np.bincount(source.labels).tolist() == [147, 78, 26, 60, 112, 60, 85, 28, 122]
    assert len(source.warnings) == 2


def test_caltech_photographs_of_many_sizes(shared_data, opened, tmp_path):
    with zipfile.ZipFile(shared_data / "caltech101_12x60.zip") as packed:
        packed.extractall(tmp_path / "caltech")
    source = opened(tmp_path / "caltech", largest_size=32, margin=True)
    assert source.images.shape == (720, 40, 40, 3)
    assert np.bincount(source.labels).tolist() == [60] * 12
    assert source.class_names[0] == "airplanes"
    assert source.class_names[-1] == "watch"
    assert "12 of 720 images are grey" in source.notes
    assert source.warnings == ()


@pytest.fixture(scope="module")
def cifar(shared_data, tmp_path_factory):
    """The restored official archives, as the owners' batches."""
    folder = tmp_path_factory.mktemp("cifar")
    script = shared_data / "cifar" / "cifar.py"
    words = [sys.executable, str(script), "unpack", str(script.parent), str(folder)]
    subprocess.run(words, check=True, capture_output=True)
    return folder


def test_official_cifar_archives(cifar, opened):
    ten = opened(cifar / "cifar-10-batches-py", largest_size=32)
    assert [len(ten.indices(part)) for part in SPLIT_NAMES] == [42_500, 7_500, 10_000]
    assert np.bincount(ten.labels).tolist() == [6_000] * 10
    assert len(ten.leaked) == 0
    # The first test image is the well-known cat.
    assert ten.class_names[ten.labels[50_000]] == "cat"
    hundred = opened(cifar / "cifar-100-python", largest_size=32)
    assert np.bincount(hundred.labels).tolist() == [600] * 100
    assert hundred.warnings[0].endswith("too: 10 of 10000")
    assert hundred.warnings[1].startswith("34 of 60000 images are equal pixel for pixel")


def test_eurosat_photographs_in_a_zip(shared_data, opened):
    source = opened(shared_data / "eurosat_rgb_200.zip", largest_size=64)
    assert source.images.shape == (2000, 64, 64, 3)
    assert np.bincount(source.labels).tolist() == [200] * 10

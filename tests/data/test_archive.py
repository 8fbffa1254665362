"""Archives: MedMNIST's layout, plain arrays, and what is refused."""

import io

import numpy as np
import pytest

from whatwhere.data.sources.archive import list_archive
from whatwhere.errors import DataError

RNG_SEED = 11


def pixels(count: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(RNG_SEED).integers(0, 256, (count, *shape), np.uint8)


@pytest.fixture
def archive(tmp_path):
    def write(name: str = "some.npz", **arrays: np.ndarray):
        np.savez(tmp_path / name, **arrays)
        return tmp_path / name

    return write


def medmnist_arrays(counts: tuple[int, int, int] = (13, 5, 7)) -> dict[str, np.ndarray]:
    arrays = {}
    for prefix, count in zip(("train", "val", "test"), counts, strict=True):
        arrays[f"{prefix}_images"] = pixels(count, 28, 28)
        arrays[f"{prefix}_labels"] = (np.arange(count) % 2).astype(np.uint8)[:, None]
    return arrays


def test_medmnist_layout(archive):
    arrays = medmnist_arrays()
    listing = list_archive(archive(**arrays))
    assert np.bincount(listing.split).tolist() == [13, 5, 7]
    assert listing.items[12:15] == ("train/12", "validation/0", "validation/1")
    np.testing.assert_array_equal(listing.images[18:, ..., 0], arrays["test_images"])
    assert listing.labels.tolist() == [index % 2 for index in (*range(13), *range(5), *range(7))]
    assert listing.class_names == ("0", "1")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_plain_arrays_with_groups(archive, opened, channels):
    images = pixels(24, 8, 8, channels)
    groups = np.repeat(np.arange(12), 2) * 5
    path = archive(images=images, labels=np.arange(24) // 2 % 2, groups=groups)
    source = opened(path, image_size=8)
    np.testing.assert_array_equal(source.images, images)
    assert source.groups.tolist() == (groups // 5).tolist()
    assert (source.split[::2] == source.split[1::2]).all()
    assert source.items[3] == "image/3"


def test_labels_may_be_names(archive):
    labels = np.array(["owl", "ant", "owl"])
    listing = list_archive(archive(images=pixels(3, 8, 8), labels=labels))
    assert listing.class_names == ("ant", "owl")
    assert listing.labels.tolist() == [1, 0, 1]


def test_other_types_need_a_value_range(archive):
    images = np.zeros((3, 8, 8), np.uint16)
    images[0, 0, :4] = 100, 1000, 2000, 4095
    path = archive(images=images, labels=np.array([0, 1, 1]))
    with pytest.raises(
        DataError, match="uint16 with values from 0 to 4095: pass --value-range 0,4095"
    ):
        list_archive(path)
    listing = list_archive(path, value_range=(1000, 3000))
    assert listing.images[0, 0, :4, 0].tolist() == [0, 0, 128, 255]


def test_value_range_is_refused_for_bytes(archive):
    path = archive(images=pixels(3, 8, 8), labels=np.array([0, 1, 1]))
    with pytest.raises(DataError, match="has 8 bits"):
        list_archive(path, value_range=(0, 9))


def test_only_a_test_split(archive):
    arrays = {name: array for name, array in medmnist_arrays().items() if name.startswith("test")}
    listing = list_archive(archive(**arrays))
    assert listing.split.tolist() == [-1] * 7
    assert "only a test split is given" in listing.warnings[0]


LABELS = np.array([0, 1, 1])
WRONG = {
    "no images": (
        {"pictures": pixels(3, 8, 8)},
        "no array 'images' .it has pictures.; expected train_",
    ),
    "no labels": ({"train_images": pixels(3, 8, 8)}, "no array 'train_labels'"),
    "counts": ({"images": pixels(4, 8, 8), "labels": LABELS}, r"\[4\] images and \[3\] labels"),
    "flat": ({"images": pixels(3, 64), "labels": LABELS}, r"shape \(3, 64\); expected"),
    "first": ({"images": pixels(3, 3, 8, 8), "labels": LABELS}, "channels seem to come first"),
    "volume": ({"images": pixels(3, 28, 28, 28), "labels": LABELS}, "1 to 4 channels"),
    "columns": (
        {"images": pixels(3, 8, 8), "labels": np.eye(3, 14, dtype=int)},
        "14 columns: several",
    ),
    "fraction": ({"images": pixels(3, 8, 8), "labels": LABELS / 2}, "whole numbers or names"),
    "negative": ({"images": pixels(3, 8, 8), "labels": LABELS - 1}, "whole numbers from 0"),
    "huge": ({"images": pixels(3, 8, 8), "labels": LABELS * 10**9}, "whole numbers from 0"),
    "type": ({"images": pixels(3, 8, 8) > 9, "labels": LABELS}, "are bool; expected numbers"),
    "groups": (
        {"images": pixels(3, 8, 8), "labels": LABELS, "groups": np.zeros(2)},
        "2 groups for 3 images",
    ),
    "sizes": (
        {
            "train_images": pixels(3, 8, 8),
            "train_labels": LABELS,
            "test_images": pixels(3, 9, 9),
            "test_labels": LABELS,
        },
        r"do not fit together: train_images \(3, 8, 8\), test_images \(3, 9, 9\)",
    ),
    "objects": ({"images": np.array([{}, {}, {}]), "labels": LABELS}, "not a readable .npz file"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_archives_are_refused(archive, kind):
    arrays, expected = WRONG[kind]
    with pytest.raises(DataError, match=expected):
        list_archive(archive(**arrays))


def test_damaged_archives_are_refused(tmp_path):
    file = io.BytesIO()
    np.savez(file, images=pixels(3, 8, 8), labels=LABELS)
    flipped = bytearray(file.getvalue())
    flipped[300] ^= 1
    for name, content in (
        ("empty", b""),
        ("text", b"hello"),
        ("cut", file.getvalue()[:-100]),
        ("flipped", bytes(flipped)),
    ):
        path = tmp_path / f"{name}.npz"
        path.write_bytes(content)
        with pytest.raises(DataError, match=f"{name}.npz is not a readable .npz file"):
            list_archive(path)


def test_tiny_arrays_are_refused(archive, opened):
    path = archive(images=pixels(24, 7, 9), labels=np.arange(24) % 2)
    with pytest.raises(DataError, match="9 x 7 pixels, fewer than 8 on a side"):
        opened(path)


def test_a_known_name_with_other_bytes_is_warned_of(archive):
    listing = list_archive(archive("breastmnist.npz", **medmnist_arrays()))
    assert listing.class_names == ("malignant", "normal or benign")
    (warning,) = listing.warnings
    assert "is not the official BreastMNIST file: it has another MD5" in warning
    assert "split sizes (13, 5, 7), not (546, 78, 156)" in warning
    assert "Scientific Data 10" in listing.citation


def test_left_and_right_matter_in_organ_sets(archive):
    assert not list_archive(archive("organamnist_64.npz", **medmnist_arrays())).allow_flip
    assert list_archive(archive("bloodmnist.npz", **medmnist_arrays())).allow_flip


def test_a_known_name_with_too_many_classes_is_left_alone(archive):
    labels = np.arange(6)
    listing = list_archive(archive("breastmnist.npz", images=pixels(6, 8, 8), labels=labels))
    assert listing.class_names == ("0", "1", "2", "3", "4", "5")

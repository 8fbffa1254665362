"""open_source: what DATA may be, sizes, and what it says about what it is not."""

import numpy as np
import pytest

from whatwhere.data import SPLIT_NAMES
from whatwhere.data.images.files import Sizes
from whatwhere.errors import DataError, UnknownNameError, UsageError


def test_a_near_name_is_suggested(opened):
    with pytest.raises(UnknownNameError, match="did you mean 'cluttered-digits'") as caught:
        opened("cluterd-digits")
    assert "DATA is a known name (whatwhere list data), a folder of images" in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("cifar-10-python.tar.gz", "there is no file or folder 'cifar-10-python.tar.gz'"),
        ("nowhere/photos", "there is no file or folder 'nowhere/photos'"),
        ("photos.csv", "there is no file or folder 'photos.csv'"),
        ("chestmnist", "several findings may hold for one image"),
    ],
)
def test_what_is_not_opened_says_why(opened, data, expected):
    with pytest.raises(DataError, match=expected):
        opened(data)


def test_a_near_file_beside_it_is_suggested(opened, tmp_path):
    (tmp_path / "scans.npz").write_bytes(b"x")
    with pytest.raises(DataError, match=r"/scnas.npz'; did you mean 'scans.npz'\?; DATA is"):
        opened(tmp_path / "scnas.npz")


@pytest.mark.parametrize(
    ("name", "expected"), [("a.zip", "is not a readable archive"), ("a.txt", "is not read")]
)
def test_other_files_say_what_is_read(opened, tmp_path, name, expected):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DataError, match=expected):
        opened(tmp_path / name)


@pytest.mark.parametrize(
    ("shapes", "image_size", "expected"),
    [
        ({(28, 28)}, None, 28),
        ({(32, 32)}, None, 32),
        ({(33, 33)}, None, 32),
        ({(28, 31)}, None, 32),
        ({(28, 28), (29, 29)}, None, 32),
        ({(28, 28)}, 48, 48),
    ],
)
def test_image_size(shapes, image_size, expected):
    assert Sizes(image_size, 32, False).resolve(shapes) == (expected, 0)
    assert Sizes(image_size, 32, True).resolve(shapes) == (expected, expected // 8)


@pytest.mark.parametrize("size", [7, 1025])
def test_impossible_sizes_are_refused(opened, size):
    with pytest.raises(UsageError, match=f"image_size is {size}; expected 8 to 1024 pixels"):
        opened("digits", image_size=size)
    with pytest.raises(UsageError, match=f"largest_size is {size}"):
        opened("digits", largest_size=size)


def test_an_empty_value_range_is_refused(opened):
    with pytest.raises(UsageError, match="value range 5,5 is empty"):
        opened("digits", value_range=(5, 5))


def test_a_value_range_is_refused_for_the_digits(opened):
    with pytest.raises(DataError, match="digits has 8 bits"):
        opened("digits", value_range=(0, 16))


def test_a_folder_becomes_a_source(write_images, opened):
    for name in ("ant", "bee", "owl"):
        root = write_images(name, 20, height=19, width=23)
    source = opened(root, image_size=16, margin=True)
    assert source.images.shape == (60, 20, 20, 3)
    assert source.images.dtype == np.uint8
    assert (source.image_size, source.margin, source.channels, source.num_classes) == (16, 2, 3, 3)
    assert [len(source.indices(name)) for name in SPLIT_NAMES] == [42, 9, 9]
    np.testing.assert_array_equal(source.evaluation_view(), source.images[:, 2:18, 2:18])
    np.testing.assert_array_equal(
        source.evaluation_view(np.array([7]))[0], source.images[7, 2:18, 2:18]
    )
    assert source.decode_seconds > 0
    with pytest.raises(UnknownNameError, match="unknown split 'val'"):
        source.indices("val")


def test_fractions_are_kept(write_images, opened):
    for name in ("ant", "bee"):
        root = write_images(name, 50)
    source = opened(root, validation_fraction=0.3, test_fraction=0.2)
    assert [len(source.indices(name)) for name in SPLIT_NAMES] == [50, 30, 20]


def test_equal_pixels_stay_together(write_images, opened):
    for name in ("ant", "bee"):
        root = write_images(name, 20)
    for index in range(6):
        # Other bytes, equal pixels: a trailing byte after the end of the PNG.
        content = (root / "ant" / f"{index}.png").read_bytes()
        (root / "ant" / f"copy{index}.png").write_bytes(content + b"\0")
    source = opened(root)
    split_of = dict(zip(source.items, source.split.tolist(), strict=True))
    for index in range(6):
        assert split_of[f"ant/{index}.png"] == split_of[f"ant/copy{index}.png"]
    assert source.warnings == ()


def test_equal_pixels_in_given_splits_are_warned_of(write_images, opened):
    for part in ("train", "val", "test"):
        for name in ("ant", "bee"):
            root = write_images(f"{part}/{name}", 7)
    for target in ("val/bee/9.png", "test/bee/8.png", "test/bee/9.png"):
        content = (root / "train" / "bee" / "3.png").read_bytes()
        (root / target).write_bytes(content + b"\0")
    assert opened(root).warnings == (
        "validation images that are pixel for pixel among the train images too: 1 of 15",
        "test images that are pixel for pixel among the train or validation images too: 2 of 16",
    )


def test_the_content_hash_depends_on_names_bytes_labels_and_splits(write_images, opened):
    for name in ("ant", "bee"):
        root = write_images(name, 8)
    seen = {opened(root).content_hash}
    assert {opened(root, image_size=9).content_hash} == seen
    (root / "ant" / "0.png").rename(root / "ant" / "new.png")
    seen.add(opened(root).content_hash)
    (root / "ant" / "new.png").rename(root / "bee" / "new.png")
    seen.add(opened(root).content_hash)
    (root / "bee" / "new.png").write_bytes((root / "bee" / "new.png").read_bytes() + b"\0")
    seen.add(opened(root).content_hash)
    (root / "bee").rename(root / "cat")
    seen.add(opened(root).content_hash)
    assert len(seen) == 5

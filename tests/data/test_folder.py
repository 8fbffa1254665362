"""Folders: layouts, classes in natural order, and what is said about the rest."""

import os

import numpy as np
import pytest

from whatwhere.data.sources.folder import list_folder
from whatwhere.errors import DataError


def test_a_folder_per_class(write_images):
    for name, count in (("class10", 2), ("class2", 3), ("Zoo", 1), ("1", 1)):
        root = write_images(name, count)
    listing = list_folder(root)
    assert listing.class_names == ("1", "Zoo", "class2", "class10")
    assert listing.items == (
        "1/0.png",
        "Zoo/0.png",
        "class10/0.png",
        "class10/1.png",
        "class2/0.png",
        "class2/1.png",
        "class2/2.png",
    )
    assert listing.labels.tolist() == [0, 1, 3, 3, 2, 2, 2]
    assert listing.split.tolist() == [-1] * 7
    assert listing.paths[0] == os.fsencode(root / "1" / "0.png")


def test_deeper_folders_belong_to_their_class(write_images):
    write_images("ant/2023/june", 1)
    root = write_images("bee", 1)
    listing = list_folder(root)
    assert listing.items == ("ant/2023/june/0.png", "bee/0.png")
    assert listing.class_names == ("ant", "bee")


@pytest.mark.parametrize("validation", ["val", "valid", "Validation"])
def test_split_folders(write_images, validation):
    for part in ("train", validation, "test"):
        for name in ("ant", "bee"):
            root = write_images(f"{part}/{name}", 1)
    listing = list_folder(root)
    part_of = dict(zip(listing.items, listing.split.tolist(), strict=True))
    assert part_of["train/ant/0.png"] == 0
    assert part_of[f"{validation}/ant/0.png"] == 1
    assert part_of["test/bee/0.png"] == 2
    assert listing.class_names == ("ant", "bee")
    assert listing.warnings == ()


def test_validation_becomes_the_test_split_when_there_is_none(write_images, opened):
    for name in ("ant", "bee"):
        write_images(f"train/{name}", 20)
        root = write_images(f"val/{name}", 5)
    source = opened(root)
    assert [len(source.indices(part)) for part in ("train", "validation", "test")] == [34, 6, 10]
    assert all(source.items[index].startswith("val/") for index in source.indices("test"))
    (warning,) = source.warnings
    assert "no test split is given: the validation images are the test split" in warning


def test_a_test_folder_without_labels_is_not_taken_for_a_class(write_images):
    write_images("train/ant", 1)
    write_images("train/bee", 1)
    root = write_images("test", 3)
    with pytest.raises(DataError, match=r"mixes split folders with others \(test, train\)"):
        list_folder(root)


def test_two_validation_folders_are_refused(write_images):
    for part in ("train", "val", "valid"):
        root = write_images(f"{part}/ant", 1)
    with pytest.raises(DataError, match="mixes split folders"):
        list_folder(root)


def test_classes_may_be_called_train_and_test(write_images):
    write_images("train", 1)
    root = write_images("bus", 1)
    assert list_folder(root).class_names == ("bus", "train")


@pytest.mark.parametrize("wrapper", ["EuroSAT", "EuroSAT/EuroSAT"])
def test_a_single_folder_around_the_classes_is_stepped_into(write_images, wrapper):
    write_images(f"{wrapper}/ant", 1)
    root = write_images(f"{wrapper}/bee", 1)
    listing = list_folder(root)
    assert listing.class_names == ("ant", "bee")
    assert listing.items == (f"{wrapper}/ant/0.png", f"{wrapper}/bee/0.png")
    assert listing.notes == (f"the class folders lie in {wrapper}/",)


def test_a_single_folder_around_split_folders_is_stepped_into(write_images):
    write_images("set/train/ant", 1)
    root = write_images("set/test/ant", 1)
    listing = list_folder(root)
    assert listing.split.tolist() == [2, 0]
    assert listing.class_names == ("ant",)


def test_a_single_class_is_not_stepped_into(write_images):
    write_images("ant", 2)
    root = write_images("ant/more", 2)
    assert list_folder(root).class_names == ("ant",)


def test_images_outside_the_classes_are_named(write_images):
    write_images("ant", 1)
    root = write_images("", 2)
    listing = list_folder(root)
    assert listing.items == ("ant/0.png",)
    assert listing.warnings == ("images outside the class folders, left out: 2 (0.png, 1.png)",)


def test_no_images_at_all(tmp_path):
    (tmp_path / "ant").mkdir()
    with pytest.raises(
        DataError, match=r"no images lie in class folders of .*; expected a folder per"
    ):
        list_folder(tmp_path)


def test_only_loose_images(write_images, opened):
    with pytest.raises(
        DataError, match=r"no images lie in class folders of .*; expected a folder per"
    ):
        opened(write_images("", 3))


def test_the_order_of_the_directory_has_no_influence(write_images, opened, monkeypatch):
    for name in ("ant", "bee", "owl"):
        root = write_images(name, 13)
    source = opened(root)
    scandir = os.scandir

    class Backwards:
        def __init__(self, path):
            with scandir(path) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *args):
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    again = opened(root)
    assert source.items == again.items
    np.testing.assert_array_equal(source.split, again.split)


def test_name_and_title_come_from_the_folder(write_images, opened):
    for name in ("ant", "bee"):
        root = write_images(name, 6)
    renamed = root.rename(root.parent / "My Bügs (2024)")
    source = opened(renamed)
    assert (source.name, source.title) == ("my-bugs-2024", "My Bügs (2024)")


def test_class_folders_that_hold_folders_only_are_doubted(write_images):
    write_images("EuroSAT/Forest", 2)
    root = write_images("Caltech/watch", 2)
    (warning,) = list_folder(root).warnings
    assert "all images lie in folders within the class folders" in warning
    assert "EuroSAT/Forest" in warning

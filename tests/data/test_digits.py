"""The bundled digits, plain and cluttered, checked against scikit-learn's own arrays."""

import hashlib

import numpy as np
import pytest
from sklearn.datasets import load_digits as bundled

import whatwhere.data.sources.digits
from whatwhere.data.sources.digits import load_cluttered_digits, load_digits


def test_values_are_those_of_scikit_learn_scaled_to_255():
    images, labels, _ = load_digits()
    scans = bundled()
    assert images.shape == (1797, 8, 8, 1)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(labels, scans.target)
    # 0, 1, 8 and 16 of 16 by hand: 0, 15.9, 127.5, 255; np.round sends a half to the even number.
    for value, expected in ((0, 0), (1, 16), (8, 128), (16, 255)):
        assert set(images[..., 0][scans.images == value].tolist()) == {expected}


def test_split_sizes_and_stratification():
    _, labels, split = load_digits()
    assert np.bincount(split).tolist() == [1000, 197, 600]
    # scikit-learn documents 178, 182, 177, 183, 181, 182, 181, 179, 174, 180 scans per class.
    counts = np.array([178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    for part, total in enumerate((1000, 197, 600)):
        share = np.bincount(labels[split == part])
        assert np.abs(share - counts * total / 1797).max() < 1


def test_splits_and_clutter_never_change():
    _, _, split = load_digits()
    images, _, _ = load_cluttered_digits()
    assert hashlib.sha256(split.tobytes()).hexdigest()[:16] == "f233daa018767393"
    assert hashlib.sha256(images.tobytes()).hexdigest()[:16] == "a359faceb048fb47"


def test_cluttered_digits_keep_the_whole_digit():
    scans, _, split = load_digits()
    images, _, cluttered_split = load_cluttered_digits()
    assert images.shape == (1797, 12, 12, 1)
    np.testing.assert_array_equal(split, cluttered_split)
    for index in range(0, 1797, 13):
        windows = np.lib.stride_tricks.sliding_window_view(images[index, ..., 0], (8, 8))
        at_least = (windows >= scans[index, ..., 0]).all(axis=(2, 3))
        assert at_least.any(), index


def test_clutter_is_one_digit_and_three_fragments_of_other_classes_of_the_same_split(monkeypatch):
    _, labels, split = load_digits()
    # Each scan is painted all over with its own number, so that every piece tells its origin.
    painted = np.arange(1, 1798)[:, None, None, None] * np.ones((1, 8, 8, 1), np.int64)
    monkeypatch.setattr(
        whatwhere.data.sources.digits, "load_digits", lambda: (painted, labels, split)
    )
    pasted = []
    monkeypatch.setattr(
        whatwhere.data.sources.digits, "_paste", lambda canvas, piece, rng: pasted.append(piece)
    )
    load_cluttered_digits()
    assert len(pasted) == 4 * 1797
    for index in range(1797):
        digit, *fragments = pasted[4 * index : 4 * index + 4]
        assert digit.shape == (8, 8, 1)
        assert (digit == index + 1).all()
        strangers = [int(fragment[0, 0, 0]) - 1 for fragment in fragments]
        assert len(set(strangers)) == 3
        assert all(fragment.shape == (4, 4, 1) for fragment in fragments)
        assert all(split[stranger] == split[index] for stranger in strangers)
        assert all(labels[stranger] != labels[index] for stranger in strangers)


def test_clutter_reaches_every_place_and_is_drawn_again_equally():
    images, _, _ = load_cluttered_digits()
    again, _, _ = load_cluttered_digits()
    np.testing.assert_array_equal(images, again)
    assert (images.max(axis=0) > 0).all()


@pytest.mark.parametrize(("name", "size"), [("digits", 8), ("cluttered-digits", 12)])
def test_opened_by_name(opened, name, size):
    source = opened(name, largest_size=32)
    assert (source.name, source.image_size, source.margin) == (name, size, 0)
    assert source.class_names == tuple("0123456789")
    assert not source.allow_flip
    assert source.items[0] == f"{('train', 'validation', 'test')[source.split[0]]}/0"
    assert len(source.indices("test")) == 600
    assert source.licence == "CC BY 4.0"

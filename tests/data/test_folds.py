"""Folds: every image tested once, classes shared out evenly, groups whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatwhere.data import open_source
from whatwhere.data.splitting.folds import draw_folds, splits_of_folds
from whatwhere.data.splitting.near import NearDuplicates
from whatwhere.errors import DataError, UsageError


def alone(labels):
    return np.arange(len(labels))


def test_classes_are_dealt_out_evenly():
    labels = np.repeat([0, 1, 2], [50, 23, 7])
    folds = draw_folds(labels, alone(labels), num_folds=5)
    table = np.stack([np.bincount(labels[folds == fold], minlength=3) for fold in range(5)])
    assert table[:, 0].tolist() == [10] * 5
    assert sorted(table[:, 1].tolist()) == [4, 4, 5, 5, 5]
    assert sorted(table[:, 2].tolist()) == [1, 1, 1, 2, 2]
    # The remainders of one class go where the other classes left fewer images.
    assert table.sum(axis=1).tolist() == [16] * 5
    assert folds.tolist() == draw_folds(labels, alone(labels), num_folds=5).tolist()


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_groups_stay_whole_and_folds_stay_even(data):
    num_folds = data.draw(st.integers(2, 5))
    sizes = data.draw(st.lists(st.integers(1, 6), min_size=40, max_size=60))
    groups = np.repeat(np.arange(len(sizes)), sizes)
    labels = groups % 2
    folds = draw_folds(labels, groups, num_folds=num_folds)
    assert set(folds.tolist()) == set(range(num_folds))
    assert all(len(set(folds[groups == group].tolist())) == 1 for group in np.unique(groups))
    counts = np.bincount(folds)
    assert counts.max() - counts.min() <= 12  # twice the largest group: one per class


def test_each_fold_is_the_test_once_and_validation_comes_from_the_rest():
    labels = np.repeat([0, 1], [61, 29])
    groups = alone(labels) // 2
    splits = splits_of_folds(labels, groups, num_folds=5, validation_fraction=0.15)
    assert splits.shape == (5, 90)
    assert ((splits == 2).sum(axis=0) == 1).all()
    for split in splits:
        validation = np.bincount(labels[split == 1])
        # 15 % of the 72 images outside the fold are 11: 7 and 4 by largest remainder, in pairs.
        assert abs(validation.sum() - 11) <= 1
        for part in range(3):
            outside = groups[split != part]
            assert not np.isin(groups[split == part], outside).any()


def test_what_cannot_be_folded_is_refused():
    labels = np.repeat([0, 1], [20, 4])
    with pytest.raises(DataError, match=r"class '1' has 4 images, and 5 folds need .*--folds 4 at"):
        draw_folds(labels, alone(labels), num_folds=5)
    groups = np.r_[np.arange(20), 20, 20, 21, 21]
    with pytest.raises(
        DataError, match=r"class 'owl' has 4 images in 2 groups, .*--folds 2 at most"
    ):
        draw_folds(labels, groups, num_folds=3, class_names=("ant", "owl"))
    with pytest.raises(UsageError, match=r"^validation_fraction 1.0 must be above 0"):
        splits_of_folds(labels, alone(labels), num_folds=2, validation_fraction=1.0)
    assert splits_of_folds(labels, alone(labels), num_folds=2, validation_fraction=0.5).shape == (
        2,
        24,
    )
    with pytest.raises(UsageError, match="folds=21: expected 2 to 20"):
        draw_folds(labels, alone(labels), num_folds=21)


def test_given_splits_are_set_aside_and_copies_stay_together(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 19, 19), np.uint8)
    images[40:44] = images[0:4]  # copies across the given splits
    names = np.array(["train", "val", "test"])[np.repeat([0, 1, 2], [40, 10, 10])]
    parts = {}
    for name in ("train", "val", "test"):
        parts[f"{name}_images"] = images[names == name]
        parts[f"{name}_labels"] = (np.arange(60)[names == name] % 2)[:, None]
    np.savez(tmp_path / "sixty.npz", **parts)
    options = {"image_size": None, "largest_size": 32, "margin": False, "cache_folder": tmp_path}
    source = open_source(tmp_path / "sixty.npz", num_folds=3, **options)
    assert source.num_folds == 3
    assert "the given splits are set aside: all images go into 3 folds" in source.notes
    assert len(source.leaked) == 0
    assert ((source.splits == 2).sum(axis=0) == 1).all()
    copies = [(source.splits[:, 40 + i] == source.splits[:, i]).all() for i in range(4)]
    assert copies == [True] * 4
    assert (source.on_fold(1).split == source.splits[1]).all()
    assert (source.split == source.splits[0]).all()
    plain = open_source(tmp_path / "sixty.npz", **options)
    assert (plain.num_folds, len(plain.leaked)) == (1, 0)
    assert plain.on_fold(0) is plain


def test_near_duplicates_of_all_folds_are_told_together():
    first = NearDuplicates(10, 3, 1, ((4, 9, 5), (1, 2, 7)))
    second = NearDuplicates(11, 2, 0, ((30, 1, 2),))
    joined = NearDuplicates.joined([first, second])
    assert (joined.num_test, joined.num_near, joined.num_other_class) == (21, 5, 1)
    assert joined.pairs == ((30, 1, 2), (4, 9, 5), (1, 2, 7))

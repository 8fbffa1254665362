"""Splits: shares by hand, groups kept whole, subsets nested."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatwhere.data.splitting.checks import refuse_cut_groups, settle_splits
from whatwhere.data.splitting.split import (
    apportion,
    complete_splits,
    draw,
    fingerprint,
    merge_groups,
    nested_subset,
)
from whatwhere.errors import DataError, UsageError

FRACTIONS = {"validation_fraction": 0.15, "test_fraction": 0.15}


def unassigned(count: int) -> np.ndarray:
    return np.full(count, -1, np.int8)


def test_apportion_by_hand():
    # 7 seats for 53, 24, 23 votes: 3.71, 1.68, 1.61 -> 3, 1, 1 and the two largest remainders.
    assert apportion(np.array([53, 24, 23]), 7).tolist() == [4, 2, 1]
    assert apportion(np.array([5, 0, 5]), 3).tolist() == [2, 0, 1]


@given(st.lists(st.integers(0, 500), min_size=1, max_size=13), st.floats(0, 1))
def test_apportion_sums_up_and_stays_within_one(counts, share):
    counts = np.array([*counts, 1])
    total = int(share * counts.sum())
    shares = apportion(counts, total)
    assert shares.sum() == total
    assert (shares <= counts).all()
    assert np.abs(shares - counts * total / counts.sum()).max() < 1


def test_draw_takes_that_many_of_each_class():
    labels = np.array([0, 1, 1, 0, 2, 1, 0, 0])
    chosen = draw(labels, np.array([3, 2, 0]), key=("test",))
    assert np.bincount(labels[chosen], minlength=3).tolist() == [3, 2, 0]
    assert (np.diff(chosen) > 0).all()
    assert chosen.tolist() == draw(labels, np.array([3, 2, 0]), key=("test",)).tolist()


def test_three_splits_are_stratified():
    labels = np.repeat([0, 1, 2], [200, 100, 60])
    split = complete_splits(labels, unassigned(360), None, **FRACTIONS)
    counts = [np.bincount(labels[split == part]).tolist() for part in range(3)]
    assert counts == [[140, 70, 42], [30, 15, 9], [30, 15, 9]]


def test_every_class_reaches_every_split():
    labels = np.repeat([0, 1], [1000, 6])
    split = complete_splits(
        labels, unassigned(1006), None, validation_fraction=0.05, test_fraction=0.05
    )
    assert [int((labels[split == part] == 1).sum()) for part in range(3)] == [4, 1, 1]


def test_validation_is_drawn_from_training_and_the_test_split_stays():
    labels = np.tile([0, 1], 50)
    given_split = np.where(np.arange(100) < 60, 0, 2).astype(np.int8)
    split = complete_splits(labels, given_split, None, **FRACTIONS)
    assert (split[60:] == 2).all()
    assert np.bincount(split[:60]).tolist() == [51, 9]


def test_complete_splits_are_kept():
    split = np.array([0, 1, 2, 0, 1, 2], np.int8)
    completed = complete_splits(np.array([0, 0, 0, 1, 1, 1]), split, None, **FRACTIONS)
    np.testing.assert_array_equal(completed, split)


def test_half_given_splits_are_refused():
    with pytest.raises(DataError, match="incomplete"):
        complete_splits(np.array([0, 1]), np.array([0, -1], np.int8), None, **FRACTIONS)


@pytest.mark.parametrize(("validation", "test"), [(0, 0.2), (0.2, 0), (0.5, 0.5), (0.9, 0.3)])
def test_fractions_must_leave_something(validation, test):
    with pytest.raises(UsageError, match="leave something to train on"):
        complete_splits(
            np.array([0, 1]),
            unassigned(2),
            None,
            validation_fraction=validation,
            test_fraction=test,
        )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_groups_never_straddle_and_sizes_come_close(seed):
    rng = np.random.default_rng(seed)
    labels, groups = rng.integers(0, 3, 300), rng.integers(0, 61, 300)
    split = complete_splits(labels, unassigned(300), groups, **FRACTIONS)
    for group in np.unique(groups):
        assert len(np.unique(split[groups == group])) == 1
    assert np.abs(np.bincount(split) - [210, 45, 45]).max() <= 8
    for part in range(3):
        assert (np.bincount(labels[split == part], minlength=3) > 0).all()


def test_three_groups_of_a_class_go_to_three_splits():
    labels, groups = np.repeat([0, 1], 30), np.repeat(np.arange(6), 10)
    split = complete_splits(labels, unassigned(60), groups, **FRACTIONS)
    for label in (0, 1):
        assert set(split[labels == label].tolist()) == {0, 1, 2}


def test_merged_groups_join_chains():
    patients = np.array([0, 0, 1, 1, 2, 3])
    twins = np.array([0, 1, 1, 2, 3, 4])
    merged = merge_groups(patients, twins)
    assert len(set(merged[:4].tolist())) == 1
    assert len(set(merged[[0, 4, 5]].tolist())) == 3


def test_cut_groups_are_refused_with_two_names():
    split, groups = np.array([0, 0, 2, 2], np.int8), np.array([5, 7, 7, 9])
    with pytest.raises(DataError, match=r"1 groups straddle.*'b' is in train and 'c' .* in test"):
        refuse_cut_groups(split, groups, ("a", "b", "c", "d"))
    refuse_cut_groups(split, np.array([5, 5, 7, 7]), ("a", "b", "c", "d"))


def test_settling_given_splits():
    train, validation, test = 0, 1, 2
    for split in ([-1, -1], [train, test], [train, validation, test]):
        assert settle_splits(np.array(split, np.int8))[0].tolist() == split
    settled, (warning,) = settle_splits(np.array([train, validation], np.int8))
    assert settled.tolist() == [train, test]
    assert "the validation images are the test split" in warning
    settled, (warning,) = settle_splits(np.array([test, test], np.int8))
    assert settled.tolist() == [-1, -1]
    assert "only a test split is given" in warning
    with pytest.raises(DataError, match=r"incomplete \(validation: 1, test: 2\)"):
        settle_splits(np.array([validation, test, test], np.int8))


def test_subsets_are_nested_and_stratified():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    order = nested_subset(labels, 100)
    assert sorted(order.tolist()) == list(range(100))
    for size in (3, 4, 17, 50, 99):
        subset = nested_subset(labels, size)
        assert subset.tolist() == order[:size].tolist()
        counts = np.bincount(labels[subset], minlength=3)
        assert (counts > 0).all()
        assert np.abs(counts - size * np.array([0.6, 0.3, 0.1])).max() <= 1.5


@pytest.mark.parametrize("size", [2, 101])
def test_impossible_subsets_are_refused(size):
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    with pytest.raises(UsageError, match=rf"{size} images .* from 3 .* to 100"):
        nested_subset(labels, size)


def test_fingerprint_sees_who_is_where_and_not_the_order():
    split, items = np.array([0, 1, 2], np.int8), ("a", "b", "c")
    # From the command line: printf 'a\ttrain\nb\tvalidation\nc\ttest\n' | sha256sum
    expected = "fda45f297bfd313b1223121cb5778cc016f29faf69bc000b872610b92920851a"
    assert fingerprint(split, items) == expected
    assert fingerprint(split, items) == fingerprint(split[::-1], items[::-1])
    assert fingerprint(split, items) != fingerprint(split[::-1], items)

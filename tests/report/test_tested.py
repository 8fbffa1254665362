"""The folds of a seed as one outcome: the worst state, sums, and curves that fit together."""

import numpy as np
import pytest

from whatwhere.errors import MismatchError
from whatwhere.records import Trial
from whatwhere.records.trial import TrialKey, write_trial
from whatwhere.report.cells.tested import (
    Answered,
    SharedImages,
    by_seed,
    joined_curve,
    joined_record,
)


def trial(tmp_path, fold, *, seed=0, state="finished", epochs=3, **record):
    key = TrialKey("d", 10, "se", seed, fold)
    folder = tmp_path / key.text
    lines = ["step,validation_accuracy", *(f"{n},{0.1 * n + 0.2 * fold}" for n in range(epochs))]
    write_trial(
        folder,
        {
            "key": "k",
            "dataset": "d",
            "size": 10,
            "design": {"name": "se", "number": 1},
            "seed": seed,
            "fold": fold,
            "state": state,
            "seconds": 2.0 + fold,
            "flags": [],
            "rising": False,
            "learned_shares": {"block": 0.5 + fold},
            **record,
        },
        {"curve.csv": "\n".join(lines).encode()},
    )
    return Trial.read(folder)


def test_the_worst_fold_speaks_for_the_seed(tmp_path):
    folds = [
        trial(tmp_path, 0, flags=["collapsed"]),
        trial(tmp_path, 1, state="diverged", reason="the loss became non-finite", rising=True),
        trial(tmp_path, 2),
    ]
    record = joined_record(folds)
    assert (record["state"], record["reason"]) == ("diverged", "the loss became non-finite")
    assert (record["seconds"], record["flags"], record["rising"]) == (9.0, ["collapsed"], False)
    assert record["learned_shares"] == {"0/block": 0.5, "1/block": 1.5, "2/block": 2.5}
    rising = [trial(tmp_path, fold, seed=3, rising=fold > 0) for fold in range(3)]
    assert joined_record(rising)["rising"]
    failed = trial(tmp_path, 1, state="failed", reason="out of memory")
    assert joined_record([folds[1], failed])["state"] == "failed"


def test_a_seed_counts_with_all_its_folds_or_with_what_went_wrong(tmp_path):
    whole = [trial(tmp_path, fold) for fold in range(3)]
    part = [trial(tmp_path, fold, seed=1) for fold in range(2)]
    wrong = [trial(tmp_path, 0, seed=2), trial(tmp_path, 1, seed=2, state="failed", reason="x")]
    assert by_seed([*whole, *part, *wrong], num_folds=3) == [whole, wrong]


def test_a_curve_is_the_mean_of_the_folds_that_got_furthest(tmp_path):
    folds = [trial(tmp_path, 0), trial(tmp_path, 1, epochs=1, state="diverged"), trial(tmp_path, 2)]
    curve = joined_curve(folds)
    assert curve["step"].tolist() == [0.0, 1.0, 2.0]
    assert curve["validation_accuracy"] == pytest.approx([0.2, 0.3, 0.4])


def test_seeds_tested_on_other_images_or_groups_are_refused(tmp_path):
    def tested(index, group):
        logit = np.zeros((3, 2))
        return Answered(logit, np.zeros(3, int), np.array(index), np.zeros(3, int), group)

    shared = SharedImages()
    first = trial(tmp_path, 0)
    shared.check(first, tested([0, 1, 2], np.array([0, 0, 1])))
    shared.check(first, tested([0, 1, 2], np.array([0, 0, 1])))
    for index, group in (([0, 1, 3], np.array([0, 0, 1])), ([0, 1, 2], None)):
        with pytest.raises(MismatchError, match="was tested on other images"):
            shared.check(first, tested(index, group))
    assert shared.group.tolist() == [0, 0, 1]

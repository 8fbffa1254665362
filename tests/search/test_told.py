"""What is said of a search: no more than fresh seeds show, and how lucky a maximum is."""

import numpy as np
import pytest

from whatwhere.report.search.told import FreshRow, best_trial, tell
from whatwhere.report.search.written import facts_shown, top_trials, write_search

DEFAULT = "default, not tuned"


def trial(number, accuracy, *, parameters=1000, outcome="finished"):
    return {
        "number": number,
        "name": f"trial {number}",
        "outcome": outcome,
        "accuracy": accuracy,
        "parameters": parameters,
        "reason": "",
        "seen": {"1": 0.3, "2": 0.2},
        "seconds": 2.0,
        "values": {"width": "<b>16</b>"},
        "texts": {"design": "none"},
        "command": "whatwhere compare digits",
        "is_default": False,
    }


def facts(trials, **more):
    known = {
        "space": {
            "name": "tiny",
            "title": "t",
            "source": "",
            "parameters": {"width": {"values": "8, 16", "default": "8"}},
        },
        "objective": "accuracy",
        "max_parameters": None,
        "num_wanted": len(trials),
        "data": {
            "title": "Digits",
            "num_train": 10,
            "num_validation": 10,
            "num_test": 10,
            "num_classes": 2,
            "content_hash": "ab" * 32,
            "warnings": [],
        },
        "protocol": "quick",
        "steps": 3,
        "whole_steps": 0,
        "precision": "fp32",
        "trials": trials,
        "front": [1],
        "importance": {},
        "command": "whatwhere search digits",
        "dashboard": "optuna-dashboard sqlite:///x",
        "default": DEFAULT,
    }
    return known | more


def row(label, shares, *, validation=0.7, num_images=400):
    """A row whose runs have given shares of right answers, independent of other rows."""
    rng = np.random.default_rng(len(label))
    drawn = [rng.permutation(num_images) < share * num_images for share in shares]
    values = np.stack(drawn) if drawn else np.empty((0, 0))
    return FreshRow(
        label=label,
        seeds=tuple(range(len(shares))),
        values=values.astype(float),
        validation=validation if shares else None,
        parameters=1000,
        macs=5000,
        page="fresh/x/report.html",
        label_of_images=np.zeros(num_images),
    )


def told_of(trials, fresh=(), failures=(), **more):
    return tell(
        facts(trials, **more), fresh, failures=failures, environment={}, when="2026-01-02T03:04:05"
    )


TRIALS = [trial(0, 0.61), trial(1, 0.83), trial(2, None, outcome="pruned"), trial(3, 0.8)]


def test_the_best_of_equals_is_the_smallest_then_the_first():
    equal = [trial(0, 0.5, parameters=9), trial(1, 0.5, parameters=7), trial(2, 0.5, parameters=7)]
    assert best_trial(equal)["number"] == 1
    assert best_trial([trial(0, None, outcome="failed")]) is None


@pytest.mark.parametrize(
    ("default", "winner", "verdict"),
    [
        ([0.60, 0.61, 0.60, 0.61], [0.80, 0.81, 0.80, 0.81], "better"),
        ([0.80, 0.81, 0.80, 0.81], [0.60, 0.61, 0.60, 0.61], "worse"),
        ([0.70, 0.71, 0.70, 0.71], [0.70, 0.72, 0.71, 0.70], "no difference is shown"),
        ([0.60, 0.61], [0.80, 0.81], "with so few runs nothing is claimed"),
    ],
)
def test_the_headline_claims_what_the_interval_allows(default, winner, verdict):
    told = told_of(TRIALS, [row(DEFAULT, default), row("trial 1", winner)])
    assert told["headline"].startswith("Trial 1, the best on validation, has ")
    assert told["headline"].endswith(f"{verdict}.")
    assert f"{len(winner)} fresh seeds" in told["headline"]
    assert told["fresh"][1]["difference"] == pytest.approx(
        np.mean(winner) - np.mean(default), abs=0.01
    )


def test_the_maximum_of_a_search_is_called_optimistic_beside_its_fresh_score():
    told = told_of(TRIALS, [row(DEFAULT, [0.6] * 3), row("trial 1", [0.75] * 3, validation=0.789)])
    curse = told["sentences"][1]
    assert "Trial 1 had 83.0 % on validation, the highest of 3 that finished." in curse
    assert "that figure is optimistic" in curse
    assert "With 3 fresh seeds it has 78.9 % on the same validation images (−4.1 points)" in curse
    assert "75.0 % on test images, which is the figure to quote" in curse
    assert told["fresh"][1]["search_validation"] == 0.83


def test_without_fresh_runs_less_is_to_be_expected():
    told = told_of(TRIALS)
    assert told["headline"].endswith("83.0 %; it was not run again, so expect less.")
    assert told["sentences"][1].endswith("What it has with fresh seeds was not measured.")


def test_where_the_default_wins_it_is_not_compared_with_itself():
    won = [trial(0, 0.9) | {"is_default": True}, trial(1, 0.8)]
    told = told_of(won, [row(DEFAULT, [0.75] * 3, validation=0.85)])
    assert told["headline"] == (
        "The search found nothing better on validation than the default without tuning, which has"
        " 75.0 % on test images with 3 fresh seeds."
    )
    assert "With 3 fresh seeds it has 85.0 % on the same" in told["sentences"][1]


def test_shortened_unfinished_and_failed_are_marked():
    failed = [*TRIALS, trial(4, None, outcome="failed") | {"reason": "out of memory"}]
    told = told_of(failed, whole_steps=300, num_wanted=9, failures=["default/x: diverged"])
    assert told["status"] == "shortened: 3 of 300 steps; 5 of 9 trials so far"
    assert told["failures"] == ["trial 4: out of memory", "default/x: diverged"]
    assert "3 finished, 1 were stopped early, 1 failed" in told["sentences"][0]


def test_a_row_without_a_finished_run_has_no_score():
    told = told_of(TRIALS, [row(DEFAULT, [0.6] * 3), row("trial 1", [])])
    assert told["fresh"][1]["test"] is None
    assert "was not run again" in told["headline"]


def test_the_page_escapes_and_shows_the_best_first(tmp_path):
    many = [trial(number, number / 100) for number in range(30)]
    told = told_of([*many, trial(30, None, outcome="rejected")], [row(DEFAULT, [0.6] * 3)])
    assert [t["number"] for t in top_trials(told)] == list(range(29, 9, -1))
    page = write_search(tmp_path, told).read_text()
    assert "&lt;b&gt;16&lt;/b&gt;" in page
    assert "<b>16" not in page
    assert "The best 20 are shown; all 31 proposals" in page
    assert "<script" not in page
    assert dict(facts_shown(told))["protocol"] == "quick, 3 steps, fp32"

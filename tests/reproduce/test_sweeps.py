"""Sweeps on planted records: a best value, or a loss, is claimed only where it is shown."""

import pytest

from tests.reproduce.planted import point, right, scored, setting
from whatwhere.report.figures.sweep import Swept, draw_sweep
from whatwhere.report.reproduction.sweeps import sweep_results
from whatwhere.report.reproduction.told import tell
from whatwhere.settings import Row, Sweep

HEADS = Sweep("network", "number of heads", (2, 4, 8), 8, "best")
NOISE = Sweep("test-noise", "noise", (0, 0.05, 0.1), 0, "loss")


def heads(shares, *, seeds=5, spread=0.002, **more):
    found = setting("net", rows=(Row("net", "net(heads={value})"),), sweep=HEADS)
    points = [
        point(
            f"{value}",
            right(share, seeds=seeds, spread=spread),
            row="net",
            series="net",
            value=value,
            **more,
        )
        for value, share in zip(HEADS.values, shares, strict=True)
    ]
    return scored(found, *points)


def sentence(found):
    (result,) = sweep_results(found, scores=("accuracy",))
    return result.sentences


def test_no_best_value_is_claimed_where_the_paired_comparison_leaves_several():
    (text,) = sentence(heads((0.80, 0.8005, 0.801)))
    assert text.startswith("No best number of heads can be claimed on top-1 accuracy:")
    assert "8, 4, 2 may each be best" in text
    assert "8 has the highest mean" in text
    assert "could only have seen differences above" in text


def test_equal_means_share_the_first_place():
    (text,) = sentence(heads((0.80, 0.85, 0.85), seeds=2))
    assert text.endswith("4, 8 share the highest mean top-1 accuracy.")


def test_a_best_value_is_claimed_where_it_is_shown():
    (text,) = sentence(heads((0.80, 0.80, 0.85)))
    assert text.startswith("8 has the best top-1 accuracy of the 3 values, by at least 3.")


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_runs_claim_nothing(seeds):
    (text,) = sentence(heads((0.60, 0.70, 0.85), seeds=seeds))
    assert text.startswith(f"Screening only ({seeds} run")
    assert "nothing is claimed about the best number of heads; 8 has the highest mean" in text


def test_a_shortened_sweep_says_so():
    assert sentence(heads((0.8, 0.8, 0.9), steps=20))[0] == (
        "Shortened: 20 of 400 steps, not comparable: this shows that the sweep runs, not what it"
        " would find."
    )


def noise(shares, **more):
    found = setting("net", sweep=NOISE)
    points = [
        point(f"{value:g}", right(share, spread=0.002), row="net", series="net", value=value)
        for value, share in zip(NOISE.values, shares, strict=True)
    ]
    return scored(found, *points, **more)


def test_a_loss_is_told_with_its_interval_and_where_it_begins():
    (text,) = sentence(noise((0.80, 0.80, 0.70)))
    assert text.startswith("net: top-1 accuracy goes from 80.0 % (noise 0) to 70.0 % (0.1): −1")
    assert text.endswith("corrected for 2 comparisons, a loss is shown from 0.1 on.")


def test_no_loss_is_no_claim():
    (text,) = sentence(noise((0.80, 0.80, 0.799)))
    assert text.endswith("no loss is shown.")


def test_several_scores_are_several_looks():
    shares = (0.80, 0.80, 0.85)
    found = setting("net", rows=(Row("net", "net(heads={value})"),), sweep=HEADS)
    points = [
        point(
            f"{value}",
            {name: right(share, spread=0.002) for name in ("accuracy", "recall", "auc")},
            row="net",
            series="net",
            value=value,
        )
        for value, share in zip(HEADS.values, shares, strict=True)
    ]
    results = sweep_results(scored(found, *points), scores=("accuracy", "recall", "auc"))
    for result in results:
        (text,) = result.sentences
        assert text.endswith("This is one of 3 scores looked at; for that it is not corrected.")
    (alone,) = sweep_results(scored(found, *points), scores=("accuracy",))
    assert "looked at" not in alone.sentences[0]


def test_the_headline_tells_every_series():
    labels = ("a", "b")
    found = setting(*labels, sweep=NOISE)
    points = [
        point(
            f"{label} {value:g}", right(share, spread=0.002), row=label, series=label, value=value
        )
        for label, last in zip(labels, (0.70, 0.60), strict=True)
        for value, share in zip(NOISE.values, (0.80, 0.80, last), strict=True)
    ]
    said = tell(scored(found, *points), num_test=10_000, num_classes=10)["headline"]
    assert "a: top-1 accuracy goes from 80.0 % (noise 0) to 70.0 % (0.1)" in said
    assert "b: top-1 accuracy goes from 80.0 % (noise 0) to 60.0 % (0.1)" in said


def test_the_headline_of_a_shortened_sweep_says_only_that():
    found = heads((0.8, 0.8, 0.9), steps=20)
    said = tell(found, num_test=10_000, num_classes=10)["headline"]
    assert said.endswith("this shows that the sweep runs, not what it would find.")


def test_differences_are_paired_within_a_series():
    (result,) = sweep_results(noise((0.80, 0.79, 0.70)), scores=("accuracy",))
    first, middle, last = result.points
    assert (first.difference, first.difference_low, first.p_adjusted) == (0.0, None, 1.0)
    assert middle.difference == pytest.approx(-0.01)
    assert last.difference_low < -0.1 < last.difference_high < 0
    assert last.low < 0.70 < last.high


def test_a_sweep_is_told_and_drawn():
    told = tell(heads((0.80, 0.81, 0.82), steps=20), num_test=10_000, num_classes=10)
    (result,) = told["sweeps"]
    names = ("series", "value", "mean", "low", "high", "difference")
    ends = ("difference_low", "difference_high")
    drawing = draw_sweep(
        [Swept(**{name: p[name] for name in (*names, *ends)}) for p in result["points"]],
        name="s",
        axis=result["axis"],
        score=result["title"],
        reference=8,
        logarithmic=True,
        mark=told["status"],
    )
    assert drawing.startswith("<svg")
    for text in ("number of heads", "paired difference from 8", "shortened: 20 of 400 steps"):
        assert text in drawing

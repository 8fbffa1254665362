"""Figures: well-formed, without anything to fetch, readable labels."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from whatwhere.report.figures.classes import draw_class_counts, draw_confusion
from whatwhere.report.figures.costs import Priced, draw_costs
from whatwhere.report.figures.curves import Curve, draw_curves, merge_seeds
from whatwhere.report.figures.forest import Effect, draw_forest
from whatwhere.report.figures.gain import Gained, draw_gain, rank_correlation
from whatwhere.report.figures.labels import Box, place_labels, spread
from whatwhere.report.figures.style import family_styles


def _forest(label="csa", low=-0.01):
    return draw_forest(
        [Effect(label, "sequential", 0.0213, low, 0.05, True, True)],
        name="f",
        title="Difference in accuracy of each row from no attention",
        axis="points of accuracy more than no attention",
    )


def _texts(svg):
    return [node.text for node in ElementTree.fromstring(svg).iter("text")]


def test_a_forest_row_shows_its_numbers():
    texts = _texts(_forest())
    assert "+2.1" in texts
    assert "−1.0 to +5.0" in texts
    assert "csa" in texts


def test_svg_needs_nothing_from_outside_and_sets_no_global_style():
    svg = _forest()
    assert "http" not in svg
    assert "<style" not in svg
    assert "<metadata" not in svg


def test_the_same_data_gives_the_same_bytes():
    assert _forest() == _forest()
    assert _forest() != _forest(low=-0.02)


@pytest.mark.parametrize("name", ["$$", "x^$", "</text><script>", "a&b", "⟨U+001B⟩[31m", "日本"])
def test_names_that_look_like_something_else_are_printed_as_they_are(name):
    assert name in _texts(_forest(label=name))


def test_identifiers_belong_to_their_figure():
    identifiers = re.findall(r' id="([^"]*)"', _forest())
    assert identifiers
    assert all(identifier.startswith("f-") for identifier in identifiers)


def test_every_family_has_its_own_look_and_unknown_ones_too():
    styles = family_styles(["sequential", "mine", "yours", "mine"])
    assert styles["sequential"] == ("#0072b2", "o")
    assert len(set(styles.values())) == 3


def test_labels_do_not_cover_each_other_or_marks():
    rng = np.random.default_rng(3)
    points = [tuple(point) for point in rng.uniform(40, 260, (31, 2))]
    labels = [f"design {i}" for i in range(31)]
    frame = Box(0, 0, 300, 300)
    places = place_labels(points, labels, bold=[False] * 31, frame=frame, size=10, radius=4)
    boxes = []
    for place, label in zip(places, labels, strict=True):
        if place:
            width = 0.5 * 10 * len(label)
            left = {"left": place[0], "right": place[0] - width, "center": place[0] - width / 2}[
                place[2]
            ]
            boxes.append(Box(left, place[1] - 5, left + width, place[1] + 5))
    assert len(boxes) >= 15
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert not any(
        box.left < x < box.right and box.bottom < y < box.top for box in boxes for x, y in points
    )


def test_spread_keeps_order_and_distance():
    assert spread([5.0, 5.0, 50.0], gap=10, low=0, high=100) == [5.0, 15.0, 50.0]
    assert spread([99.0, 98.0], gap=10, low=0, high=100) == [100, 90]
    assert spread([1.0, 2.0, 3.0], gap=10, low=0, high=15) == [0, 10, 20]  # no room: order first


def test_rank_correlation_by_hand():
    # Ranks 0, 1.5, 1.5, 3 and 0, 1, 2, 3: covariance 4.5, variances 4.5 and 5.
    assert rank_correlation([1, 5, 5, 9], [2, 3, 4, 5]) == pytest.approx(4.5 / (4.5 * 5) ** 0.5)
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None
    assert rank_correlation([1, 2], [1, 2]) is None


def test_merging_seeds_of_different_lengths():
    step, mean, low, high = merge_seeds(
        [
            (np.array([10.0, 20.0]), np.array([0.2, 0.4])),
            (np.array([10.0, 30.0]), np.array([0.4, 0.8])),
        ]
    )
    assert step.tolist() == [10.0, 20.0]
    assert mean.tolist() == pytest.approx([0.3, 0.5])
    assert (low.tolist(), high.tolist()) == (pytest.approx([0.2, 0.4]), pytest.approx([0.4, 0.6]))


def test_curves_and_costs_give_one_figure_each():
    values = np.array([0.2, 0.5, 0.7])
    curves = [
        Curve(name, family, np.array([1.0, 2.0, 3.0]), values, values, values, True, False)
        for name, family in (("a", "sequential"), ("b", "residual"), ("c", "residual"))
    ]
    assert len(draw_curves(curves, name="c")) == 2
    designs = [Priced("a", "single", 0.8, {"macs": 10.0, "peak_bytes": None}, True, True)]
    figures = draw_costs(
        designs,
        name="k",
        metric="accuracy",
        half_width=0.03,
        panels=[("macs", "MACs", 1.0), ("peak_bytes", "MiB", 1.0)],
    )
    assert len(figures) == 1


def test_equal_and_extreme_values_are_drawn():
    designs = [Priced(str(i), "single", 1.0, {"macs": 0.0}, True, False) for i in range(3)]
    assert draw_costs(
        designs, name="k", metric="accuracy", half_width=None, panels=[("macs", "MACs", 1.0)]
    )
    assert draw_gain([Gained(str(i), "single", 0.5, 1.0, True) for i in range(3)], name="g")


@pytest.mark.parametrize("num_classes", [2, 20, 37])
def test_class_figures(num_classes):
    names = [f"name {i}" for i in range(num_classes)]
    counts = np.arange(num_classes**2).reshape(num_classes, num_classes)
    confusion = draw_confusion(counts, class_names=names, name="c")
    bars = draw_class_counts(list(range(num_classes)), class_names=names, name="b", what="images")
    assert (names[-1] in _texts(confusion)) == (num_classes <= 20)
    assert (names[-1] in _texts(bars)) == (num_classes <= 20)

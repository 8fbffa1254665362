"""The luck of the highest of several means."""

import numpy as np
import pytest

from whatwhere.stats.highest import expected_maximum, luck_of_highest


@pytest.mark.parametrize(
    ("number", "expected"), [(1, 0.0), (2, 1 / np.sqrt(np.pi)), (5, 1.16296), (18, 1.82003)]
)
def test_known_values(number, expected):
    assert expected_maximum(number) == pytest.approx(expected, abs=1e-4)


def test_against_draws():
    drawn = np.random.default_rng(3).normal(size=(200_000, 25)).max(axis=1).mean()
    assert expected_maximum(25) == pytest.approx(drawn, abs=0.005)


def test_luck_pools_the_variance_of_the_means():
    # K = 2: means of 4 and 9 runs with standard deviations .02 and .03: both vary by .01.
    assert luck_of_highest([0.02, 0.03], [4, 9]) == pytest.approx(0.01 / np.sqrt(np.pi), rel=1e-6)
    assert luck_of_highest([0.5, 0.02], [1, 4]) == pytest.approx(0.01 / np.sqrt(np.pi), rel=1e-6)
    assert luck_of_highest([0.0, 0.0], [1, 1]) == 0.0

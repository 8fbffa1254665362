"""The same numbers in R: emmeans, multcompView, pROC, metafor (benchmarks/statistics/in_r.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.stats.test_known_answers import tables_of_runs
from whatwhere.stats.decide import TAIL, holm
from whatwhere.stats.letters import letters
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates
from whatwhere.stats.scoring.metrics import influence
from whatwhere.stats.several.pooled import random_effects
from whatwhere.stats.several.ranks import friedman
from whatwhere.stats.several.signed_rank import wilcoxon_p

KEPT = json.loads((Path(__file__).parent / "from_r.json").read_bytes())
GIVEN = {name: np.array(values) for name, values in KEPT["given"].items()}
R = KEPT["r"]


def test_holm_is_that_of_emmeans():
    np.testing.assert_allclose(holm(np.array(R["p_raw"])), R["p_holm"], rtol=1e-10)


def test_letters_are_those_of_multcompview():
    """Pairs come as a-b, a-c, ...; which letter a group has is a matter of order."""
    matrix = np.ones((5, 5))
    matrix[np.triu_indices(5, k=1)] = R["p_holm"]
    matrix = np.minimum(matrix, matrix.T)
    order = np.argsort(-GIVEN["runs"].mean(axis=1))
    ours = dict(zip(order, letters(matrix[np.ix_(order, order)]), strict=True))
    theirs = dict(enumerate(R["letters"].values()))
    groups = [
        {frozenset(k for k in shown if letter in shown[k]) for letter in "".join(shown.values())}
        for shown in (ours, theirs)
    ]
    assert groups[0] == groups[1]
    assert len(groups[0]) >= 2


def test_two_methods_on_endless_images_are_welchs_test():
    pairs = pair_estimates(tables_of_runs(GIVEN["runs"][:2]))
    assert pairs.degrees_of_freedom[0, 1] == pytest.approx(R["welch_df"], rel=1e-9)
    assert pairs.p_values()[0, 1] == pytest.approx(R["welch_p"], rel=1e-9)
    width = pairs.half_width(TAIL)[0, 1]
    ends = [pairs.value[0, 1] - width, pairs.value[0, 1] + width]
    assert ends == pytest.approx(R["welch_interval"], rel=1e-8)


def test_areas_under_the_curve_vary_as_in_proc():
    """DeLong's variance; ours divides by n - 1 images in place of n, 1 % more here."""
    label, n = GIVEN["label"], len(GIVEN["label"])
    logits = [np.stack([-GIVEN[name], GIVEN[name]], axis=1) for name in ("first", "second")]
    values = [influence("auc", logit, label)[None] for logit in logits]
    moments = moments_of(values)
    assert method_estimates(moments).value.tolist() == pytest.approx(R["auc"], abs=1e-12)
    by_delong = moments.item_covariance * (n - 1) / n
    assert np.diag(by_delong).tolist() == pytest.approx(R["auc_variance"], rel=1e-9)
    assert by_delong[0, 1] == pytest.approx(R["auc_covariance"], rel=1e-9)


def test_random_effects_are_those_of_metafor():
    """Paule and Mandel's tau, Knapp and Hartung's interval that is never the shorter one."""
    found = random_effects(GIVEN["differences"], GIVEN["variances"])
    assert found.mean == pytest.approx(R["pooled_mean"], rel=1e-5)
    assert [found.low, found.high] == pytest.approx(R["pooled_interval"], rel=1e-5)
    assert found.p_value == pytest.approx(R["pooled_p"], rel=1e-4)
    assert found.between_sd == pytest.approx(R["pooled_tau"], rel=1e-4)


def test_ranks_are_those_of_r():
    assert friedman(GIVEN["sets"]).chi_square == pytest.approx(R["friedman_chi_square"], rel=1e-12)
    assert wilcoxon_p(GIVEN["differences"]) == pytest.approx(R["wilcoxon_p"], rel=1e-12)

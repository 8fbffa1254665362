"""Every number of the leaderboard again, from results.csv and the predictions, by other code."""

import csv
import json
import re
from itertools import combinations

import numpy as np
import pytest
from scipy import special, stats
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score
from statsmodels.stats.multitest import multipletests

NUM_SEEDS, NUM_ITEMS, NUM_DESIGNS = 3, 599, 24


@pytest.fixture(scope="module")
def results(main_run):
    with (main_run / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {
        name: [row for row in rows if row["design"] == name]
        for name in dict.fromkeys(row["design"] for row in rows)
    }


@pytest.fixture(scope="module")
def predictions(main_run):
    """Logits (seed, item, class) and labels (item) of each design, read without the package."""
    loaded = {}
    for path in sorted(main_run.glob("trials/*/*/s*/predictions.npz")):
        with np.load(path) as arrays:
            assert np.all(np.diff(arrays["test_index"]) > 0)
            entry = loaded.setdefault(path.parent.parent.name, ([], []))
            entry[0].append(arrays["test_logit"].astype(float))
            entry[1].append(arrays["test_label"])
    return {name: (np.stack(logit), label[0]) for name, (logit, label) in loaded.items()}


@pytest.fixture(scope="module")
def right(predictions):
    return {
        name: (logit.argmax(2) == label).astype(float)
        for name, (logit, label) in predictions.items()
    }


@pytest.fixture(scope="module")
def shown(main_run, read_page):
    """The leaderboard as printed: cell texts by column heading, by design."""
    table = read_page((main_run / "report.html").read_text()).table("leaderboard")
    return {
        row["attributes"]["data-design"]: dict(zip(table["heading"], row["cells"], strict=True))
        for row in table["rows"]
    }


def _single(right):
    """Mean and 95 % interval of each design by the rule for single methods."""
    mean = {name: y.mean() for name, y in right.items()}
    q = {name: y.mean(1).var(ddof=1) / NUM_SEEDS for name, y in right.items()}
    pool = np.mean(list(q.values()))
    nu = 2 / 3 * NUM_DESIGNS * (NUM_SEEDS - 1)
    interval = {}
    for name, y in right.items():
        noise = y.var(axis=0, ddof=1).mean() / NUM_ITEMS / NUM_SEEDS
        item = y.mean(0).var(ddof=1) / NUM_ITEMS
        alone = q[name] > pool
        runs = max(q[name] if alone else pool, noise)
        variance = runs + max(0.0, item - noise)
        runs_df = NUM_SEEDS - 1 if alone else nu
        df = variance**2 / (item**2 / (NUM_ITEMS - 1) + runs**2 / runs_df)
        half = stats.t.ppf(0.975, max(df, 1)) * variance**0.5
        centre, reach = special.logit(mean[name]), half / mean[name] / (1 - mean[name])
        interval[name] = (special.expit(centre - reach), special.expit(centre + reach))
    return mean, interval


def _pairs(right):
    """Difference, variance and degrees of freedom of each pair by the blocked rule."""
    names = list(right)
    run = np.array([right[name].mean(1) for name in names])
    together = (run[:, None] - run[None]).var(axis=2, ddof=1) / NUM_SEEDS
    upper = together[np.triu_indices(NUM_DESIGNS, 1)]
    pool = upper.mean() / 2
    own = (together.sum(1) - NUM_DESIGNS * pool) / (NUM_DESIGNS - 2)
    excess = dict(zip(names, np.maximum(0, own - pool), strict=True))
    nu = 2 / 3 * (NUM_DESIGNS - 1) * (NUM_SEEDS - 1)
    pairs = {}
    for a, b in combinations(names, 2):
        d = right[a] - right[b]
        item = d.mean(0).var(ddof=1) / NUM_ITEMS
        noise = d.var(axis=0, ddof=1).mean() / NUM_ITEMS / NUM_SEEDS
        variance = max(2 * pool + excess[a] + excess[b], noise) + max(0, item - noise)
        df = variance**2 / (
            item**2 / (NUM_ITEMS - 1)
            + max(2 * pool, noise) ** 2 / nu
            + (excess[a] ** 2 + excess[b] ** 2) / (NUM_SEEDS - 1)
        )
        pairs[a, b] = (d.mean(), variance, max(df, 1))
    return pairs


@pytest.fixture(scope="module")
def pairs(right):
    return _pairs(right)


@pytest.fixture(scope="module")
def p_values(pairs):
    return {key: 2 * stats.t.sf(abs(d) / v**0.5, df) for key, (d, v, df) in pairs.items()}


def test_results_csv_has_a_row_per_trial_with_its_true_scores(results, predictions):
    assert sum(map(len, results.values())) == NUM_DESIGNS * NUM_SEEDS
    for name, rows in results.items():
        logit, label = predictions[name]
        for row, z in zip(rows, logit, strict=True):
            said = z.argmax(1)
            p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
            expected = {
                "accuracy": (said == label).mean(),
                "balanced_accuracy": balanced_accuracy_score(label, said),
                "macro_f1": f1_score(label, said, average="macro"),
                "nll": -np.log(p[np.arange(NUM_ITEMS), label]).mean(),
                "brier": ((p - np.eye(10)[label]) ** 2).sum(1).mean(),
            }
            for column, value in expected.items():
                assert float(row[column]) == pytest.approx(value, abs=1e-9), (name, column)
        log_odds = logit[0] - _log_of_others(logit[0])
        auc = np.mean([roc_auc_score(label == c, log_odds[:, c]) for c in range(10)])
        assert float(rows[0]["auc"]) == pytest.approx(auc, abs=1e-9)


def _log_of_others(logit):
    return np.stack([np.log(np.exp(np.delete(logit, c, 1)).sum(1)) for c in range(10)], axis=1)


def test_means_intervals_and_spread(shown, results, right):
    mean, interval = _single(right)
    assert list(shown) == sorted(mean, key=lambda name: -mean[name])
    for name, cells in shown.items():
        accuracy = [float(row["accuracy"]) for row in results[name]]
        low, high = interval[name]
        assert cells["Mean accuracy, %"] == f"{100 * np.mean(accuracy):.1f}"
        assert cells["95 % interval"] == f"{100 * low:.1f} to {100 * high:.1f}"
        assert cells["Seeds"] == str(len(accuracy)) == "3"
        assert cells["Seed SD"] == f"{100 * np.std(accuracy, ddof=1):.1f}"


def test_costs_and_failures(shown, results):
    for name, cells in shown.items():
        median = {
            column: np.median([float(row[column]) for row in results[name]])
            for column in ("parameters", "macs", "inference_ms")
        }
        assert cells["Parameters"] == f"{median['parameters']:,.0f}"
        assert cells["MACs"] == f"{median['macs'] / 1e6:.2f} M"
        milliseconds = median["inference_ms"]
        assert cells["Inference ms"] == f"{milliseconds:.{3 if milliseconds < 1 else 2}f}"
        assert cells["Failed runs"] == "0"


def test_designs_share_a_letter_exactly_when_their_difference_is_not_significant(shown, p_values):
    adjusted = multipletests(list(p_values.values()), method="holm")[1]
    assert 0 < np.sum(adjusted < 0.05) < len(adjusted)
    for (a, b), p in zip(p_values, adjusted, strict=True):
        share = set(shown[a]["Letters"]) & set(shown[b]["Letters"])
        assert bool(share) == (p >= 0.05), (a, b)


def test_bold_rows_are_those_that_may_be_best(main_run, read_page, pairs, p_values):
    table = read_page((main_run / "report.html").read_text()).table("leaderboard")
    bold = {
        row["attributes"]["data-design"]
        for row in table["rows"]
        if "best" in row["attributes"]["class"].split()
    }
    beaten = {
        b if pairs[a, b][0] > 0 else a
        for (a, b), p in p_values.items()
        if NUM_DESIGNS * p / 2 < 0.05
    }
    names = {name for key in pairs for name in key}
    assert bold == names - beaten
    assert 0 < len(bold) < NUM_DESIGNS


def test_detectable_difference(main_run, pairs):
    (cell,) = json.loads((main_run / "summary.json").read_text())["cells"]
    num = len(pairs)
    x = [
        (stats.t.ppf(1 - 0.025 / num, df) + stats.t.ppf(0.8, df)) * v**0.5
        for _, v, df in pairs.values()
    ]
    expected = np.quantile(x, 0.75)
    assert cell["detectable_difference"] == pytest.approx(expected, rel=1e-6)
    printed = re.search(r"over its 276 comparisons: ([0-9.]+) points", cell["detectable"])
    assert float(printed[1]) == pytest.approx(np.ceil(1000 * expected) / 10)
    assert cell["detectable"] in (main_run / "report.html").read_text()


def test_forest_plot(main_run, pairs):
    """Each difference from no attention stands beside its row, with its own interval."""
    page = (main_run / "report.html").read_text()
    forest = page[page.index("Paired difference") : page.index("What it costs")]
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", forest)
    for (a, b), (difference, variance, df) in pairs.items():
        if "none" not in (a, b):
            continue
        d = difference if b == "none" else -difference
        half = stats.t.ppf(0.975, df) * variance**0.5
        low, value, high = (f"{100 * x:+.1f}".replace("-", "−") for x in (d - half, d, d + half))
        assert value in texts
        assert f"{low} to {high}" in texts


def test_confusion_matrix_and_surest_mistakes(main_run, predictions):
    (cell,) = json.loads((main_run / "summary.json").read_text())["cells"]
    logit, label = predictions[cell["recommended"][0]]
    said = logit[0].argmax(1)
    page = (main_run / "report.html").read_text()
    assert f"{np.sum(said != label)} of 599 test images wrong" in page
    p = np.exp(logit[0]) / np.exp(logit[0]).sum(1, keepdims=True)
    wrong = np.flatnonzero(said != label)
    surest = wrong[np.argsort(-p.max(1)[wrong], kind="stable")][:12]
    expected = [(str(label[i]), f"{said[i]}, {100 * p[i].max():.0f} %") for i in surest]
    printed = re.findall(r"<dt>true</dt><dd>(.*?)</dd><dt>said</dt><dd>(.*?)</dd>", page)
    assert printed == expected

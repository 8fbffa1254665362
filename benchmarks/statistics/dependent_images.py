"""How often 95 % intervals hold the truth when images come in groups, and under cross-validation.

    OMP_NUM_THREADS=1 python benchmarks/statistics/dependent_images.py [--repeats 1000] [--seed 1]

Groups: four equally good designs answer images of G groups, whose difficulty has a part that all
images of a group share, for all designs and for each on its own. Truth: the probability behind it.

Folds: four equally good designs are ridge classifiers, each on eight features of its own that carry
equal information; a run drops two of them at random. Every image is tested in one of F folds; the
truth is the mean accuracy of 2,000 models trained on as many new images. For comparison, one split
that tests 1/F of the images. One core, about three minutes at 1,000 repeats.
"""

import argparse
import time
from typing import Any

import numpy as np
from benchmarks.results_file import write_result

from whatwhere.data.folds import draw_folds
from whatwhere.stats import ItemTable
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates

NUM_METHODS, NUM_SEEDS = 4, 3
NUM_FEATURES, NUM_KEPT, EFFECT = 8, 6, 0.45
GROUP_CELLS = ((40, 5), (40, 20), (15, 20), (200, 3))  # groups, images of each
FOLD_CELLS = ((120, 5), (300, 5), (300, 10), (1000, 5))  # images, folds
NAMES = tuple(f"design {number}" for number in range(NUM_METHODS))


def covered(table: ItemTable, truth: float) -> tuple[float, float]:
    """Return the shares of pairs and of designs whose interval holds the truth."""
    moments = moments_of(table.independent_values(), paired=table.blocked)
    pairs, own = pair_estimates(moments), method_estimates(moments)
    upper = np.triu_indices(NUM_METHODS, k=1)
    pair_holds = np.abs(pairs.value[upper]) <= pairs.half_width(0.025)[upper]
    return pair_holds.mean(), (np.abs(own.value - truth) <= own.half_width(0.025)).mean()


def grouped_answers(groups: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Return right and wrong answers (seed, image) of every design; each is right with p = 1/2."""
    num_groups, num_images = groups.max() + 1, len(groups)
    shared = rng.normal(size=num_groups)[groups] + rng.normal(size=num_images)
    answers = []
    for _ in range(NUM_METHODS):
        own = rng.normal(size=num_groups)[groups] * 0.7 + rng.normal(size=num_images) * 0.7
        noise = rng.normal(size=(NUM_SEEDS, num_images))
        answers.append((shared + own + noise > 0).astype(float))
    return answers


def group_row(num_groups: int, size: int, repeats: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return coverage with and without counting groups."""
    groups = np.repeat(np.arange(num_groups), size)
    found = []
    for _ in range(repeats):
        values = tuple(grouped_answers(groups, rng))
        counted = covered(ItemTable(NAMES, values, False, groups), 0.5)
        found.append((*counted, *covered(ItemTable(NAMES, values, False), 0.5)))
    return {"case": f"{num_groups} groups of {size}", **summary(found, "groups ignored")}


def images(number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return features (design, image, feature) and labels of +1 and -1."""
    label = rng.permutation(np.where(np.arange(number) % 2, 1.0, -1.0))
    noise = rng.normal(size=(NUM_METHODS, number, NUM_FEATURES))
    return noise + EFFECT * label[:, None], label


def right(
    x: np.ndarray, y: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Train one run of one design and say which test images it gets right."""
    kept = rng.permutation(NUM_FEATURES)[:NUM_KEPT]
    x = x[:, kept]
    weight = np.linalg.solve(x.T @ x + np.eye(NUM_KEPT), x.T @ y)
    return ((x_test[:, kept] @ weight > 0) == (y_test > 0)).astype(float)


def true_accuracy(num_train: int, rng: np.random.Generator) -> float:
    """Return the mean accuracy over training images, runs and test images."""
    scores = []
    for _ in range(500):
        x, y = images(num_train, rng)
        x_test, y_test = images(400, rng)
        scores += [right(x[k], y, x_test[k], y_test, rng).mean() for k in range(NUM_METHODS)]
    return float(np.mean(scores))


def tested(folds: np.ndarray, used: range, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return the answers (seed, image) of every design to the images of some folds."""
    x, y = images(len(folds), rng)
    values = np.zeros((NUM_METHODS, NUM_SEEDS, len(folds)))
    for fold in used:
        test = folds == fold
        for k in range(NUM_METHODS):
            for seed in range(NUM_SEEDS):
                values[k, seed, test] = right(x[k][~test], y[~test], x[k][test], y[test], rng)
    return tuple(values[:, :, np.isin(folds, list(used))])


def fold_row(number: int, num_folds: int, repeats: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return coverage under cross-validation and with a single split."""
    labels = np.arange(number) % 2
    folds = draw_folds(labels, np.arange(number), num_folds=num_folds)
    truth = true_accuracy(number - number // num_folds, rng)
    found = []
    for _ in range(repeats):
        pooled = covered(ItemTable(NAMES, tested(folds, range(num_folds), rng), False), truth)
        single = covered(ItemTable(NAMES, tested(folds, range(1), rng), False), truth)
        found.append((*pooled, *single))
    return {"case": f"{number} images, {num_folds} folds", **summary(found, "one fold tested")}


def summary(found: list[tuple[float, ...]], other: str) -> dict[str, Any]:
    """Return means and standard errors of the shares covered."""
    means = np.mean(found, axis=0)
    errors = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    cells = [f"{mean:.3f} ± {error:.3f}" for mean, error in zip(means, errors, strict=True)]
    return {
        "pairs covered": cells[0],
        "designs covered": cells[1],
        "compared with": other,
        "its pairs covered": cells[2],
        "its designs covered": cells[3],
    }


def main() -> None:
    """Run every cell and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows, started = [], time.perf_counter()
    for cells, row_of in ((GROUP_CELLS, group_row), (FOLD_CELLS, fold_row)):
        for number, cell in enumerate(cells):
            rng = np.random.default_rng((asked.seed, row_of is fold_row, number))
            rows.append(row_of(*cell, asked.repeats, rng))
            print(rows[-1], flush=True)
    settings = {
        "repeats": asked.repeats,
        "seed": asked.seed,
        "designs": NUM_METHODS,
        "seeds": NUM_SEEDS,
        "seconds": round(time.perf_counter() - started),
    }
    print(write_result("dependent-images", settings=settings, rows=rows))


if __name__ == "__main__":
    main()

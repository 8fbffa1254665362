"""How often 95 % intervals hold the truth when images come in groups, and under cross-validation.

    python -m benchmarks.statistics.dependent_images [--processes 1] [--replications 4000]

Groups: four equally good designs answer images of G groups, whose difficulty has a part that all
images of a group share, for all designs and for each on its own. Truth: the probability behind it.

Folds: four equally good designs are ridge classifiers, each on eight features of its own that carry
equal information; a run drops two of them at random. Every image is tested in one of F folds; the
truth is the mean accuracy of 2,000 models trained on as many new images. For comparison, one split
that tests 1/F of the images. One core, about two minutes at 4,000 repeats.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Limit, Simulation

from whatwhere.stats import ItemTable
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates

NUM_METHODS, NUM_SEEDS = 4, 3
NUM_FEATURES, NUM_KEPT, EFFECT = 8, 6, 0.45
NAMES = tuple(f"design {number}" for number in range(NUM_METHODS))


@dataclass(frozen=True)
class DependentCell:
    """Groups of so many images each, or else images in so many folds."""

    images: int
    groups: int = 0
    folds: int = 0


CELLS = (
    DependentCell(200, groups=40),
    DependentCell(800, groups=40),
    DependentCell(300, groups=15),
    DependentCell(600, groups=200),
    DependentCell(120, folds=5),
    DependentCell(300, folds=5),
    DependentCell(300, folds=10),
    DependentCell(1000, folds=5),
)


def covered(table: ItemTable, truth: float) -> tuple[float, float]:
    """Return the shares of pairs and of designs whose interval holds the truth."""
    moments = moments_of(table.independent_values(), paired=table.blocked)
    pairs, own = pair_estimates(moments), method_estimates(moments)
    upper = np.triu_indices(NUM_METHODS, k=1)
    pair_holds = np.abs(pairs.value[upper]) <= pairs.half_width(0.025)[upper]
    low, high = own.score_interval(0.025)
    return pair_holds.mean(), ((low <= truth) & (truth <= high)).mean()


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


def grouped(cell: DependentCell, rng: np.random.Generator) -> tuple[float, ...]:
    """Return what is covered with groups counted and with groups ignored."""
    groups = np.repeat(np.arange(cell.groups), cell.images // cell.groups)
    values = tuple(grouped_answers(groups, rng))
    counted = covered(ItemTable(NAMES, values, False, groups), 0.5)
    return (*counted, *covered(ItemTable(NAMES, values, False), 0.5))


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


def dealt(label: np.ndarray, num_folds: int) -> np.ndarray:
    """Deal the images of each class into folds in turn."""
    folds = np.empty(len(label), dtype=np.int64)
    for value in np.unique(label):
        places = np.flatnonzero(label == value)
        folds[places] = np.arange(len(places)) % num_folds
    return folds


def tested(num_images: int, num_folds: int, used: int, rng: np.random.Generator) -> np.ndarray:
    """Return the answers (design, seed, image) to the images of the first folds."""
    x, y = images(num_images, rng)
    folds = dealt(y, num_folds)
    values = np.zeros((NUM_METHODS, NUM_SEEDS, num_images))
    for fold in range(used):
        test = folds == fold
        for k in range(NUM_METHODS):
            for seed in range(NUM_SEEDS):
                values[k, seed, test] = right(x[k][~test], y[~test], x[k][test], y[test], rng)
    return values[:, :, folds < used]


def folded(cell: DependentCell, truth: float, rng: np.random.Generator) -> tuple[float, ...]:
    """Return what is covered under cross-validation and with a single split."""
    pooled = tested(cell.images, cell.folds, cell.folds, rng)
    single = tested(cell.images, cell.folds, 1, rng)
    return tuple(
        share
        for values in (pooled, single)
        for share in covered(ItemTable(NAMES, tuple(values), False), truth)
    )


def truth_of(cell: DependentCell, rng: np.random.Generator) -> float:
    """Return the true accuracy of a cell."""
    if cell.groups:
        return 0.5
    return true_accuracy(cell.images - cell.images // cell.folds, rng)


def one_repeat(cell: DependentCell, truth: float, rng: np.random.Generator) -> dict[str, float]:
    """Return shares covered; "naive" ignores the groups, or tests one fold only."""
    found = grouped(cell, rng) if cell.groups else folded(cell, truth, rng)
    names = ("pairs_covered", "designs_covered", "naive_pairs_covered", "naive_designs_covered")
    return dict(zip(names, map(float, found), strict=True))


LIMITS = {"pairs_covered": Limit(at_least=0.92), "designs_covered": Limit(at_least=0.92)}
SIMULATION = Simulation("dependent-images", CELLS, one_repeat, 4000, LIMITS, prepare=truth_of)

if __name__ == "__main__":
    main("dependent_images")

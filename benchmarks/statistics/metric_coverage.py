"""How often the 95 % intervals of 4 metrics hold the truth, on simulated classifiers.

    OMP_NUM_THREADS=1 python benchmarks/statistics/metric_coverage.py [--repeats 1000] [--seed 1]

Eight designs are equally good: each has logits

    z_c = strength [c = label] + image_c + design_c(image) + run_c(image) + bias_c(run)

with normal terms, so the true difference of every pair is 0. The truth of a single design is the
mean of 400 runs on 5,000 new images. One core, about five minutes at 1,000 repeats.
"""

import argparse
import time
from dataclasses import asdict, dataclass

import numpy as np
from benchmarks.results_file import write_result

from whatwhere.stats.metrics import METRICS, influence, score
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates

NUM_METHODS = 8


@dataclass(frozen=True)
class MetricCell:
    """One setting: images of each class, runs, and the spread of each run's class biases."""

    class_counts: tuple[int, ...]
    seeds: int
    strength: float
    bias_sd: float


CELLS = (
    MetricCell((140, 60), 3, 2.0, 0.3),
    MetricCell((480, 20), 3, 2.5, 0.3),
    MetricCell((100, 80, 60, 40, 20), 3, 2.5, 0.3),
    MetricCell((100, 80, 60, 40, 20), 5, 2.5, 0.0),
    MetricCell((400, 300, 200, 80, 20), 3, 3.5, 0.5),
    MetricCell((200,) * 5, 3, 2.5, 0.3),
)


def draw(
    cell: MetricCell,
    label: np.ndarray,
    *,
    num_methods: int,
    num_seeds: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return logits (method, seed, item, class) on new images."""
    num_items, num_classes = len(label), len(cell.class_counts)
    logit = rng.normal(0, 0.5, (num_methods, num_seeds, num_items, num_classes))
    logit += rng.normal(0, 1, (num_items, num_classes))
    logit += rng.normal(0, 0.3, (num_methods, 1, num_items, num_classes))
    logit += rng.normal(0, cell.bias_sd, (num_methods, num_seeds, 1, num_classes))
    logit[:, :, np.arange(num_items), label] += cell.strength
    return logit


def true_scores(cell: MetricCell, rng: np.random.Generator) -> dict[str, float]:
    """Return each metric averaged over many runs and images, with the classes in their shares."""
    counts = np.array(cell.class_counts)
    label = np.repeat(np.arange(len(counts)), 5000 * counts // counts.sum())
    runs = [draw(cell, label, num_methods=1, num_seeds=1, rng=rng)[0, 0] for _ in range(400)]
    return {name: float(np.mean([score(name, run, label) for run in runs])) for name in METRICS}


def one_table(cell: MetricCell, truth: dict[str, float], rng: np.random.Generator) -> np.ndarray:
    """Return per metric: pairs covered, raw half width, designs covered, as a (metric, 3) array."""
    label = np.repeat(np.arange(len(cell.class_counts)), cell.class_counts)
    logit = draw(cell, label, num_methods=NUM_METHODS, num_seeds=cell.seeds, rng=rng)
    upper, rows = np.triu_indices(NUM_METHODS, k=1), []
    for name in METRICS:
        values = [np.stack([influence(name, run, label) for run in runs]) for runs in logit]
        moments = moments_of(values, paired=True)
        pairs, own = pair_estimates(moments), method_estimates(moments)
        width = pairs.half_width(0.025)[upper]
        covered = np.abs(own.value - truth[name]) <= own.half_width(0.025)
        rows.append((np.mean(np.abs(pairs.value[upper]) <= width), width.mean(), covered.mean()))
    return np.array(rows)


def main() -> None:
    """Run every cell and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows, started = [], time.perf_counter()
    for number, cell in enumerate(CELLS):
        rng = np.random.default_rng((asked.seed, number))
        truth = true_scores(cell, rng)
        tables = np.array([one_table(cell, truth, rng) for _ in range(asked.repeats)])
        spread = tables.std(axis=0, ddof=1) / np.sqrt(asked.repeats)
        for place, name in enumerate(METRICS):
            row = {**asdict(cell), "metric": name, "truth": round(truth[name], 4)}
            columns = ("pair_cover", "pair_half_width", "own_cover")
            for column, mean, error in zip(
                columns, tables.mean(axis=0)[place], spread[place], strict=True
            ):
                row[column] = round(float(mean), 4)
                row[f"{column}_standard_error"] = round(float(error), 4)
            rows.append(row)
            print(row, flush=True)
    settings = {
        "repeats": asked.repeats,
        "seed": asked.seed,
        "designs": NUM_METHODS,
        "seconds": round(time.perf_counter() - started),
    }
    print(write_result("metric-coverage", settings=settings, rows=rows))


if __name__ == "__main__":
    main()

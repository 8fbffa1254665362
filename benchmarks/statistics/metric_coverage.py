"""How often the 95 % intervals of scores and losses hold the truth, on simulated classifiers.

    python -m benchmarks.statistics.metric_coverage [--processes 1] [--replications 1000]

Eight designs are equally good: each has logits

    z_c = strength [c = label] + image_c + design_c(image) + run_c(image) + bias_c(run)

with normal terms, so the true difference of every pair is 0. The truth of a single design is the
mean of 200 runs on 5,000 new images. Rows whose smallest class has 20 images are the hardest that
the specification asks for. One core, about six minutes at 1,000 repeats.
"""

from dataclasses import dataclass

import numpy as np
from benchmarks.statistics.running import main
from benchmarks.statistics.simulation import Limit, Simulation

from whatwhere.stats.decide import TAIL
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates
from whatwhere.stats.scoring.metrics import (
    METRICS,
    STRATIFIED,
    brier,
    influence,
    negative_log_likelihood,
    score,
)

NUM_METHODS, NUM_TRUE_RUNS = 8, 200
LOSSES = ("nll", "brier")


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


def values_of(name: str, logit: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return values per image of a score or a loss."""
    losses = {"nll": negative_log_likelihood, "brier": brier}
    return losses[name](logit, label) if name in losses else influence(name, logit, label)


def true_scores(cell: MetricCell, rng: np.random.Generator) -> dict[str, float]:
    """Return each metric averaged over many runs and images, with the classes in their shares."""
    counts = np.array(cell.class_counts)
    label = np.repeat(np.arange(len(counts)), 5000 * counts // counts.sum())
    runs = [
        draw(cell, label, num_methods=1, num_seeds=1, rng=rng)[0, 0] for _ in range(NUM_TRUE_RUNS)
    ]
    found = {name: np.mean([score(name, run, label) for run in runs]) for name in METRICS}
    found |= {name: np.mean([values_of(name, run, label) for run in runs]) for name in LOSSES}
    return {name: float(value) for name, value in found.items()}


def one_table(
    cell: MetricCell, truth: dict[str, float], rng: np.random.Generator
) -> dict[str, float]:
    """Return per metric the shares of pairs and of designs whose interval holds the truth."""
    label = np.repeat(np.arange(len(cell.class_counts)), cell.class_counts)
    logit = draw(cell, label, num_methods=NUM_METHODS, num_seeds=cell.seeds, rng=rng)
    upper, found = np.triu_indices(NUM_METHODS, k=1), {}
    for name in truth:
        values = [np.stack([values_of(name, run, label) for run in runs]) for runs in logit]
        strata = label if name in STRATIFIED else None
        moments = moments_of(values, paired=True, strata=strata)
        pairs, own = pair_estimates(moments), method_estimates(moments)
        width = pairs.half_width(TAIL)[upper]
        found[f"{name}_pairs"] = float(np.mean(np.abs(pairs.value[upper]) <= width))
        reach = own.half_width(TAIL)
        losses = (own.value - reach, own.value + reach)
        low, high = losses if name in LOSSES else own.score_interval(TAIL)
        covered = (low <= truth[name]) & (truth[name] <= high)
        found[f"{name}_own"] = float(covered.mean())
        found[f"{name}_width"] = float(width.mean())
    return found


LIMITS = {
    **{f"{name}_pairs": Limit(at_least=0.945) for name in (*METRICS, *LOSSES)},
    **{f"{name}_own": Limit(at_least=0.92) for name in (*METRICS, *LOSSES)},
}
SIMULATION = Simulation("metric-coverage", CELLS, one_table, 1000, LIMITS, prepare=true_scores)

if __name__ == "__main__":
    main("metric_coverage")

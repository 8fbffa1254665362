"""Planted results: settings and runs whose outcome is known by hand."""

import numpy as np

from whatwhere.report.reproduction.scored import DataUsed, Scored, ScoredPoint
from whatwhere.settings import Row, Setting

NUM_ITEMS = 2000


def right(share, *, seeds=5, spread=0.0, items=NUM_ITEMS, start=0):
    """Right and wrong answers, the same share of them right in every run up to `spread`."""
    runs = []
    for seed in range(seeds):
        number = round(items * (share + spread * (seed - (seeds - 1) / 2)))
        answers = np.zeros(items)
        # The same images are easy for all, as in real runs.
        answers[(np.arange(number) + start) % items] = 1.0
        runs.append(answers)
    return np.stack(runs)


def point(label, values, *, row=None, **more):
    facts = {
        "design": label,
        "protocol": "quick",
        "validation": 0.5,
        "parameters": 1000,
        "macs": 2000,
        "num_failed": 0,
        "steps": 400,
        "full_steps": 400,
        "batch_size": 64,
        "learning_rate": 0.2,
        "precision": "fp32",
    }
    scores = values if isinstance(values, dict) else {"accuracy": values}
    seeds = tuple(range(len(next(iter(scores.values()))))) if scores else ()
    return ScoredPoint(label=label, row=row or label, seeds=seeds, values=scores, **(facts | more))


def setting(*labels, figures=(), **more):
    facts = {
        "id": "planted",
        "kind": "published",
        "title": "Planted",
        "paper": "nobody (1999)",
        "table": "table 0",
        "data": "cifar10",
        "protocol": "quick",
        "rows": tuple(Row(label, label) for label in labels),
        "figures": tuple(figures),
    }
    return Setting(**(facts | more))


def data_used(**more):
    facts = {
        "name": "cifar10",
        "title": "CIFAR-10",
        "other": "",
        "same_shape": True,
        "num_train": 49_000,
        "num_validation": 1000,
        "num_test": NUM_ITEMS,
        "num_classes": 10,
        "test_counts": (200,) * 10,
        "content_hash": "0123456789abcdef",
    }
    return DataUsed(**(facts | more))


def scored(setting, *points, **more):
    facts = {
        "setting": setting,
        "data": data_used(),
        "points": points,
        "failures": (),
        "command": "whatwhere reproduce planted",
        "when": "2026-11-26T12:00:00+00:00",
    }
    return Scored(**(facts | more))

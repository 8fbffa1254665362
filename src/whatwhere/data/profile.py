"""What a data set is like: how many images of which class are where, and a few to look at."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from whatwhere.data.source import SPLIT_NAMES, UNASSIGNED, ImageSource
from whatwhere.data.splitting.split import fingerprint
from whatwhere.randomness import generator

MAX_SAMPLES = 6


@dataclass(frozen=True)
class Profile:
    """Counts of a data set.

    Args:
        num_images: In all splits together.
        num_classes: Classes, whether or not each occurs in every split.
        class_counts: For each split, the images of each class.
        imbalance: Training images of the largest class over those of the smallest one present.
    """

    num_images: int
    num_classes: int
    class_counts: dict[str, tuple[int, ...]]
    imbalance: float


def profile(source: ImageSource) -> Profile:
    """Count the images of each class in each split.

    Args:
        source: An opened data set.

    Returns:
        The counts.
    """
    counts = {
        name: np.bincount(source.labels[source.indices(name)], minlength=source.num_classes)
        for name in SPLIT_NAMES
    }
    present = counts["train"][counts["train"] > 0]
    return Profile(
        num_images=int((source.split != UNASSIGNED).sum()),
        num_classes=source.num_classes,
        class_counts={name: tuple(part.tolist()) for name, part in counts.items()},
        imbalance=float(present.max() / present.min()),
    )


def sample_indices(source: ImageSource, *, num_samples: int = MAX_SAMPLES) -> list[list[int]]:
    """Choose some training images of each class to show; the same ones every time.

    Args:
        source: An opened data set.
        num_samples: At most so many per class.

    Returns:
        For each class, positions in the source, ascending.
    """
    train = source.indices("train")
    chosen = []
    for label in range(source.num_classes):
        shuffled = generator("samples", label).permutation(train[source.labels[train] == label])
        chosen.append(sorted(shuffled[:num_samples].tolist()))
    return chosen


def describe_source(source: ImageSource) -> dict[str, Any]:
    """Return what a run's data.json says about a data set.

    Args:
        source: An opened data set.

    Returns:
        Plain values only.
    """
    facts = profile(source)
    return {
        "title": source.title,
        "image_size": source.image_size,
        "channels": source.channels,
        "class_names": list(source.class_names),
        "content_hash": source.content_hash,
        "split_fingerprint": fingerprint(source.split, source.items, source.groups),
        "num_folds": source.num_folds,
        "num_groups": None if source.groups is None else len(np.unique(source.groups)),
        "flip": source.allow_flip,
        "splits": {
            name: {"count": sum(counts), "class_counts": list(counts)}
            for name, counts in facts.class_counts.items()
        },
        "imbalance": facts.imbalance,
        "warnings": list(source.warnings),
        "notes": list(source.notes),
        "left_out": list(source.left_out),
        "leaked_test_indices": source.leaked.tolist(),
        "near_duplicates": _near(source),
        "source": source.source,
        "licence": source.licence,
        "citation": source.citation,
        "sample_indices": sample_indices(source),
    }


def _near(source: ImageSource) -> dict[str, Any] | None:
    near = source.near
    if near is None:
        return None
    return {
        "num_test": near.num_test,
        "num_near": near.num_near,
        "num_other_class": near.num_other_class,
        "pairs": [list(pair) for pair in near.pairs] if near.tells else [],
    }

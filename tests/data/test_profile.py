"""Profiles: counts by hand."""

import json

import numpy as np

from whatwhere.data.profile import describe_source, profile, sample_indices
from whatwhere.data.splitting.split import fingerprint


def test_counts_of_the_digits(opened):
    facts = profile(opened("digits"))
    assert facts.num_images == 1797
    assert facts.num_classes == 10
    assert [sum(counts) for counts in facts.class_counts.values()] == [1000, 197, 600]
    assert facts.imbalance == 102 / 97


def test_imbalance_is_that_of_the_training_images(write_images, opened):
    write_images("ant", 60)
    root = write_images("bee", 20)
    assert profile(opened(root)).class_counts["train"] == (42, 14)
    assert profile(opened(root)).imbalance == 3.0


def test_samples_are_training_images_of_their_class(opened):
    source = opened("digits")
    samples = sample_indices(source, num_samples=7)
    assert samples == sample_indices(source, num_samples=7)
    train = set(source.indices("train").tolist())
    for label, indices in enumerate(samples):
        assert len(set(indices)) == 7
        assert set(indices) <= train
        assert (source.labels[indices] == label).all()


def test_description_is_plain_and_complete(opened):
    source = opened("cluttered-digits", largest_size=32)
    facts = json.loads(json.dumps(describe_source(source), allow_nan=False))
    assert facts["title"] == "Cluttered digits, 12 x 12"
    assert facts["image_size"] == 12
    assert facts["channels"] == 1
    assert facts["flip"] is False
    assert facts["content_hash"] == source.content_hash
    assert facts["split_fingerprint"] == fingerprint(source.split, source.items)
    assert facts["splits"]["test"]["count"] == 600
    counts = np.bincount(source.labels[source.split == 2]).tolist()
    assert facts["splits"]["test"]["class_counts"] == counts
    assert set(facts) >= {"warnings", "notes", "left_out", "source", "licence", "citation"}
    assert len(facts["sample_indices"]) == 10

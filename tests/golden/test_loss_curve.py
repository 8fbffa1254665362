"""Twenty steps whose losses are on file: a change that should not alter results does not.

To write the file anew after a change that should: `python -m tests.golden.test_loss_curve`.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from whatwhere.blocks.designs import named_or_typed
from whatwhere.data import open_source
from whatwhere.data.feeding.stream import Pixels, TrainStream
from whatwhere.models import ModelSpec, build_model
from whatwhere.training import fit, preset

FILE = Path(__file__).with_name("losses.json")
DESIGNS = ("none", "csa", "tgpfa", "cbam")


def losses(design):
    """Training losses of 20 steps in float64, so that processors agree to many digits."""
    source = open_source("cluttered-digits", image_size=None, largest_size=32, margin=True)
    pixels = Pixels.load(
        source.images, source.labels, image_size=12, mean=(50.0,), std=(80.0,), layout="nchw"
    )
    stream = TrainStream(pixels, source.indices("train"), 32, "crop-flip", seed=5)

    def batch_at(step):
        batch = stream.batch(step)
        return replace(batch, image=batch.image.double())

    spec = ModelSpec("resnet8", 10, 1)
    model = build_model(spec, design=named_or_typed(design), seed=5).double()
    protocol = replace(
        preset("quick", easy=True, allow_flip=False, image_size=12),
        steps=20,
        learning_rate=0.05,
        precision="fp32",
        layout="nchw",
    )
    result = fit(
        model,
        batch_at=batch_at,
        steps_per_epoch=1,
        validate=lambda network: (0.0, 0.0),
        protocol=protocol,
        seed=5,
        on_epoch=lambda point, state: None,
    )
    return [point.train_loss for point in result.curve]


@pytest.mark.parametrize("design", DESIGNS)
def test_losses_are_the_ones_on_file(design):
    found, expected = losses(design), json.loads(FILE.read_text())[design]
    assert len(found) == len(expected) == 10
    assert np.abs(np.array(found) - expected).max() < 1e-5


if __name__ == "__main__":
    torch.set_num_threads(1)
    FILE.write_text(json.dumps({design: losses(design) for design in DESIGNS}, indent=1) + "\n")

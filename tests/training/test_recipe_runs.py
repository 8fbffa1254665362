"""Recipes in the loop: an interrupted run goes on as if it had not been; the loss is what it is."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from whatwhere.augmentation import PLAIN, Augmentation
from whatwhere.blocks.designs import named_or_typed
from whatwhere.data.feeding.stream import Pixels, TrainStream
from whatwhere.records import TrialKey
from whatwhere.study.preparing.measure import trial_data
from whatwhere.study.preparing.prepare import prepare
from whatwhere.study.request import Request
from whatwhere.study.trials.trial import TrialSpec, predictions_of, run_trial, shared_images
from whatwhere.training import fit
from whatwhere.training.presets import preset
from whatwhere.training.protocol import with_steps


def recipe(name, **options):
    return preset(name, easy=False, allow_flip=True, image_size=32, **options)


SIZE, NUM_IMAGES, NUM_CLASSES = 13, 64, 3
RESUMED = {
    "r0_samc": {},
    "r1": {"ema_decay": 0.9},
    "r1 with noise": {
        "ema_decay": 0.9,
        "extra": Augmentation(
            noise_sigma=0.1, label_noise=0.3, erasing_probability=0.5, mixup_alpha=1.0
        ),
    },
}


def small():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Dropout(0.2), nn.Linear(5, NUM_CLASSES),
    )  # fmt: skip


def train(protocol, *, on_epoch=lambda point, state: None, resume_from=None):
    images = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, 17, 17, 3), dtype=np.uint8)
    labels = np.arange(NUM_IMAGES) % NUM_CLASSES
    pixels = Pixels.load(images, labels, image_size=SIZE, mean=(127.0,) * 3, std=(70.0,) * 3)
    stream = TrainStream(
        pixels,
        np.arange(NUM_IMAGES),
        protocol.batch_size,
        protocol.augmentation,
        3,
        extra=protocol.extra,
        num_classes=NUM_CLASSES,
        num_steps=protocol.steps,
    )
    return fit(
        small(),
        batch_at=stream.batch,
        steps_per_epoch=stream.steps_per_epoch,
        validate=lambda network: (0.5, 0.25),
        protocol=protocol,
        seed=3,
        on_epoch=on_epoch,
        resume_from=resume_from,
    )


@pytest.mark.parametrize("stop_after", [1, 5])
@pytest.mark.parametrize("case", RESUMED)
def test_a_resumed_recipe_equals_an_uninterrupted_one(case, stop_after):
    name = case.split()[0]
    protocol = with_steps(recipe(name, num_train=NUM_IMAGES, batch_size=16), 23)
    protocol = replace(protocol, precision="fp32", layout="nchw", **RESUMED[case])
    states = []
    whole = train(protocol, on_epoch=lambda point, state: states.append(copy.deepcopy(state())))
    resumed = train(protocol, resume_from=states[stop_after])
    first, second = whole.model.state_dict(), resumed.model.state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    strip = [point._replace(seconds=0.0) for point in whole.curve]
    assert strip == [point._replace(seconds=0.0) for point in resumed.curve]
    assert all(np.isfinite(point.train_loss) for point in whole.curve)


def test_the_recorded_loss_is_that_of_the_mixed_images():
    """With certain targets it is the plain loss; mixed targets cannot be met with certainty."""
    protocol = replace(
        with_steps(recipe("r1", num_train=NUM_IMAGES, batch_size=16), 1),
        precision="fp32",
        layout="nchw",
        label_smoothing=0.0,
    )
    plain = train(replace(protocol, extra=PLAIN, augmentation="none")).curve[0].train_loss
    never = replace(PLAIN, mixup_alpha=0.8, mixing_fraction=0.0)
    assert train(replace(protocol, extra=never, augmentation="none")).curve[0].train_loss == plain
    mixed = replace(PLAIN, mixup_alpha=100.0)  # halves, nearly
    other = train(replace(protocol, extra=mixed, augmentation="none")).curve[0].train_loss
    assert other != plain and other == pytest.approx(np.log(NUM_CLASSES), abs=0.5)


class KilledError(Exception):
    """What stands for the end of a process."""


def test_a_killed_trial_ends_in_the_bits_of_one_that_was_not(tmp_path, monkeypatch):
    """Through the checkpoint file: averaged weights, RandAugment, mixing, noise, wrong labels."""
    monkeypatch.setattr("whatwhere.study.trials.checkpoint.MIN_SECONDS", 0.0)
    protocol = "r1(noise_sigma=0.05,label_noise=0.2,erasing_probability=0.5)"
    request = Request(
        data=("digits",), protocol=protocol, steps=150, batch_size=32, backbone="resnet8"
    )
    prepared = prepare("digits", request, device="cpu")
    ready = replace(prepared.protocol, precision="fp32", layout="nchw", steps=20, ema_decay=0.8)
    data = trial_data(
        prepared,
        size=max(prepared.subsets),
        images_path=shared_images(prepared.source.images, tmp_path),
    )

    def trial(name):
        return TrialSpec(
            key=TrialKey("digits", max(prepared.subsets), "none", 1),
            identity="one",
            design=named_or_typed("none"),
            model=prepared.model,
            protocol=ready,
            data=data,
            device="cpu",
            checkpoint_path=tmp_path / name,
        )

    def kill(point):
        if point.step == 14:
            raise KilledError

    with pytest.raises(KilledError):
        run_trial(trial("killed"), kill)
    assert (tmp_path / "killed").exists()
    seen = []
    resumed = run_trial(trial("killed"), lambda point: seen.append(point.step))
    assert seen == [16, 18, 20]
    whole = run_trial(trial("whole"), lambda point: None)
    assert resumed.files["model.safetensors"] == whole.files["model.safetensors"]
    first, second = predictions_of(resumed), predictions_of(whole)
    assert all(np.array_equal(first[name], second[name]) for name in first)

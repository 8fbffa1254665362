"""Learning rates by hand; weight decay where it belongs."""

from dataclasses import replace

import pytest
import torch

from whatwhere.errors import UsageError
from whatwhere.models import create_resnet
from whatwhere.training.optimise import build_optimizer, learning_rate_at
from whatwhere.training.presets import preset

QUICK = preset("quick", easy=True, allow_flip=False, image_size=12)


def test_linear_schedule_by_hand():
    protocol = replace(QUICK, steps=20, learning_rate=0.9, warmup_fraction=0.1)
    rates = [learning_rate_at(step, protocol) for step in range(20)]
    assert rates[:3] == pytest.approx([0.45, 0.9, 0.9])
    assert rates[11] == pytest.approx(0.9 * (1 - 9 / 18))
    assert rates[19] == pytest.approx(0.05)


def test_cosine_schedule_by_hand():
    protocol = replace(QUICK, steps=10, learning_rate=1.0, warmup_fraction=0.0, schedule="cosine")
    assert learning_rate_at(0, protocol) == pytest.approx(1.0)
    assert learning_rate_at(5, protocol) == pytest.approx(0.5)
    assert learning_rate_at(9, protocol) == pytest.approx(0.5 * (1 + -0.9510565162951535))


def test_norms_and_biases_have_no_weight_decay():
    model = create_resnet("resnet8", num_classes=5, in_channels=1)
    groups = build_optimizer(model, QUICK).param_groups
    decayed = {id(p) for g in groups if g["weight_decay"] == 5e-4 for p in g["params"]}
    for name, parameter in model.named_parameters():
        assert (id(parameter) in decayed) == (parameter.ndim >= 2), name
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


def test_optimizers():
    model = torch.nn.Conv2d(3, 5, 1)
    sgd = build_optimizer(model, QUICK)
    assert isinstance(sgd, torch.optim.SGD)
    assert sgd.param_groups[0]["nesterov"]
    assert sgd.param_groups[0]["momentum"] == 0.9
    assert isinstance(build_optimizer(model, replace(QUICK, optimizer="adamw")), torch.optim.AdamW)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimizer": "lion"}, "optimizer='lion': expected one of sgd, adamw"),
        ({"steps": 0}, "steps=0: expected a value from 1 to"),
        ({"start": "zero"}, "start=.zero.: expected one of paper, identity"),
    ],
)
def test_a_protocol_refuses_what_it_does_not_know(change, message):
    with pytest.raises(UsageError, match=message):
        replace(QUICK, **change)


def test_presets_are_what_the_documents_say():
    assert (QUICK.backbone, QUICK.steps, QUICK.batch_size, QUICK.augmentation) == (
        "resnet8",
        150,
        64,
        "none",
    )
    other = preset("quick", easy=False, allow_flip=True, image_size=32)
    assert (other.steps, other.augmentation) == (400, "crop-flip")
    assert preset("quick", easy=False, allow_flip=False, image_size=32).augmentation == "crop"
    assert preset("standard", easy=False, allow_flip=True, image_size=64).backbone == "resnet20"
    large = preset("standard", easy=False, allow_flip=True, image_size=96)
    assert large.backbone == "resnet18-large"
    assert large.steps >= 1500
    with pytest.raises(UsageError, match=r"unknown protocol 'quik'; did you mean 'quick'"):
        preset("quik", easy=True, allow_flip=True, image_size=32)

"""Pretrained weights rest first: nothing of them moves, then everything does, and resumes agree."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from whatwhere.arrays import Batch
from whatwhere.training import fit
from whatwhere.training.presets import preset
from whatwhere.training.protocol import fine_tuning

STEPS, RESTING_STEPS = 23, 10  # epochs are of 3 steps: the phase changes within the fourth
PROTOCOL = replace(
    preset("quick", easy=True, allow_flip=False, image_size=12),
    steps=STEPS,
    learning_rate=0.05,
    precision="fp32",
    layout="nchw",
    frozen_fraction=RESTING_STEPS / STEPS,
)


class Attended(nn.BatchNorm2d):
    """A norm with statistics, and attention as its child that has statistics of its own."""

    def __init__(self, channels):
        super().__init__(channels)
        self.attention = nn.BatchNorm2d(channels)

    def forward(self, x):
        x = super().forward(x)
        return x * torch.sigmoid(self.attention(x))


class Network(nn.Module):
    """A pretrained convolution and norm, fresh attention and a fresh head."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 5, 3, padding=1, bias=False)
        self.norm = Attended(5)
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(5, 3)

    def forward(self, image):
        return self.head(self.drop(torch.relu(self.norm(self.conv(image))).mean(dim=(2, 3))))


RESTING = {
    "conv.weight",
    *(f"norm.{name}" for name in ("weight", "bias", "running_mean", "running_var")),
    "norm.num_batches_tracked",
}
CHANGES = [
    {},
    {"optimizer": "adamw", "learning_rate": 0.01},
    {"ema_decay": 0.9},
    {"clip_norm": 0.1},
    {"momentum": 0.0},
]


def batch_at(step):
    source = torch.Generator().manual_seed(step)
    label = torch.randint(0, 3, (17,), generator=source)
    image = torch.randn(17, 1, 7, 5, generator=source) + label[:, None, None, None]
    return Batch(image, label, torch.arange(17))


def fresh():
    torch.manual_seed(1)
    return Network()


def run(model, protocol, *, resting=RESTING, on_epoch=lambda point, state: None, **options):
    return fit(
        model,
        batch_at=options.pop("batches", batch_at),
        steps_per_epoch=5,
        validate=lambda network: (0.5, 0.25),
        protocol=protocol,
        seed=3,
        on_epoch=on_epoch,
        resting=resting,
        **options,
    )


def states_of(protocol):
    """The state after every epoch, and the network's before every step."""
    model, before, after = fresh(), [], []

    def batches(step):
        before.append(copy.deepcopy(model.state_dict()))
        return batch_at(step)

    run(
        model,
        protocol,
        batches=batches,
        on_epoch=lambda point, state: after.append(copy.deepcopy(state())),
    )
    return before, after


@pytest.mark.parametrize("change", CHANGES)
def test_what_rests_is_bit_equal_until_its_last_step_and_then_moves(change):
    before, after = states_of(replace(PROTOCOL, **change))
    first, last, moved = before[0], before[RESTING_STEPS], before[RESTING_STEPS + 1]
    for name in first:
        assert torch.equal(first[name], last[name]) == (name in RESTING), name
    still = [name for name in RESTING if torch.equal(last[name], moved[name])]
    assert still == []
    if after[0]["average"] is not None:
        averaged = after[RESTING_STEPS // 3 - 1]["average"]
        assert all(torch.equal(averaged[f"module.{name}"], first[name]) for name in RESTING)
        assert not torch.equal(averaged["module.head.weight"], first["head.weight"])


def test_while_they_rest_norms_use_the_statistics_they_came_with():
    model, modes = fresh(), []

    def batches(step):
        modes.append((model.norm.training, model.norm.attention.training, model.drop.training))
        return batch_at(step)

    # The mode of a step is set before its batch is asked for.
    run(model, PROTOCOL, batches=batches)
    assert modes == [(step >= RESTING_STEPS, True, True) for step in range(STEPS)]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("stop_after", [0, 1, 2, 3, 5])
def test_a_run_resumed_in_either_phase_equals_an_uninterrupted_one(change, stop_after):
    protocol = replace(PROTOCOL, **change)
    states = []
    whole = run(
        fresh(),
        protocol,
        on_epoch=lambda point, state: states.append(copy.deepcopy(state())),
    )
    assert (states[stop_after]["step"] < RESTING_STEPS) == (stop_after < 3)
    resumed = run(Network(), protocol, resume_from=states[stop_after])
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    strip = [point._replace(seconds=0.0) for point in whole.curve]
    assert strip == [point._replace(seconds=0.0) for point in resumed.curve]


def test_all_may_rest_to_the_end_and_nothing_may_rest_at_all():
    rested = run(fresh(), replace(PROTOCOL, frozen_fraction=1.0)).model.state_dict()
    assert {n for n, v in fresh().state_dict().items() if torch.equal(v, rested[n])} == RESTING
    plain = run(fresh(), replace(PROTOCOL, frozen_fraction=0.0)).model.state_dict()
    unnamed = run(fresh(), PROTOCOL, resting=()).model.state_dict()
    assert all(torch.equal(plain[name], unnamed[name]) for name in plain)
    assert not torch.equal(plain["conv.weight"], fresh().state_dict()["conv.weight"])


def test_a_parameter_that_never_learns_is_not_woken():
    model = fresh()
    model.norm.bias.requires_grad_(False)
    run(model, PROTOCOL)
    assert torch.equal(model.norm.bias, fresh().norm.bias)
    assert not model.norm.bias.requires_grad
    assert model.conv.weight.requires_grad


def test_the_stem_has_no_gradient_while_it_rests():
    norms = [point.stem_gradient_norm for point in run(fresh(), PROTOCOL).curve]
    assert norms[: RESTING_STEPS // 3] == [0.0] * 3
    assert all(norm > 0 for norm in norms[RESTING_STEPS // 3 :])


def test_fine_tuning_changes_rate_start_and_rest_only():
    plain = preset("standard", easy=False, allow_flip=True, image_size=64)
    tuned = fine_tuning(plain)
    assert (plain.start, plain.frozen_fraction) == ("paper", 0.0)
    assert (tuned.start, tuned.frozen_fraction) == ("identity", 0.2)
    assert tuned.learning_rate == pytest.approx(0.1 / 3)
    back = replace(tuned, learning_rate=0.1, start="paper", frozen_fraction=0.0)
    assert back == plain

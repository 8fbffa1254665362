"""Recorded steps do what steps do; needs a GPU, except for what holds without one."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.training.short import PROTOCOL
from whatwhere.arrays import Batch
from whatwhere.evaluate import measure_costs
from whatwhere.recorded import RecordedStep
from whatwhere.training import DivergedError, choose_numerics, fit
from whatwhere.training.step import COMPILE_FROM_STEPS, fast_forward

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
WAYS = {
    "sgd": {},
    "adamw": {"optimizer": "adamw", "learning_rate": 0.01},
    "clipped": {"clip_norm": 0.1},
    "averaged": {"ema_decay": 0.9},
    "bf16": {"precision": "bf16"},
    "smoothed": {"label_smoothing": 0.1, "schedule": "drops", "drops": (0.5,)},
}


class Small(nn.Module):
    """A convolution, a norm with running statistics, and a linear layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 5, 3, padding=1)
        self.norm = nn.BatchNorm2d(5)
        self.head = nn.Linear(5, 3)

    def forward(self, image):
        return self.head(torch.relu(self.norm(self.conv(image))).mean(dim=(2, 3)))


def fresh():
    torch.manual_seed(1)
    return Small().cuda()


def batch_at(step, *, mixed_until=0):
    source = torch.Generator().manual_seed(step)
    label = torch.randint(0, 3, (17,), generator=source)
    image = torch.randn(17, 1, 7, 5, generator=source) + label[:, None, None, None]
    target = nn.functional.one_hot(label, 3).float().cuda() if step < mixed_until else None
    return Batch(image.cuda(), label.cuda(), torch.arange(17).cuda(), target)


def run(model, *, batches=batch_at, **options):
    settings = {"protocol": PROTOCOL, "on_epoch": lambda point, state: None, **options}
    return fit(
        model,
        batch_at=batches,
        steps_per_epoch=5,
        validate=lambda network: (0.5, 0.25),
        seed=3,
        **settings,
    )


def step_by_step(monkeypatch, model, **options):
    """Train without recording."""
    with monkeypatch.context() as patch:
        patch.setattr(RecordedStep, "__call__", lambda self, batch: self.take(batch))
        return run(model, **options)


def assert_same(first, second):
    assert [p[:4] for p in first.curve] == pytest.approx([p[:4] for p in second.curve], rel=1e-5)
    norms = [[p.stem_gradient_norm for p in result.curve] for result in (first, second)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)
    for ours, theirs in zip(
        first.model.state_dict().values(), second.model.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


@needs_gpu
@pytest.mark.parametrize("way", WAYS)
def test_a_recorded_run_is_the_run_itself(way, monkeypatch):
    protocol = replace(PROTOCOL, **WAYS[way])
    recorded = run(fresh(), protocol=protocol)
    assert_same(recorded, step_by_step(monkeypatch, fresh(), protocol=protocol))
    moved = (recorded.model.conv.weight - fresh().conv.weight).abs().max()
    assert moved > 0.01


@needs_gpu
def test_recording_follows_batches_that_change_their_form(monkeypatch):
    """Mixing ends after a while: batches have targets at first, and none later."""

    def batches(step):
        return batch_at(step, mixed_until=11)

    recorded = run(fresh(), batches=batches)
    assert_same(recorded, step_by_step(monkeypatch, fresh(), batches=batches))


@needs_gpu
def test_recording_follows_parts_that_rest_at_first(monkeypatch):
    protocol = replace(PROTOCOL, frozen_fraction=0.5)
    resting = ("conv.weight", "conv.bias", "norm.running_mean")
    recorded = run(fresh(), protocol=protocol, resting=resting)
    plain = step_by_step(monkeypatch, fresh(), protocol=protocol, resting=resting)
    assert_same(recorded, plain)


@needs_gpu
def test_a_resumed_recorded_run_ends_as_the_whole_one():
    states = []

    def keep(point, state):
        states.append(copy.deepcopy(state()))

    whole = run(fresh(), on_epoch=keep)
    again = run(fresh(), resume_from=states[3])
    assert_same(whole, again)


@needs_gpu
def test_random_numbers_of_a_replay_follow_from_the_step():
    """Dropout drops the same in a recorded step as in the step itself."""
    drop, seen = nn.Dropout(0.5), []

    def take(batch):
        seen[:] = [drop(torch.ones_like(batch.image))]

    recorded = RecordedStep(take)
    for step in range(9):
        torch.manual_seed(step)
        recorded(batch_at(step))
        torch.manual_seed(step)
        assert torch.equal(seen[0], drop(torch.ones(17, 1, 7, 5, device="cuda")))


class Looking(Small):
    """A network that looks at a value on its way, as a user's block may."""

    def forward(self, image):
        return super().forward(image) * (2.0 if image.sum().item() > 0 else 1.0)


@needs_gpu
def test_a_step_that_waits_for_the_gpu_is_taken_as_it_is(monkeypatch):
    def looking():
        torch.manual_seed(1)
        return Looking().cuda()

    recorded = run(looking())
    assert_same(recorded, step_by_step(monkeypatch, looking()))
    assert_same(run(fresh()), step_by_step(monkeypatch, fresh()))  # and nothing is left broken


@needs_gpu
def test_a_recorded_run_names_the_step_that_diverged():
    def batches(step):
        batch = batch_at(step)
        return replace(batch, image=batch.image / (0.0 if step == 13 else 1.0))

    with pytest.raises(DivergedError, match="non-finite at step 13"):
        run(fresh(), batches=batches)


@needs_gpu
def test_a_long_run_is_compiled_and_learns_the_same():
    model = fresh()
    compiled = fast_forward(model, steps=COMPILE_FROM_STEPS)
    assert compiled is not model
    image = batch_at(0).image
    torch.testing.assert_close(compiled(image), model(image), rtol=1e-4, atol=1e-5)


def test_nothing_is_compiled_on_a_cpu_or_for_a_short_run():
    model = Small()
    assert fast_forward(model, steps=10**6) is model
    if torch.cuda.is_available():
        model = model.cuda()
        assert fast_forward(model, steps=COMPILE_FROM_STEPS - 1) is model


@needs_gpu
def test_number_formats_and_costs_are_measured_on_recorded_steps():
    batch = batch_at(0)
    choice, milliseconds = choose_numerics(fresh, batch.image, batch.label)
    assert len(milliseconds) == 4
    assert f"{choice.precision} {choice.layout}" in milliseconds
    costs = measure_costs({"small": fresh, "again": fresh}, batch, precision="bf16")
    assert costs["small"].parameters == 5 * 9 + 5 + 10 + 18
    assert 0 < costs["small"].inference_ms < costs["small"].train_step_ms < 50
    assert 0.2 < costs["again"].train_ratio < 5


def test_on_a_cpu_a_step_is_taken_as_it_is():
    taken = []
    step = RecordedStep(taken.append)
    batch = Batch(torch.zeros(2, 1, 3, 3), torch.zeros(2), torch.zeros(2))
    step.prepare(batch)
    assert taken == []
    step(batch)
    assert taken[0] is batch

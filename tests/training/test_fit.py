"""The loop: it learns, it resumes exactly, it notices what is not finite, it averages."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.training.short import PROTOCOL
from whatwhere.arrays import Batch
from whatwhere.training import DivergedError, fit


class Small(nn.Module):
    """A convolution, dropout and a linear layer."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 5, 3, padding=1)
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(5, 3)

    def forward(self, image):
        return self.head(self.drop(torch.relu(self.conv(image)).mean(dim=(2, 3))))


def batch_at(step):
    source = torch.Generator().manual_seed(step)
    label = torch.randint(0, 3, (17,), generator=source)
    image = torch.randn(17, 1, 7, 5, generator=source) + label[:, None, None, None]
    return Batch(image, label, torch.arange(17))


def run(model, *, protocol=PROTOCOL, on_epoch=lambda point, state: None, **options):
    return fit(
        model,
        batch_at=batch_at,
        steps_per_epoch=5,
        validate=lambda network: (0.5, 0.25),
        protocol=protocol,
        seed=3,
        on_epoch=on_epoch,
        **options,
    )


def fresh():
    torch.manual_seed(1)
    return Small()


def test_it_learns_and_records_its_curve():
    result = run(fresh(), protocol=replace(PROTOCOL, steps=60))
    losses = [point.train_loss for point in result.curve]
    assert losses[-1] < 0.7 * losses[0]
    assert [point.step for point in result.curve] == list(range(6, 61, 6))
    assert result.curve[0].epoch == pytest.approx(6 / 5)
    assert all(point.stem_gradient_norm > 0 for point in result.curve)
    assert result.curve[0].validation_loss == 0.5


def test_equal_seeds_give_equal_bits_and_the_global_generator_is_left_alone():
    before = torch.random.get_rng_state()
    first, second = run(fresh()).model, run(fresh()).model
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    torch.manual_seed(1)
    Small()
    after_init = torch.random.get_rng_state()
    torch.random.set_rng_state(before)
    run_model = Small()
    state = torch.random.get_rng_state()
    run(run_model)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert after_init is not None


@pytest.mark.parametrize(
    "change",
    [{}, {"optimizer": "adamw", "learning_rate": 0.01}, {"ema_decay": 0.9}, {"clip_norm": 0.1}],
)
@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_resumed_run_equals_an_uninterrupted_one(change, stop_after):
    protocol = replace(PROTOCOL, **change)
    whole = run(fresh(), protocol=protocol)
    states = []
    run(
        fresh(),
        protocol=protocol,
        on_epoch=lambda point, state: states.append(copy.deepcopy(state())),
    )
    other = Small()
    resumed = run(other, protocol=protocol, resume_from=states[stop_after])
    for a, b in zip(
        whole.model.state_dict().values(), resumed.model.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b)
    strip = [point._replace(seconds=0.0) for point in whole.curve]
    assert strip == [point._replace(seconds=0.0) for point in resumed.curve]


def test_a_loss_that_is_not_finite_ends_the_trial_at_its_step():
    def poisoned(step):
        batch = batch_at(step)
        return batch if step != 8 else Batch(batch.image * float("nan"), batch.label, batch.index)

    with pytest.raises(DivergedError, match="the loss became non-finite at step 8") as caught:
        fit(
            fresh(),
            batch_at=poisoned,
            steps_per_epoch=5,
            validate=lambda network: (0.0, 0.0),
            protocol=PROTOCOL,
            seed=0,
            on_epoch=lambda point, state: None,
        )
    assert caught.value.step == 8
    assert caught.value.learning_rate > 0


def test_weights_that_are_not_finite_are_noticed_at_the_end_of_the_epoch():
    model = fresh()
    model.dead = nn.Parameter(torch.tensor([float("inf")]))
    with pytest.raises(DivergedError, match="the weights became non-finite at step 2"):
        run(model)


def test_a_validation_loss_that_is_not_finite_ends_the_trial():
    with pytest.raises(DivergedError, match="the validation loss became non-finite at step 2"):
        fit(
            fresh(),
            batch_at=batch_at,
            steps_per_epoch=5,
            validate=lambda network: (float("nan"), 0.1),
            protocol=PROTOCOL,
            seed=3,
            on_epoch=lambda point, state: None,
        )


def test_averaged_weights_are_the_average():
    protocol = replace(PROTOCOL, steps=2, ema_decay=0.75)
    after_one = run(fresh(), protocol=replace(protocol, steps=2, ema_decay=0.0))
    averaged = run(fresh(), protocol=protocol)
    seen = []

    def catch(step):
        seen.append([p.detach().clone() for p in model.parameters()])
        return batch_at(step)

    model = fresh()
    fit(
        model,
        batch_at=catch,
        steps_per_epoch=5,
        validate=lambda network: (0.0, 0.0),
        protocol=replace(protocol, ema_decay=0.0),
        seed=3,
        on_epoch=lambda point, state: None,
    )
    # The average begins at the weights after the first step and moves a quarter to the second.
    final = list(after_one.model.parameters())
    for mean, first, last in zip(averaged.model.parameters(), seen[1], final, strict=True):
        assert torch.allclose(mean, 0.75 * first + 0.25 * last, atol=1e-6)


def test_class_weights_weigh_the_loss():
    weight = torch.tensor([1.0, 0.0, 0.0])
    batch = batch_at(0)
    model = fresh()
    model.drop.p = 0.0
    expected = nn.functional.cross_entropy(model(batch.image), batch.label, weight=weight)
    result = run(model, protocol=replace(PROTOCOL, steps=1), class_weight=weight)
    assert result.curve[0].train_loss == pytest.approx(expected.item(), rel=1e-6)

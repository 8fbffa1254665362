"""A trial's state on disk: what is saved is what comes back, wherever it is opened."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from whatwhere.arrays import Batch
from whatwhere.study.trials.checkpoint import Checkpoint
from whatwhere.training.optimise import build_optimizer, learning_rate_at
from whatwhere.training.presets import preset
from whatwhere.training.step import TrainingStep


def test_a_state_of_a_gpu_is_opened_without_one(tmp_path, monkeypatch):
    """Another device's trial begins anew here; its state must not stop it with an error."""
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
        saved = Checkpoint(tmp_path / "state", "on a GPU")
        saved.save(60.0, lambda: {"weight": torch.arange(5.0), "rate": torch.tensor(0.25)})
    assert Checkpoint(tmp_path / "state", "on a CPU").load() is None
    state = Checkpoint(tmp_path / "state", "on a GPU").load()
    assert state["weight"].device.type == "cpu"
    assert state["weight"].tolist() == [0, 1, 2, 3, 4] and float(state["rate"]) == 0.25


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_rate_that_is_a_tensor_in_a_state_gives_way_to_the_next_step(optimizer):
    """As a run on a GPU leaves it; AdamW's state says too that a graph may hold its step."""
    protocol = replace(
        preset("quick", easy=True, allow_flip=False, image_size=12),
        optimizer=optimizer,
        precision="fp32",
        steps=7,
    )
    batch = Batch(torch.randn(5, 3), torch.tensor([0, 1, 0, 1, 1]), torch.arange(5))
    ends, state = [], {}
    for as_tensor in (False, True):
        torch.manual_seed(2)
        model = nn.Linear(3, 2)
        for step in (0, 1):
            work = build_optimizer(model, protocol)
            if step:
                for group in state["param_groups"]:
                    group.update({"lr": torch.tensor(9.0)} if as_tensor else {})
                    group.update({"capturable": as_tensor} if optimizer == "adamw" else {})
                work.load_state_dict(state)
            take = TrainingStep(model, work, protocol, forward=model, class_weight=None)
            take.set_rate(step)
            take(batch)
            assert work.param_groups[0]["lr"] == learning_rate_at(step, protocol)
            state = work.state_dict()
        ends.append(model.weight.detach().clone())
    assert torch.equal(*ends)

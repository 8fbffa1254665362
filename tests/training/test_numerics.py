"""The layout that crashes some processors is never offered; the choice follows the times."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from whatwhere.models import create_resnet
from whatwhere.training import choose_numerics
from whatwhere.training.numerics import channels_last_is_safe


def test_strided_pointwise_convolutions_of_few_channels_are_unsafe():
    assert not channels_last_is_safe(nn.Sequential(nn.Conv2d(8, 16, 1, stride=2)))
    assert channels_last_is_safe(nn.Sequential(nn.Conv2d(16, 32, 1, stride=2)))
    assert channels_last_is_safe(nn.Sequential(nn.Conv2d(8, 16, 1)))
    assert channels_last_is_safe(nn.Sequential(nn.Conv2d(8, 16, 3, stride=2)))
    assert channels_last_is_safe(create_resnet("resnet8", num_classes=5, in_channels=1))
    assert not channels_last_is_safe(create_resnet("resnet18-w8", num_classes=5, in_channels=1))


def test_an_unsafe_network_trains_in_the_layout_that_is_chosen():
    """In a process of its own: the crash this guards against ends the interpreter."""
    code = """
import torch
from whatwhere.models import create_resnet
from whatwhere.training import choose_numerics
image, label = torch.randn(32, 3, 64, 64), torch.randint(0, 5, (32,))
make = lambda: create_resnet("resnet18-w8", num_classes=5, in_channels=3)
numerics, times = choose_numerics(make, image, label)
assert "fp32 channels_last" not in times
assert (numerics.precision, numerics.layout) != ("fp32", "channels_last")
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_way_is_timed_and_the_fastest_of_float32_wins_without_need(monkeypatch):
    times = {
        ("fp32", "nchw"): 4.0,
        ("bf16", "nchw"): 3.5,
        ("fp32", "channels_last"): 3.0,
        ("bf16", "channels_last"): 2.5,
    }

    class Runner:
        def __init__(self, model, image, label, numerics):
            self.key = (numerics.precision, numerics.layout)

        def time_step(self):
            return times[self.key]

    monkeypatch.setattr("whatwhere.training.numerics._Runner", Runner)
    make = lambda: create_resnet("resnet8", num_classes=5, in_channels=1)  # noqa: E731
    numerics, milliseconds = choose_numerics(make, torch.empty(0), torch.empty(0))
    assert (numerics.precision, numerics.layout) == ("fp32", "channels_last")
    assert milliseconds["bf16 channels_last"] == pytest.approx(2500)
    times["bf16", "nchw"] = 1.9
    numerics, _ = choose_numerics(make, torch.empty(0), torch.empty(0))
    assert (numerics.precision, numerics.layout) == ("bf16", "nchw")

"""One sound design, and one broken design of each kind; each differs in the broken thing alone."""

from typing import Literal

import numpy as np
import torch
from torch import nn

from whatwhere.blocks import DesignCard

CARD = DesignCard(
    number=501,
    name="sound",
    family="tests",
    title="a channel gate, then a spatial one",
    kind="block",
    equation="S(C(x))",
    source="tests",
    fidelity="ours",
    parameters_at_64=64 * 16 + 64 + 9,
)


class Sound(nn.Module):
    """y = z sigmoid(K * mean_C z), z = x sigmoid(w2 W1 mean_HW x + b), everything as it should."""

    def __init__(
        self, channels, *, reduction=4, bias=True, gain=1.0, order: Literal["cs", "sc"] = "cs"
    ):
        super().__init__()
        width = max(1, channels // reduction)
        self.fc = nn.Conv2d(channels, width, 1, bias=False)
        self.out = nn.Parameter(torch.randn(channels) if bias else torch.zeros(channels))
        self.conv = nn.Conv2d(1, 1, 3, padding=1, bias=False)
        self.gain, self.order = gain, order

    def channel(self, x):
        hidden = self.fc(self.pooled(x)).mean(1, keepdim=True)
        return x * torch.sigmoid(self.gain * hidden * self.out[:, None, None])

    def pooled(self, x):
        return x.mean((2, 3), keepdim=True)

    def spatial(self, x):
        return x * torch.sigmoid(self.conv(x.mean(1, keepdim=True)))

    def forward(self, x):
        if self.order == "sc":
            return self.channel(self.spatial(x))
        return self.spatial(self.channel(x))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def equation(x, state):
    """`Sound` in NumPy."""
    hidden = x.mean((2, 3)) @ state["fc.weight"][:, :, 0, 0].T
    mask = sigmoid(hidden.mean(1, keepdims=True) * state["out"])
    z = x * mask[:, :, None, None]
    plane = np.pad(z.mean(1), ((0, 0), (1, 1), (1, 1)))
    height, width = x.shape[2:]
    logit = sum(
        state["conv.weight"][0, 0, i, j] * plane[:, i : i + height, j : j + width]
        for i in range(3)
        for j in range(3)
    )
    return z * sigmoid(logit)[:, None]


class SpatialFirst(Sound):
    def forward(self, x):
        return self.channel(self.spatial(x))


class SwappedAxes(Sound):
    def pooled(self, x):
        return x.mean(1, keepdim=True).mean((2, 3), keepdim=True).expand(-1, x.shape[1], -1, -1)


class SwappedHeightAndWidth(Sound):
    def spatial(self, x):
        plane = x.mean(1, keepdim=True).transpose(2, 3)
        return x * torch.sigmoid(self.conv(plane).reshape(len(x), 1, *x.shape[2:]))


class MixesTheBatch(Sound):
    def pooled(self, x):
        return x.mean((0, 2, 3), keepdim=True)


class Detached(Sound):
    def pooled(self, x):
        return x.detach().mean((2, 3), keepdim=True)


class DetachedInTraining(Sound):
    def pooled(self, x):
        return (x.detach() if self.training else x).mean((2, 3), keepdim=True)


class DetachedWeight(Sound):
    def spatial(self, x):
        kernel = self.conv.weight + self.conv.weight.detach()
        plane = x.mean(1, keepdim=True)
        return x * torch.sigmoid(nn.functional.conv2d(plane, kernel / 2, padding=1))


class IgnoredOption(Sound):
    def __init__(self, channels, *, reduction=4, gain=1.0):
        super().__init__(channels, reduction=reduction)


class SinglePrecision(Sound):
    def spatial(self, x):
        return super().spatial(x).float() if x.dtype == torch.bfloat16 else super().spatial(x)


class DoublePrecision(Sound):
    def spatial(self, x):
        return super().spatial(x) * torch.ones(1, dtype=torch.float64)


class InPlace(Sound):
    def channel(self, x):
        return x.mul_(super().channel(torch.ones_like(x)))


class InPlaceInTraining(Sound):
    def channel(self, x):
        return super().channel(x.relu_() if self.training and not x.requires_grad else x)


class RandomInEvaluation(Sound):
    def spatial(self, x):
        return nn.functional.dropout(super().spatial(x), 0.1, training=True)


class Remembers(Sound):
    def spatial(self, x):
        y = super().spatial(x) + 0.1 * getattr(self, "before", 0.0)
        self.before = float(x.detach().mean())
        return y


class CountsInEvaluation(Sound):
    def __init__(self, channels):
        super().__init__(channels)
        self.register_buffer("calls", torch.zeros(()))

    def spatial(self, x):
        self.calls += 1
        return super().spatial(x)


class OtherInEvaluation(Sound):
    def spatial(self, x):
        return super().spatial(x) * (1.0 if self.training else 0.9)


class DeadParameter(Sound):
    def __init__(self, channels):
        super().__init__(channels)
        self.unused = nn.Parameter(torch.zeros(3))


class WrongCount(Sound):
    def __init__(self, channels):
        super().__init__(channels)
        self.conv = nn.Conv2d(1, 1, 3, padding=1)


class NeedsThreePixels(Sound):
    def spatial(self, x):
        return x * torch.sigmoid(nn.functional.conv2d(x.mean(1, True), self.conv.weight).mean())


class NotFiniteOnOnePixel(Sound):
    def spatial(self, x):
        return super().spatial(x) / (1 + x.flatten(2).std(2)[:, :, None, None])


class NeedsEvenChannels(Sound):
    def __init__(self, channels):
        super().__init__(channels)
        assert channels % 2 == 0, "channels must be even"


class Unpicklable(Sound):
    def __init__(self, channels):
        super().__init__(channels)
        self.squash = lambda z: torch.sigmoid(z)


class NotInTheStateDict(Sound):
    def __init__(self, channels):
        super().__init__(channels)
        self.shift = torch.randn(channels, 1, 1)

    def channel(self, x):
        return super().channel(x) + self.shift.to(x.dtype)


class OwnSeed(Sound):
    def __init__(self, channels):
        super().__init__(channels)
        noise = np.random.default_rng().standard_normal(channels)
        self.out = nn.Parameter(torch.from_numpy(noise).float())


class NeedsItsLayout(Sound):
    def pooled(self, x):
        return x.view(len(x), -1).view(len(x), x.shape[1], -1).mean(2)[:, :, None, None]


class StartsAtZero(Sound):
    def __init__(self, channels):
        super().__init__(channels)
        self.scale = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.scale * super().forward(x)


class ReadsValues(Sound):
    def spatial(self, x):
        return super().spatial(x) * (1.0 if float(x.detach().mean()) > -9 else 2.0)


class KeepsItsBatch(Sound):
    def spatial(self, x):
        self.batch = getattr(self, "batch", x.shape[0])
        return super().spatial(x.reshape(self.batch, *x.shape[1:]) if self.traced() else x)

    def traced(self):
        return torch.compiler.is_exporting()


class PlainTuple(Sound):
    def forward(self, x):
        return super().forward(x), x


class NotAModule:
    def __new__(cls, channels):
        return lambda x: x


# design: the check that must catch it, and what its message must say
BROKEN = {
    SpatialFirst: ("equation", "differs from its equation by"),
    SwappedAxes: ("equation", "the axes of means and maxima, and the order of the parts"),
    SwappedHeightAndWidth: ("equation", "on maps of 7x5"),
    MixesTheBatch: ("batch_items_do_not_mix", "mixes the samples of a batch: sample 0 alone"),
    Detached: ("input_gradient_is_complete", "where finite differences say"),
    DetachedInTraining: ("input_gradient_is_complete", "branches cut off by .detach()"),
    DetachedWeight: ("gradients_of_every_value", "gradcheck fails on a map of 3 channels"),
    IgnoredOption: ("every_option_changes_something", "ignores its option 'gain' (tried"),
    SinglePrecision: ("keeps_shape_and_dtype", "returns torch.float32 for a torch.bfloat16 map"),
    DoublePrecision: ("keeps_shape_and_dtype", "returns torch.float64 for a torch.float32 map"),
    InPlace: ("leaves_the_input_alone", "changes its input in place (torch.float32)"),
    InPlaceInTraining: ("leaves_the_input_alone", "mul_, relu_, inplace=True or x *= mask"),
    RandomInEvaluation: ("evaluation_is_deterministic", "other values for the same map"),
    Remembers: ("evaluation_is_deterministic", "values kept between calls"),
    CountsInEvaluation: ("evaluation_is_deterministic", "changes its own state in evaluation"),
    OtherInEvaluation: ("evaluation_agrees_with_training", "yet evaluation differs by"),
    DeadParameter: ("every_parameter_gets_a_gradient", "get no gradient: unused"),
    WrongCount: ("parameter_count", "has 1098 parameters at 64 channels, its card says 1097"),
    NeedsThreePixels: ("keeps_shape_and_dtype", "fails on a float32 map of shape (2, 13, 1, 1)"),
    NotFiniteOnOnePixel: ("keeps_shape_and_dtype", "not finite for a torch.float32 map of 1x1"),
    NeedsEvenChannels: ("takes_any_channel_count", "cannot be built for 1 channels"),
    Unpicklable: ("copies_give_equal_results", "cannot be copied by pickle"),
    NotInTheStateDict: ("copies_give_equal_results", "after a copy by a state dict"),
    OwnSeed: ("construction_follows_the_seed", "other weights for the same torch seed"),
    NeedsItsLayout: ("channels_last_gives_the_same_values", "fails on a float64 map"),
    StartsAtZero: ("identity_start", "has an initial gain of 0"),
    ReadsValues: ("compiles_without_a_graph_break", "That was under torch.compile"),
    KeepsItsBatch: ("exports_with_a_dynamic_batch", "cannot be exported with an open batch size"),
    PlainTuple: ("keeps_shape_and_dtype", "returns tuple for a float32 map"),
    NotAModule: ("keeps_shape_and_dtype", "makes a function, not a torch.nn.Module"),
}

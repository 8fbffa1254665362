"""ShuffleNet v1: grouped 1x1 convolutions, with a shuffle that lets the groups talk."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.rivals.borrow import stem_convolution
from whatwhere.models.networks.rivals.row import Row, row
from whatwhere.nn.statistics import Map

_GROUPS = 3
_STEM_CHANNELS = 24
_STAGES = ((240, 4), (480, 8), (960, 4))  # channels and units: the paper's table 1, three groups


@dataclass(frozen=True)
class ShuffleNetConfig:
    """How ShuffleNet v1 is read.

    Args:
        form: "paper" (no biases beside norms, the very first 1x1 convolution not grouped), or
            "samc" (biases everywhere and that convolution grouped too, as in
            weiaicunzai/pytorch-cifar100, whose 1,012,108 parameters SAMC's table 2 prints as
            1.01 M).
    """

    form: Literal["paper", "samc"] = "paper"


class ShuffleUnit(nn.Module):
    """A bottleneck of grouped convolutions with a channel shuffle.

    y = relu(x + f(x)) at stride 1, y = relu([mean3x3(x); f(x)]) at stride 2, with
    f = BN(G2 BN(D shuffle(relu(BN(G1 x))))), D depthwise 3x3, G1 and G2 grouped 1x1.

    Args:
        in_channels: Channels of x.
        out_channels: Channels of y; four times the bottleneck's.
        stride: 1, or 2 where a stage begins.
        first_groups: Groups of G1.
        bias: Whether convolutions have biases beside their norms.

    Source: Zhang et al., CVPR 2018, figure 2 b and c. No departure.
    """

    def __init__(
        self, in_channels: int, *, out_channels: int, stride: int, first_groups: int, bias: bool
    ) -> None:
        super().__init__()
        self.stride = stride
        width = out_channels // 4
        new = out_channels - in_channels if stride == 2 else out_channels
        self.reduce = nn.Conv2d(in_channels, width, 1, groups=first_groups, bias=bias)
        self.norm1 = nn.BatchNorm2d(width)
        self.depthwise = nn.Conv2d(width, width, 3, stride, 1, groups=width, bias=bias)
        self.norm2 = nn.BatchNorm2d(width)
        self.expand = nn.Conv2d(width, new, 1, groups=_GROUPS, bias=bias)
        self.norm3 = nn.BatchNorm2d(new)

    def forward(self, x: Map) -> Tensor:
        """Return the unit's output."""
        branch = functional.relu(self.norm1(self.reduce(x)), inplace=True)
        branch = functional.channel_shuffle(branch, _GROUPS)
        branch = self.norm3(self.expand(self.norm2(self.depthwise(branch))))
        if self.stride == 1:
            return functional.relu(x + branch, inplace=True)
        shortcut = functional.avg_pool2d(x, 3, 2, 1)
        return functional.relu(torch.cat([shortcut, branch], dim=1), inplace=True)


class ShuffleNetV1(nn.Sequential):
    """ShuffleNet v1 with three groups, for small images.

    Args:
        config: How it is read.
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Without effect: any size will do.

    Source: Zhang et al., CVPR 2018, table 1, three groups. Departures: a stem of stride 1 and no
        pool after it, for 32 px; with form "samc" those of its configuration too.
    """

    def __init__(
        self, config: ShuffleNetConfig, *, num_classes: int, in_channels: int, image_size: int
    ) -> None:
        bias = config.form == "samc"
        stem = stem_convolution(in_channels, _STEM_CHANNELS, bias=bias)
        super().__init__(stem, nn.BatchNorm2d(_STEM_CHANNELS), nn.ReLU(inplace=True))
        channels = _STEM_CHANNELS
        for width, num_units in _STAGES:
            for position in range(num_units):
                is_first = channels == _STEM_CHANNELS and not bias
                unit = ShuffleUnit(
                    channels,
                    out_channels=width,
                    stride=1 if position else 2,
                    first_groups=1 if is_first else _GROUPS,
                    bias=bias,
                )
                self.append(unit)
                channels = width
        self.append(nn.AdaptiveAvgPool2d(1)).append(nn.Flatten())
        self.append(nn.Linear(channels, num_classes))


SHUFFLENET: tuple[Row, ...] = (
    row(
        NetworkCard(
            number=107,
            name="shufflenet_v1",
            family="rival",
            title="ShuffleNet v1, three groups",
            source="Zhang et al., CVPR 2018, table 1",
            fidelity="exact",
            departures="a stem of stride 1 and no pool after it, for 32 px; form=samc has biases"
            " beside norms and groups in the very first 1x1 convolution, as"
            " weiaicunzai/pytorch-cifar100, whose 1,012,108 parameters SAMC table 2 prints as"
            " 1.01 M",
            parameters_at_10=914_338,
            parameters_at_100=1_000_828,
            macs_at_100=42_676_992,
        ),
        ShuffleNetV1,
        ShuffleNetConfig(),
    ),
)

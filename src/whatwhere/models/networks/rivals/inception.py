"""GoogLeNet for small images: of our own Inception block, and torchvision's."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.rivals.borrow import borrowed, stem_convolution
from whatwhere.models.networks.rivals.row import NoOptions, Row, row
from whatwhere.nn.statistics import Map


@dataclass(frozen=True)
class InceptionWidths:
    """Channels of the branches of an Inception block, as the paper's table 1 lists them.

    Args:
        one: Of the 1x1 branch.
        three_reduce: Of the 1x1 convolution before the 3x3 one.
        three: Of the 3x3 branch.
        five_reduce: Of the 1x1 convolution before the 5x5 branch.
        five: Of the 5x5 branch.
        pool: Of the 1x1 convolution after the pool.
    """

    one: int
    three_reduce: int
    three: int
    five_reduce: int
    five: int
    pool: int

    @property
    def total(self) -> int:
        """Channels of the concatenation."""
        return self.one + self.three + self.five + self.pool


_STEM = (64, 64, 192)
_STAGES = (
    (InceptionWidths(64, 96, 128, 16, 32, 32), InceptionWidths(128, 128, 192, 32, 96, 64)),
    (
        InceptionWidths(192, 96, 208, 16, 48, 64),
        InceptionWidths(160, 112, 224, 24, 64, 64),
        InceptionWidths(128, 128, 256, 24, 64, 64),
        InceptionWidths(112, 144, 288, 32, 64, 64),
        InceptionWidths(256, 160, 320, 32, 128, 128),
    ),
    (InceptionWidths(256, 160, 320, 32, 128, 128), InceptionWidths(384, 192, 384, 48, 128, 128)),
)


class Inception(nn.Module):
    """Four branches side by side, concatenated; the 5x5 one is two 3x3 convolutions.

    y = [c1(x); c3(c1(x)); c3(c3(c1(x))); c1(max3x3(x))], c_k = relu(BN(K_k x + b)).

    Args:
        in_channels: Channels of x.
        widths: Of the branches.

    Source: Szegedy et al., CVPR 2015, figure 2 b. Departures: two 3x3 convolutions for the 5x5
        one, both with its channels, as Szegedy et al., CVPR 2016, section 3.1 propose; batch norms.
    """

    def __init__(self, in_channels: int, widths: InceptionWidths) -> None:
        super().__init__()
        self.one = _convolution(in_channels, widths.one, 1)
        self.three = nn.Sequential(
            _convolution(in_channels, widths.three_reduce, 1),
            _convolution(widths.three_reduce, widths.three, 3),
        )
        self.five = nn.Sequential(
            _convolution(in_channels, widths.five_reduce, 1),
            _convolution(widths.five_reduce, widths.five, 3),
            _convolution(widths.five, widths.five, 3),
        )
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), _convolution(in_channels, widths.pool, 1))

    def forward(self, x: Map) -> Tensor:
        """Return the concatenated branches."""
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], dim=1)


class GoogLeNet(nn.Sequential):
    """GoogLeNet for small images, of the size in SAMC's table 2 (6.4 M); a reconstruction.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Without effect: any size will do.

    Source: Szegedy et al., CVPR 2015, table 1, for the widths and places of the Inception blocks,
        the pools before them and the dropout. Departures: three 3x3 convolutions of stride 1 for
        the 7x7, 1x1 and 3x3 ones of the stem, without its first pool and its local response
        norms; two 3x3 convolutions for every 5x5 one; batch norms, with biases beside them in the
        Inception blocks; no auxiliary classifiers. They are those of weiaicunzai/pytorch-cifar100
        (its code is not copied), whose 6,402,564 parameters SAMC's table rounds.
    """

    def __init__(
        self, _: NoOptions, *, num_classes: int, in_channels: int, image_size: int
    ) -> None:
        super().__init__()
        self.append(_convolution(in_channels, _STEM[0], 3, bias=False))
        self.append(_convolution(_STEM[0], _STEM[1], 3, bias=False))
        self.append(_convolution(_STEM[1], _STEM[2], 3, bias=False))
        channels = _STEM[2]
        for stage in _STAGES:
            self.append(nn.MaxPool2d(3, 2, 1))
            for widths in stage:
                self.append(Inception(channels, widths))
                channels = widths.total
        self.append(nn.AdaptiveAvgPool2d(1)).append(nn.Flatten()).append(nn.Dropout(0.4))
        self.append(nn.Linear(channels, num_classes))


def googlenet_torchvision(
    _: NoOptions, *, num_classes: int, in_channels: int, image_size: int
) -> nn.Module:
    """Return torchvision's GoogLeNet with a 3x3 stem of stride 1 and without its first two pools.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Without effect.

    Returns:
        The network.
    """
    module = borrowed("torchvision.models", network="googlenet_torchvision")
    network: Any = module.GoogLeNet(num_classes, aux_logits=False, init_weights=False)
    network.conv1.conv = stem_convolution(in_channels, 64)
    network.maxpool1, network.maxpool2 = nn.Identity(), nn.Identity()
    return network


def _convolution(
    in_channels: int, out_channels: int, kernel: int, *, bias: bool = True
) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=bias),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


_PAPER = "Szegedy et al., CVPR 2015, table 1"
_REPOSITORY = (
    "weiaicunzai/pytorch-cifar100, whose 6,402,564 parameters SAMC table 2 prints as 6.4 M"
)

INCEPTION: tuple[Row, ...] = (
    row(
        NetworkCard(
            number=109,
            name="googlenet",
            family="rival",
            title="GoogLeNet of the size in SAMC's table 2 (reconstruction)",
            source=f"{_PAPER}; the departures are those of {_REPOSITORY}",
            fidelity="reconstruction",
            departures="a stem of three 3x3 convolutions of stride 1, without its first pool and"
            " its local response norms; two 3x3 convolutions for every 5x5 one; batch norms, with"
            " biases beside them in the Inception blocks; no auxiliary classifiers; torch's own"
            " initial weights",
            parameters_at_10=6_310_314,
            parameters_at_100=6_402_564,
            macs_at_100=531_976_192,
        ),
        GoogLeNet,
    ),
    row(
        NetworkCard(
            number=110,
            name="googlenet_torchvision",
            family="rival",
            title="GoogLeNet as in torchvision",
            source=f"{_PAPER}, as torchvision's code has it",
            fidelity="exact",
            departures="a 3x3 stem of stride 1 and no pool before the first Inception block, for"
            " 32 px; torchvision's batch norms and its 3x3 convolution for the 5x5 one; no"
            " auxiliary classifiers; torch's own initial weights",
            parameters_at_10=5_602_474,
            parameters_at_100=5_694_724,
            macs_at_100=1_451_134_976,
            licence="torchvision, BSD-3-Clause",
        ),
        googlenet_torchvision,
    ),
)

"""Networks for phones, from torchvision, with the strides of small images."""

from typing import Any

from torch import nn

from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.rivals.borrow import borrowed, stem_convolution
from whatwhere.models.networks.rivals.row import NoOptions, Row, row

# Expansion, channels, blocks, stride: the strides are those of 32 px, the rest is the paper's.
_MOBILE_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 1),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def mobilenet_v2(_: NoOptions, *, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    """Return MobileNetV2 with the strides of small images.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Without effect.

    Returns:
        The network.
    """
    module = borrowed("torchvision.models.mobilenetv2", network="mobilenet_v2")
    stages = [list(stage) for stage in _MOBILE_STAGES]
    network: Any = module.MobileNetV2(num_classes, inverted_residual_setting=stages)
    network.features[0][0] = stem_convolution(in_channels, 32)
    return network


def shufflenet_v2(
    _: NoOptions, *, num_classes: int, in_channels: int, image_size: int
) -> nn.Module:
    """Return ShuffleNet v2 x1.0 with a stem of stride 1 and no pool after it.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Without effect.

    Returns:
        The network.
    """
    module = borrowed("torchvision.models.shufflenetv2", network="shufflenet_v2")
    network: Any = module.shufflenet_v2_x1_0(num_classes=num_classes)
    network.conv1[0] = stem_convolution(in_channels, 24)
    network.maxpool = nn.Identity()
    return network


_LICENCE = "torchvision, BSD-3-Clause"

MOBILE: tuple[Row, ...] = (
    row(
        NetworkCard(
            number=106,
            name="mobilenet_v2",
            family="rival",
            title="MobileNetV2",
            source="Sandler et al., CVPR 2018, table 2",
            fidelity="exact",
            departures="strides 1,1,2,2,1,2,1 and a stem of stride 1, for 32 px; SAMC table 2"
            " prints 2.37 M parameters, the 2,369,380 of weiaicunzai/pytorch-cifar100, which has"
            " biases in all convolutions, a 1x1 stem and an expansion in the first block",
            parameters_at_10=2_236_682,
            parameters_at_100=2_351_972,
            macs_at_100=88_091_648,
            licence=_LICENCE,
        ),
        mobilenet_v2,
    ),
    row(
        NetworkCard(
            number=108,
            name="shufflenet_v2",
            family="rival",
            title="ShuffleNet v2 x1.0",
            source="Ma et al., ECCV 2018, table 5",
            fidelity="exact",
            departures="a stem of stride 1 and no pool after it, for 32 px",
            parameters_at_10=1_263_854,
            parameters_at_100=1_356_104,
            macs_at_100=45_094_272,
            licence=_LICENCE,
        ),
        shufflenet_v2,
    ),
)

"""The residual networks that others are compared with: those of `models.resnet`."""

from functools import partial

from torch import nn

from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.rivals.row import NoOptions, Row, row
from whatwhere.models.resnet import create_resnet

_CIFAR_STEM = "a 3x3 stem of stride 1 and no pool after it, as usual for images of 32 px"
_TABLE_1 = "He et al., CVPR 2016, table 1"
_SECTION_4_2 = "He et al., CVPR 2016, section 4.2"


def _resnet(
    _: NoOptions, *, name: str, num_classes: int, in_channels: int, image_size: int
) -> nn.Module:
    return create_resnet(name, num_classes=num_classes, in_channels=in_channels)


def _row(number: int, name: str, source: str, departures: str, *counts: int) -> Row:
    card = NetworkCard(
        number=number,
        name=name,
        family="rival",
        title=f"ResNet-{name.removeprefix('resnet')}",
        source=source,
        fidelity="exact",
        departures=departures,
        parameters_at_10=counts[0],
        parameters_at_100=counts[1],
        macs_at_100=counts[2],
    )
    return row(card, partial(_resnet, name=name))


RESIDUAL: tuple[Row, ...] = (
    _row(101, "resnet18", _TABLE_1, _CIFAR_STEM, 11_173_962, 11_220_132, 555_468_800),
    _row(102, "resnet34", _TABLE_1, _CIFAR_STEM, 21_282_122, 21_328_292, 1_159_448_576),
    _row(103, "resnet20", _SECTION_4_2, "", 269_722, 275_572, 40_556_800),
    _row(104, "resnet56", _SECTION_4_2, "", 853_018, 858_868, 125_491_456),
)

"""The networks that are built here, with their cards: SAMC, AMSRA-Net, MSGA."""

from collections.abc import Callable
from typing import Any

from torch import nn

from whatwhere.models.networks.amsra import AMSRAConfig, AMSRANet
from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.factory import NetworkFactory
from whatwhere.models.networks.msga import MSGA, MSGAConfig
from whatwhere.models.networks.samc import SAMC
from whatwhere.models.networks.samc_config import SAMCConfig

_SAMC = "SAMC, Lin et al., Proc. SPIE 13395, 133951K (2024), the text without its figures"
_AMSRA = "AMSRA-Net, Jiang et al., 2026, the abstract"
_MSGA = (
    "J. Dolz, Image Classification via Joint Multi-Scale Convolution and Global Attention Modeling,"
    " the text without its figures"
)
_SAMC_OURS = (
    "number of stages, widths, depths, heads, kernel sizes and MLP ratio are ours, chosen to meet"
    " the reported counts of parameters; the global residual is taken in every stage"
)
_AMSRA_OURS = (
    "all but the cascade of four blocks of MSFD and LGSA is ours; two MSFD for each LGSA, where"
    " depths=1-1-1-1 is the literal reading; every width has as many heads as head_dim divides it"
    " into, so an inner width of another number of heads is not offered"
)
_MSGA_OURS = "kernels, groups, widths, depths, norms, the code of position and the fusion are ours"


def _samc(config: SAMCConfig, *, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    return SAMC(config, num_classes=num_classes, in_channels=in_channels)


def _amsra(
    config: AMSRAConfig, *, num_classes: int, in_channels: int, image_size: int
) -> nn.Module:
    return AMSRANet(config, num_classes=num_classes, in_channels=in_channels)


def _msga(config: MSGAConfig, *, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    return MSGA(config, num_classes=num_classes, in_channels=in_channels)


# name, family, title, source, departures, builder, configuration,
# parameters with 10 and with 100 classes, multiply-adds with 100 classes
_TABLE: tuple[tuple[str, str, str, str, str, Callable[..., nn.Module], Any, int, int, int], ...] = (
    (
        "samc",
        "samc",
        "SAMC (reconstruction)",
        _SAMC,
        _SAMC_OURS,
        _samc,
        SAMCConfig(),
        1_206_322,
        1_220_812,
        70_511_744,
    ),
    (
        "samc_l",
        "samc",
        "SAMC at 3.6 M parameters (reconstruction)",
        f"{_SAMC}; its search, of which the size and the accuracy are told (3.6 M; 74.74 % on"
        " CIFAR-100) and nothing else",
        _SAMC_OURS,
        _samc,
        SAMCConfig(dims=(96, 192, 256), heads=(3, 6, 8), mlp_ratio=3),
        3_538_138,
        3_561_268,
        184_681_472,
    ),
    (
        "amsra_t",
        "amsra",
        "AMSRA-Net, tiny (reconstruction)",
        _AMSRA,
        _AMSRA_OURS,
        _amsra,
        AMSRAConfig(dims=(48, 96, 128, 192), head_dim=16),
        1_269_646,
        1_287_016,
        133_314_304,
    ),
    (
        "amsra_s",
        "amsra",
        "AMSRA-Net (reconstruction)",
        _AMSRA,
        _AMSRA_OURS,
        _amsra,
        AMSRAConfig(),
        2_405_226,
        2_428_356,
        241_771_520,
    ),
    (
        "amsra_b",
        "amsra",
        "AMSRA-Net, larger (reconstruction)",
        _AMSRA,
        _AMSRA_OURS,
        _amsra,
        AMSRAConfig(dims=(96, 160, 224, 256)),
        2_965_218,
        2_988_348,
        406_031_360,
    ),
    (
        "msga",
        "msga",
        "multi-scale convolution and global attention (reconstruction)",
        _MSGA,
        _MSGA_OURS,
        _msga,
        MSGAConfig(),
        3_062_794,
        3_084_484,
        381_311_424,
    ),
)


def _ours() -> tuple[tuple[NetworkCard, NetworkFactory], ...]:
    entries = []
    for number, row in enumerate(_TABLE, start=1):
        name, family, title, source, departures, build, config, at_10, at_100, macs = row
        card = NetworkCard(
            number=number,
            name=name,
            family=family,
            title=title,
            source=source,
            fidelity="reconstruction",
            departures=departures,
            parameters_at_10=at_10,
            parameters_at_100=at_100,
            macs_at_100=macs,
        )
        entries.append((card, NetworkFactory(name=name, default=config, build=build)))
    return tuple(entries)


OURS = _ours()

"""The published blocks that comparisons of attention carry as references, one file each."""

from collections.abc import Callable

from torch import nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.blocks.references import (
    bam,
    coordinate,
    efficient_channel,
    gather_excite,
    global_context,
    multi_scale,
    official_cbam,
    simam,
    squeeze_excite,
    style_recalibration,
    triplet,
)
from whatwhere.blocks.references.bam import BottleneckAttention
from whatwhere.blocks.references.coordinate import CoordinateAttention
from whatwhere.blocks.references.efficient_channel import EfficientChannelAttention
from whatwhere.blocks.references.gather_excite import GatherExcite
from whatwhere.blocks.references.global_context import GlobalContext
from whatwhere.blocks.references.multi_scale import EfficientMultiScaleAttention
from whatwhere.blocks.references.official_cbam import OfficialCBAM
from whatwhere.blocks.references.simam import SimAM
from whatwhere.blocks.references.squeeze_excite import SqueezeExcite
from whatwhere.blocks.references.style_recalibration import StyleRecalibration
from whatwhere.blocks.references.triplet import TripletAttention

__all__ = [
    "REFERENCES",
    "BottleneckAttention",
    "CoordinateAttention",
    "EfficientChannelAttention",
    "EfficientMultiScaleAttention",
    "GatherExcite",
    "GlobalContext",
    "OfficialCBAM",
    "SimAM",
    "SqueezeExcite",
    "StyleRecalibration",
    "TripletAttention",
]

REFERENCES: tuple[tuple[DesignCard, Callable[[int], nn.Module]], ...] = (
    (squeeze_excite.CARD, SqueezeExcite),
    (efficient_channel.CARD, EfficientChannelAttention),
    (official_cbam.CARD, OfficialCBAM),
    (bam.CARD, BottleneckAttention),
    (coordinate.CARD, CoordinateAttention),
    (simam.CARD, SimAM),
    (gather_excite.CARD, GatherExcite),
    (global_context.CARD, GlobalContext),
    (multi_scale.CARD, EfficientMultiScaleAttention),
    (triplet.CARD, TripletAttention),
    (style_recalibration.CARD, StyleRecalibration),
)

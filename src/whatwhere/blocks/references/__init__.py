"""The published blocks that comparisons of attention carry as references, one file each."""

from collections.abc import Callable

from torch import nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.blocks.references import efficient_channel, official_cbam, squeeze_excite
from whatwhere.blocks.references.efficient_channel import EfficientChannelAttention
from whatwhere.blocks.references.official_cbam import OfficialCBAM
from whatwhere.blocks.references.squeeze_excite import SqueezeExcite

__all__ = ["REFERENCES", "EfficientChannelAttention", "OfficialCBAM", "SqueezeExcite"]

REFERENCES: tuple[tuple[DesignCard, Callable[[int], nn.Module]], ...] = (
    (squeeze_excite.CARD, SqueezeExcite),
    (efficient_channel.CARD, EfficientChannelAttention),
    (official_cbam.CARD, OfficialCBAM),
)

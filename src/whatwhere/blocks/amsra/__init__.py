"""The two blocks of AMSRA-Net, reconstructed from its abstract: MSFD and LGSA."""

from collections.abc import Callable
from functools import partial

from torch import nn

from whatwhere.blocks.amsra import lgsa, msfd
from whatwhere.blocks.amsra.lgsa import LGSA
from whatwhere.blocks.amsra.msfd import MSFD
from whatwhere.blocks.cards import DesignCard

__all__ = ["AMSRA", "LGSA", "MSFD"]

AMSRA: tuple[tuple[DesignCard, Callable[[int], nn.Module]], ...] = (
    (msfd.CARD, partial(MSFD, in_channels=None, stride=1)),  # a design keeps the map's shape
    (lgsa.CARD, LGSA),
)

"""DMSCA, reconstructed from what is known of it: block, parts, readings, registered variants."""

from whatwhere.blocks.dmsca.block import DMSCA
from whatwhere.blocks.dmsca.reading import Reading
from whatwhere.blocks.dmsca.variants import VARIANTS

__all__ = ["DMSCA", "VARIANTS", "Reading"]

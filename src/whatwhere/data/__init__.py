"""Images on disk, in archives and in the catalogue, opened as one kind of source."""

from whatwhere.data.open import open_source
from whatwhere.data.source import SPLIT_NAMES, ImageSource

__all__ = ["SPLIT_NAMES", "ImageSource", "open_source"]

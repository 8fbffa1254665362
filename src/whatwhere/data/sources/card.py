"""DataCard: the facts about a known data set."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataCard:
    """The facts about a known data set.

    Args:
        name: The registered name, a legal file name.
        family: The collection it belongs to.
        title: What people call it.
        classes: Class names in the order of their indices.
        channels: 1 for grey, 3 for colour.
        splits: Number of images for training, validation and test; one number where the owners
            publish no split.
        licence: Under which terms it may be used.
        citation: What to cite.
        address: Where the official file lies; empty when nothing is fetched.
        md5: MD5 of the official file; empty when there is none.
        allow_flip: Whether a mirrored image still belongs to its class.
        source: Where the images come from.
        multi_label: Whether several classes may hold for one image; such a set is refused.
    """

    name: str
    family: str
    title: str
    classes: tuple[str, ...]
    channels: int
    splits: tuple[int, ...]
    licence: str
    citation: str
    address: str = ""
    md5: str = ""
    allow_flip: bool = True
    source: str = ""
    multi_label: bool = False

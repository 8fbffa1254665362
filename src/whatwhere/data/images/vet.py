"""Vetting an image file from its header: what it is, and why it may have to be refused."""

import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile

from whatwhere.data.names import display
from whatwhere.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
GREY_MODES = ("1", "L", "LA", "La")
DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
MAX_PIXELS = 50_000_000
MAX_SHOWN = 20
MAX_BAD_SHARE = 0.1
ORIENTATION_TAG = 0x0112
EXTENSION_FORMATS = {
    **dict.fromkeys((b".jpg", b".jpeg", b".jpe", b".jfif", b".mpo"), "JPEG"),
    **dict.fromkeys((b".png", b".apng"), "PNG"),
    **dict.fromkeys((b".bmp", b".dib"), "BMP"),
    **dict.fromkeys((b".tif", b".tiff"), "TIFF"),
    b".webp": "WEBP",
    b".gif": "GIF",
}


@dataclass(frozen=True)
class Rules:
    """What is accepted.

    Args:
        value_range: Values of images of more than 8 bits that become 0 and 255, or None.
        frame_first: Whether the first picture of an animation or a document is taken.
        minimum_size: Smallest accepted side in pixels.
    """

    value_range: tuple[float, float] | None = None
    frame_first: bool = False
    minimum_size: int = 8


@dataclass(frozen=True)
class Header:
    """What a file says about itself before its pixels are decoded.

    Args:
        format: One of `FORMATS`; empty when the file is unreadable.
        mode: Pillow's mode.
        width: In pixels.
        height: In pixels.
        frames: Number of pictures in the file.
        deep_colour: Whether it is a colour image of more than 8 bits per channel.
        transparent: Whether it has transparency.
        turned: Whether it says that it has to be turned or mirrored.
        damage: Why it is unreadable; empty when it is not.
    """

    format: str = ""
    mode: str = ""
    width: int = 0
    height: int = 0
    frames: int = 1
    deep_colour: bool = False
    transparent: bool = False
    turned: bool = False
    damage: str = ""

    @property
    def deep(self) -> bool:
        """Whether its one channel has more than 8 bits, so that a value range is needed."""
        return self.mode in DEEP_MODES

    @property
    def grey(self) -> bool:
        """Whether it has one channel of brightness."""
        return self.deep or self.mode in GREY_MODES


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep Pillow's warnings from the screen: each of them is judged here by its cause."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_header(path: bytes) -> Header:
    """Read a file's header; nothing is decoded.

    Args:
        path: The file.

    Returns:
        What it says, or a header with `damage`.
    """
    try:
        with Image.open(os.fsdecode(path), formats=FORMATS) as image:
            # A phone's JPEG may carry a second picture ("MPO"); the first is the photograph.
            photograph = image.format == "MPO"
            return Header(
                format="JPEG" if photograph else image.format or "",
                mode=image.mode,
                width=image.width,
                height=image.height,
                frames=1 if photograph else getattr(image, "n_frames", 1),
                deep_colour=image.mode not in DEEP_MODES and _has_deep_tiles(image),
                transparent=image.has_transparency_data,
                turned=image.getexif().get(ORIENTATION_TAG, 1) in range(2, 9),
            )
    except Image.DecompressionBombError:
        return Header(damage=f"has more than {MAX_PIXELS // 1_000_000} million pixels")
    except Image.UnidentifiedImageError:
        return Header(damage=_unidentified(path))
    except PermissionError:
        return Header(damage="may not be read (permission denied)")
    except Exception as error:  # decoders of damaged files raise anything
        return Header(damage=f"is damaged ({display(str(error))})")


def reason_to_refuse(header: Header, rules: Rules) -> str:
    """Return why a file cannot be used, as the end of a sentence; empty when it can.

    Args:
        header: From `read_header`.
        rules: What is accepted.

    Returns:
        For instance "is damaged (image file is truncated)".
    """
    if header.damage:
        return header.damage
    size = f"{header.width} x {header.height}"
    if header.width * header.height > MAX_PIXELS:
        return f"has {size} pixels, more than {MAX_PIXELS // 1_000_000} million"
    if min(header.width, header.height) < rules.minimum_size:
        return f"has {size} pixels, fewer than {rules.minimum_size} on a side"
    if header.frames > 1 and not rules.frame_first:
        return f"holds {header.frames} pictures; --frame first takes the first"
    if header.deep_colour:
        return "has more than 8 bits per colour; convert it to 8 bits"
    if header.deep and rules.value_range is None:
        return "has more than 8 bits and needs --value-range LOW,HIGH"
    if rules.value_range is not None and not header.deep:
        return "has 8 bits, and --value-range is for images of more bits"
    return ""


def refuse_bad(bad: dict[str, str], *, num_images: int, skip_bad: bool, advice: str = "") -> None:
    """Refuse a data set with bad files, unless they are few and may be left out.

    Args:
        bad: Name of each bad file and its reason.
        num_images: How many files there are.
        skip_bad: Whether bad files may be left out.
        advice: A further sentence.

    Raises:
        DataError: With the first bad files, their reasons and how many there are.
    """
    too_many = len(bad) > MAX_BAD_SHARE * num_images
    if not bad or (skip_bad and not too_many):
        return
    lines = [f"\n  {item}: {reason}" for item, reason in list(bad.items())[:MAX_SHOWN]]
    rest = f"\n  and {len(bad) - MAX_SHOWN} more" if len(bad) > MAX_SHOWN else ""
    ending = (
        f"more than {MAX_BAD_SHARE:.0%} are bad, too many to leave out"
        if skip_bad
        else "repair or remove them, or leave them out for all designs alike with --skip-bad"
    )
    raise DataError(
        f"{len(bad)} of {num_images} images cannot be used:{''.join(lines)}{rest}\n{advice}{ending}"
    )


def describe(headers: list[Header], paths: list[bytes], *, grey: bool) -> tuple[str, ...]:
    """Return notes on what kinds of images there are.

    Args:
        headers: Of the images in use.
        paths: Their files.
        grey: Whether the set is read as grey.

    Returns:
        One sentence per fact.
    """
    counts: Counter[str] = Counter()
    for header, path in zip(headers, paths, strict=True):
        extension = os.path.splitext(path)[1].lower()
        counts["are grey"] += header.grey and not grey
        counts["have transparency, laid over black"] += header.transparent
        counts["are CMYK, converted to RGB"] += header.mode == "CMYK"
        counts["were turned as their EXIF orientation says"] += header.turned
        counts["have more than one picture; the first is used"] += header.frames > 1
        counts["are of another format than their name says"] += (
            EXTENSION_FORMATS.get(extension) != header.format
        )
    return tuple(f"{n} of {len(headers)} images {what}" for what, n in counts.items() if n)


def mode_association(headers: list[Header], labels: np.ndarray) -> float:
    """Return Cramer's V between the kind of image and its class.

    V = sqrt(chi^2 / (n * (min(rows, columns) - 1))) of the table of kinds by classes.

    Args:
        headers: Of the images in use.
        labels: int64 class indices.

    Returns:
        From 0 (the kind says nothing about the class) to 1 (it gives the class away).
    """
    kinds = np.unique(
        [f"{header.mode} {header.transparent}" for header in headers], return_inverse=True
    )[1]
    classes = np.unique(labels, return_inverse=True)[1]
    table = np.zeros((kinds.max() + 1, classes.max() + 1))
    np.add.at(table, (kinds, classes), 1)
    if min(table.shape) < 2:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    chi_squared = ((table - expected) ** 2 / expected).sum()
    return float(np.sqrt(chi_squared / (table.sum() * (min(table.shape) - 1))))


def hash_file(path: bytes) -> str:
    """Return the SHA-256 of a file's bytes; "" when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _has_deep_tiles(image: ImageFile.ImageFile) -> bool:
    """Return whether the decoder would throw away bits, as Pillow does for 16-bit colour."""
    raw_modes = [tile.args[0] if isinstance(tile.args, tuple) else tile.args for tile in image.tile]
    deep = any(mark in str(raw_mode) for raw_mode in raw_modes for mark in (";16", ";32"))
    return image.format in ("PNG", "TIFF") and deep


def _unidentified(path: bytes) -> str:
    with open(path, "rb") as file:
        start = file.read(64)
    extension = os.path.splitext(path)[1].lower()
    if not start:
        return "is empty (0 bytes)"
    if extension not in EXTENSION_FORMATS:
        read = ", ".join(FORMATS)
        return f"is of a format that is not read ({extension.decode()}); read are {read}"
    if start.isascii() and all(byte >= 32 or byte in b"\t\r\n" for byte in start):
        first = start.split(b"\n")[0].decode("ascii").strip()[:24]
        return f"is text, not an image (begins with '{display(first)}')"
    return f"is no image of a format that is read ({', '.join(FORMATS)})"

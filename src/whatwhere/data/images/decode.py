"""Decoding one vetted image file to 8-bit grey or colour, by one documented rule per kind."""

import hashlib
import os
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from whatwhere.data.images.canvas import to_canvas
from whatwhere.data.images.vet import FORMATS, Header, Rules
from whatwhere.data.names import display


@dataclass(frozen=True, eq=False)
class Decoded:
    """One image, or the reason why there is none.

    Args:
        canvas: uint8 (canvas, canvas, channel), or None.
        pixel_hash: SHA-256 over shape and values of the whole image.
        damage: Why there is no canvas; empty when there is one.
    """

    canvas: np.ndarray | None = None
    pixel_hash: str = ""
    damage: str = ""


def decode_file(
    path: bytes, header: Header, *, rules: Rules, grey: bool, image_size: int, margin: int
) -> Decoded:
    """Decode a file whose header was accepted.

    Args:
        path: The file.
        header: Its header.
        rules: What is accepted.
        grey: Whether to return one channel; three otherwise.
        image_size: Side of the evaluation view in pixels.
        margin: Frame around it in pixels.

    Returns:
        The canvas, or the damage found on the way.
    """
    try:
        pixels = read_pixels(path, header, value_range=rules.value_range, grey=grey)
    except Exception as error:  # decoders of damaged files raise anything
        return Decoded(damage=f"is damaged ({display(str(error))})")
    shape_and_values = hashlib.sha256(repr(pixels.shape).encode())
    shape_and_values.update(np.ascontiguousarray(pixels).data)
    return Decoded(
        canvas=to_canvas(pixels, image_size=image_size, margin=margin),
        pixel_hash=shape_and_values.hexdigest(),
    )


def read_pixels(
    path: bytes, header: Header, *, value_range: tuple[float, float] | None, grey: bool
) -> np.ndarray:
    """Decode a file: turn it as EXIF says, scale deep values, lay transparency over black.

    Args:
        path: The file.
        header: Its header.
        value_range: Values of an image of more than 8 bits that become 0 and 255.
        grey: Whether to return one channel; three otherwise.

    Returns:
        uint8 (height, width, channel).

    Raises:
        Exception: Whatever the decoder raises on a damaged file.
    """
    name = os.fsdecode(path)
    if header.format == "PNG":
        # Decoding a PNG skips the checksums of its pixels; verifying checks them.
        with Image.open(name, formats=FORMATS) as image:
            image.verify()
    with Image.open(name, formats=FORMATS) as image:
        image.load()
        upright = ImageOps.exif_transpose(image)
    if header.deep:
        flat = scale(np.asarray(upright), value_range)
        return np.repeat(flat[..., None], 1 if grey else 3, axis=2)
    return _eight_bits(upright, grey=grey)


def scale(values: np.ndarray, value_range: tuple[float, float] | None) -> np.ndarray:
    """Scale values linearly to 0..255, clipping what lies outside the range.

    Args:
        values: Numbers of any type.
        value_range: What becomes 0 and 255.

    Returns:
        uint8, of the same shape.

    Raises:
        ValueError: If a value is not a number.
    """
    assert value_range is not None, "vetting lets deep images through with a range only"
    low, high = value_range
    share = (values.astype(np.float64) - low) / (high - low)
    if np.isnan(share).any():
        raise ValueError("some values are not numbers")
    return np.round(np.clip(share, 0, 1) * 255).astype(np.uint8)


def value_extent(path: bytes) -> tuple[float, float] | None:
    """Return the lowest and highest value in a file of more than 8 bits; None when damaged."""
    try:
        with Image.open(os.fsdecode(path), formats=FORMATS) as image:
            values = np.asarray(image)
        return float(np.nanmin(values)), float(np.nanmax(values))
    except Exception:  # decoders of damaged files raise anything
        return None


def _eight_bits(image: Image.Image, *, grey: bool) -> np.ndarray:
    if image.has_transparency_data:
        colour = image.convert("RGBA")
        black = Image.new("RGBA", colour.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, colour).convert("RGB")
    pixels = np.asarray(image.convert("L" if grey else "RGB"))
    return pixels[..., None] if grey else pixels

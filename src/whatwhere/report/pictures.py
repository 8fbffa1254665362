"""The few pictures a report shows: fetched once, kept in the run, embedded as PNG."""

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from whatwhere.records import write_atomically

FILE_NAME = "thumbnails.npz"
LARGEST_SIDE = 128
FetchImages = Callable[[str, np.ndarray], np.ndarray | None]


def collect_pictures(
    folder: Path, wanted: Mapping[str, list[int]], *, fetch_images: FetchImages | None
) -> dict[str, np.ndarray]:
    """Return the wanted pictures: those the run keeps, and the others fetched and kept from now on.

    Args:
        folder: The run's folder.
        wanted: Indices of images in their source, by data set.
        fetch_images: Given a data set and indices, returns uint8 images (n, height, width,
            channel), or None for a data set that is not at hand; None where none is.

    Returns:
        uint8 pictures (height, width, channel) by "DATA/INDEX"; those that cannot be had are
        missing.
    """
    keys = {f"{dataset}/{index}" for dataset, indices in wanted.items() for index in indices}
    kept = _kept(folder)
    pictures = {key: kept[key] for key in keys & kept.keys()}
    if fetch_images is None or keys <= pictures.keys():
        return pictures
    for dataset, indices in wanted.items():
        absent = sorted({i for i in indices if f"{dataset}/{i}" not in pictures})
        if not absent:
            continue
        images = fetch_images(dataset, np.array(absent, dtype=np.int64))
        if images is not None:
            for index, image in zip(absent, images, strict=True):
                pictures[f"{dataset}/{index}"] = thumbnail(image)
    _keep(folder, pictures)
    return pictures


def thumbnail(image: np.ndarray) -> np.ndarray:
    """Shrink an image to at most 128 pixels a side by averaging whole blocks.

    Args:
        image: uint8 (height, width, channel).

    Returns:
        uint8 (height, width, channel); small images unchanged.
    """
    factor = -(-max(image.shape[:2]) // LARGEST_SIDE)
    if factor <= 1:
        return np.ascontiguousarray(image)
    height, width = (max(1, side // factor) for side in image.shape[:2])
    rows, columns = (min(factor, side) for side in image.shape[:2])
    blocks = image[: height * rows, : width * columns].astype(np.float64)
    blocks = blocks.reshape(height, rows, width, columns, -1).mean(axis=(1, 3))
    return blocks.round().astype(np.uint8)


def data_uri(image: np.ndarray) -> str:
    """Encode a picture as the address of an embedded PNG.

    Args:
        image: uint8 (height, width, channel); the first three channels are shown in colour, one
            or two channels as the first in grey.

    Returns:
        A `data:` address.
    """
    return "data:image/png;base64," + base64.b64encode(encode_png(image)).decode()


def encode_png(image: np.ndarray) -> bytes:
    """Encode a picture as PNG, without any text or time in it.

    Args:
        image: uint8 (height, width, channel).

    Returns:
        The bytes of the file.
    """
    shown = image[..., :3] if image.shape[-1] >= 3 else image[..., :1]
    height, width, num_channels = shown.shape
    colour_type = 2 if num_channels == 3 else 0
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    lines = np.zeros((height, 1 + width * num_channels), dtype=np.uint8)  # 0: no filter
    lines[:, 1:] = shown.reshape(height, -1)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _kept(folder: Path) -> dict[str, np.ndarray]:
    path = folder / FILE_NAME
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (ValueError, EOFError, zipfile.BadZipFile):
        return {}  # a damaged file costs the pictures, never the report


def _keep(folder: Path, pictures: dict[str, np.ndarray]) -> None:
    buffer = io.BytesIO()
    named: dict[str, Any] = {key: pictures[key] for key in sorted(pictures)}
    np.savez_compressed(buffer, **named)
    write_atomically(folder / FILE_NAME, buffer.getvalue())


def picture_addresses(pictures: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Encode pictures for the page.

    Args:
        pictures: uint8 pictures by "DATA/INDEX".

    Returns:
        For each the address, and the size to show it at.
    """
    shown = {}
    for key, image in pictures.items():
        height, width = image.shape[:2]
        factor = 64 / max(height, width)
        shown[key] = {
            "address": data_uri(image),
            "width": max(1, round(width * factor)),
            "height": max(1, round(height * factor)),
        }
    return shown

"""Small image folders for the tests of the data room."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from whatwhere.data import ImageSource, open_source


@pytest.fixture
def write_images(tmp_path: Path) -> Callable[..., Path]:
    """Write noise images `prefix/0.png`, `prefix/1.png`, ... below tmp_path/photos."""

    def write(prefix: str, count: int, *, height: int = 11, width: int = 13) -> Path:
        folder = tmp_path / "photos" / prefix
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng([*prefix.encode(), count])
        for index in range(count):
            pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
            Image.fromarray(pixels).save(folder / f"{index}.png")
        return tmp_path / "photos"

    return write


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., ImageSource]:
    """open_source with small sizes and a cache of the test's own."""

    def call(data: Path | str, **options: object) -> ImageSource:
        defaults = {
            "image_size": None,
            "largest_size": 8,
            "margin": False,
            "cache_folder": tmp_path / "cache",
        }
        return open_source(data, **{**defaults, **options})

    return call

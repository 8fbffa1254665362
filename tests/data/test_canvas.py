"""Canvases: the middle square is the evaluation view, pixel for pixel."""

import numpy as np
import pytest
from PIL import Image

from whatwhere.data.images.canvas import margin_of, to_canvas, to_canvases


def ramp(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, channels), np.uint8)


def resized_centre(image: np.ndarray, size: int) -> np.ndarray:
    """The evaluation view as everybody computes it: resize the short side, crop the centre."""
    height, width = image.shape[:2]
    scale = size / min(height, width)
    new = round(width * scale), round(height * scale)
    whole = np.asarray(Image.fromarray(image).resize(new, Image.Resampling.BILINEAR))
    top, left = (whole.shape[0] - size) // 2, (whole.shape[1] - size) // 2
    return whole[top : top + size, left : left + size]


def test_margin_is_an_eighth():
    assert [margin_of(size) for size in (7, 8, 28, 32, 224)] == [0, 1, 3, 4, 28]


@pytest.mark.parametrize(
    ("height", "width"), [(37, 53), (53, 37), (37, 38), (38, 37), (37, 37), (37, 101), (11, 13)]
)
@pytest.mark.parametrize("size", [16, 17, 24])
@pytest.mark.parametrize("margin", [0, 2, 3])
def test_middle_of_the_canvas_is_the_centre_crop(height, width, size, margin):
    image = ramp(height, width)
    canvas = to_canvas(image, image_size=size, margin=margin)
    assert canvas.shape == (size + 2 * margin, size + 2 * margin, 3)
    middle = canvas[margin : margin + size, margin : margin + size]
    np.testing.assert_array_equal(middle, resized_centre(image, size))


def test_frame_shows_the_image_where_there_is_some_and_mirrors_where_there_is_none():
    image = np.arange(3 * 7, dtype=np.uint8).reshape(3, 7, 1)
    canvas = to_canvas(image, image_size=3, margin=1)[..., 0]
    # Columns 1..5 of the image (crop), rows 1, 0, 1, 2, 1 of it (mirror without the edge).
    expected = [
        [8, 9, 10, 11, 12],
        [1, 2, 3, 4, 5],
        [8, 9, 10, 11, 12],
        [15, 16, 17, 18, 19],
        [8, 9, 10, 11, 12],
    ]
    assert canvas.tolist() == expected


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_channel_is_resized_by_itself(channels):
    image = ramp(23, 29, channels)
    canvas = to_canvas(image, image_size=13, margin=1)
    for channel in range(channels):
        alone = to_canvas(image[..., channel : channel + 1], image_size=13, margin=1)
        np.testing.assert_array_equal(canvas[..., channel : channel + 1], alone)


def test_resizing_is_antialiased():
    stripes = np.zeros((64, 64, 1), np.uint8)
    stripes[:, ::2] = 254
    canvas = to_canvas(stripes, image_size=8, margin=0)
    assert np.abs(canvas.astype(int) - 127).max() <= 8


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 11), (13, 13)])
def test_many_at_once_equal_one_by_one(height, width):
    images = np.stack([ramp(height, width), ramp(height, width)[::-1]])
    together = to_canvases(images, image_size=8, margin=1)
    for image, canvas in zip(images, together, strict=True):
        np.testing.assert_array_equal(canvas, to_canvas(image, image_size=8, margin=1))

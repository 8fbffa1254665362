"""Single files: pixel hashes and scaling by hand."""

import os

import numpy as np
import pytest
from PIL import Image

from whatwhere.data.images.decode import decode_file, scale, value_extent
from whatwhere.data.images.vet import Header, Rules, mode_association, read_header


def pixel_hash(path, *, grey: bool) -> str:
    name = os.fsencode(path)
    result = decode_file(name, read_header(name), rules=Rules(), grey=grey, image_size=8, margin=0)
    assert result.damage == ""
    return result.pixel_hash


def test_pixel_hash_sees_shape_and_channels_and_not_the_format(tmp_path):
    Image.new("L", (8, 16), 5).save(tmp_path / "tall.png")
    Image.new("L", (16, 8), 5).save(tmp_path / "wide.png")
    Image.new("L", (16, 8), 5).save(tmp_path / "wide.bmp")
    wide = pixel_hash(tmp_path / "wide.png", grey=True)
    assert wide == pixel_hash(tmp_path / "wide.bmp", grey=True)
    assert wide != pixel_hash(tmp_path / "tall.png", grey=True)
    assert wide != pixel_hash(tmp_path / "wide.png", grey=False)


def test_scale_by_hand():
    values = np.array([-9, 10, 12, 15, 20, 99], np.int16)
    # 10..20 -> 0..255: (12 - 10) / 10 * 255 = 51, (15 - 10) / 10 * 255 = 127.5 -> 128 (even).
    assert scale(values, (10, 20)).tolist() == [0, 0, 51, 128, 255, 255]


def test_value_extent(tmp_path):
    Image.fromarray(np.array([[3, 900], [17, 64_000]], np.uint16)).save(tmp_path / "deep.png")
    assert value_extent(os.fsencode(tmp_path / "deep.png")) == (3, 64_000)
    (tmp_path / "bad.png").write_bytes(b"")
    assert value_extent(os.fsencode(tmp_path / "bad.png")) is None


def test_association_by_hand():
    def headers(*modes: str) -> list[Header]:
        return [Header(mode=mode) for mode in modes]

    labels = np.array([0] * 10 + [1] * 10)
    assert mode_association(headers(*["RGB"] * 20), labels) == 0
    assert mode_association(headers(*["L"] * 10, *["RGB"] * 10), labels) == pytest.approx(1)
    # Table 8 2 / 4 6: chi^2 = 20 (8 * 6 - 2 * 4)^2 / (10 * 10 * 12 * 8) = 10 / 3.
    modes = ["L"] * 8 + ["RGB"] * 2 + ["L"] * 4 + ["RGB"] * 6
    assert mode_association(headers(*modes), labels) == pytest.approx((10 / 3 / 20) ** 0.5)

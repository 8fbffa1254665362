"""Faults in the user's images: each is injected and named, and the folder stays as it was."""

import hashlib
import os
import socket
import stat
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import whatwhere.data.images.files
from whatwhere.data import open_source
from whatwhere.errors import DataError

decode_file = whatwhere.data.images.files.decode_file
HEIGHT, WIDTH = 11, 13
CLASSES = ("ant", "bee", "owl")
NUM_EACH = 7


def tree_hash(root: Path) -> str:
    """Hash names, kinds, permissions, times and bytes of everything below a folder."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(os.fsencode(root)):
        folders.sort()
        for name in sorted([*folders, *files]):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            digest.update(repr((path, status.st_mode, status.st_size, status.st_mtime_ns)).encode())
            if stat.S_ISREG(status.st_mode):
                digest.update(Path(os.fsdecode(path)).read_bytes())
    return digest.hexdigest()


def noise(seed: int, *, channels: int = 3) -> np.ndarray:
    shape = (HEIGHT, WIDTH, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three classes of seven sound PNG photographs each."""
    root = tmp_path / "photos"
    for label, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for index in range(NUM_EACH):
            image = Image.fromarray(noise(100 * label + index))
            image.save(root / name / f"{index}.png")
    return root


@pytest.fixture
def open_untouched(tmp_path: Path):
    """open_source that fails the test when anything in the user's folder has changed (C19)."""

    def call(root: Path, **options):
        before = tree_hash(root)
        try:
            return open_source(
                root,
                image_size=None,
                largest_size=8,
                margin=False,
                cache_folder=tmp_path / "cache",
                **options,
            )
        finally:
            assert tree_hash(root) == before, "the user's folder was written to"

    return call


def refused(open_untouched, root: Path, *texts: str, **options) -> str:
    """Assert that a folder is refused with exit code 3 and a message with all of `texts`."""
    with pytest.raises(DataError) as caught:
        open_untouched(root, **options)
    assert caught.value.exit_code == 3
    for text in texts:
        assert text in str(caught.value)
    return str(caught.value)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(
    width: int, height: int, *, depth: int, colour: int, rows: bytes, extra: bytes = b""
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + extra
        + png_chunk(b"IDAT", rows)
        + png_chunk(b"IEND", b"")
    )


def png_of_zeros(side: int) -> bytes:
    """A black one-bit PNG of side x side pixels, made a row at a time."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return png(side, side, depth=1, colour=0, rows=rows)


def encoded(tmp_path: Path, extension: str) -> bytes:
    path = tmp_path / f"encoded{extension}"
    Image.fromarray(noise(7)).resize((97, 89)).save(path)
    return path.read_bytes()


# C1: bad files -----------------------------------------------------------------------------------


def bad_checksum(tmp_path: Path) -> bytes:
    content = bytearray(encoded(tmp_path, ".png"))
    content[content.index(b"IEND") - 5] ^= 1  # in the checksum of the pixels, which stay whole
    return bytes(content)


BAD_FILES = {
    "zero.jpg": (lambda tmp: b"", "is empty (0 bytes)"),
    "text.jpg": (lambda tmp: b"not found\n", "is text, not an image (begins with 'not found')"),
    "page.jpg": (lambda tmp: b"<!DOCTYPE html><html>", "is text, not an image"),
    "junk.png": (lambda tmp: b"\x00\x9c\xff" * 31, "is no image of a format that is read"),
    "cut.jpg": (lambda tmp: encoded(tmp, ".jpg")[:-211], "truncated"),
    "cut.png": (lambda tmp: encoded(tmp, ".png")[:-211], "is damaged"),
    "crc.png": (bad_checksum, "is damaged"),
    "escape.png": (lambda tmp: b"a\x1b[2J" * 20, "is no image of a format that is read"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_c1_bad_file_is_named_with_its_reason(photos, open_untouched, tmp_path, name):
    make, reason = BAD_FILES[name]
    (photos / "bee" / name).write_bytes(make(tmp_path))
    message = refused(open_untouched, photos, f"bee/{name}", reason, "--skip-bad")
    assert message.startswith("1 of 22 images cannot be used:")


def test_c1_all_bad_files_are_reported_together(photos, open_untouched, tmp_path):
    for name, (make, _) in BAD_FILES.items():
        (photos / "bee" / name).write_bytes(make(tmp_path))
    message = refused(open_untouched, photos, "8 of 29 images cannot be used")
    for name, (_, reason) in BAD_FILES.items():
        assert any(f"bee/{name}: " in line and reason in line for line in message.splitlines())


def test_c1_only_the_first_twenty_are_listed(photos, open_untouched):
    for index in range(23):
        (photos / "bee" / f"empty{index:02}.png").touch()
    message = refused(open_untouched, photos, "23 of 44 images", "and 3 more")
    assert "empty19.png" in message
    assert "empty20.png" not in message


def test_c1_skip_bad_leaves_them_out_and_says_so(photos, open_untouched):
    clean = open_untouched(photos)
    (photos / "bee" / "3b.png").touch()
    (photos / "bee" / "cut.png").write_bytes((photos / "bee" / "3.png").read_bytes()[:-99])
    source = open_untouched(photos, skip_bad=True)
    assert len(source.images) == 21
    assert source.left_out[0] == "bee/3b.png: is empty (0 bytes)"
    assert source.left_out[1].startswith("bee/cut.png: is damaged")
    assert source.warnings == ("2 bad files are left out for all designs alike",)
    assert source.items == clean.items
    assert source.content_hash == clean.content_hash
    np.testing.assert_array_equal(source.images, clean.images)


def test_c1_skip_bad_is_refused_above_a_tenth(photos, open_untouched):
    for index in range(3):
        (photos / "bee" / f"empty{index}.png").touch()
    refused(open_untouched, photos, "3 of 24 images", "more than 10% are bad", skip_bad=True)


def test_c1_skip_bad_is_refused_when_a_class_gets_too_small(photos, open_untouched):
    for index in range(2):
        (photos / "owl" / f"{index}.png").write_bytes(b"")
    expected = "class 'owl' has 5 images"
    refused(open_untouched, photos, expected, "ant: 7, bee: 7, owl: 5", skip_bad=True)


# C2: bombs ---------------------------------------------------------------------------------------


def test_c2_bombs_are_refused_from_the_header(photos, open_untouched, monkeypatch):
    for megapixels, side in ((81, 9_000), (169, 13_000), (400, 20_000)):
        content = png_of_zeros(side)
        assert len(content) < 60_000
        (photos / "ant" / f"bomb{megapixels}.png").write_bytes(content)
    packed = zlib.compress(bytes(100_000_000), 9)
    text = png_chunk(b"zTXt", b"Comment\0\0" + packed)
    rows = zlib.compress(bytes(11 * 14))
    small = png(13, 11, depth=8, colour=0, rows=rows, extra=text)
    (photos / "ant" / "text.png").write_bytes(small)
    decoded = []
    monkeypatch.setattr(
        whatwhere.data.images.files,
        "decode_file",
        lambda path, *args, **options: decoded.append(path) or decode_file(path, *args, **options),
    )
    message = refused(open_untouched, photos, "4 of 25 images cannot be used")
    assert "ant/bomb81.png: has 9000 x 9000 pixels, more than 50 million" in message
    assert "ant/bomb169.png: has 13000 x 13000 pixels, more than 50 million" in message
    assert "ant/bomb400.png: has more than 50 million pixels" in message
    assert "ant/text.png: is damaged (Decompressed data too large" in message
    assert len(decoded) == 21
    names = {os.path.basename(path) for path in decoded}
    assert names == {b"%d.png" % index for index in range(NUM_EACH)}


MEASURE = """
import sys
from pathlib import Path
from whatwhere.data import open_source
from whatwhere.errors import DataError

def peak_bytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

before = peak_bytes()
try:
    data, cache = Path(sys.argv[1]), Path(sys.argv[2])
    open_source(data, image_size=8, largest_size=8, margin=False, cache_folder=cache)
except DataError:
    print(peak_bytes() - before)
"""


def test_c2_bombs_cost_no_memory(photos, tmp_path):
    for side in (9_000, 13_000, 20_000):
        (photos / "ant" / f"bomb{side}.png").write_bytes(png_of_zeros(side))
    command = [sys.executable, "-c", MEASURE, str(photos), str(tmp_path / "cache")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert 0 <= int(result.stdout) < 300_000_000


# C3: more than eight bits ------------------------------------------------------------------------


def deep_folder(root: Path, *, extension: str, dtype: type, top: float) -> np.ndarray:
    """Write three classes of deep images; return the values of the first one."""
    rng = np.random.default_rng(5)
    for name in CLASSES:
        (root / name).mkdir(parents=True)
        for index in range(NUM_EACH):
            values = (rng.random((11, 11)) * top).astype(dtype)
            values[0, :2] = 0, top
            Image.fromarray(values).save(root / name / f"{index}{extension}")
    return np.asarray(Image.open(root / CLASSES[0] / f"0{extension}"))


DEEP = {
    "16-bit PNG": (".png", np.uint16, 4095),
    "32-bit TIFF": (".tif", np.int32, 70_000),
    "float TIFF": (".tif", np.float32, 2.5),
}


@pytest.mark.parametrize("kind", DEEP)
def test_c3_deep_images_are_refused_with_the_range_seen(tmp_path, open_untouched, kind):
    extension, dtype, top = DEEP[kind]
    deep_folder(tmp_path / "scans", extension=extension, dtype=dtype, top=top)
    refused(
        open_untouched,
        tmp_path / "scans",
        f"ant/0{extension}: has more than 8 bits and needs --value-range LOW,HIGH",
        f"21 images have values from 0 to {top:g}: pass --value-range 0,{top:g}",
    )


@pytest.mark.parametrize("kind", DEEP)
def test_c3_deep_images_are_scaled_linearly(tmp_path, kind):
    extension, dtype, top = DEEP[kind]
    values = deep_folder(tmp_path / "scans", extension=extension, dtype=dtype, top=top)
    low, high = 0.1 * top, 0.9 * top
    source = open_source(
        tmp_path / "scans",
        image_size=None,
        largest_size=17,
        margin=False,
        value_range=(low, high),
        cache_folder=tmp_path / "cache",
    )
    expected = np.clip(np.round((values - low) / (high - low) * 255), 0, 255)
    assert source.channels == 1
    np.testing.assert_array_equal(source.images[0, :, :, 0], expected)
    assert (source.images[0, 0, :2, 0] == (0, 255)).all()


def test_c3_sixteen_bit_colour_is_refused(photos, open_untouched):
    rows = zlib.compress((b"\0" + b"\x12\x34" * 3 * 13) * 11)
    (photos / "owl" / "deep.png").write_bytes(png(13, 11, depth=16, colour=2, rows=rows))
    refused(open_untouched, photos, "owl/deep.png: has more than 8 bits per colour")


def test_c3_value_range_is_refused_for_eight_bits(photos, open_untouched):
    refused(open_untouched, photos, "21 of 21", "has 8 bits, and", value_range=(0, 4095))


def test_c3_not_a_number_is_refused(tmp_path, open_untouched):
    deep_folder(tmp_path / "scans", extension=".tif", dtype=np.float32, top=1)
    values = np.ones((11, 11), np.float32)
    values[3, 5] = np.nan
    Image.fromarray(values).save(tmp_path / "scans" / "bee" / "nan.tif")
    expected = "bee/nan.tif: is damaged (some values are not numbers)"
    refused(open_untouched, tmp_path / "scans", expected, value_range=(0, 1))


# C4: kinds of images -----------------------------------------------------------------------------


def replace_first(photos: Path, image: Image.Image, name: str = "0.png", **options) -> None:
    (photos / "ant" / "0.png").unlink()
    image.save(photos / "ant" / name, **options)


def first_image(open_untouched, photos: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the whole first image as it was read, and the notes; needs a square image."""
    source = open_untouched(photos)
    return source.images[0], source.notes


def square(colour: tuple[int, ...] | int, mode: str) -> Image.Image:
    return Image.new(mode, (8, 8), colour)


KINDS = {
    "opaque red, RGBA": (square((200, 0, 40, 255), "RGBA"), (200, 0, 40)),
    "transparent red, RGBA": (square((200, 0, 40, 0), "RGBA"), (0, 0, 0)),
    "one fifth red, RGBA": (square((200, 0, 40, 51), "RGBA"), (40, 0, 8)),
    "one fifth grey, LA": (square((100, 51), "LA"), (20, 20, 20)),
    "white, 1 bit": (square(1, "1"), (255, 255, 255)),
    "grey": (square(77, "L"), (77, 77, 77)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_c4_kinds_are_converted_by_one_rule(photos, open_untouched, kind):
    image, expected = KINDS[kind]
    replace_first(photos, image)
    pixels, _ = first_image(open_untouched, photos)
    assert pixels.shape == (8, 8, 3)
    np.testing.assert_array_equal(pixels.reshape(-1, 3), [expected] * 64)


def test_c4_palette_with_transparency_lies_over_black(photos, open_untouched):
    image = Image.new("P", (8, 8), 0)
    image.putpalette([10, 20, 30, 90, 80, 70])
    image.putpixel((5, 2), 1)
    replace_first(photos, image, transparency=0)
    pixels, notes = first_image(open_untouched, photos)
    expected = np.zeros((8, 8, 3))
    expected[2, 5] = 90, 80, 70
    np.testing.assert_array_equal(pixels, expected)
    assert "1 of 21 images have transparency, laid over black" in notes


def test_c4_cmyk_jpeg_is_converted(photos, open_untouched):
    replace_first(photos, square((0, 255, 255, 0), "CMYK"), "0.jpg", quality=95)
    pixels, notes = first_image(open_untouched, photos)
    assert np.abs(pixels.astype(int) - (255, 0, 0)).max() <= 3
    assert "1 of 21 images are CMYK, converted to RGB" in notes


def test_c4_grey_among_colour_is_counted(photos, open_untouched):
    replace_first(photos, square(77, "L"))
    assert open_untouched(photos).notes == ("1 of 21 images are grey",)


def test_c4_all_grey_gives_one_channel(tmp_path, open_untouched):
    for label, name in enumerate(CLASSES):
        (tmp_path / "grey" / name).mkdir(parents=True)
        for index in range(NUM_EACH):
            pixels = noise(100 * label + index)[..., 0]
            Image.fromarray(pixels).save(tmp_path / "grey" / name / f"{index}.png")
    image = Image.new("LA", (8, 8), (100, 51))
    image.save(tmp_path / "grey" / "ant" / "0.png")
    source = open_untouched(tmp_path / "grey")
    assert source.images.shape == (21, 8, 8, 1)
    np.testing.assert_array_equal(source.images[0], np.full((8, 8, 1), 20))


def test_c4_kind_that_goes_with_the_class_is_warned_of(photos, open_untouched):
    for index in range(NUM_EACH):
        image = Image.open(photos / "ant" / f"{index}.png").convert("L")
        image.save(photos / "ant" / f"{index}.png")
    (warning,) = open_untouched(photos).warnings
    assert "goes with the class (Cramer's V 1.00)" in warning


# C5: orientation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_c5_orientation_is_undone_first(photos, open_untouched, orientation):
    upright = noise(1)[:8, :8]
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, 3),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    replace_first(photos, Image.fromarray(np.ascontiguousarray(stored)), exif=exif)
    pixels, notes = first_image(open_untouched, photos)
    np.testing.assert_array_equal(pixels, upright)
    turned = "1 of 21 images were turned as their EXIF orientation says"
    assert (turned in notes) == (orientation > 1)


# C6: several pictures in one file ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["0.gif", "0.png", "0.tif", "0.webp"])
def test_c6_several_pictures_are_refused_unless_the_first_is_wanted(photos, open_untouched, name):
    frames = [Image.fromarray(noise(seed)[:8, :8]) for seed in (31, 37, 41)]
    options = {"lossless": True} if name == "0.webp" else {}
    replace_first(photos, frames[0], name, save_all=True, append_images=frames[1:], **options)
    refused(open_untouched, photos, f"ant/{name}: holds 3 pictures; --frame first takes the first")
    source = open_untouched(photos, frame_first=True)
    assert "1 of 21 images have more than one picture; the first is used" in source.notes
    if name != "0.gif":  # a GIF has 256 colours
        np.testing.assert_array_equal(source.images[0], noise(31)[:8, :8])


# C7: tiny images ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (1, 29), (29, 1), (7, 8)])
def test_c7_tiny_images_are_refused(photos, open_untouched, size):
    Image.new("RGB", size).save(photos / "bee" / "tiny.png")
    width, height = size
    expected = f"bee/tiny.png: has {width} x {height} pixels, fewer than 8 on a side"
    refused(open_untouched, photos, expected)


def test_c7_tiny_images_are_read_when_declared(photos, open_untouched):
    Image.new("RGB", (5, 7)).save(photos / "bee" / "tiny.png")
    assert len(open_untouched(photos, minimum_size=5).images) == 22


# C8: extensions ----------------------------------------------------------------------------------


def test_c8_content_decides_and_is_counted(photos, open_untouched):
    os.rename(photos / "ant" / "0.png", photos / "ant" / "0.jpg")
    os.rename(photos / "ant" / "1.png", photos / "ant" / "1.heic")
    source = open_untouched(photos)
    assert source.notes == ("2 of 21 images are of another format than their name says",)
    assert source.items[:3] == ("ant/0.jpg", "ant/1.heic", "ant/2.png")


@pytest.mark.parametrize("extension", [".ppm", ".avif", ".jp2", ".ico"])
def test_c8_images_of_other_formats_are_bad(photos, open_untouched, extension):
    Image.new("RGB", (32, 32), (9, 9, 9)).save(photos / "ant" / f"strange{extension}")
    expected = (
        f"ant/strange{extension}: is of a format that is not read ({extension}); read are JPEG"
    )
    refused(open_untouched, photos, expected)


def test_c8_files_that_are_no_images_are_ignored_and_counted(photos, open_untouched):
    (photos / "labels.txt").write_text("ant")
    (photos / "ant" / "Thumbs.db").write_bytes(b"\0")
    source = open_untouched(photos)
    assert len(source.images) == 21
    assert source.notes == ("files that are no images and were ignored: 2",)


# C9: names ---------------------------------------------------------------------------------------

NAMES = {
    "übung_日本.png".encode(): "übung_日本.png",
    b"bad\xff\xfe.png": "bad\\xff\\xfe.png",
    b"new\nline.png": "new\\x0aline.png",
    b"clear\x1b[2J.png": "clear\\x1b[2J.png",
    "gnp\u202eexe.png".encode(): "gnp\\u202eexe.png",
    b"x" * 251 + b".png": "x" * 251 + ".png",
    b"Twin.png": "Twin.png",
    b"twin.png": "twin.png",
}


def test_c9_strange_file_names_are_read_and_shown_escaped(photos, open_untouched):
    content = (photos / "bee" / "0.png").read_bytes()
    folder = os.fsencode(photos / "bee")
    for index, name in enumerate(NAMES):
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(content + bytes(index))
    source = open_untouched(photos)
    assert {f"bee/{shown}" for shown in NAMES.values()} < set(source.items)
    assert len(source.images) == 21 + len(NAMES)
    assert all(item.isprintable() for item in source.items)


def test_c9_strange_names_are_escaped_in_errors(photos, open_untouched):
    (photos / "bee" / "a\x1b[2J\u202e.png").touch()
    refused(open_untouched, photos, "bee/a\\x1b[2J\\u202e.png: is empty")


@pytest.mark.parametrize(
    ("first", "second", "spellings"),
    [
        ("Owl", "owl", ("'Owl'", "'owl'")),
        ("caf\u00e9", "cafe\u0301", ("U+0063 U+0061 U+0066 U+00E9", "U+0065 U+0301")),
    ],
)
def test_c9_class_name_twins_are_refused(photos, open_untouched, first, second, spellings):
    for name in (first, second):
        (photos / name).mkdir(exist_ok=True)
        Image.fromarray(noise(3)).save(photos / name / "z.png")
    refused(open_untouched, photos, "two class names look the same", *spellings)


# C10: links and special files --------------------------------------------------------------------


def test_c10_a_loop_is_not_followed(photos, open_untouched):
    (photos / "ant" / "loop").symlink_to("..")
    source = open_untouched(photos)
    assert len(source.images) == 21
    assert source.class_names == CLASSES
    assert source.warnings[0].startswith("1 links were not followed (ant/loop)")


def test_c10_a_link_out_of_the_folder_is_not_followed(photos, open_untouched, tmp_path):
    secret = tmp_path / "secret.png"
    Image.fromarray(noise(2)).save(secret)
    (photos / "ant" / "secret.png").symlink_to(secret)
    (photos / "ant" / "broken.png").symlink_to("nowhere.png")
    source = open_untouched(photos)
    assert "ant/secret.png" not in source.items
    assert source.warnings[0].startswith(
        "2 links were not followed (ant/broken.png, ant/secret.png)"
    )


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_c10_one_file_under_two_classes_is_refused(photos, open_untouched, link):
    link(photos / "bee" / "3.png", photos / "owl" / "copy.png")
    expected = "bee/3.png and owl/copy.png are the same file"
    refused(open_untouched, photos, "one file stands under two classes", expected)


def test_c10_a_further_name_in_the_same_class_counts_once(photos, open_untouched):
    os.link(photos / "bee" / "3.png", photos / "bee" / "copy.png")
    source = open_untouched(photos)
    assert len(source.images) == 21
    assert source.notes == ("further names of files already listed, passed over: 1",)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_c10_special_files_are_refused(photos, open_untouched, kind, monkeypatch):
    if kind == "pipe":
        os.mkfifo(photos / "ant" / "special.png")
    else:
        monkeypatch.chdir(photos / "ant")  # a socket's path is short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("special.png")
    refused(open_untouched, photos, "pipes, sockets or devices", "ant/special.png")


def test_c10_a_device_is_refused(photos, open_untouched):
    try:
        os.mknod(photos / "ant" / "zero.png", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except OSError:
        pytest.skip("making a device needs more rights than this user has")
    refused(open_untouched, photos, "pipes, sockets or devices", "ant/zero.png")


# C11: hidden and tool folders --------------------------------------------------------------------


def test_c11_tool_folders_are_ignored_and_listed(photos, open_untouched):
    folders = (".git", ".ipynb_checkpoints", "Thumbnails", "__MACOSX")
    for name in folders:
        (photos / name).mkdir()
        (photos / name / "0.png").write_bytes((photos / "ant" / "0.png").read_bytes())
    (photos / "ant" / "._0.png").write_bytes(b"resource fork")
    source = open_untouched(photos)
    assert source.class_names == CLASSES
    assert source.notes == (
        "files that are no images and were ignored: 1",
        f"hidden and tool folders were ignored: {', '.join(folders)}",
    )


# C12: classes ------------------------------------------------------------------------------------


def test_c12_one_class_is_refused(photos, open_untouched):
    os.rename(photos / "ant", photos.parent / "ant")
    os.rename(photos / "bee", photos.parent / "bee")
    refused(open_untouched, photos, "there is only one class (owl: 7)")


def test_c12_an_empty_class_is_refused(photos, open_untouched):
    (photos / "cat").mkdir()
    refused(open_untouched, photos, "class 'cat' has no images (ant: 7, bee: 7, cat: 0, owl: 7)")


def test_c12_a_small_class_is_refused(photos, open_untouched):
    (photos / "bee" / "0.png").unlink()
    assert len(open_untouched(photos).images) == 20
    (photos / "bee" / "1.png").unlink()
    expected = "class 'bee' has 5 images, and three splits need at least 6 of each class"
    refused(open_untouched, photos, expected, "(ant: 7, bee: 5, owl: 7)")


@pytest.fixture
def split_photos(photos: Path) -> Path:
    """Five images of each class in train/, two in test/."""
    root = photos.parent / "split"
    for name in CLASSES:
        for index in range(NUM_EACH):
            target = root / ("test" if index > 4 else "train") / name / f"{index}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(photos / name / f"{index}.png", target)
    return root


def test_c12_a_class_missing_in_a_split_is_refused(split_photos, open_untouched):
    for path in (split_photos / "test" / "owl").iterdir():
        os.rename(path, split_photos / "train" / "owl" / path.name)
    expected = "class 'owl' is missing in the test split (ant: 2, bee: 2, owl: 0)"
    refused(open_untouched, split_photos, expected, "--allow-missing-class")
    source = open_untouched(split_photos, allow_missing_class=True)
    assert np.bincount(source.labels[source.indices("test")], minlength=3).tolist() == [2, 2, 0]


# C16: groups; C19: the user's folder -------------------------------------------------------------


def test_c16_given_splits_that_cut_a_group_are_refused(photos, tmp_path):
    lines = ["path,label,group,split"]
    for label in CLASSES:
        for index in range(NUM_EACH):
            split = "test" if index > 4 else "train"
            group = "patient7" if index in (2, 6) else f"{label}{index}"
            lines.append(f"{label}/{index}.png,{label},{group},{split}")
    table = photos / "table.csv"
    table.write_text("\n".join(lines))
    with pytest.raises(DataError, match="1 groups straddle the given splits") as caught:
        open_source(
            table, image_size=8, largest_size=8, margin=False, cache_folder=tmp_path / "cache"
        )
    assert "'ant/2.png' is in train and 'ant/6.png' of the same group in test" in str(caught.value)


def test_c19_a_cache_inside_the_data_is_refused(photos):
    before = tree_hash(photos)
    with pytest.raises(ValueError, match=r"lies inside the data .* WHATWHERE_DATA"):
        open_source(
            photos, image_size=8, largest_size=8, margin=False, cache_folder=photos / "cache"
        )
    assert tree_hash(photos) == before


def test_c19_a_read_only_folder_is_enough(photos, open_untouched):
    for folder, _, files in os.walk(photos):
        for name in files:
            os.chmod(os.path.join(folder, name), 0o444)
        os.chmod(folder, 0o555)
    assert len(open_untouched(photos).images) == 21

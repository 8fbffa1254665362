"""Damaged image files: `python -m benchmarks.mutated_images [FILES]`.

Small pictures are encoded in every format that is read; each file is one of them with bits
flipped, bytes overwritten, or a part cut off, doubled or swapped. All are vetted and decoded as a
data set would be, in child processes of which each is watched: a child that is killed by a signal,
or needs more than ten seconds for one file, is a failure. Files that still decode are counted.
"""

import io
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from benchmarks.results_file import write_result
from PIL import Image

from whatwhere.data.images.decode import decode_file
from whatwhere.data.images.vet import Rules, quiet_pillow, read_header, reason_to_refuse

FORMATS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "TIFF": "tif", "BMP": "bmp"}
MAX_SECONDS = 10.0
BATCH = 250


def main() -> None:
    num_files = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    context = multiprocessing.get_context("spawn")
    totals: dict[str, Counter[str]] = {kind: Counter() for kind in FORMATS}
    slowest, started = 0.0, time.perf_counter()
    for start in range(0, num_files, BATCH):
        ours, theirs = context.Pipe()
        child = context.Process(target=judge, args=(range(start, start + BATCH), theirs))
        child.start()
        theirs.close()
        while True:
            if not ours.poll(MAX_SECONDS + 20 * (not totals["JPEG"])):
                child.kill()
                raise SystemExit(f"a file of {start} to {start + BATCH} hangs")
            try:
                kind, outcome, seconds = ours.recv()
            except EOFError:
                break
            totals[kind][outcome] += 1
            slowest = max(slowest, seconds)
        child.join()
        if child.exitcode != 0:
            raise SystemExit(f"a file of {start} to {start + BATCH} ended the process")
    rows = [
        {
            "format": kind,
            "files": sum(counts.values()),
            "refused from the header": counts["header"],
            "refused while decoding": counts["damaged"],
            "decoded": counts["decoded"],
            "crashes": 0,
            "hangs": 0,
        }
        for kind, counts in totals.items()
    ]
    settings = {
        "files": num_files,
        "slowest file, seconds": round(slowest, 3),
        "seconds in all": round(time.perf_counter() - started),
    }
    print(write_result("mutated-images", settings=settings, rows=rows))


def judge(numbers: range, results) -> None:
    """Vet and decode damaged files; report each as it is done."""
    rules = Rules(frame_first=True)
    with tempfile.TemporaryDirectory() as folder, quiet_pillow():
        for number in numbers:
            kind = list(FORMATS)[number % len(FORMATS)]
            path = Path(folder) / f"{number}.{FORMATS[kind]}"
            path.write_bytes(damaged(encoded(kind, number // 6 % 5), number))
            started = time.perf_counter()
            header = read_header(os.fsencode(path))
            outcome = "header"
            if not reason_to_refuse(header, rules):
                decoded = decode_file(
                    os.fsencode(path), header, rules=rules, grey=False, image_size=32, margin=4
                )
                outcome = "decoded" if decoded.canvas is not None else "damaged"
            results.send((kind, outcome, time.perf_counter() - started))
            path.unlink()


def encoded(kind: str, picture: int) -> bytes:
    """Return a sound file: colour, grey, palette, with transparency, or several frames."""
    rng = np.random.default_rng(picture)
    pixels = rng.integers(0, 256, (6, 7, 3), np.uint8)
    image = Image.fromarray(pixels).resize((70, 60), Image.Resampling.BICUBIC)
    if picture == 1:
        image = image.convert("L")
    if picture == 2 and kind != "JPEG":
        image = image.convert("P")
    if picture == 3 and kind in ("PNG", "WEBP", "TIFF"):
        image = image.convert("RGBA")
    buffer = io.BytesIO()
    more = [image.rotate(90)] if picture == 4 and kind in ("PNG", "GIF", "WEBP", "TIFF") else []
    image.save(buffer, kind, **({"save_all": True, "append_images": more} if more else {}))
    return buffer.getvalue()


def damaged(content: bytes, number: int) -> bytes:
    """Return a file with one kind of damage."""
    rng = np.random.default_rng([7, number])
    changed = bytearray(content)
    how = number // 30 % 6
    start = int(rng.integers(len(content)))
    if how == 0:
        changed[start] ^= 1 << int(rng.integers(8))
    elif how == 1:
        for place in rng.integers(0, len(content), 1 + len(content) // 50):
            changed[place] = int(rng.integers(256))
    elif how == 2:
        changed = changed[:start]
    elif how == 3:
        changed[start : start + 4] = bytes(rng.choice([0, 255], 4).astype(np.uint8))
    elif how == 4:
        changed = changed[:start] + changed[max(0, start - 40) :]
    else:
        for place in rng.integers(0, min(64, len(content)), 3):
            changed[place] = int(rng.integers(256))
    return bytes(changed)


if __name__ == "__main__":
    main()

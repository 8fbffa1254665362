"""Time to open image folders, cold and from the cache: `python -m benchmarks.vet_and_decode DATA`.

Each data set is opened several times with an empty cache folder, and as often again with a full
one. Opening hashes, vets and decodes every file, settles the splits and looks for duplicates.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import PIL
from benchmarks.results_file import write_result

from whatwhere.data import open_source

ROUNDS = 5


def main() -> None:
    rows = []
    for data in sys.argv[1:]:
        cold, warm = [], []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as cache:
                cold.append(timed(data, cache)[0])
                seconds, source = timed(data, cache)
                warm.append(seconds)
        rows.append(
            {
                "data": Path(data).stem,
                "images": len(source.labels),
                "size px": source.image_size,
                "first time s": spread(cold),
                "from the cache s": spread(warm),
                "images per second": round(len(source.labels) / statistics.median(cold)),
            }
        )
    settings = {"rounds": ROUNDS, "pillow": PIL.__version__, "values": "median (least to most)"}
    print(write_result("vet-and-decode", settings=settings, rows=rows, num_threads=2))


def timed(data: str, cache: str):
    started = time.perf_counter()
    source = open_source(
        data, image_size=64, largest_size=64, margin=True, cache_folder=Path(cache)
    )
    return time.perf_counter() - started, source


def spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    main()

"""How long the main job takes: `python -m benchmarks.main_job [REPEATS]` on an idle machine."""

import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results_file import write_result


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds, help_seconds, loads = [], [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            loads.append(round(os.getloadavg()[0], 2))
            seconds.append(timed(["compare", "-o", "run", "--quiet"], folder))
            trials = len(list(csv.DictReader((Path(folder) / "run" / "results.csv").open())))
            help_seconds += [timed(["--help"], folder) for _ in range(3)]
    rows = [
        {
            "what": "whatwhere compare, seconds",
            "n": repeats,
            "trials": trials,
            "median": round(statistics.median(seconds), 1),
            "lowest": round(min(seconds), 1),
            "highest": round(max(seconds), 1),
        },
        {
            "what": "whatwhere --help, seconds",
            "n": len(help_seconds),
            "trials": 0,
            "median": round(statistics.median(help_seconds), 2),
            "lowest": round(min(help_seconds), 2),
            "highest": round(max(help_seconds), 2),
        },
    ]
    print(
        write_result("main-job", settings={"load before each run": loads}, rows=rows, num_threads=2)
    )


def timed(words: list[str], folder: str) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "whatwhere", *words], cwd=folder, check=True, capture_output=True
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

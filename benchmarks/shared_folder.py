"""Processes that share one run folder: `python -m benchmarks.shared_folder [PROCESSES]`.

All are started at the same moment with the same command. Every trial must be computed exactly
once, by the log that all write to, every process must end with 0, and every result must equal that
of one process alone.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.random_kills import results
from benchmarks.results_file import write_result

STUDY = [
    "compare",
    "digits",
    "-d",
    "sequential",
    "--seeds",
    "4",
    "--steps",
    "3",
    "-o",
    "run",
    "--precision",
    "fp32",
    "--layout",
    "nchw",
    "--quiet",
]


def main() -> None:
    num_processes = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    with tempfile.TemporaryDirectory() as folder:
        alone, shared = Path(folder) / "alone", Path(folder) / "shared"
        seconds_alone, _ = run(alone, 1, workers=2)
        seconds, codes = run(shared, num_processes, workers=1)
        log = (shared / "run" / "run.log").read_text()
        counts = Counter(re.findall(r"^\S+ (\S+) finished", log, re.MULTILINE))
        equal = results(shared) == results(alone)
        num_trials = len(results(alone))
    row = {
        "processes": num_processes,
        "trials": num_trials,
        "computed once": sum(count == 1 for count in counts.values()),
        "computed twice": sum(count > 1 for count in counts.values()),
        "exit codes other than 0": sum(code != 0 for code in codes),
        "equal to one process": equal,
        "seconds": round(seconds),
        "seconds of one process with 2 workers": round(seconds_alone),
    }
    print(row)
    print(write_result("shared-folder", settings={"study": " ".join(STUDY)}, rows=[row]))
    if not equal or row["computed once"] != num_trials or any(codes):
        raise SystemExit(1)


def run(folder: Path, num_processes: int, *, workers: int) -> tuple[float, list[int]]:
    folder.mkdir()
    words = [sys.executable, "-m", "whatwhere", *STUDY, "--workers", str(workers)]
    started = time.perf_counter()
    processes = [
        subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL) for _ in range(num_processes)
    ]
    codes = [process.wait() for process in processes]
    return time.perf_counter() - started, codes


if __name__ == "__main__":
    main()

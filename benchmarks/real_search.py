"""A search for SAMC on EuroSAT-200, shared by processes, with what it found.

    python -m benchmarks.real_search EUROSAT --work FOLDER [--budget 30m] [--processes 2] [--told]

EUROSAT is a folder or archive of EuroSAT images. Every process runs the same command; at 150 steps
of 32 a trial takes about 40 s of a core. FOLDER holds trials, fresh runs and page, and the search
continues in it when the command is repeated. With --told nothing is run, and what a finished search
found is written.
"""

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.results_file import FOLDER, write_result

NUM_SHOWN = 5
SEARCHED = "--space samc --steps 150 --batch 32 --trials 60 --max-parameters 1300000 --seeds 3"


def run(words: list[str], *, processes: int) -> None:
    """Run the search in several processes at once."""
    command = [sys.executable, "-m", "whatwhere", *words]
    running = [subprocess.Popen(command) for _ in range(processes)]
    codes = [process.wait() for process in running]
    if any(codes):
        sys.exit("a process of the search failed; see above")


def percent(share: float | None, *, decimals: int = 1) -> str:
    """Return a share in percent, nothing for none."""
    return "" if share is None else f"{100 * share:.{decimals}f}"


def trial_row(trial: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a trial that was trained to its end."""
    return {
        "what": trial["name"],
        "validation, %": percent(trial["accuracy"]),
        "test, %": "",
        "95 % interval": "",
        "parameters": f"{trial['parameters']:,}",
        "runs": 1,
        "configuration": ", ".join(f"{name} {value}" for name, value in trial["values"].items()),
    }


def fresh_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row of what was run again with fresh seeds."""
    return {
        "what": f"{row['label']}, fresh seeds",
        "validation, %": percent(row["validation"]),
        "test, %": percent(row["test"]),
        "95 % interval": f"{percent(row['low'])} to {percent(row['high'])}",
        "parameters": f"{row['parameters']:,}",
        "runs": row["num_seeds"],
        "configuration": "",
    }


def main() -> None:
    """Search, and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="folder of the search")
    parser.add_argument("--budget", default="30m", help="time of the trials")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--told", action="store_true", help="only write what was found")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder of the result file")
    asked = parser.parse_args()
    words = [*shlex.split(SEARCHED), "--budget", asked.budget]
    if not asked.told:
        whole = ["search", str(asked.data), *words, "--output", str(asked.work)]
        run(whole, processes=asked.processes)
    found = json.loads((asked.work / "search.json").read_bytes())
    ended = [trial for trial in found["trials"] if trial["outcome"] == "finished"]
    best = sorted(ended, key=lambda trial: -trial["accuracy"])[:NUM_SHOWN]
    settings = {
        "command": shlex.join(["whatwhere", "search", asked.data.name, *words]),
        "processes": asked.processes,
        "torch": found["environment"]["torch"],
        "status": found["status"],
        "result": " ".join([found["headline"], *found["sentences"]]),
    }
    rows = [*map(fresh_row, found["fresh"]), *map(trial_row, best)]
    name, folder = "search-eurosat", asked.output
    print(write_result(name, settings=settings, rows=rows, num_threads=2, folder=folder))


if __name__ == "__main__":
    main()

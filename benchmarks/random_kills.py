"""`kill -9` at random moments: `python -m benchmarks.random_kills [KILLS]`.

A small study is run once without disturbance. Then it is started again and again in another folder,
each time killed with all its workers after a random time, until it ends by itself. Every trial that
was on record at a kill must be there afterwards, unchanged, and at the end every prediction and
every weight must equal the undisturbed run's.
"""

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results_file import write_result

STUDY = [
    "compare",
    "-d",
    "sequential,residual",
    "--seeds",
    "3",
    "--steps",
    "20",
    "-o",
    "run",
    "--precision",
    "fp32",
    "--layout",
    "channels_last",
    "--quiet",
]


def main() -> None:
    kills_wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    random.seed(0)
    with tempfile.TemporaryDirectory() as folder:
        undisturbed = Path(folder) / "undisturbed"
        undisturbed.mkdir()
        started = time.perf_counter()
        subprocess.run(command(), cwd=undisturbed, check=True)
        whole_seconds = time.perf_counter() - started
        expected = results(undisturbed)
        kills = lost = changed = sweeps = num_results = different = 0
        while kills < kills_wanted:
            sweeps += 1
            disturbed = Path(folder) / f"disturbed{sweeps}"
            disturbed.mkdir()
            while True:
                before = results(disturbed)
                killed = run_and_kill(
                    disturbed,
                    random.uniform(1.0, 0.8 * whole_seconds),
                    may_kill=kills < kills_wanted,
                )
                after = results(disturbed)
                lost += len(set(before) - set(after))
                changed += sum(after[key] != value for key, value in before.items() if key in after)
                kills += killed
                if not killed:
                    break
            final = results(disturbed)
            num_results += len(expected)
            different += sum(final.get(key) != value for key, value in expected.items())
    rows = [
        {
            "kills": kills,
            "sweeps": sweeps,
            "trials compared": num_results,
            "lost": lost,
            "changed": changed,
            "different at the end": different,
        }
    ]
    print(rows[0])
    print(
        write_result("random-kills", settings={"study": " ".join(STUDY)}, rows=rows, num_threads=2)
    )
    if lost or changed or different:
        raise SystemExit(1)


def command() -> list[str]:
    return [sys.executable, "-m", "whatwhere", *STUDY]


def run_and_kill(folder: Path, seconds: float, *, may_kill: bool) -> int:
    process = subprocess.Popen(command(), cwd=folder)
    try:
        process.wait(seconds if may_kill else None)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return 1
    if process.returncode != 0:
        raise SystemExit(f"the study ended with {process.returncode}")
    return 0


def results(folder: Path) -> dict[str, tuple[str, str]]:
    found = {}
    for path in (folder / "run").glob("trials/*/*/s*/record.json"):
        files = json.loads(path.read_bytes())["files"]
        key = str(path.parent.relative_to(folder))
        found[key] = (files["predictions.npz"], files["model.safetensors"])
    return found


if __name__ == "__main__":
    main()

"""Published settings on one GPU, their runs side by side, within a time limit.

    python -m benchmarks.gpu_settings WORK --seconds 500 samc2024_cifar10:SAMC:3 ...

Every word names a setting, a row of it and a number of seeds, and perhaps one of its runs, as in
`samc2024_cifar10:SAMC:3:r0_samc`. Small networks fill a fraction of a large GPU, so that all runs
of all words train at once, each in a process of its own. What is not finished when the time is up
is left out: a setting is laid beside the paper where a run of it is whole, as `whatwhere reproduce`
does, and how far the others came is written to a result file. Data comes from `WHATWHERE_DATA`.
"""

import argparse
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import torch
from benchmarks.results_file import write_result

from whatwhere.records import Run
from whatwhere.report.reproduction.told import tell
from whatwhere.report.reproduction.written import append_result, write_reproduction_page
from whatwhere.settings import load_setting
from whatwhere.study.display import default_display
from whatwhere.study.reproducing.collected import collect
from whatwhere.study.reproducing.points import Arm, layout
from whatwhere.study.reproducing.reproduce import published_test
from whatwhere.study.reproducing.runs import Wanted, arm_folder, run_arms
from whatwhere.training.fit import CurvePoint

PRECISION, LAYOUT = "bf16", "channels_last"


def wanted_of(word: str, *, steps: int | None, device: str) -> tuple[str, Wanted]:
    """Return the setting of a word and how it is run."""
    name, row, seeds, *_ = word.split(":")
    wanted = Wanted(
        seeds=int(seeds),
        steps=steps,
        rows=(row,),
        device=device,
        num_workers=int(seeds),
        precision=PRECISION,
        layout=LAYOUT,
    )
    return name, wanted


def run_one(work: Path, word: str, arm_name: str, *, steps: int | None, device: str) -> None:
    """Train one run of a setting with all its seeds."""
    name, wanted = wanted_of(word, steps=steps, device=device)
    setting = load_setting(name)
    arms, _ = layout(setting, rows=wanted.rows)
    chosen = [arm for arm in arms if arm.name == arm_name]
    run_arms(setting, chosen, wanted, folder=work / name, make_display=default_display)


def arms_of(word: str, wanted: Wanted) -> list[Arm]:
    """Return the runs of a word; a fourth part names the only one."""
    name, _, _, *only = word.split(":")
    arms, _ = layout(load_setting(name), rows=wanted.rows)
    return [arm for arm in arms if not only or arm.name in only]


def start(
    work: Path, words: list[str], *, steps: int | None, device: str
) -> list[subprocess.Popen[bytes]]:
    """Start the runs of all words at once."""
    running = []
    for word in words:
        name, wanted = wanted_of(word, steps=steps, device=device)
        for arm in arms_of(word, wanted):
            command = [sys.executable, "-m", "benchmarks.gpu_settings", str(work), word]
            command += [
                "--device",
                device,
                "--arm",
                arm.name,
                *(["--steps", str(steps)] if steps else []),
            ]
            log = (work / f"{name}-{arm.name.replace('/', '-')}.log").open("wb")
            running.append(
                subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            )
    return running


def stop(running: list[subprocess.Popen[bytes]]) -> None:
    """End what still runs, as Ctrl-C would."""
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
    for process in running:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def lay_beside(work: Path, word: str, *, steps: int | None, device: str) -> str:
    """Write what was measured beside what was reported; return the headline."""
    name, wanted = wanted_of(word, steps=steps, device=device)
    setting, folder = load_setting(name), work / name
    arms, points = layout(setting, rows=wanted.rows)
    whole = [
        arm
        for arm in arms
        if (arm_folder(folder, arm.name) / "config.toml").exists()
        and any(trial.finished for trial in Run.read(arm_folder(folder, arm.name)).trials)
    ]
    names = {arm.name for arm in whole}
    if not whole:
        return f"{name}: no run was finished"
    kept = [point for point in points if point.arm in names]
    scored = collect(setting, whole, kept, wanted, folder=folder, failures=())
    num_test, num_classes = published_test(setting)
    told = tell(scored, num_test=num_test, num_classes=num_classes)
    path = append_result(folder, told)
    write_reproduction_page(folder, told)
    return f"{name}: {told['headline']} ({path})"


def curves(work: Path) -> list[dict[str, object]]:
    """Return how far runs came that were not finished, from their checkpoints."""
    rows = []
    for path in sorted(work.glob("*/runs/*/trials/*/*/*/checkpoint.pt")):
        name, _, run, _, data, design, seed, _ = path.relative_to(work).parts
        content = path.read_bytes()[hashlib.sha256().digest_size :]
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        folder = work / name / "runs" / run
        (recipe,) = Run.read(folder).config["recipe"].values()
        points = [CurvePoint(*values) for values in state["curve"]]
        rows.append(
            {
                "setting": name,
                "run": run,
                "design": design,
                "data": data,
                "seed": seed.removeprefix("s"),
                "steps": f"{state['step']:,} of {recipe['steps']:,}",
                "seconds": round(state["seconds"]),
                "validation accuracy after each tenth, %": ", ".join(
                    f"{100 * point.validation_accuracy:.1f}" for point in points
                ),
                "trained on": json.loads((folder / "environment.json").read_text())["device"],
            }
        )
    return rows


def main() -> None:
    """Run, stop in time, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("words", nargs="+", help="SETTING:ROW:SEEDS[:RUN]")
    parser.add_argument("--seconds", type=float, default=500)
    parser.add_argument("--steps", type=int, help="of shortened runs")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--arm", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.arm:
        run_one(asked.work, asked.words[0], asked.arm, steps=asked.steps, device=asked.device)
        return
    asked.work.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    running = start(asked.work, asked.words, steps=asked.steps, device=asked.device)
    while time.monotonic() - started < asked.seconds and any(p.poll() is None for p in running):
        time.sleep(1)
    took = time.monotonic() - started
    stop(running)
    print(f"{datetime.now():%H:%M:%S} training stopped after {took:.0f} s", flush=True)
    for word in asked.words:
        print(lay_beside(asked.work, word, steps=asked.steps, device=asked.device), flush=True)
    left = curves(asked.work)
    if left:
        settings = {"words": " ".join(asked.words), "seconds": round(took)}
        print(write_result("gpu-settings-unfinished", settings=settings, rows=left))


if __name__ == "__main__":
    main()

"""Training steps on a GPU: as they are, recorded as CUDA graphs, and compiled as well.

    python -m benchmarks.training_steps [--batch 128] [--processes 1,3]

Synthetic images of CIFAR's size with the augmentation of `r0_samc` (crop, flip, rotation), bf16,
channels last. The ways take turns, 20 steps a turn; a step is timed with its batch. Then several
processes train SAMC at once, recorded and compiled, on the one GPU.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from benchmarks.results_file import write_result

import whatwhere
from whatwhere.arrays import Batch
from whatwhere.data.feeding.ahead import Ahead
from whatwhere.data.feeding.stream import Pixels, TrainStream
from whatwhere.models import place
from whatwhere.recorded import RecordedStep
from whatwhere.training.optimise import build_optimizer
from whatwhere.training.recipes import recipe_protocol
from whatwhere.training.step import TrainingStep

NETWORKS = ("samc", "amsra_s", "msga", "resnet18")
WAYS = ("bf16", "bf16, recorded", "bf16, recorded, compiled", "fp32, recorded, compiled")
NUM_IMAGES, NUM_CLASSES, TURNS, STEPS_A_TURN = 50_000, 10, 9, 20


def stream_of(batch_size: int) -> TrainStream:
    """Return batches of random images, as a trial makes them."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (NUM_IMAGES, 40, 40, 3), dtype=np.uint8)
    pixels = Pixels.load(
        images,
        random.integers(0, NUM_CLASSES, NUM_IMAGES),
        image_size=32,
        mean=(120.0,) * 3,
        std=(60.0,) * 3,
        device="cuda",
    )
    protocol = recipe_protocol(
        "r0_samc", allow_flip=True, image_size=32, num_train=NUM_IMAGES, num_classes=NUM_CLASSES
    )
    return TrainStream(
        pixels,
        np.arange(NUM_IMAGES),
        batch_size,
        protocol.augmentation,
        0,
        extra=protocol.extra,
        num_classes=NUM_CLASSES,
        num_steps=protocol.steps,
    )


def trainer(
    network: str, way: str, stream: TrainStream
) -> tuple[TrainingStep, Callable[[Batch], None], Callable[[int], Batch]]:
    """Return a network's step, how it is taken, and where its batches come from."""
    protocol = recipe_protocol(
        "r0_samc_adamw", allow_flip=True, image_size=32, num_train=NUM_IMAGES, num_classes=10
    )
    protocol = replace(protocol, precision=way[:4], layout="channels_last")
    model = whatwhere.create_model(network, num_classes=NUM_CLASSES)
    model = place(model, device="cuda", layout="channels_last").train()
    step = TrainingStep(
        model,
        build_optimizer(model, protocol),
        protocol,
        forward=torch.compile(model, dynamic=False) if "compiled" in way else model,
        class_weight=None,
    )
    if way == WAYS[0]:
        return step, step, stream.batch
    return step, RecordedStep(step), Ahead(stream).batch


def turn(
    step: TrainingStep, take: Callable[[Batch], None], batch_at: Callable[[int], Batch], first: int
) -> float:
    """Return the milliseconds of a step over one turn."""
    torch.cuda.synchronize()
    started = time.perf_counter()
    for number in range(first, first + STEPS_A_TURN):
        torch.manual_seed(number)
        step.set_rate(number)
        take(batch_at(number))
    torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - started) / STEPS_A_TURN


def rows_of(network: str, stream: TrainStream) -> list[dict[str, object]]:
    """Time all ways of one network in turns."""
    ways = {way: trainer(network, way, stream) for way in WAYS}
    begun = {}
    for way, parts in ways.items():
        started = time.perf_counter()
        turn(*parts, 0)
        begun[way] = time.perf_counter() - started
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(TURNS):
        for way, parts in ways.items():
            times[way].append(turn(*parts, STEPS_A_TURN * (number + 1)))
    rows = []
    for way, values in times.items():
        low, middle, high = statistics.quantiles(values, n=4)
        ratio = statistics.median(a / b for a, b in zip(times[WAYS[0]], values, strict=True))
        row = {
            "network": network,
            "way": way,
            "step, ms": f"{middle:.2f}",
            "quartiles": f"{low:.2f} to {high:.2f}",
            "images/s": f"{1000 * stream.batch_size / middle:,.0f}",
            "times as fast": f"{ratio:.1f}",
            "first turn, s": f"{begun[way]:.1f}",
        }
        print(row, flush=True)
        rows.append(row)
    return rows


def train_until(seconds: float, batch_size: int) -> None:
    """Train SAMC after a signal on standard input; print the steps taken per second."""
    stream = stream_of(batch_size)
    parts = trainer("samc", WAYS[2], stream)
    turn(*parts, 0)
    print("ready", flush=True)
    sys.stdin.readline()
    started, first = time.perf_counter(), STEPS_A_TURN
    while time.perf_counter() - started < seconds:
        turn(*parts, first)
        first += STEPS_A_TURN
    print((first - STEPS_A_TURN) / (time.perf_counter() - started), flush=True)


def together(num_processes: int, batch_size: int) -> dict[str, object]:
    """Return the row of some processes that train at once."""
    command = [sys.executable, "-m", "benchmarks.training_steps", "--train-for", "6"]
    command += ["--batch", str(batch_size)]
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(num_processes)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    rates = [float(process.communicate()[0]) for process in running]
    row: dict[str, object] = {
        "network": "samc",
        "way": f"{num_processes} processes at once",
        "step, ms": f"{1000 / sum(rates):.2f}",
        "quartiles": "",
        "images/s": f"{batch_size * sum(rates):,.0f}",
        "times as fast": "",
        "first turn, s": "",
    }
    print(row, flush=True)
    return row


def main() -> None:
    """Time everything and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--processes", default="1,3")
    parser.add_argument("--train-for", type=float, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.train_for:
        train_until(asked.train_for, asked.batch)
        return
    stream = stream_of(asked.batch)
    rows = [row for name in asked.networks.split(",") if name for row in rows_of(name, stream)]
    for number in filter(None, asked.processes.split(",")):
        rows.append(together(int(number), asked.batch))
    settings = {"gpu": torch.cuda.get_device_name(), "batch_size": asked.batch, "turns": TURNS}
    print(write_result("training-steps", settings=settings, rows=rows))


if __name__ == "__main__":
    main()

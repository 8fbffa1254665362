"""Fine-tuning on EuroSAT from a checkpoint made here: the rate, the rest, and two comparisons.

`python -m benchmarks.pretrained CIFAR100_NPZ EUROSAT_FOLDER WORK`: an .npz of CIFAR-100 with
train_images, val_images and test_images (and labels), a folder of class folders with 200 images
each, and a folder for models and runs, where what is finished is not repeated. First both backbones
are trained on CIFAR-100 without attention. Then the learning rate and the share of the steps in
which the weights rest are varied for *no attention* alone, by validation accuracy. Then designs are
compared through the command line, beside fresh weights.
"""

import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.results_file import write_result

import whatwhere
from whatwhere.records import Run
from whatwhere.training import protocol

SEEDS = 3
DESIGNS = "csa,tgpfa,se,cbam"
# Rate divided by, share of the steps in which the weights rest; in the order of trying.
TRIED = ((1, 0.2), (3, 0.2), (10, 0.2), (30, 0.2), (10, 0.0), (10, 0.4), (3, 0.0), (3, 0.1))
OURS = ["--backbone", "resnet20", "--steps", "3000"]
TIMMS = ["--backbone", "timm:resnet18", "--image-size", "32", "--steps", "1500"]


def main() -> None:
    cifar, eurosat, work = (Path(word).resolve() for word in sys.argv[1:4])
    work.mkdir(exist_ok=True)
    ours = trained(cifar, work / "cifar-resnet20", OURS)
    timms = trained(cifar, work / "cifar-resnet18", TIMMS) / "model.safetensors"
    settings = {
        "images": "EuroSAT RGB, 200 of each of 10 classes: 1,400 train, 300 validation, 300 test",
        "weights": "no attention on 47,000 images of CIFAR-100",
        "protocol": "quick (400 steps of 64)",
        "seeds": SEEDS,
    }
    rows = list(sweep(eurosat, ours, work))
    print(write_result("fine-tuning-rates", settings=settings, rows=rows, num_threads=2))
    rows = filled(list(comparisons(eurosat, ours, timms, work)))
    print(write_result("pretrained", settings=settings, rows=rows, num_threads=2))


def trained(data: Path, folder: Path, words: list[str]) -> Path:
    """Return a model without attention, trained on CIFAR-100 once."""
    if not (folder / "model.safetensors").is_file():
        whatwhere_with("train", str(data), "-d", "none", *words, "-o", str(folder))
    return folder


def whatwhere_with(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "whatwhere", *words], check=True)


def sweep(eurosat: Path, origin: Path, work: Path) -> Iterator[dict[str, Any]]:
    """Vary rate and rest for no attention; yield the validation accuracy of each."""
    for divisor, rest in TRIED:
        with (
            patch.object(protocol, "FINE_TUNING_DIVISOR", divisor),
            patch.object(protocol, "FINE_TUNING_FROZEN_FRACTION", rest),
        ):
            run = whatwhere.compare(
                eurosat,
                designs=["none"],
                pretrained=origin,
                protocol="quick",
                seeds=SEEDS,
                output=work / f"sweep-{divisor:g}-{rest:g}",
                quiet=True,
            )
        records = [trial.record for trial in Run.read(run.folder).trials]
        right = [100 * record["validation"]["accuracy"] for record in records]
        yield {
            "rate divided by": f"{divisor:g}",
            "weights rest for": f"{100 * rest:g} %",
            "n": len(right),
            "validation accuracy, %": round(statistics.mean(right), 1),
            "lowest": round(min(right), 1),
            "highest": round(max(right), 1),
            "validation loss": round(
                statistics.mean(record["validation"]["loss"] for record in records), 3
            ),
        }
        print(divisor, rest, right, flush=True)


def comparisons(eurosat: Path, ours: Path, timms: Path, work: Path) -> Iterator[dict[str, Any]]:
    """Compare designs from both checkpoints, after no attention from fresh weights."""
    small = ["--backbone", "timm:resnet18", "--image-size", "32"]
    asked = {
        "resnet20": (["--backbone", "resnet20"], ["--pretrained", str(ours)]),
        "timm:resnet18": (small, [*small, "--pretrained", str(timms)]),
    }
    for network, (fresh, begun) in asked.items():
        folder = work / f"compare-{network.removeprefix('timm:')}"
        yield from_scratch(network, eurosat, fresh, folder.with_name(f"{folder.name}-fresh"))
        words = ["-d", DESIGNS, "--protocol", "quick", "--seeds", str(SEEDS), *begun]
        whatwhere_with("compare", str(eurosat), *words, "-o", str(folder), "--quiet")
        yield from leaderboard(network, json.loads((folder / "summary.json").read_bytes()))


def from_scratch(network: str, eurosat: Path, words: list[str], folder: Path) -> dict[str, Any]:
    """Train no attention from fresh weights with every seed."""
    right = []
    for seed in range(SEEDS):
        own = folder / f"s{seed}"
        if not (own / "README.md").is_file():
            how = ["-d", "none", "--protocol", "quick", "--seed", str(seed), *words]
            whatwhere_with("train", str(eurosat), *how, "-o", str(own), "--quiet")
        said = re.search(r"([\d.]+) % of \d+ test images", (own / "README.md").read_text())
        assert said is not None, f"{own}/README.md says nothing of test images"
        right.append(float(said[1]))
    return {
        "network": network,
        "weights": "fresh",
        "design": "no attention",
        "n": len(right),
        "test accuracy, %": round(statistics.mean(right), 1),
        "95 % interval": "",
        "seed SD": round(statistics.stdev(right), 1),
    }


def leaderboard(network: str, summary: dict[str, Any]) -> Iterator[dict[str, Any]]:
    (cell,) = summary["cells"]
    for row in cell["leaderboard"]:
        share, paired = row["learned_share"], row["from_none"]
        yield {
            "network": network,
            "weights": "CIFAR-100",
            "design": row["label"],
            "n": row["num_seeds"],
            "test accuracy, %": round(100 * row["mean"], 1),
            "95 % interval": f"{100 * row['low']:.1f} to {100 * row['high']:.1f}",
            "seed SD": round(100 * row["seed_sd"], 1),
            "minus no attention": f"{100 * paired['difference']:+.1f}" if paired else "",
            "adjusted p": round(paired["p_adjusted"], 3) if paired else "",
            "letters": row["letters"],
            "learned a, mean (lowest to highest)": (
                f"{share['mean']:.3f} ({share['low']:.3f} to {share['high']:.3f})" if share else ""
            ),
        }


def filled(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give every row every column."""
    columns = dict.fromkeys(column for row in rows for column in row)
    return [{column: row.get(column, "") for column in columns} for row in rows]


if __name__ == "__main__":
    main()

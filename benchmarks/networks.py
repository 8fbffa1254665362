"""Our whole networks beside ResNet-18 and logistic regression on pixels, on two small real sets.

    python -m benchmarks.networks EUROSAT BREASTMNIST WORK [--steps 200] [--seeds 3]

EUROSAT is a folder or archive of EuroSAT images, BREASTMNIST the official .npz, WORK a folder for
the runs, which continue when the command is repeated. All networks get the same steps, data order
and augmentation: AdamW 1e-3, weight decay 0.05, cosine, batches of 64, crops and flips, 32 pixels.
Logistic regression on standardised pixels sees the same training images; its penalty is chosen on
the validation images. Two cores, about an hour at the defaults.
"""

import argparse
import time
from pathlib import Path
from typing import Any

from benchmarks.results_file import write_result
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

import whatwhere
from whatwhere.data import open_source

NETWORKS = ("samc", "samc_l", "amsra_t", "amsra_s", "amsra_b", "msga", "resnet18")
PROTOCOL = "quick(optimizer=adamw,weight_decay=0.05,schedule=cosine)"
IMAGE_SIZE, BATCH_SIZE = 32, 64
PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2)


def logistic_regression(data: Path) -> dict[str, Any]:
    """Return the row of logistic regression on pixels."""
    source = open_source(data, image_size=IMAGE_SIZE, largest_size=IMAGE_SIZE, margin=True)
    parts = {
        name: (source.evaluation_view(index).reshape(len(index), -1).astype(float), index)
        for name in ("train", "validation", "test")
        for index in [source.indices(name)]
    }
    train = parts["train"][0]
    mean, std = train.mean(axis=0), train.std(axis=0) + 1e-6
    pixels = {name: (values - mean) / std for name, (values, _) in parts.items()}
    labels = {name: source.labels[index] for name, (_, index) in parts.items()}
    fitted = [
        LogisticRegression(C=penalty, max_iter=2000).fit(pixels["train"], labels["train"])
        for penalty in PENALTIES
    ]
    best = max(fitted, key=lambda model: model.score(pixels["validation"], labels["validation"]))
    right = int((best.predict(pixels["test"]) == labels["test"]).sum())
    interval = binomtest(right, len(labels["test"])).proportion_ci(method="wilson")
    return {
        "network": "logistic regression",
        "parameters": best.coef_.size + best.intercept_.size,
        "mean": right / len(labels["test"]),
        "low": float(interval.low),
        "high": float(interval.high),
    }


def rows_of(data: Path, work: Path, *, steps: int, seeds: int) -> list[dict[str, Any]]:
    """Train all networks on a data set; return one row each, best first."""
    result = whatwhere.compare(
        data,
        designs=list(NETWORKS),
        seeds=seeds,
        protocol=PROTOCOL,
        learning_rate=1e-3,
        steps=steps,
        image_size=IMAGE_SIZE,
        output=work / data.stem.lower(),
    )
    print(result.recommendation, flush=True)
    rows = [
        {
            "network": row["label"],
            "parameters": row["cost"]["parameters"],
            "macs": row["cost"]["macs"],
            "step_ms": row["cost"]["train_step_ms"],
            "epoch_seconds": row["cost"]["train_step_ms"] / 1000 * (row["size"] // BATCH_SIZE),
            "runs": row["num_seeds"],
            **{name: row[name] for name in ("mean", "low", "high", "seed_sd")},
        }
        for row in result.leaderboard
    ]
    return sorted([*rows, logistic_regression(data)], key=lambda row: -row["mean"])


def shown(data: Path, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as the table prints it."""
    macs, step = row.get("macs"), row.get("step_ms")
    return {
        "data": data.stem,
        "network": row["network"],
        "parameters": f"{row['parameters']:,}",
        "MACs, M": f"{macs / 1e6:.1f}" if macs else "",
        "training step, ms": f"{step:.0f}" if step else "",
        "epoch, s": f"{row['epoch_seconds']:.1f}" if step else "",
        "runs": row.get("runs", 1),
        "accuracy, %": f"{100 * row['mean']:.1f}",
        "95 % interval": f"{100 * row['low']:.1f} to {100 * row['high']:.1f}",
        "SD of runs, points": f"{100 * row['seed_sd']:.1f}" if row.get("seed_sd") else "",
    }


def main() -> None:
    """Run both data sets and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("eurosat", type=Path)
    parser.add_argument("breastmnist", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    rows, started = [], time.perf_counter()
    for data in (asked.eurosat, asked.breastmnist):
        found = rows_of(data, asked.work, steps=asked.steps, seeds=asked.seeds)
        rows += [shown(data, row) for row in found]
    settings = {
        "protocol": PROTOCOL,
        "learning_rate": 1e-3,
        "steps": asked.steps,
        "batch_size": BATCH_SIZE,
        "seeds": asked.seeds,
        "seconds": round(time.perf_counter() - started),
        "note": "steps are timed for one thread beside a second worker; intervals of networks are"
        " for new images and new runs, that of logistic regression for new images",
    }
    print(write_result("networks", settings=settings, rows=rows, num_threads=2))


if __name__ == "__main__":
    main()

"""Learning curves of our whole networks and ResNet-18 on a part of CIFAR-10.

    WHATWHERE_DATA=FOLDER python -m benchmarks.learning_curves WORK [--size 10000] [--steps 600]

FOLDER holds `cifar-10-batches-py`; without it the data is fetched. WORK is the folder of the run,
whose page draws the curves; it continues when the command is repeated. All networks get the same
images, order, augmentation and steps: AdamW 1e-3, weight decay 0.05, cosine, batches of 64, crops
and flips. Two cores, about half an hour at the defaults.
"""

import argparse
from pathlib import Path

from benchmarks.results_file import write_result

import whatwhere
from whatwhere.records import Run

NETWORKS = ("samc", "amsra_s", "msga", "resnet18")
PROTOCOL = "quick(optimizer=adamw,weight_decay=0.05,schedule=cosine)"


def main() -> None:
    """Train, and write the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    result = whatwhere.compare(
        "cifar10",
        designs=list(NETWORKS),
        sizes=(asked.size,),
        seeds=asked.seeds,
        protocol=PROTOCOL,
        learning_rate=1e-3,
        steps=asked.steps,
        image_size=32,
        output=asked.work,
    )
    tested = {row["design"]: row for row in result.leaderboard}
    rows = []
    for trial in Run.read(asked.work).trials:
        if trial.key.design not in NETWORKS:
            continue
        curve = trial.curve()
        rows.append(
            {
                "network": trial.key.design,
                "seed": trial.key.seed,
                "validation accuracy after each tenth, %": ", ".join(
                    f"{100 * value:.1f}" for value in curve["validation_accuracy"]
                ),
                "training loss after each tenth": ", ".join(
                    f"{value:.2f}" for value in curve["train_loss"]
                ),
                "seconds": round(curve["seconds"][-1]),
                "test accuracy of all seeds, %": f"{100 * tested[trial.key.design]['mean']:.1f}",
            }
        )
    settings = {
        "protocol": PROTOCOL,
        "learning_rate": 1e-3,
        "training_images": asked.size,
        "steps": asked.steps,
        "batch_size": 64,
        "note": "the 10,000 test images, once; seconds of one thread beside a second worker",
    }
    print(write_result("learning-curves", settings=settings, rows=rows, num_threads=2))


if __name__ == "__main__":
    main()

"""A cross-validated comparison on BreastMNIST: 780 images, each tested once per seed.

    python -m benchmarks.cross_validated BREASTMNIST_NPZ WORK

The official file pools its 546, 78 and 156 images into 5 folds. WORK is the folder of the run,
which continues when the command is repeated. Two cores, about half an hour.
"""

import argparse
from pathlib import Path

from benchmarks.results_file import write_result

import whatwhere

DESIGNS = ("se", "cbam", "csa", "tgpfa")


def main() -> None:
    """Compare, and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    asked = parser.parse_args()
    result = whatwhere.compare(
        asked.data, designs=DESIGNS, folds=5, seeds=3, output=asked.work / "breast-folds"
    )
    rows = [
        {
            "design": row["label"],
            "accuracy, %": f"{100 * row['mean']:.1f}",
            "95 % interval": f"{100 * row['low']:.1f} to {100 * row['high']:.1f}",
            "SD of runs, points": f"{100 * row['seed_sd']:.1f}",
            "balanced accuracy, %": f"{100 * row['scores']['balanced-accuracy']:.1f}",
            "AUC within folds, %": f"{100 * row['scores']['auc']:.1f}",
            "may be best": "yes" if row["may_be_best"] else "no",
        }
        for row in result.leaderboard
    ]
    settings = {
        "data": "BreastMNIST, 28 px, all 780 images in 5 folds",
        "protocol": "quick (resnet8, 400 steps of 64)",
        "seeds": 3,
        "result": result.recommendation,
    }
    print(write_result("cross-validated", settings=settings, rows=rows, num_threads=2))


if __name__ == "__main__":
    main()

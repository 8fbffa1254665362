"""Comparisons of real images from end to end, run as a user runs them, with what each one says.

    python -m benchmarks.real_comparisons NAME DATA... --work FOLDER
        [--steps N] [--seeds N] [--told]

NAME is one of

    breastmnist  all published wirings and references on BreastMNIST, confirmed with fresh seeds
    eurosat      the same on EuroSAT-200
    sizes        the families of the published guideline at three sizes of PneumoniaMNIST
    labels       channel or spatial attention first, on CIFAR-100 with coarse and with fine labels
    gradients    residual wirings and their matched gains on EuroSAT-200
    sets         one wiring of each family on several data sets

and DATA what `whatwhere compare` takes for it. FOLDER holds the run, which continues when the
command is repeated, with its report. The result file has the command, every sentence of the
terminal and the leaderboard. With --told nothing is run, and a finished run is reported again. Two
cores: 15 to 40 minutes each.
"""

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.results_file import FOLDER, write_result

from whatwhere.records import Run
from whatwhere.report.scale.told import sentences
from whatwhere.report.summary import leaderboard, read_summary
from whatwhere.report.terminal import cell_sentences

CONFIRMED = ("--confirm", "--confirm-seeds", "5")
GUIDELINE = "c_mssa,c_cmssa,c_and_safa,bi_csafa,gc_and_sa2,tgpfa"
# What `whatwhere compare` is asked, with the default numbers of seeds and steps.
COMPARISONS: dict[str, tuple[tuple[str, ...], int, int]] = {
    "breastmnist": (("--image-size", "32", *CONFIRMED), 5, 150),
    "eurosat": (("--image-size", "32", *CONFIRMED), 5, 150),
    "sizes": (("-d", GUIDELINE, "--sizes", "100,1000,all"), 3, 150),
    "labels": (("-d", "csa,sca,csca,scsa"), 3, 300),
    "gradients": (
        ("-d", "csa,rcsa,arcsa,grcsa,gain_0.5,gain_0.65,gain_1.25", "--image-size", "32"),
        5,
        150,
    ),
    "sets": (("-d", "csa,c_mssa,c_and_safa,tgpfa", "--image-size", "32"), 3, 100),
}


def run(words: list[str]) -> None:
    """Run whatwhere with these words as a program of its own."""
    subprocess.run([sys.executable, "-m", "whatwhere", *words], check=True)


def said(summary: dict[str, Any]) -> dict[str, str]:
    """Return the sentences of a run, those of one data set at one size under its title."""
    found = {
        cell["title"]: " / ".join(map(str.strip, [*cell_sentences(cell), cell["recommendation"]]))
        for cell in summary["cells"]
    }
    together = [*sentences(summary["together"]), summary["screening"]]
    return {**found, "together": " / ".join(text for text in together if text)}


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the leaderboard as the result file prints it."""
    compared = row["mean"] is not None
    return {
        "data": row["dataset"],
        "training images": row["size"],
        "design": row["label"],
        "parameters": f"{row['cost']['parameters']:,.0f}",
        "runs": row["num_seeds"],
        "accuracy, %": f"{100 * row['mean']:.1f}" if compared else "",
        "95 % interval": f"{100 * row['low']:.1f} to {100 * row['high']:.1f}" if compared else "",
        "SD of runs, points": f"{100 * row['seed_sd']:.1f}" if row.get("seed_sd") else "",
        "letters": row["letters"],
        "may be best": "yes" if row["may_be_best"] else "no",
    }


def main() -> None:
    """Run one comparison and write its result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=COMPARISONS)
    parser.add_argument("data", nargs="+")
    parser.add_argument("--work", type=Path, required=True, help="folder of the run")
    parser.add_argument("--steps", type=int, help="optimiser steps of every run")
    parser.add_argument("--seeds", type=int, help="of the first or only stage")
    parser.add_argument("--told", action="store_true", help="only report what was run")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder of the result file")
    asked = parser.parse_args()
    words, seeds, steps = COMPARISONS[asked.name]
    counts = ["--seeds", str(asked.seeds or seeds), "--steps", str(asked.steps or steps)]
    if asked.told:
        run(["report", str(asked.work)])
    else:
        run(["compare", *asked.data, *words, *counts, "--output", str(asked.work)])
    trials = [trial.record for trial in Run.read(asked.work).trials]
    summary = read_summary(asked.work)
    names = [Path(item).name for item in asked.data]
    settings = {
        "command": shlex.join(["whatwhere", "compare", *names, *words, *counts]),
        "protocol": summary["cells"][0]["protocol"],
        "torch": json.loads((asked.work / "environment.json").read_bytes())["torch"],
        "trials": len(trials),
        "seconds of all trials together": round(sum(record["seconds"] for record in trials)),
        **said(summary),
    }
    rows = [shown(row) for row in leaderboard(summary)]
    name = f"compared-{asked.name}"
    print(write_result(name, settings=settings, rows=rows, num_threads=2, folder=asked.output))


if __name__ == "__main__":
    main()

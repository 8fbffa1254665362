"""Negative controls on real training: what may not be found, and what must be.

    python -m benchmarks.statistics.real_a_a --data DATA --runs 36 --steps 300 --work FOLDER
        [--processes 2] [--methods 6] [--seeds 3] [--size N] [--parts a b c d e] [--output FOLDER]

DATA is anything that `whatwhere compare` takes. All training goes through its study; a part that
was interrupted continues. With `--runs 100 --methods 18` the larger form.

a. One network is trained many times, each time with a seed of its own. Again and again, runs are
   drawn without replacement and dealt to "methods", which are all the same. Draws with any pair
   below .05 after Holm's correction, or with a sentence that names a single winner: at most 9 %
   (of 200 draws from one pool at a true 5 %).
b. All labels are shuffled: no design may leave chance, no winner may be named.
c. One test image in twenty is copied into training: the copies must be found; with `dedup` they are
   left out, without it the score on them rises once training is long enough to learn by heart.
d. One "method" is trained on twice the images of the others, at equal steps: it must be found in
   four of five of its pairs, where its lead is one that the table says it can detect.
e. Choosing the best epoch by the images that are scored raises the score. What is reported (test
   images, last epoch) makes no such choice; here the recorded validation curves do.

Needs the whole package with scikit-posthocs.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.results_file import FOLDER, write_result

from whatwhere.data import open_source
from whatwhere.records import Run, Trial
from whatwhere.stats import ItemTable, choose, compare, influence
from whatwhere.study.compare import run_comparison
from whatwhere.study.request import ALL, Request

NETWORK = "none"
MOST_CLAIMS = 0.09
LEAKED_SHARE = 0.05
LEAST_FOUND = 0.8
# Names the command in reports; a comparison that is asked for in words has no controls.
WORDS = ("python", "-m", "benchmarks.statistics.real_a_a")
Rows = list[dict[str, Any]]


class Parts:
    """The five parts, which share the pool of runs."""

    def __init__(self, asked: argparse.Namespace):
        self.asked = asked
        self.rng = np.random.default_rng(asked.seed)

    def trained(
        self, name: str, data: str | Path, seeds: int, *, alone: bool = True, **settings: Any
    ) -> tuple[Trial, ...]:
        """Return the finished runs of a comparison, after training what is missing."""
        request = Request(
            data=(str(data),),
            seeds=seeds,
            steps=self.asked.steps,
            backbone=self.asked.backbone,
            reproduces=WORDS if alone else (),
            **{"designs": (NETWORK,), **settings},
        )
        folder = self.asked.work / name
        print(f"{name}: {seeds} seeds in {folder}", flush=True)
        run_comparison(request, folder=folder, num_workers=self.asked.processes)
        return tuple(trial for trial in Run.read(folder).trials if trial.finished)

    def pool(self) -> np.ndarray:
        """Return right and wrong answers (run, image) of the network on the data as they are."""
        return answers(self.pooled_runs())

    def pooled_runs(self) -> tuple[Trial, ...]:
        """Return the runs of the pool."""
        sizes = (self.asked.size,)
        return self.trained("pool", self.asked.data, self.asked.runs, sizes=sizes)

    def rewritten(self, name: str, change: Callable[[dict[str, np.ndarray]], None]) -> Path:
        """Write the data as an archive after a change of its arrays."""
        source = open_source(self.asked.data, image_size=None, largest_size=32, margin=False)
        arrays = {}
        for number, split in enumerate(("train", "val", "test")):
            arrays[f"{split}_images"] = np.asarray(source.images[source.split == number])
            arrays[f"{split}_labels"] = source.labels[source.split == number]
        change(arrays)
        path = self.asked.work / f"{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **arrays)
        return path

    def a(self) -> Rows:
        """Equal methods."""
        pool, found = self.pool(), np.zeros((self.asked.draws, 2))
        for draw in range(self.asked.draws):
            table = self.dealt(pool)
            found[draw] = [claims_something(table, blocked=blocked) for blocked in (False, True)]
        rows = []
        for column, form in enumerate(("independent", "paired")):
            share = float(found[:, column].mean())
            rows.append(
                row(
                    f"a. equal methods, {form} form",
                    f"{found[:, column].sum():.0f} of {self.asked.draws} draws claim something",
                    f"at most {MOST_CLAIMS:.0%}",
                    share <= MOST_CLAIMS,
                )
            )
        return rows

    def b(self) -> Rows:
        """Shuffled labels."""

        def shuffle(arrays: dict[str, np.ndarray]) -> None:
            for split in ("train", "val", "test"):
                arrays[f"{split}_labels"] = self.rng.permutation(arrays[f"{split}_labels"])

        trials = self.trained(
            "shuffled",
            self.rewritten("shuffled", shuffle),
            self.asked.seeds,
            designs=(NETWORK, "csa", "sca", "se"),
            metric="balanced-accuracy",
        )
        names = sorted({trial.key.design for trial in trials})
        values = [
            answers([t for t in trials if t.key.design == name], metric="balanced-accuracy")
            for name in names
        ]
        found = compare(ItemTable(tuple(names), tuple(values), True))
        chance = 1 / trials[0].predictions()["test_logit"].shape[1]
        away = [s.name for s in found.summaries if not s.low <= chance <= s.high]
        claim = any(pair.p_adjusted < 0.05 for pair in found.pairs)
        means = ", ".join(f"{s.name} {100 * s.mean:.1f}" for s in found.summaries)
        return [
            row(
                "b. shuffled labels",
                f"chance {100 * chance:.1f} %; {means}; outside: {', '.join(away) or 'none'}",
                "all at chance (one interval in twenty may miss it), no pair differs",
                len(away) <= 1 and not claim and found.unique_winner is None,
            )
        ]

    def c(self) -> Rows:
        """Test images in training."""
        copied = 0

        def leak(arrays: dict[str, np.ndarray]) -> None:
            nonlocal copied
            number = len(arrays["test_labels"])
            chosen = self.rng.choice(number, max(1, round(LEAKED_SHARE * number)), replace=False)
            copied = len(chosen)
            for kind in ("images", "labels"):
                parts = [arrays[f"train_{kind}"], arrays[f"test_{kind}"][chosen]]
                arrays[f"train_{kind}"] = np.concatenate(parts)

        data = self.rewritten("leak", leak)
        open_leak = self.trained("leak", data, self.asked.seeds)
        closed = self.trained("leak-closed", data, self.asked.seeds, dedup=True)
        (facts,) = Run.read(self.asked.work / "leak").data.values()
        leaked = np.array(facts["leaked_test_indices"], dtype=int)
        (facts,) = Run.read(self.asked.work / "leak-closed").data.values()
        # The test images come in one order, whatever is left out of training.
        places = np.isin(open_leak[0].predictions()["test_index"], leaked)
        scores = [100 * answers(trials)[:, places].mean() for trials in (open_leak, closed)]
        return [
            row(
                "c. a planted leak is found",
                f"{len(leaked)} of {copied} copies found; with dedup"
                f" {len(facts['leaked_test_indices'])} are left",
                "all, and none",
                len(leaked) >= copied and not facts["leaked_test_indices"],
            ),
            row(
                "c. score on the leaked images",
                f"{scores[0]:.1f} % with the leak, {scores[1]:.1f} % with dedup",
                "higher with the leak",
                scores[0] > scores[1],
            ),
        ]

    def d(self) -> Rows:
        """Twice the training images."""
        runs = self.pooled_runs()
        whole, rest = answers(runs), (self.asked.methods - 1) * self.asked.seeds
        half_size = (runs[0].key.size // 2,)
        half = answers(self.trained("half", self.asked.data, rest, sizes=half_size))
        found, winner, detectable = [], [], []
        for _ in range(self.asked.draws):
            better = whole[self.rng.permutation(len(whole))[: self.asked.seeds]]
            table = np.concatenate([better[None], self.dealt(half, methods=self.asked.methods - 1)])
            result = compare(named(table, blocked=False))
            pairs = [p for p in result.pairs if p.first == "method 0"]
            found.append(sum(p.p_adjusted < 0.05 for p in pairs) / (self.asked.methods - 1))
            winner.append(result.unique_winner == "method 0")
            detectable.append(100 * result.detectable_difference)
        gap, reach = 100 * (whole.mean() - half.mean()), float(np.median(detectable))
        result = (
            f"{gap:.1f} points ahead, {reach:.1f} detectable; {np.mean(found):.2f} of its pairs"
            f" found, named the only one in {np.mean(winner):.2f} of the draws"
        )
        if gap < reach:
            expected, holds = "nothing: so small a lead cannot be detected here", None
        else:
            expected = f"at least {LEAST_FOUND} of its pairs"
            holds = float(np.mean(found)) >= LEAST_FOUND
        return [row("d. trained on twice the images", result, expected, holds)]

    def e(self) -> Rows:
        """The best epoch by the images that are scored."""
        curves = [trial.curve()["validation_accuracy"] for trial in self.pooled_runs()]
        excess = 100 * np.array([curve.max() - curve[-1] for curve in curves])
        error = excess.std(ddof=1) / np.sqrt(len(excess))
        return [
            row(
                "e. best epoch by the scored images",
                f"{excess.mean():.2f} ± {error:.2f} points above the last of"
                f" {len(curves[0])} epochs",
                "above 0: what the default does not do",
                excess.mean() > 0,
            )
        ]

    def dealt(self, pool: np.ndarray, *, methods: int | None = None) -> np.ndarray:
        """Draw runs without replacement and deal them to methods (method, seed, image)."""
        methods = methods or self.asked.methods
        chosen = self.rng.permutation(len(pool))[: methods * self.asked.seeds]
        return pool[chosen].reshape(methods, self.asked.seeds, -1)


def answers(trials: Any, *, metric: str = "accuracy") -> np.ndarray:
    """Return the values of every test image (run, image) that make up a score."""
    predictions = [trial.predictions() for trial in trials]
    return np.stack([influence(metric, p["test_logit"], p["test_label"]) for p in predictions])


def named(values: np.ndarray, *, blocked: bool) -> ItemTable:
    """Return a table of methods without names of their own."""
    names = tuple(f"method {number}" for number in range(len(values)))
    return ItemTable(names, tuple(values), blocked)


def claims_something(values: np.ndarray, *, blocked: bool) -> bool:
    """Say whether a pair differs, or the recommendation names a single design."""
    found = compare(named(values, blocked=blocked))
    sentences = choose(found, {}).because
    named_alone = any("is the only one of" in sentence for sentence in sentences)
    return named_alone or any(pair.p_adjusted < 0.05 for pair in found.pairs)


def row(check: str, result: str, expected: str, holds: bool | None) -> dict[str, Any]:
    """Return a row of the result file, and print it; None where nothing could be checked."""
    told = "not tested" if holds is None else bool(holds)
    found = {"check": check, "result": result, "expected": expected, "holds": told}
    print(found, flush=True)
    return found


def main() -> None:
    """Run the parts that are asked for and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--runs", type=int, default=36, help="in the pool, up to 100")
    parser.add_argument("--size", type=int, default=ALL, help="training images; 0 for all")
    parser.add_argument("--methods", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3, help="runs of each method")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--backbone", default="resnet8")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices="abcde", default=list("abcde"))
    parser.add_argument("--work", type=Path, required=True, help="folder of the trained runs")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder of the result file")
    asked = parser.parse_args()
    if asked.methods * asked.seeds > asked.runs:
        parser.error(f"{asked.methods} x {asked.seeds} runs cannot be drawn from {asked.runs}")
    started, parts, rows = time.perf_counter(), Parts(asked), []
    for part in asked.parts:
        # A generator for each part, so that it makes the same data when it continues.
        parts.rng = np.random.default_rng((asked.seed, ord(part)))
        rows += getattr(parts, part)()
    folders = ("work", "output")
    settings = {name: str(value) for name, value in vars(asked).items() if name not in folders}
    settings["data"] = Path(asked.data).name
    settings["seconds of this call"] = str(round(time.perf_counter() - started))
    data = Path(asked.data).stem.replace("_", "-")
    name = f"real-a-a-{data}-{asked.methods}x{asked.seeds}"
    print(write_result(name, settings=settings, rows=rows, folder=asked.output))


if __name__ == "__main__":
    main()

"""Break the statistics one line at a time and see that the tests notice.

    python -m benchmarks.statistics.mutation_check [--processes 1] [--output FOLDER]

Every mutant is a copy of the package with one replacement; the tests of the rule and the decisions,
or those named for its file, run against it and must fail. Ends with status 1 if a mutant survives.
With `--processes 2` some five minutes. Writes a dated result file.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.results_file import FOLDER, write_result

ROOT = Path(__file__).parents[2]
TESTS = (
    "test_pairwise.py",
    "test_decide.py",
    "test_estimates.py",
    "test_known_answers.py",
    "test_invariances.py",
    "test_comparison.py",
)
TESTS_OF_FILE = {
    "across.py": ("test_across.py",),
    "claims.py": ("test_claims.py",),
    "contrasts.py": ("test_contrasts.py", "test_claims.py"),
    "data_sets.py": ("test_across.py",),
    "guideline.py": ("test_guideline.py",),
    "metrics.py": ("test_metrics.py", "test_invariances.py"),
    "pooled.py": ("test_pooled.py",),
    "ranks.py": ("test_ranks.py",),
    "signed_rank.py": ("test_signed_rank.py",),
    "sizes.py": ("test_sizes.py",),
}

MUTANTS = {
    "divisor n instead of n - 1 over runs": (
        "moments.py",
        "sum(axis=0) / (len(values) - 1)",
        "sum(axis=0) / len(values)",
    ),
    "divisor n instead of n - 1 over images": (
        "moments.py",
        "(centred.shape[1] - 1)",
        "centred.shape[1]",
    ),
    "divisor S instead of S - 1 in the noise": ("moments.py", "max(1, num_seeds - 1)", "num_seeds"),
    "degrees of freedom of all images for a mean over classes": (
        "pairwise.py",
        "item_df=moments.item_df",
        "item_df=None",
    ),
    "classes of images forgotten": (
        "comparison.py",
        "strata=table.independent_strata",
        "strata=None",
    ),
    "no guard for unstable methods": (
        "pairwise.py",
        "np.where(above, mean_variance - pooled, 0)",
        "0 * mean_variance",
    ),
    "no guard in the blocked form": (
        "pairwise.py",
        "excess=np.maximum(0, own - pooled)",
        "excess=0 * own",
    ),
    "degrees of freedom n - 1": (
        "pairwise.py",
        "np.maximum(1, df)",
        "np.full_like(df, num_items - 1)",
    ),
    "divided by S once more": (
        "pairwise.py",
        "mean_variance = moments.run_variance / moments.num_seeds",
        "mean_variance = moments.run_variance / moments.num_seeds**2",
    ),
    "images only": (
        "pairwise.py",
        "np.maximum(runs, noise) + np.maximum(0, item - noise)",
        "item",
    ),
    "runs only": (
        "pairwise.py",
        "np.maximum(runs, noise) + np.maximum(0, item - noise)",
        "runs",
    ),
    "unstable single methods as sure as the pool": (
        "pairwise.py",
        "np.where(alone, spread.excess_df, spread.pooled_df)",
        "spread.pooled_df",
    ),
    "pooled degrees of freedom not reduced": (
        "pairwise.py",
        "POOLED_SHARE = 2 / 3",
        "POOLED_SHARE = 1",
    ),
    "claims from one run each": ("pairwise.py", "known=moments.seeds_known", "known=True"),
    "three methods form a pool": (
        "pairwise.py",
        "MIN_METHODS_TO_POOL = 4",
        "MIN_METHODS_TO_POOL = 3",
    ),
    "intervals of scores on the plain scale": (
        "estimates.py",
        "expit(centre - reach)",
        "value - width",
    ),
    "no bound on p where all images agree": (
        "estimates.py",
        "np.maximum(p, exact)",
        "p",
    ),
    "the margin of a winner at the level of one pair": (
        "decide.py",
        "pairs.half_width(ALPHA / len(pairs.value))",
        "pairs.half_width(ALPHA)",
    ),
    "detectable without the correction": (
        "decide.py",
        "pairs.half_width(ALPHA / 2 / len(places[0]))",
        "pairs.half_width(ALPHA / 2)",
    ),
    "classes as strata with divisor m": (
        "metrics.py",
        "count / np.maximum(1, count - 1)",
        "count / count",
    ),
    "ties count as won": (
        "metrics.py",
        'np.searchsorted(ordered, value, side="right")) / (2',
        'np.searchsorted(ordered, value, side="left")) / (2',
    ),
    "macro F1 without the images of other classes": (
        "metrics.py",
        "(2 * both - f1 * either)",
        "(2 * both - 2 * f1 * both)",
    ),
    "Brier score of the true class alone": (
        "metrics.py",
        "(error**2).sum(axis=1)",
        "(error**2).max(axis=1)",
    ),
    "noise counted twice": ("pairwise.py", "np.maximum(0, item - noise)", "item"),
    "n and S swapped": (
        "moments.py",
        "num_seeds, num_items = deviation.shape",
        "num_items, num_seeds = deviation.shape",
    ),
    "no correction for many tests": ("decide.py", "np.arange(len(order), 0, -1)", "1"),
    "Bonferroni instead of Holm": ("decide.py", "np.arange(len(order), 0, -1)", "len(order)"),
    "normal quantiles instead of t": (
        "estimates.py",
        "stdtrit(self.degrees_of_freedom, 1 - tail)",
        "stdtrit(1e12, 1 - tail)",
    ),
    "normal p values instead of t": (
        "estimates.py",
        "stdtr(self.degrees_of_freedom, -ratio)",
        "stdtr(1e12, -ratio)",
    ),
    "one-sided p values": ("estimates.py", "2 * stdtr(", "stdtr("),
    "no bound where all images agree": ("estimates.py", "1 - tail ** (1 / self.num_items)", "0.0"),
    "may be best without its correction": (
        "decide.py",
        "num_methods * pairs.p_values() / 2",
        "pairs.p_values() / 2",
    ),
    "equivalent by the point estimate": (
        "decide.py",
        "np.abs(pairs.value) + pairs.half_width(ALPHA)",
        "np.abs(pairs.value)",
    ),
    "printed from one data set too many": (
        "across.py",
        "if num_sets < MIN_DATA_SETS[name]",
        "if num_sets <= MIN_DATA_SETS[name]",
    ),
    "a control on the wrong side": (
        "across.py",
        "places = [(k, sets.control)",
        "places = [(sets.control, k)",
    ),
    "signed ranks without Holm": ("across.py", "adjusted = holm(p_values)", "adjusted = p_values"),
    "wins without Holm": (
        "data_sets.py",
        "adjust(estimates.p_values(), control=place)",
        "estimates.p_values()",
    ),
    "wins by the mean alone": (
        "data_sets.py",
        "(adjust(estimates.p_values(), control=place) < ALPHA) & ",
        "",
    ),
    "intervals of agreeing data sets too short": (
        "pooled.py",
        "max(1.0, found.scale_hksj_re)",
        "found.scale_hksj_re",
    ),
    "D degrees of freedom over data sets": (
        "pooled.py",
        "width = float(stdtrit(len(differences) - 1, 1 - TAIL)) * error",
        "width = float(stdtrit(len(differences), 1 - TAIL)) * error",
    ),
    "Friedman's F with D in place of D - 1": (
        "ranks.py",
        "(num_sets - 1) * chi_square / rest",
        "num_sets * chi_square / rest",
    ),
    "ranks turned over": (
        "ranks.py",
        "scores[:, None, :] > scores[:, :, None]",
        "scores[:, None, :] < scores[:, :, None]",
    ),
    "one-sided signed ranks": ("signed_rank.py", "min(1.0, 2 * tail)", "min(1.0, tail)"),
    "half the region of equivalence": (
        "signed_rank.py",
        "(values > 2 * margin)",
        "(values > margin)",
    ),
    "natural logarithm of the size": ("sizes.py", "np.log10(np.asarray", "np.log(np.asarray"),
    "trends without Holm": (
        "sizes.py",
        "adjusted = adjust(p_values, control=control)",
        "adjusted = p_values",
    ),
    "a family is its first member": (
        "contrasts.py",
        "values.append(np.mean(runs, axis=0))",
        "values.append(runs[0])",
    ),
    "weights left out": ("contrasts.py", "w * one for w, one", "one for w, one"),
    "one part is enough to support": (
        "claims.py",
        "    return max(\n        part.effect.p_value",
        "    return min(\n        part.effect.p_value",
    ),
    "no correction for the parts of a claim": (
        "claims.py",
        "max(1.0, len(claim.parts) / 2) * min(",
        "min(",
    ),
    "no correction for many claims": (
        "claims.py",
        "holm(np.array([_support(claim) for claim in claims]))",
        "np.array([_support(claim) for claim in claims])",
    ),
    "regrets as if independent": (
        "guideline.py",
        "math.sqrt(1 / num_sets + 1 / (num_sets - 1))",
        "math.sqrt(1 / num_sets)",
    ),
    "the default chosen with the data set itself": (
        "guideline.py",
        "(table.sum(axis=0) - table).argmax",
        "(table.sum(axis=0) + 0 * table).argmax",
    ),
    "supported by regret alone": (
        "guideline.py",
        "by_size and self.regret.high < 0",
        "self.regret.high < 0",
    ),
}


def survives(file: str, old: str, new: str) -> bool:
    """Say whether all tests pass with one replacement made."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "src" / "whatwhere", Path(folder) / "whatwhere")
        (path,) = (Path(folder) / "whatwhere" / "stats").rglob(file)
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise SystemExit(f"{file} holds {text.count(old)} times: {old}")
        path.write_text(text.replace(old, new), encoding="utf-8")
        tests = [str(ROOT / "tests" / "stats" / name) for name in TESTS_OF_FILE.get(file, TESTS)]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        environment = {**os.environ, "PYTHONPATH": folder}
        result = subprocess.run(command, env=environment, capture_output=True, check=False)
    if result.returncode not in (0, 1):
        raise SystemExit(result.stdout.decode() + result.stderr.decode())
    return result.returncode == 0


def main() -> None:
    """Try every mutant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder of the result file")
    asked = parser.parse_args()
    rows = []
    # Threads, because each only waits for a process of its own.
    with ThreadPoolExecutor(asked.processes) as pool:
        found = pool.map(lambda mutant: survives(*mutant), MUTANTS.values())
        for (name, (file, _, _)), alive in zip(MUTANTS.items(), found, strict=True):
            rows.append({"mutant": name, "file": file, "found": "ALIVE" if alive else "caught"})
            print(rows[-1]["found"], name, flush=True)
    num_alive = sum(row["found"] == "ALIVE" for row in rows)
    print(f"{len(rows) - num_alive} of {len(rows)} mutants were caught")
    settings = {"mutants": len(rows), "caught": len(rows) - num_alive}
    print(write_result("mutation-check", settings=settings, rows=rows, folder=asked.output))
    sys.exit(bool(num_alive))


if __name__ == "__main__":
    main()

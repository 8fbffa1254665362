"""Break the statistics one line at a time and see that the tests notice.

    python benchmarks/statistics/mutation_check.py

Every mutant is a copy of the package with one replacement; the tests of the rule, the decisions
and the plans run against it and must fail. Ends with status 1 if a mutant survives. Some three
minutes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ("test_pairwise.py", "test_decide.py", "test_comparison.py")

MUTANTS = {
    "divisor n instead of n - 1 over runs": (
        "moments.py",
        "values.var(axis=0, ddof=1)",
        "values.var(axis=0, ddof=0)",
    ),
    "divisor n instead of n - 1 over images": (
        "moments.py",
        "(centred.shape[1] - 1)",
        "centred.shape[1]",
    ),
    "divisor S instead of S - 1 in the noise": ("moments.py", "max(1, num_seeds - 1)", "num_seeds"),
    "no guard for unstable methods": (
        "pairwise.py",
        "np.maximum(0, mean_variance - pooled)",
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
        "np.maximum(pooled + excess, noise) + np.maximum(0, item - noise)",
        "item",
    ),
    "runs only": (
        "pairwise.py",
        "np.maximum(pooled + excess, noise) + np.maximum(0, item - noise)",
        "pooled + excess",
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
}


def survives(file: str, old: str, new: str) -> bool:
    """Say whether all tests pass with one replacement made."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "src" / "whatwhere", Path(folder) / "whatwhere")
        path = Path(folder) / "whatwhere" / "stats" / file
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise SystemExit(f"{file} holds {text.count(old)} times: {old}")
        path.write_text(text.replace(old, new), encoding="utf-8")
        tests = [str(ROOT / "tests" / "stats" / name) for name in TESTS]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        environment = {**os.environ, "PYTHONPATH": folder}
        result = subprocess.run(command, env=environment, capture_output=True, check=False)
    if result.returncode not in (0, 1):
        raise SystemExit(result.stdout.decode() + result.stderr.decode())
    return result.returncode == 0


def main() -> None:
    """Try every mutant."""
    alive = []
    for name, mutant in MUTANTS.items():
        alive += [name] if survives(*mutant) else []
        print("ALIVE " if name in alive else "caught", name, flush=True)
    print(f"{len(MUTANTS) - len(alive)} of {len(MUTANTS)} mutants were caught")
    sys.exit(bool(alive))


if __name__ == "__main__":
    main()

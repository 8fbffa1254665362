"""Send drawn numbers through R, and keep them with R's answers for the tests.

    python -m benchmarks.statistics.in_r

Needs `Rscript` with jsonlite, emmeans, multcompView, pROC and metafor (on Debian: apt install
r-base-core r-cran-emmeans r-cran-multcompview r-cran-proc r-cran-metafor r-cran-jsonlite). Writes
tests/stats/from_r.json, which `tests/stats/test_from_r.py` reads; run it again for a release.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

FIXTURE = Path(__file__).parents[2] / "tests" / "stats" / "from_r.json"


def drawn() -> dict[str, list[object]]:
    """Return the numbers that both sides get."""
    rng = np.random.default_rng(20261127)
    label = np.repeat([0, 1], [83, 17])
    common = rng.normal(0, 1, 100) + 0.9 * label
    spread = np.array([[0.4], [1.6], [0.8], [0.8], [0.8]])
    return {
        "runs": (
            np.array([[70], [70.8], [71.6], [72.4], [73.2]]) + spread * rng.normal(0, 1, (5, 6))
        ),
        "label": label,
        "first": common + rng.normal(0, 0.5, 100),
        "second": common + rng.normal(0, 1.0, 100),
        "differences": rng.normal(0.2, 0.8, 9),
        "variances": rng.uniform(0.05, 0.4, 9),
        "sets": rng.normal(0, 1, (9, 4)) + np.array([0, 0.3, 0.6, 0.9]),
    }


def main() -> None:
    """Ask R, and write the fixture."""
    given = {name: np.asarray(values).tolist() for name, values in drawn().items()}
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "given.json", Path(folder) / "found.json"
        question.write_text(json.dumps(given), encoding="utf-8")
        script = Path(__file__).with_suffix(".R")
        subprocess.run(["Rscript", str(script), str(question), str(answer)], check=True)
        found = json.loads(answer.read_bytes())
    FIXTURE.write_text(json.dumps({"given": given, "r": found}, indent=1) + "\n", encoding="utf-8")
    print(FIXTURE)


if __name__ == "__main__":
    main()

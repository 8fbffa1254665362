"""The statistics are cheap to import: the command line asks them for plans."""

import subprocess
import sys


def test_slow_libraries_are_imported_only_when_needed():
    code = "import sys, whatwhere.stats; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "whatwhere.stats.comparison" in printed
    for slow in ("scikit_posthocs", "pandas", "matplotlib", "statsmodels", "scipy.stats", "torch"):
        assert slow not in printed

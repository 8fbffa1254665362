"""Makes docs/faults.md from the table of faults and the names of the tests that inject them.

`python -m tests.faults.page` writes it; a test compares what is there.
"""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"
TABLE = Path(__file__).with_name("faults.toml")
_NAME = re.compile(r"test_((?:[a-e]\d+_)+)")
HEAD = """# Faults, and what happens

Made by `python -m tests.faults.page` from `tests/faults/faults.toml` and the names of the tests.
Every row that is claimed has a test that injects the fault (D10 a benchmark with a dated result):
{num_claimed} of {num_all}. The others say what is missing.

Exit codes: 0 complete, 1 a bug of ours, 2 wrong arguments, 3 data refused, 4 finished with failed
trials, 5 refused as unsafe, 6 storage, 7 busy, 8 differs from what is on record, 130 and 143
stopped by a signal.

| | fault | what happens | exit | tests |
| --- | --- | --- | --- | --- |
"""


def claimed_tests() -> dict[str, list[str]]:
    """Return the names of all tests by the fault that their name begins with."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            match = isinstance(node, ast.FunctionDef) and _NAME.match(node.name)
            if match:
                for fault in match[1].strip("_").split("_"):
                    found.setdefault(fault.upper(), []).append(node.name)
    return found


def all_tests() -> set[str]:
    """Return the names of all tests."""
    trees = (ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("test_*.py"))
    return {n.name for tree in trees for n in tree.body if isinstance(n, ast.FunctionDef)}


def read_table() -> dict[str, dict]:
    """Return the table of faults with the tests of each."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    found = claimed_tests()
    for fault, row in table.items():
        row["tests"] = [*found.get(fault, []), *row.get("tests", [])]
    return table


def render() -> str:
    """Return the page."""
    table = read_table()
    claimed = [row for row in table.values() if not row.get("later")]
    rows = [
        f"| {fault} | {row['fault']} | {row['happens']} | {row.get('exit', '')} |"
        f" {'<br>'.join(f'`{name}`' for name in row['tests']) or 'later'} |"
        for fault, row in table.items()
    ]
    return HEAD.format(num_claimed=len(claimed), num_all=len(table)) + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")

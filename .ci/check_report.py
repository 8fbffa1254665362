"""Check what the main job left: every row, every file, a page that stands alone."""

import csv
import json
import re
import sys
from pathlib import Path

run = Path(sys.argv[1])
rows = list(csv.DictReader((run / "results.csv").open()))
assert len(rows) == 72, len(rows)
assert len({row["design"] for row in rows}) == 24
assert {row["state"] for row in rows} == {"finished"}, "a trial of the main job did not finish"
summary = json.loads((run / "summary.json").read_text())
assert summary["sentence"]
(cell,) = summary["cells"]
accuracy = {row["design"]: row["mean"] for row in cell["leaderboard"]}
assert accuracy["none"] > 0.35, f"no attention reached only {accuracy['none']:.3f}"
for row in cell["leaderboard"]:
    own = [float(item["accuracy"]) for item in rows if item["design"] == row["design"]]
    assert abs(sum(own) / len(own) - row["mean"]) < 1e-9, row["design"]
page = (run / "report.html").read_text()
first = re.sub(r"<[^>]+>", " ", page[page.index("<body") :])[:400]
assert "screening at 150 steps" in " ".join(first.split()), first
assert "<script" not in page
assert not re.search(r"""(src|href)\s*=\s*["']https?:""", page)
for name in (
    "table.md",
    "table.tex",
    "config.toml",
    "environment.json",
    "data.json",
    "best/model.safetensors",
    "best/config.toml",
    "best/README.md",
    "ledger.sqlite",
):
    assert (run / name).stat().st_size > 0, name
print(f"{run}: 72 trials of 24 designs, the report is whole")

"""Write a dated result file that names machine, versions, sizes and spread."""

import json
import os
import platform
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import scipy

FOLDER = Path(__file__).parent / "results"


def write_result(
    name: str,
    *,
    settings: dict[str, Any],
    rows: list[dict[str, Any]],
    num_threads: int = 1,
    folder: Path = FOLDER,
) -> Path:
    """Write rows as JSON and, beside it, as a table to read; return the path of the JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{date.today().isoformat()}-{name}.json"
    machine = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads_used": num_threads,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        **({"torch": sys.modules["torch"].__version__} if "torch" in sys.modules else {}),
    }
    content = {"machine": machine, "settings": settings, "rows": rows}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(_markdown(name, content), encoding="utf-8")
    return path


def _markdown(name: str, content: dict[str, Any]) -> str:
    lines = [f"# {name}", ""]
    for part in ("machine", "settings"):
        lines += [f"- {key}: {value}" for key, value in content[part].items()]
    columns = list(content["rows"][0])
    lines += ["", "| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    for row in content["rows"]:
        lines.append("| " + " | ".join(str(row[column]) for column in columns) + " |")
    return "\n".join(lines) + "\n"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()

"""Which of timm's networks carry attention, and where: `python -m benchmarks.attach_zoo`.

Of every model file of timm the smallest networks are walked, with random weights: attach at each
place, bit-equal outputs, names kept, detach.
"""

import sys
import warnings
from collections import defaultdict
from typing import Any

import timm
import torch
from benchmarks.results_file import write_result

from whatwhere.blocks import attach, attached, detach
from whatwhere.errors import UsageError

PLACES = ("branch", "block", "stage")
MAX_PARAMETERS = 60_000_000


def main() -> None:
    per_file = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows = [row for file in timm.list_modules() if (row := walk_file(file, per_file))]
    total = {place: sum(row[place] for row in rows) for place in PLACES}
    tried = sum(row["names"] for row in rows)
    anywhere = sum(row["anywhere"] for row in rows)
    settings = {
        "timm": timm.__version__,
        "design": "csa, start identity",
        "networks per file": per_file,
        "names tried": tried,
        "carry attention somewhere": anywhere,
        **{f"carry it at {place}": count for place, count in total.items()},
    }
    print(write_result("attach-zoo", settings=settings, rows=rows))


def walk_file(file: str, per_file: int) -> dict[str, Any] | None:
    names = smallest(file, per_file)
    if not names:
        return None
    row: dict[str, Any] = {"file": file, "names": len(names), "anywhere": 0}
    row |= dict.fromkeys(PLACES, 0)
    reasons: dict[str, list[str]] = defaultdict(list)
    for name in names:
        passed = walk(name, reasons)
        row["anywhere"] += bool(passed)
        for place in passed:
            row[place] += 1
    row["refused"] = "; ".join(f"{why} ({', '.join(who)})" for why, who in reasons.items())
    row["tried"] = ", ".join(names)
    print(row, flush=True)
    return row


def smallest(file: str, per_file: int) -> list[str]:
    sizes = {}
    for name in timm.list_models(module=file, exclude_filters="test_*"):
        try:
            with torch.device("meta"):
                model = timm.create_model(name, num_classes=5)
        except Exception:  # some networks compute values while they are built
            continue
        sizes[name] = sum(parameter.numel() for parameter in model.parameters())
    fitting = [
        name for name in sorted(sizes, key=sizes.__getitem__) if sizes[name] < MAX_PARAMETERS
    ]
    return fitting[:per_file]


def walk(name: str, reasons: dict[str, list[str]]) -> list[str]:
    model = timm.create_model(name, num_classes=5).eval()
    names, passed = list(model.state_dict()), []
    for place in PLACES:
        try:
            attach(model, "csa", where=place)  # checks that the outputs are unchanged
        except UsageError as error:
            reasons[reason(error, place)].append(f"{name}: {place}")
            continue
        assert len(attached(model)) > 0
        assert [key for key in model.state_dict() if key in set(names)] == names
        detach(model)
        assert list(model.state_dict()) == names
        passed.append(place)
    return passed


def reason(error: UsageError, place: str) -> str:
    text = str(error).removeprefix(f"where='{place}': ").partition("; what works")[0]
    return " ".join(text.split()[1:])[:90]


if __name__ == "__main__":
    main()

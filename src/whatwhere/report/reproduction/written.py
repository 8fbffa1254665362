"""The dated result file of a reproduction, as JSON that grows and as Markdown; and its page."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from whatwhere.errors import MismatchError
from whatwhere.records import folder_lock, write_atomically
from whatwhere.report.figures.sweep import Swept, draw_sweep
from whatwhere.report.numbers import count, percent
from whatwhere.report.page import CONTENT_POLICY, page_environment
from whatwhere.report.reproduction.lines import (
    HEADINGS,
    LEGEND,
    YARDSTICK_HEADINGS,
    YARDSTICKS,
    verdict_lines,
    yardstick_lines,
)
from whatwhere.report.reproduction.told import FORMAT
from whatwhere.report.text import markdown

_SAME = ("when", "environment", "commit", "command")


def append_result(folder: Path, told: dict[str, Any]) -> Path:
    """Append a reproduction to the result file of its day, and write the file for reading.

    A result that says what the last one of the day says already is not written twice. Processes
    that append at the same time wait for each other.

    Args:
        folder: Of the reproduction; the files go to `results/` in it.
        told: From `tell`.

    Returns:
        The JSON file; beside it lies the same as Markdown.

    Raises:
        MismatchError: If the file of the day does not read.
    """
    results = folder / "results"
    path = results / f"{told['when'][:10]}-{told['setting']}.json"
    with folder_lock(results, wait=True, on_wait=lambda: None):
        entries = _entries(path)
        if not entries or _content(entries[-1]) != _content(json.loads(json.dumps(told))):
            entries.append(told)
        text = json.dumps(entries, indent=1, allow_nan=False) + "\n"
        write_atomically(path, text.encode())
        parts = [result_markdown(entry) for entry in reversed(entries)]
        write_atomically(path.with_suffix(".md"), "\n\n".join(parts).encode() + b"\n")
    return path


def check_results(folder: Path, setting: str) -> None:
    """Refuse result files that could not be extended, before anything is trained.

    Args:
        folder: Of the reproduction.
        setting: Name of the setting.

    Raises:
        MismatchError: If a result file of the setting does not read.
    """
    for path in sorted(folder.glob(f"results/*-{setting}.json")):
        _entries(path)


def _entries(path: Path) -> list[dict[str, Any]]:
    """Return what a result file holds; [] where there is none yet."""
    if not path.is_file():
        return []
    try:
        entries = json.loads(path.read_bytes())
    except ValueError:
        entries = None
    whole = isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
    if not whole or any(entry.get("format") != FORMAT for entry in entries):
        why = "is from another version of whatwhere" if whole else "is damaged"
        raise MismatchError(
            f"{path} {why}, so no result can be appended to it: move the file aside and run the"
            " same command again; finished runs are kept"
        )
    return list(entries)


def read_results(folder: Path) -> list[dict[str, Any]]:
    """Return every result that a reproduction's folder holds, oldest first.

    Args:
        folder: Of the reproduction.

    Returns:
        The entries; files that do not read are passed over.
    """
    entries: list[dict[str, Any]] = []
    for path in sorted(folder.glob("results/*.json")):
        try:
            entries += json.loads(path.read_bytes())
        except ValueError:
            continue
    return entries


def _content(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in _SAME}


def result_markdown(told: dict[str, Any]) -> str:
    """Write one result as Markdown.

    Args:
        told: From `tell`, or from a result file.

    Returns:
        A section.
    """
    lines = [f"# {told['setting']}, {told['when'].replace('T', ' ')}", ""]
    lines += [f"**{markdown(told['status'])}**", ""] if told["status"] else []
    lines += [markdown(told["headline"]), ""]
    lines += [f"- {name}: {markdown(str(value))}" for name, value in facts_of(told)]
    lines += _table(verdict_lines(told), HEADINGS, LEGEND)
    lines += _table(yardstick_lines(told), YARDSTICK_HEADINGS, YARDSTICKS)
    lines += ["", *_points(told)]
    for result in told["sweeps"]:
        lines += ["", *(markdown(sentence) for sentence in result["sentences"])]
    for title, texts in sections_of(told):
        lines += ["", f"{title}:", "", *(f"- {markdown(text)}" for text in texts)]
    return "\n".join(lines)


def facts_of(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a reader needs to judge a result: source, data, machine, versions.

    Args:
        told: From `tell`.

    Returns:
        Names and texts.
    """
    data, machine = told["data"], told["environment"]
    versions = ", ".join(
        f"{name} {machine[name]}" for name in ("whatwhere", "torch", "python") if name in machine
    )
    formats = sorted({point["precision"] for point in told["points"]})
    facts = {
        "paper": ", ".join(filter(None, (told["paper"], told["table"], told["doi"]))),
        "data": f"{data['title']}: {data['num_train']:,} training, {data['num_validation']:,}"
        f" validation, {data['num_test']:,} test images, {data['num_classes']} classes"
        f" (SHA-256 {data['content_hash'][:12]})",
        "machine": "; ".join(
            [*(machine[name] for name in ("cpu", "device") if machine.get(name)), *formats]
        ),
        "versions": versions,
        "commit": told["commit"],
        "command": told["command"],
    }
    return [(name, text) for name, text in facts.items() if text]


def sections_of(told: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the lists of texts that stand beside the numbers, those that are not empty.

    Args:
        told: From `tell`.

    Returns:
        Titles and texts.
    """
    flaws = [f"{flaw['row']}: {flaw['sentence']}" for flaw in told["flaws"]]
    sections = [
        ("Numbers that cannot be, or can hardly be, as printed", flaws),
        ("Contradictions and doubts", told["contradictions"]),
        ("What the paper says in words", told["claims"]),
        ("What the paper leaves out", told["unknown"]),
        ("What we chose", told["choices"]),
        ("What we expected before measuring", [told["expected"]] if told["expected"] else []),
        ("What was found in the data", told["warnings"]),
        ("Runs that failed", told["failures"]),
    ]
    return [(title, list(texts)) for title, texts in sections if texts]


def _table(lines: Sequence[tuple[str, ...]], headings: tuple[str, ...], legend: str) -> list[str]:
    """Return lines as a table of Markdown with as many columns as headings; [] without lines."""
    if not lines:
        return []
    # The four numbers behind row and metric stand to the right.
    aligned = ["---:" if 2 <= place < 6 else ":---" for place in range(len(headings))]
    shown = [[markdown(cell) for cell in line[: len(headings)]] for line in lines]
    rows = [f"| {' | '.join(cells)} |" for cells in (headings, aligned, *shown)]
    return ["", *rows, "", legend]


def _points(told: dict[str, Any]) -> list[str]:
    lines = ["| Measured | Recipe | Steps | Parameters | Accuracy % [95 %] | Runs |"]
    lines += ["| :--- | :--- | ---: | ---: | ---: | ---: |"]
    for point in told["points"]:
        cells = point_cells(point)
        lines.append(f"| {' | '.join(markdown(cell) for cell in cells)} |")
    return lines


def point_cells(point: dict[str, Any]) -> list[str]:
    """Return the cells of a point's row in the table of all that was measured.

    Args:
        point: From `tell`.

    Returns:
        Label, recipe, steps, parameters, accuracy and runs.
    """
    steps = f"{point['steps']:,}"
    if point["steps"] != point["full_steps"]:
        steps += f" of {point['full_steps']:,}"
    accuracy = point["scores"].get("accuracy")
    shown = "–"
    if accuracy is not None:
        shown = percent(accuracy["mean"], decimals=2)
        low, high = (percent(accuracy[end], decimals=2) for end in ("low", "high"))
        shown += f" [{low}, {high}]" if accuracy["low"] is not None else " (one run)"
    runs = str(len(point["seeds"])) + (
        f", {point['num_failed']} failed" * bool(point["num_failed"])
    )
    return [point["label"], point["protocol"], steps, count(point["parameters"]), shown, runs]


def write_reproduction_page(folder: Path, told: dict[str, Any]) -> Path:
    """Write the page of a reproduction: one HTML file that fetches nothing.

    Args:
        folder: Of the reproduction.
        told: From `tell`.

    Returns:
        The page.
    """
    drawings = [_drawing(told, result) for result in told["sweeps"]]
    template = page_environment().get_template("reproduction.html.j2")
    page = template.render(
        told=told,
        policy=CONTENT_POLICY,
        facts_shown=facts_of(told),
        headings=HEADINGS,
        yardstick_headings=YARDSTICK_HEADINGS,
        rows=verdict_lines(told),
        yardsticks=yardstick_lines(told),
        points=[point_cells(point) for point in told["points"]],
        sweeps=list(zip(told["sweeps"], drawings, strict=True)),
        sections=sections_of(told),
        legend=LEGEND,
        yardstick_legend=YARDSTICKS,
    )
    path = folder / "reproduction.html"
    write_atomically(path, page.encode("utf-8", errors="replace"))
    return path


def _drawing(told: dict[str, Any], result: dict[str, Any]) -> Markup:
    names = (
        "series", "value", "mean", "low", "high", "difference", "difference_low",
        "difference_high",
    )  # fmt: skip
    svg = draw_sweep(
        [Swept(**{name: point[name] for name in names}) for point in result["points"]],
        name=f"sweep-{result['score']}",
        axis=result["axis"],
        score=result["title"],
        reference=result["reference"],
        logarithmic=result["logarithmic"],
        mark=told["status"],
    )
    return Markup(svg)

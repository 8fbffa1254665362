"""The settings as lists show them, each with its state."""

from collections.abc import Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Any

from whatwhere.errors import unknown_name
from whatwhere.report.reproduction.written import read_results
from whatwhere.settings import Setting, load_setting, setting_names
from whatwhere.study.reproducing.reproduce import REPRODUCTIONS


def list_settings(names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return settings as plain values.

    Args:
        names: Names or wildcards to keep; empty for all.

    Returns:
        One dictionary per setting, by name, with its state.

    Raises:
        UnknownNameError: If nothing of that name is known.
    """
    known = setting_names()
    for pattern in names:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise unknown_name("setting", pattern, known)
    kept = [n for n in known if not names or any(fnmatchcase(n, p) for p in names)]
    return [_facts(load_setting(name)) for name in kept]


def state_of(setting: Setting) -> str:
    """Say whether a setting was measured: on record, and in the folder `reproductions` here.

    Args:
        setting: The setting.

    Returns:
        One line; a shortened run, or one on other data, is never called measured.
    """
    state = setting.state
    if setting.refused:
        state += " (refused: see the setting)"
    entries = [
        entry
        for folder in sorted(REPRODUCTIONS.glob("*/"))
        for entry in read_results(folder)
        if entry.get("setting") == setting.id
    ]
    if not entries:
        return state
    last = max(entries, key=lambda entry: entry["when"])
    status = last["status"] or "whole"
    return f"{state}; here {last['when'][:10]}: {status}"


def _facts(setting: Setting) -> dict[str, Any]:
    facts = asdict(setting)
    sweep = facts.pop("sweep")
    if sweep:
        facts["sweep"] = f"{sweep['axis']}: {', '.join(f'{v:g}' for v in sweep['values'])}"
    return {
        "name": facts.pop("id"),
        **facts,
        "rows": [_row(row, setting) for row in facts["rows"]],
        "figures": [_figure(figure) for figure in facts["figures"]],
        "measured": [f"{one['date']}: {one['result']}" for one in facts["measured"]],
        "num_rows": len(setting.rows),
        "num_figures": sum(not figure.source for figure in setting.figures),
        "state": state_of(setting),
    }


def _row(row: dict[str, Any], setting: Setting) -> str:
    note = f", {row['note']}" if row["note"] else ""
    return f"{row['label']} = {row['design']} ({row['protocol'] or setting.protocol}{note})"


def _figure(figure: dict[str, Any]) -> str:
    minus = f" minus {figure['minus']}" if figure["minus"] else ""
    spread = f" ± {figure['spread']}" if figure["spread"] else ""
    source = f" (yardstick: {figure['source']})" if figure["source"] else ""
    return f"{figure['row']}{minus}: {figure['metric']} {figure['printed']}{spread}{source}"

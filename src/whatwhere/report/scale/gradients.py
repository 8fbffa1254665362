"""The published claim about residual wirings, on the gradients recorded at the first layer."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from whatwhere.report.cells.cell import Cell, Row
from whatwhere.report.scale.rules import VERDICTS, findings_of
from whatwhere.report.words.wording import listed
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS
from whatwhere.stats.hypotheses.claims import Claim
from whatwhere.stats.hypotheses.gradients import (
    NOT_RUN,
    GradientRatio,
    gradient_claim,
    gradient_ratio,
)
from whatwhere.stats.hypotheses.published_rules import RESIDUAL_COUNTERPARTS

COLUMN = "stem_gradient_norm"
ANY_GAIN = "gain_*"  # all constant gains, where a record does not say which one is meant


def tell_gradients(cells: Sequence[Cell]) -> dict[str, Any] | None:
    """Tell whether residual wirings keep more gradient than their two opponents.

    Args:
        cells: One per data set.

    Returns:
        The sentence, and for every data set the finding and each wiring's ratios; None where no
        residual wiring has a recorded gradient.
    """
    kept = [cell for cell in cells if _residual(_recorded(cell))]
    if not kept:
        return None
    parts = [_of_cell(cell) for cell in kept]
    findings = findings_of(
        [part["claim"] for part in parts], num_seeds=[part["num_seeds"] for part in parts]
    )
    sets = [
        {
            "dataset": cell.dataset,
            "title": cell.title,
            "size": cell.size,
            "num_seeds": part["num_seeds"],
            "finding": finding,
            "ratios": part["ratios"],
        }
        for cell, part, finding in zip(kept, parts, findings, strict=True)
    ]
    for of_set in sets:
        of_set["sentence"] = _sentence(of_set, alone=len(sets) == 1)
    told = {"sentence": _together(sets), "sets": sets}
    return {**told, "needed": needed_controls(told)}


def _recorded(cell: Cell) -> dict[str, dict[int, float]]:
    """Return the gradients of every design by seed, of both stages where there are two.

    No gradient decides what is confirmed, and what is confirmed has fresh seeds, so the runs of
    both stages count alike.
    """
    found: dict[str, dict[int, float]] = {}
    for row in _rows(cell):
        found.setdefault(row.design.name, {}).update(_first_gradients(row))
    return found


def _rows(cell: Cell) -> tuple[Row, ...]:
    return (*(cell.screening.rows if cell.screening else ()), *cell.rows)


def _residual(gradients: dict[str, dict[int, float]]) -> list[str]:
    return [name for name in gradients if name in RESIDUAL_COUNTERPARTS and gradients[name]]


def _first_gradients(row: Row) -> dict[int, float]:
    """Return by seed the gradient norm at the first layer at the end of the first epoch.

    Later a network that fits better has the smaller gradients, whatever its wiring.
    """
    first = {
        outcome.seed: float(outcome.curve[COLUMN][0])
        for outcome in row.finished
        if len(outcome.curve.get(COLUMN, ()))
    }
    return {seed: norm for seed, norm in first.items() if np.isfinite(norm) and norm > 0}


def _of_cell(cell: Cell) -> dict[str, Any]:
    gradients, designs = _recorded(cell), {row.design.name: row.design for row in _rows(cell)}
    wirings = _residual(gradients)
    counterparts = {name: RESIDUAL_COUNTERPARTS[name] for name in wirings}
    gains = {name: designs[name].gain_control or ANY_GAIN for name in wirings}
    claim = gradient_claim(gradients, counterparts=counterparts, gains=gains)
    pairs = [(name, of[name]) for of in (counterparts, gains) for name in wirings]
    ratios = [gradient_ratio(gradients, first=one, second=other) for one, other in pairs]
    kinds = ["counterpart"] * len(wirings) + ["gain"] * len(wirings)
    return {
        "claim": claim,
        "num_seeds": _num_seeds(claim, gradients, wirings),
        "ratios": [
            _told(cell, ratio, kind=kind) for ratio, kind in zip(ratios, kinds, strict=True)
        ],
    }


def _num_seeds(claim: Claim, gradients: dict[str, dict[int, float]], wirings: list[str]) -> int:
    effects = [part.effect for part in claim.parts if part.effect]
    if effects:
        return int(min(effect.degrees_of_freedom for effect in effects)) + 1
    return min(len(gradients[name]) for name in wirings)


def _told(cell: Cell, ratio: GradientRatio, *, kind: str) -> dict[str, Any]:
    effect = ratio.logarithm
    labels = {row.design.name: row.design.label for row in _rows(cell)}
    enough = effect is not None and effect.degrees_of_freedom >= MIN_SEEDS_FOR_CLAIMS - 1
    return {
        "kind": kind,
        "first": ratio.first,
        "second": ratio.second,
        "label": labels[ratio.first],
        "other": labels.get(ratio.second, ratio.second),
        "ratio": math.exp(effect.value) if effect else None,
        "low": math.exp(effect.low) if effect and enough else None,
        "high": math.exp(effect.high) if effect and enough else None,
        "p_value": effect.p_value if effect else None,
        "missing": ratio.missing,
    }


def _together(sets: list[dict[str, Any]]) -> str:
    if len(sets) == 1:
        return str(sets[0]["sentence"])
    judged = [of_set for of_set in sets if not of_set["finding"]["withheld"]]
    if not judged:
        return (
            f"Screening only: nothing is claimed on these {len(sets)} data sets about residual"
            " wirings and gradients; that takes 3 seeds."
        )
    counts = [
        f"{word} on {sum(of_set['finding']['verdict'] == word for of_set in sets)}"
        for word in VERDICTS
    ]
    return (
        f"That residual wirings keep gradients alive, judged on {len(sets)} data sets together, is"
        f" {', '.join(counts)}."
    )


def _sentence(told: dict[str, Any], *, alone: bool) -> str:
    finding, where = told["finding"], "" if alone else f" on {told['title']}"
    path, gain = finding["parts"]
    if finding["withheld"]:
        return (
            f"Screening only ({told['num_seeds']} seeds): nothing is claimed{where} about residual"
            " wirings and gradients; that takes 3 seeds."
        )
    against = f"{_times(path)} that of the same wirings without the input path"
    if path["value"] is None:
        against = f"not compared with the wirings without input path ({path['missing']})"
    matched = f"and {_times(gain)} that of constants of the same gain"
    if gain["value"] is None:
        matched = f"but it was not compared with constants of the same gain ({gain['missing']})"
    numbers = f"their gradient at the first layer is {against}, {matched}"
    if finding["verdict"] == "supported":
        return f"Residual wirings keep gradients alive{where}, as published: {numbers}."
    if finding["verdict"] == "contradicted":
        return (
            f"That residual wirings keep gradients alive is contradicted{where}: {numbers}."
            f"{_what_it_is(path, gain)}"
        )
    return (
        f"No conclusion on whether residual wirings keep gradients alive{where}: {numbers}."
        f"{_reach(path, gain)}"
    )


def _what_it_is(path: dict[str, Any], gain: dict[str, Any]) -> str:
    if path["value"] is not None and path["low"] > 0 and gain["value"] is not None:
        return " What they pass on more is what their larger gain passes on."
    return ""


def _reach(path: dict[str, Any], gain: dict[str, Any]) -> str:
    if path["detectable"] is None or gain["detectable"] is None:
        return ""
    reach = [f"{math.exp(part['detectable']):.2f}" for part in (path, gain)]
    return f" This study could only have seen ratios above {reach[0]} and {reach[1]} (80 % power)."


def _times(part: dict[str, Any]) -> str:
    if part["value"] is None:
        return ""
    value, low, high = (math.exp(part[name]) for name in ("value", "low", "high"))
    return f"{value:.2f} times (95 % {low:.2f} to {high:.2f})"


def needed_controls(told: dict[str, Any]) -> str:
    """Name the controls without which the claim stays open.

    Args:
        told: From `tell_gradients`.

    Returns:
        What to add to `-d`; empty where nothing is missing.
    """
    missing = [
        ratio["second"]
        for of_set in told["sets"]
        for ratio in of_set["ratios"]
        if ratio["missing"].startswith(NOT_RUN)
    ]
    absent = list(dict.fromkeys(missing))
    return listed(absent).replace(", ", ",") if absent else ""

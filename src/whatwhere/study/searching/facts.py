"""What is known of a search, as plain values that a page can be written from."""

import warnings
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from whatwhere.study.preparing.chosen import only_design
from whatwhere.study.preparing.prepare import asked_protocol
from whatwhere.study.request import Request
from whatwhere.study.searching.fresh import DEFAULT, default_untuned, front
from whatwhere.study.searching.proposals import Proposals
from whatwhere.study.searching.space import Candidate, Parameter, Space, written
from whatwhere.study.searching.store import Tried, dashboard, optuna_module
from whatwhere.study.searching.trials import Bench
from whatwhere.study.searching.wanted import Wanted

_MIN_FOR_IMPORTANCE = 20  # finished trials


def facts_of_search(
    bench: Bench, space: Space, wanted: Wanted, proposals: Proposals
) -> dict[str, Any]:
    """Return what a search is and what it tried.

    Args:
        bench: Data, recipe, device.
        space: What was searched.
        wanted: What was asked for.
        proposals: What was tried.

    Returns:
        For JSON.
    """
    tried = proposals.tried()
    finished = [item for item in tried if item.accuracy is not None]
    default = default_untuned(space)
    _, _, protocol = bench.resolve(default)
    source, folder = bench.prepared.source, bench.folder
    return {
        "space": {
            "name": space.name,
            "title": space.title,
            "source": space.source,
            "parameters": {
                name: {"values": _range(parameter), "default": written(parameter.default)}
                for name, parameter in space.parameters.items()
            },
        },
        "objective": wanted.objective,
        "max_parameters": wanted.max_parameters,
        "num_wanted": wanted.trials,
        "data": {
            "name": source.name,
            "title": source.title,
            "num_train": len(source.indices("train")),
            "num_validation": len(source.indices("validation")),
            "num_test": len(source.indices("test")),
            "num_classes": source.num_classes,
            "content_hash": source.content_hash,
            "warnings": list(source.warnings),
        },
        "protocol": asked_protocol(bench.request, device=bench.device),
        "steps": protocol.steps,
        "whole_steps": protocol.whole_steps,
        "precision": bench.request.precision,
        "seed": wanted.seed,
        "command": wanted.command(folder),
        "dashboard": dashboard(folder),
        "trials": [_trial(bench, item, default) for item in tried],
        "front": [item.number for item in front(finished)],
        "importance": importance(proposals, len(finished)),
        "default": DEFAULT,
    }


def importance(proposals: Proposals, num_finished: int) -> dict[str, float]:
    """Return the share of the variance of validation accuracy that goes with each parameter.

    Args:
        proposals: What was tried.
        num_finished: Trials that finished.

    Returns:
        Shares by name, largest first, from a functional analysis of variance of a random forest
        (Hutter et al., ICML 2014, as in Optuna); empty with too few trials to say anything.
    """
    if num_finished < _MIN_FOR_IMPORTANCE:
        return {}
    known = optuna_module().importance
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            shares: dict[str, float] = known.get_param_importances(
                proposals.study,
                evaluator=known.FanovaImportanceEvaluator(seed=0),
                target=lambda trial: trial.values[0],
            )
        except (RuntimeError, ValueError):  # all accuracies are equal
            return {}
    return {name: float(share) for name, share in shares.items()}


def _trial(bench: Bench, item: Tried, default: Candidate) -> dict[str, Any]:
    values = {name: written(value) for name, value in item.values.items()}
    facts = {**asdict(item), "values": values, "name": item.name, "command": "", "texts": None}
    facts["is_default"] = False
    del facts["candidate"], facts["owner"]
    facts["seen"] = {str(tenth): value for tenth, value in item.seen.items()}
    if item.candidate is not None and item.outcome == "finished":
        request = bench.request_for(item.candidate)
        facts["texts"] = _texts(request, item.candidate)
        facts["is_default"] = bench.are_same(item.candidate, default)
        facts["command"] = replace(
            request, designs=(facts["texts"]["design"],), precision=None, layout=None
        ).command(Path("runs") / item.name.replace(" ", "-"))
    return facts


def _texts(request: Request, candidate: Candidate) -> dict[str, str]:
    design = only_design([candidate.design])
    return {
        "design": design.network or candidate.design,
        "backbone": candidate.backbone,
        "protocol": request.protocol or "",
        "learning_rate": candidate.learning_rate,
    }


def _range(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(map(written, parameter.choices))
    assert parameter.low is not None
    assert parameter.high is not None
    return f"{parameter.low:g} to {parameter.high:g}" + ", log" * parameter.log

"""A complete run folder made from simulated predictions, in place of minutes of training."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tomli_w

from whatwhere.records import Run, TrialKey, trial_folder, write_atomically, write_trial

# name, title, family, kind, wiring, initial gain, extra parameters, points above no attention
ROWS = (
    ("csa", "CSA", "sequential", "wiring", "S(C(x))", 0.25, 2384, 0.5),
    ("sca", "SCA", "sequential", "wiring", "C(S(x))", 0.25, 2384, 0.0),
    ("csca", "CSCA", "sequential", "wiring", "C_b(S(C_a(x)))", 0.13, 4474, -3.0),
    ("scsa", "SCSA", "sequential", "wiring", "S_b(C(S_a(x)))", 0.12, 2678, -3.5),
    ("c_and_sa2", "C&SA2", "parallel", "wiring", "(C(x) + S(x)) / 2", 0.5, 2384, 2.0),
    ("c_and_safa", "C&SAFA", "parallel", "wiring", "mix(C(x), S(x))", 0.5, 2387, 2.5),
    ("bi_csa", "Bi-CSA", "parallel", "wiring", "S(C(x)) + C(S(x))", 0.5, 4768, 1.0),
    (
        "bi_csafa",
        "Bi-CSAFA",
        "parallel",
        "wiring",
        "u = S(C(x)) + C(S(x)); channelgate(x, u, by=u)",
        0.74,
        6100,
        3.0,
    ),
    ("gc_and_sa2", "GC&SA2", "parallel", "wiring", "vote(C(x), S(x))", 0.5, 5020, 1.0),
    ("tgpfa", "TGPFA", "parallel", "wiring", "choose(x, C(x), S(x))", 0.67, 4200, 3.5),
    ("rcsa", "RCSA", "residual", "wiring", "x + S(C(x))", 1.25, 2384, 4.0),
    ("arcsa", "ARCSA", "residual", "wiring", "mix(S(C(x)), x)", 0.53, 2387, 2.0),
    ("grcsa", "GRCSA", "residual", "wiring", "gate(x, S(C(x)), by=x)", 0.63, 2700, 2.5),
    (
        "c_mssa",
        "C-MSSA",
        "multi-scale",
        "wiring",
        "f = C(x); choose(S3(f), S5(f), S7(f), by=f)",
        0.25,
        3900,
        -1.0,
    ),
    (
        "msc_sa",
        "MSC-SA",
        "multi-scale",
        "wiring",
        "S(choose(C4(x), C8(x), C16(x), C32(x)))",
        0.25,
        12000,
        0.0,
    ),
    ("c_cmssa", "C-CMSSA", "multi-scale", "wiring", "S3(S5(S7(C(x))))", 0.06, 2588, -9.0),
    ("ca", "CA", "single", "wiring", "C(x)", 0.5, 2090, 2.0),
    ("sa", "SA", "single", "wiring", "S(x)", 0.5, 294, 1.0),
    ("none", "no attention", "reference", "reference", "x", 1.0, 0, 0.0),
    ("se", "SE", "reference", "reference", None, 0.5, 2090, 2.0),
    ("cbam", "CBAM (official)", "reference", "reference", None, 0.27, 2384, -0.5),
    ("eca", "ECA", "reference", "reference", None, 0.5, 9, 1.5),
    ("wide", "backbone widened to the median cost", "control", "control", None, 1.0, 2400, 0.3),
    ("gain", "constant gain 0.25", "control", "control", "x / 4", 0.25, 0, -1.0),
)
DIGITS = tuple(str(digit) for digit in range(10))


@dataclass(frozen=True)
class FakeData:
    """What one simulated data set is like."""

    name: str = "cluttered-digits"
    title: str = "Cluttered digits"
    class_names: tuple[str, ...] = DIGITS
    train_counts: tuple[int, ...] | None = None
    num_test: int = 599
    num_validation: int = 197
    sizes: tuple[int, ...] = (1009,)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class FakePlan:
    """Which simulated trials to write."""

    data: tuple[FakeData, ...] = (FakeData(),)
    rows: tuple[tuple, ...] = ROWS
    num_seeds: int = 3
    protocol: str = "quick"
    steps: int = 150
    command: str = "whatwhere compare"
    metric: str = "accuracy"
    rising: bool = True
    states: dict = field(default_factory=dict)  # (design, seed) -> (state, reason)
    spread: float = 1.0  # multiplies the true differences between designs
    size_effect: float = 0.35  # what ten times as many images do for every design
    trends: dict = field(default_factory=dict)  # design -> what they do for it beyond that
    gradients: dict = field(default_factory=dict)  # design -> factor of its stem gradient
    effects: dict = field(default_factory=dict)  # (data set, design) -> its gain there
    gradient_spread: float = 0.15
    confirmed: tuple[tuple[str, ...], ...] = ()  # rows of the second stage, as they joined
    num_fresh: int = 3  # seeds of the second stage
    waiting: bool = False  # whether a second stage was asked for and has not run
    facts: dict = field(default_factory=dict)  # design -> more of its recorded card
    noise: float = 0.05  # how much the ability of a design varies between runs


def write_fake_run(folder: Path, plan: FakePlan | None = None) -> Path:
    """Write the run folder and return it."""
    plan = plan or FakePlan()
    rng = np.random.default_rng(7)
    _write_head(folder, plan)
    for data in plan.data:
        difficulty = rng.normal(0.0, 1.0, data.num_test + data.num_validation)
        label = _labels(data, rng)
        for size in data.sizes:
            for number, row in enumerate(plan.rows, start=1):
                fresh = range(1000, 1000 + plan.num_fresh)
                again = fresh if any(row[0] in names for names in plan.confirmed) else ()
                for seed in (*range(plan.num_seeds), *again):
                    _write_trial(folder, plan, data, size, number, row, seed, difficulty, label)
    return folder


def picture(dataset: str, indices: np.ndarray) -> np.ndarray:
    """Stand in for the study's way to fetch images: 13 x 11 grey, different for each index."""
    rows, columns = np.mgrid[0:13, 0:11]
    return np.stack(
        [((rows * (1 + i % 7) + columns * (1 + i % 5)) % 256)[..., None] for i in indices]
    ).astype(np.uint8)


def _labels(data: FakeData, rng: np.random.Generator) -> np.ndarray:
    counts = np.array(data.train_counts or [1] * len(data.class_names), dtype=float)
    total = data.num_test + data.num_validation
    drawn = rng.choice(len(counts), total, p=counts / counts.sum())
    drawn[: len(counts)] = np.arange(len(counts))[:total]
    drawn[data.num_test : data.num_test + len(counts)] = np.arange(len(counts))
    return drawn


def _write_trial(folder, plan, data, size, number, row, seed, difficulty, label):
    key = TrialKey(data.name, size, row[0], seed)
    state, reason = plan.states.get((row[0], seed), ("finished", None))
    rng = np.random.default_rng([11, number, seed, size])
    record = _record(plan, key, number, row, state, reason, rng)
    files = {}
    if state == "finished":
        ability = 1.6 + 0.1 * plan.spread * row[7] + plan.effects.get((data.name, row[0]), 0.0)
        effect = plan.size_effect + plan.trends.get(row[0], 0.0)
        ability += effect * np.log10(size / 1009)
        logit = _logit(ability + rng.normal(0, plan.noise), difficulty, label, data, rng)
        curve = _curve(plan, row, rng)
        accuracy = round(curve[-1][5] * data.num_validation) / data.num_validation
        record["validation"] = {"accuracy": accuracy, "loss": float(curve[-1][4])}
        files["curve.csv"] = _csv(curve)
        files["predictions.npz"] = _predictions(logit, label, data)
    write_trial(trial_folder(folder, key), record, files)


def _record(plan, key, number, row, state, reason, rng):
    name, title, family, kind, wiring, gain, parameters, _ = row
    noise = float(rng.uniform(0.97, 1.03))
    inference = (0.8 + parameters / 12000 + 0.02 * len(wiring or "12345678")) * noise
    record = {
        "key": f"{number:02d}{key.seed:02d}",
        "design": {
            "name": name,
            "title": title,
            "family": family,
            "number": number,
            "wiring": wiring,
            "kind": kind,
            "source": f"Table 2, row {number}",
            **plan.facts.get(name, {}),
        },
        "dataset": key.dataset,
        "size": key.size,
        "seed": key.seed,
        **({"stage": 2} if key.seed >= 1000 else {}),
        "state": state,
        "reason": reason,
        "flags": [],
        "steps": plan.steps,
        "seconds": 3.1 * noise,
        "rising": plan.rising and key.seed == 0,
        "validation": None,
        "cost": {
            "parameters": 78042 + parameters,
            "attention_parameters": parameters,
            "macs": 1_830_000 + 37 * parameters,
            "train_step_ms": 4 * inference,
            "inference_ms": inference,
            "train_ratio": inference,
            "inference_ratio": inference,
            "peak_bytes": 17_000_003 + 613 * parameters,
            "initial_gain": gain,
        },
        "recipe_hash": "r" * 8,
        "data_hash": "d" * 8,
        "numerics_key": "n" * 8,
        "split_fingerprint": "f" * 8,
        "version": "0.1.0",
    }
    if state == "diverged":
        record["diverged"] = {"step": 37, "learning_rate": 0.1, "gradient_norm": 1.7e9}
    return record


def _logit(ability, difficulty, label, data, rng):
    num_classes = len(data.class_names)
    margin = ability + 1.2 * difficulty + rng.normal(0, 0.8, len(difficulty))
    logit = rng.normal(0, 0.6, (len(label), num_classes))
    rival = (label + 1 + (rng.random(len(label)) < 0.3)) % num_classes
    logit[np.arange(len(label)), rival] += 1.0
    logit[np.arange(len(label)), label] += 1.0 + margin
    return logit.astype(np.float32)


def _predictions(logit, label, data):
    test, validation = slice(0, data.num_test), slice(data.num_test, None)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        test_logit=logit[test],
        test_label=label[test],
        test_index=np.arange(data.num_test, dtype=np.int64) + 1201,
        validation_logit=logit[validation],
        validation_label=label[validation],
        validation_index=np.arange(data.num_validation, dtype=np.int64) + 1009,
    )
    return buffer.getvalue()


def _curve(plan, row, rng):
    steps = np.linspace(plan.steps / 10, plan.steps, 10).round().astype(int)
    level = 0.80 + 0.008 * row[7]
    accuracy = level * (1 - np.exp(-3.2 * steps / plan.steps)) + rng.normal(0, 0.012, 10)
    loss = 2.3 * np.exp(-1.6 * steps / plan.steps) + rng.normal(0, 0.02, 10)
    noise = np.exp(rng.normal(0, plan.gradient_spread))
    gradient = 0.9 * (row[5] or 1.0) ** 0.9 * noise * np.linspace(1, 0.4, 10)
    gradient *= plan.gradients.get(row[0], 1.0)
    return [
        (
            int(step),
            i + 1,
            0.1 * (1 - step / plan.steps),
            float(loss[i] * 0.9),
            float(loss[i]),
            float(accuracy[i].clip(0, 1)),
            float(gradient[i]),
            0.3 * (i + 1),
        )
        for i, step in enumerate(steps)
    ]


def _csv(curve):
    names = (
        "step,epoch,learning_rate,train_loss,validation_loss,validation_accuracy,"
        "stem_gradient_norm,seconds"
    )
    lines = [",".join(repr(float(value)) for value in point) for point in curve]
    return ("\n".join([names, *lines]) + "\n").encode()


def _write_head(folder, plan):
    config = {
        "asked": {"command": plan.command, "metric": plan.metric, "name": "fake"},
        "plan": {
            "designs": [row[0] for row in plan.rows],
            "seeds": plan.num_seeds,
            "data": [data.name for data in plan.data],
            "sizes": {data.name: list(data.sizes) for data in plan.data},
            "confirm": _confirm(plan),
        },
        "recipe": {data.name: _recipe(plan) for data in plan.data},
    }
    environment = {
        "whatwhere": "0.1.0",
        "python": "3.11.7",
        "torch": "2.15.0",
        "device": "cpu",
        "threads": 1,
        "cpu": "Example CPU",
        "platform": "Linux",
        "workers": 2,
        "numerics_key": "0123456789abcdef",
    }
    data = {data.name: _data_entry(data) for data in plan.data}
    write_atomically(folder / "config.toml", tomli_w.dumps(config).encode())
    write_atomically(folder / "environment.json", json.dumps(environment).encode())
    write_atomically(folder / "data.json", json.dumps(data).encode())
    assert len(Run.read(folder).data) == len(plan.data)


def _confirm(plan):
    if not plan.confirmed and not plan.waiting:
        return {}
    rounds = [{"seeds": plan.num_fresh, "designs": list(names)} for names in plan.confirmed]
    cells = [f"{data.name}-n{size}" for data in plan.data for size in data.sizes]
    return {cell: {"seeds": plan.num_fresh, "rounds": rounds} for cell in cells}


def _recipe(plan):
    return {
        "name": plan.protocol,
        "steps": plan.steps,
        "batch_size": 64,
        "learning_rate": 0.1,
        "optimizer": "sgd",
        "weight_decay": 5e-4,
        "backbone": "resnet8",
        "where": "branch",
        "image_size": 12,
        "precision": "float32",
        "layout": "channels_last",
    }


def _data_entry(data):
    counts = data.train_counts or [data.sizes[-1] // len(data.class_names)] * len(data.class_names)
    per_class = [1] * len(data.class_names)
    return {
        "title": data.title,
        "image_size": 12,
        "channels": 1,
        "class_names": list(data.class_names),
        "content_hash": "c" * 64,
        "split_fingerprint": "f" * 16,
        "flip": False,
        "splits": {
            "train": {"count": int(sum(counts)), "class_counts": list(counts)},
            "validation": {"count": data.num_validation, "class_counts": per_class},
            "test": {"count": data.num_test, "class_counts": per_class},
        },
        "warnings": list(data.warnings),
        "source": "simulated",
        "licence": "none",
        "citation": "nobody (2020)",
        "notes": ["Pictures are drawn by a formula."],
        "sample_indices": [[2 * c, 2 * c + 1, 2 * c + 40] for c in range(len(data.class_names))],
    }

"""The run's folder: what was asked and resolved the first time stays; the plan may grow."""

import hashlib
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

from whatwhere.config import build, read_toml, to_toml, without_defaults
from whatwhere.errors import BusyError, MismatchError, UsageError
from whatwhere.records import write_atomically
from whatwhere.study.preparing.packages import NETWORK_PACKAGES, version_of
from whatwhere.study.preparing.prepare import Prepared
from whatwhere.study.request import Request
from whatwhere.training import Protocol
from whatwhere.training.protocol import protocol_fields
from whatwhere.version import __version__

FORMAT = 1


class RunFolder:
    """One run's configuration on disk.

    Args:
        path: The run's folder; need not exist.
        request: What is asked for this time.

    Raises:
        UsageError: If the folder holds a run of another recipe.
    """

    def __init__(self, path: Path, request: Request) -> None:
        self.path = path
        self.request = request
        config = path / "config.toml"
        self.config: dict[str, Any] = read_toml(config) if config.is_file() else {}
        self.read_config = self.config
        if self.config:
            self._refuse_other_recipe()

    def recorded_protocol(
        self, prepared: Prepared
    ) -> tuple[Protocol, tuple[int, ...] | None] | None:
        """Return a data set's resolved protocol and wide control, if the run has them already.

        Args:
            prepared: The data set as it is.

        Returns:
            Protocol and widths, or None the first time.

        Raises:
            MismatchError: If the data or its split is not what the run was started with.
        """
        recorded = self.config.get("recipe", {}).get(prepared.name)
        if recorded is None:
            return None
        current = {
            "data_hash": prepared.source.content_hash,
            "split_fingerprint": prepared.split_fingerprint,
        }
        for name, value in current.items():
            if recorded[name] != value:
                raise MismatchError(
                    f"{prepared.name} has changed since {self.path} was started ({name} differs):"
                    " restore the data, or start a new run with another -o"
                )
        if recorded.get("pretrained") != origin_of(prepared):
            raise MismatchError(
                f"the weights that {self.path} was started with have changed (their SHA-256 was"
                f" {recorded['pretrained']['sha256']}): restore them, or start a new run with"
                " another -o"
            )
        known = {name: recorded[name] for name in protocol_fields() if name in recorded}
        protocol = build(Protocol, known)
        widths = recorded.get("widened_inner_widths")
        return protocol, tuple(widths) if widths else None

    def write(
        self,
        prepared: list[Prepared],
        widths: dict[str, tuple[int, ...] | None],
        designs: list[str],
    ) -> None:
        """Write `config.toml`: resolved values, and the plan with all that was asked so far.

        Args:
            prepared: The data sets with their resolved protocols.
            widths: Of the widened control, by data set.
            designs: Names of the rows asked for this time.
        """
        before = self.config.get("plan", {})
        sizes = {item.name: [int(size) for size in item.subsets] for item in prepared}
        old_sizes = before.get("sizes", {})
        plan = {
            **before,
            "data": _union(before.get("data", []), list(self.request.data)),
            "designs": _union(before.get("designs", []), designs),
            "seeds": max(before.get("seeds", 0), self.request.seeds),
            "sizes": {
                name: sorted({*old_sizes.get(name, []), *sizes.get(name, [])})
                for name in _union(list(old_sizes), list(sizes))
            },
        }
        if self.request.confirm_seeds:
            waiting = {"seeds": self.request.confirm_seeds, "rounds": []}
            cells = [f"{name}-n{size}" for name, own in sizes.items() for size in own]
            had = {c: own for c, own in before.get("confirm", {}).items() if own["rounds"]}
            plan["confirm"] = {**before.get("confirm", {}), **dict.fromkeys(cells, waiting), **had}
        recipes = dict(self.config.get("recipe", {}))
        for item in prepared:
            recipes[item.name] = {
                **without_defaults(item.protocol),
                "data_hash": item.source.content_hash,
                "split_fingerprint": item.split_fingerprint,
                "mean": list(item.mean),
                "std": list(item.std),
                "folds": [{"mean": list(f.mean), "std": list(f.std)} for f in item.folds],
                "widened_inner_widths": list(widths[item.name] or []),
                "pretrained": origin_of(item),
            }
        self.config = {
            "format": FORMAT,
            "asked": {
                "command": self.request.command(self.path),
                "metric": self.request.metric,
                "recipe": _plain(self.request.recipe()),
            },
            "plan": plan,
            "recipe": recipes,
        }
        self._write_config()

    def confirmed_seeds(self, sizes: dict[str, list[int]]) -> int:
        """Return how many fresh seeds the second stage has: what is asked for, and never fewer
        than it had.

        Args:
            sizes: Training sizes by data set.

        Returns:
            The number, the same for all data sets of a command.
        """
        known = self.config.get("plan", {}).get("confirm", {})
        cells = [f"{name}-n{size}" for name, own in sizes.items() for size in own]
        had = [known[cell]["seeds"] for cell in cells if known.get(cell, {}).get("rounds")]
        return max(self.request.confirm_seeds or 0, *had, 0)

    def confirm(self, chosen: dict[str, tuple[list[int], list[str]]], num_seeds: int) -> None:
        """Write down which rows the second stage runs; a round is added where it grows.

        Args:
            chosen: Training sizes and names of rows, by data set.
            num_seeds: Fresh seeds of each.
        """
        known = dict(self.config["plan"].get("confirm", {}))
        for name, (sizes, rows) in chosen.items():
            for size in sizes:
                rounds = known.get(f"{name}-n{size}", {}).get("rounds", [])
                had = {row for own in rounds for row in own["designs"]}
                new = [row for row in rows if row not in had]
                if new or (rounds and num_seeds > rounds[-1]["seeds"]):
                    rounds = [*rounds, {"seeds": num_seeds, "designs": new}]
                known[f"{name}-n{size}"] = {"seeds": num_seeds, "rounds": rounds}
        self.config = {**self.config, "plan": {**self.config["plan"], "confirm": known}}
        if self.config != self.read_config:
            self._write_config()

    def _write_config(self) -> None:
        current = read_toml(path) if (path := self.path / "config.toml").is_file() else {}
        if current != self.read_config:
            raise BusyError(f"another process changed {path} meanwhile; run the same command again")
        write_atomically(path, to_toml(self.config).encode())
        self.read_config = read_toml(path)

    def write_json(self, name: str, content: dict[str, Any], *, merge: bool = False) -> None:
        """Write a JSON file of the run.

        Args:
            name: File name.
            content: What to write.
            merge: Whether entries that are in the file already stay.
        """
        path = self.path / name
        if merge and path.is_file():
            content = {**json.loads(path.read_bytes()), **content}
        text = json.dumps(content, indent=1, allow_nan=False, default=_as_plain)
        write_atomically(path, text.encode() + b"\n")

    def _refuse_other_recipe(self) -> None:
        before = self.config.get("asked", {}).get("recipe", {})
        now = _plain(self.request.recipe())
        names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        if names:
            listed = ", ".join(
                f"{name} was {before.get(name, 'not given')} and is {now.get(name, 'not given')}"
                for name in sorted(names)
            )
            raise UsageError(
                f"{self.path} was started with another recipe: {listed}. A run keeps its recipe;"
                " its designs, seeds, sizes and data sets may grow. Choose another -o"
            )


def environment(device: str, num_workers: int) -> dict[str, Any]:
    """Return what a reader needs to know about the machine.

    Args:
        device: The torch device.
        num_workers: Worker processes.

    Returns:
        What a reader needs to know about the machine.
    """
    return {
        "whatwhere": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        **{package: version_of(package) for package in NETWORK_PACKAGES},
        "platform": platform.platform(),
        "cpu": _cpu_name(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "device": _device_name(device),
        "workers": num_workers,
        "threads_per_worker": 1 if num_workers else torch.get_num_threads(),
        "numerics_key": numerics_key(device, num_workers),
    }


def numerics_key(device: str, num_workers: int) -> str:
    """Return a hash of what decides the last bits of a result.

    Args:
        device: The torch device.
        num_workers: Worker processes; they decide the number of threads.

    Returns:
        A hash of what decides the last bits of a result.
    """
    parts = [
        torch.__version__,
        _device_name(device),
        torch.backends.cpu.get_cpu_capability(),
        "1" if num_workers else str(torch.get_num_threads()),
        __version__,
    ]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return device


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")


def origin_of(prepared: Prepared) -> dict[str, Any] | None:
    """Return what training began with, as `config.toml` keeps it; None for fresh weights."""
    pretrained = prepared.pretrained
    if pretrained is None:
        return None
    return {"name": pretrained.name, "sha256": pretrained.sha256}


def _union(first: list[Any], second: list[Any]) -> list[Any]:
    return list(dict.fromkeys([*first, *second]))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    }


def _as_plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")

"""A prepared data set with all that was measured on it: the source of trial specifications."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from whatwhere.blocks.designs import Design
from whatwhere.blocks.registered import WIDENED
from whatwhere.config import fingerprint, without_defaults
from whatwhere.data.profile import describe_source
from whatwhere.errors import UsageError
from whatwhere.models import ModelSpec
from whatwhere.records import TrialKey, trial_folder
from whatwhere.study.measure import (
    costs_of,
    first_batch,
    median_widths,
    resolve_numerics,
    spec_of,
    trial_data,
)
from whatwhere.study.prepare import Prepared
from whatwhere.study.pretrained import shared_weights
from whatwhere.study.trial import TrialSpec, shared_images
from whatwhere.training import Protocol

TIMES = ("train_step_ms", "inference_ms")


@dataclass(frozen=True, eq=False)
class ReadyData:
    """A data set on which trials can run.

    Args:
        prepared: The data set with its resolved protocol.
        spec: The bare backbone.
        widths: Inner widths of the widened control, None where it cannot be widened.
        costs: Of every design, by name.
        timings: Milliseconds per step of every number format tried.
        images_path: The mapped canvases.
        weights_path: Pretrained weights of the bare backbone, None for fresh ones.
    """

    prepared: Prepared
    spec: ModelSpec
    widths: tuple[int, ...] | None
    costs: dict[str, dict[str, Any]]
    timings: dict[str, float]
    images_path: Path
    weights_path: Path | None

    @property
    def name(self) -> str:
        """The data set's name."""
        return self.prepared.name

    @property
    def protocol(self) -> Protocol:
        """How to train, nothing left open."""
        return self.prepared.protocol

    def trial(self, design: Design, key: TrialKey, *, device: str, folder: Path) -> TrialSpec:
        """Return the specification of one trial.

        Args:
            design: The row.
            key: Its place in the study.
            device: The torch device.
            folder: The run's folder.

        Returns:
            The specification of one trial.
        """
        return TrialSpec(
            key=key,
            identity=self.identity(design, key, device=device),
            design=design,
            model=spec_of(self.spec, design, self.widths),
            protocol=self.protocol,
            data=trial_data(self.prepared, size=key.size, images_path=self.images_path),
            device=device,
            checkpoint_path=trial_folder(folder, key) / "checkpoint.pt",
            weights_path=self.weights_path,
        )

    def identity(self, design: Design, key: TrialKey, *, device: str) -> str:
        """Return a hash of everything that decides a trial's result.

        Args:
            design: The row.
            key: Its place in the study.
            device: The torch device.

        Returns:
            A hash of everything that decides a trial's result.
        """
        return fingerprint(
            {
                **self.hashes(),
                "design": design.identity,
                "widths": self.widths if design.name == WIDENED else None,
                "size": key.size,
                "seed": key.seed,
                "device": device.partition(":")[0],
            }
        )

    def hashes(self) -> dict[str, str | None]:
        """Return the hashes of recipe, data, split and weights, as records carry them."""
        pretrained = self.prepared.pretrained
        return {
            "recipe_hash": fingerprint(without_defaults(self.protocol)),
            "data_hash": self.prepared.source.content_hash,
            "split_fingerprint": self.prepared.split_fingerprint,
            "weights_hash": pretrained.sha256 if pretrained else None,
        }

    def design_facts(self, design: Design) -> dict[str, Any]:
        """Return a design's card as records carry it."""
        names = ("name", "title", "family", "number", "wiring", "kind", "source", "departures")
        card = {name: getattr(design.card, name) for name in names}
        return {**card, "network": design.network}

    def data_facts(self) -> dict[str, Any]:
        """Return the data set's entry of `data.json`."""
        return describe_source(self.prepared.source)


def make_ready(
    prepared: Prepared,
    designs: Sequence[Design],
    recorded: tuple[Protocol, tuple[int, ...] | None] | None,
    recorded_costs: dict[str, dict[str, Any]],
    *,
    device: str,
    scratch: Path,
) -> ReadyData:
    """Measure what is not on record yet.

    Args:
        prepared: The data set.
        designs: The rows.
        recorded: Protocol and widths of the run, None the first time.
        recorded_costs: Costs by design that earlier trials carry.
        device: The torch device.
        scratch: A folder for shared arrays that no cache holds.

    Returns:
        The data set, ready for trials.
    """
    images_path = shared_images(prepared.source.images, scratch)
    spec = prepared.model
    size = max(prepared.subsets)
    data = trial_data(prepared, size=size, images_path=images_path)
    timings: dict[str, float] = {}
    if recorded is None:
        protocol, timings = resolve_numerics(prepared.protocol, spec, data, device)
        widths = median_widths(spec, designs)
    else:
        protocol, widths = recorded
    rows = [design for design in designs if design.name != WIDENED or widths is not None]
    missing = [design for design in rows if design.name not in recorded_costs]
    costs = dict(recorded_costs)
    if missing:
        batch = first_batch(data, protocol, device)
        measured = costs_of(
            missing, spec=spec, widths=widths, protocol=protocol, batch=batch, device=device
        )
        costs = {**_on_scale_of(recorded_costs.get("none"), measured), **recorded_costs}
    if not costs:
        raise UsageError(f"{prepared.name}: nothing to compare")
    return ReadyData(
        replace(prepared, protocol=protocol),
        spec,
        widths,
        costs,
        timings,
        images_path,
        shared_weights(prepared.weights, scratch),
    )


def _on_scale_of(
    recorded: dict[str, Any] | None, measured: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Bring times of a later session to the scale of the first one, by no attention in both."""
    if recorded is None:
        return measured
    scaled = {}
    for name, cost in measured.items():
        times = {key: recorded[key] / measured["none"][key] * cost[key] for key in TIMES}
        scaled[name] = {**cost, **times}
    return scaled

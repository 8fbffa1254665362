"""A prepared data set with all that was measured on it: the source of trial specifications."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from whatwhere.blocks.designs import Design
from whatwhere.blocks.registered import WIDENED
from whatwhere.config import fingerprint, without_defaults
from whatwhere.data.profile import describe_source
from whatwhere.errors import UsageError
from whatwhere.models import ModelSpec
from whatwhere.records import TrialKey, trial_folder
from whatwhere.study.preparing.controls import (
    NO_ATTENTION,
    added_parameters,
    cost_control,
    gain_control,
    has_controls,
    is_widened,
)
from whatwhere.study.preparing.measure import (
    costs_of,
    first_batch,
    gain_of,
    median_widths,
    own_size,
    resolve_numerics,
    spec_of,
    trial_data,
)
from whatwhere.study.preparing.prepare import Prepared
from whatwhere.study.preparing.pretrained import shared_weights
from whatwhere.study.trials.trial import TrialSpec, shared_images
from whatwhere.training import Protocol

TIMES = ("train_step_ms", "inference_ms")


@dataclass(frozen=True, eq=False)
class ReadyData:
    """A data set on which trials can run.

    Args:
        prepared: The data set with its resolved protocol.
        spec: The bare backbone.
        widths: Inner widths of the control of median size, None where none can be widened.
        own_sizes: For each design of attention the parameters that a backbone as large as it adds,
            and its inner widths.
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
    own_sizes: dict[str, tuple[int, tuple[int, ...]]] = field(default_factory=dict)

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
        prepared = self.prepared.on_fold(key.fold)
        return TrialSpec(
            key=key,
            identity=self.identity(design, key, device=device),
            design=design,
            model=spec_of(self.spec, design, self.widths_of(design)),
            protocol=self.protocol,
            data=trial_data(prepared, size=key.size, images_path=self.images_path),
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
                **self.hashes(key.fold),
                "design": design.identity,
                "widths": self.widths_of(design),
                "size": key.size,
                "seed": key.seed,
                "device": device.partition(":")[0],
            }
        )

    def widths_of(self, design: Design) -> tuple[int, ...] | None:
        """Return the inner widths of a widened control, None for every other row."""
        if design.name == WIDENED:
            return self.widths
        added = added_parameters(design)
        return None if added is None else dict(self.own_sizes.values()).get(added)

    def can_build(self, design: Design) -> bool:
        """Say whether a row was measured and, where it is widened, how wide it is."""
        known = not is_widened(design) or self.widths_of(design) is not None
        return known and design.name in self.costs

    def hashes(self, fold: int | None) -> dict[str, str | None]:
        """Return the hashes of recipe, data, split and weights, as records carry them."""
        pretrained = self.prepared.pretrained
        return {
            "recipe_hash": fingerprint(without_defaults(self.protocol)),
            "data_hash": self.prepared.source.content_hash,
            "split_fingerprint": self.prepared.on_fold(fold).split_fingerprint,
            "weights_hash": pretrained.sha256 if pretrained else None,
        }

    def design_facts(self, design: Design) -> dict[str, Any]:
        """Return a design's card as records carry it, and which controls judge it."""
        names = ("name", "title", "family", "number", "wiring", "kind", "source", "departures")
        card = {name: getattr(design.card, name) for name in names}
        facts = {**card, "network": design.network}
        if (widths := self.widths_of(design)) is not None:
            facts |= {
                "inner_widths": list(widths),
                "added_parameters": added_parameters(design),
            }
        if has_controls(design):
            # The cost may be from a record of before, whose gain was one draw of the weights.
            facts["gain_control"] = gain_control(gain_of(design, self.spec.start))
        if design.name in self.own_sizes:
            num_added, _ = self.own_sizes[design.name]
            facts["cost_control"] = cost_control(num_added).name if num_added else NO_ATTENTION
        return facts

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
    judged = [design for design in designs if has_controls(design)]
    own = {d.name: found for d in judged if (found := own_size(spec, d)) is not None}
    wide = {cost_control(added).name: inner for added, inner in own.values() if added}
    wide |= {WIDENED: widths} if widths else {}
    rows = [design for design in designs if not is_widened(design) or design.name in wide]
    missing = [design for design in rows if design.name not in recorded_costs]
    costs = dict(recorded_costs)
    if missing:
        batch = first_batch(data, protocol, device)
        measured = costs_of(
            missing, spec=spec, widths=wide, protocol=protocol, batch=batch, device=device
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
        own,
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

"""What a plan tells before it runs: how long, what was left out, what it could show."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import torch

from whatwhere.blocks.designs import named_or_typed
from whatwhere.evaluate.cost import count_macs
from whatwhere.models import build_model
from whatwhere.records import TrialKey
from whatwhere.study.plan import ASSUMED_DISAGREEMENT, ASSUMED_SEED_SD, Plan, duration
from whatwhere.study.preparing.ready import ReadyData
from whatwhere.study.request import Request
from whatwhere.study.seeds import num_tested
from whatwhere.training.presets import PROTOCOLS, preset


def forecast(
    request: Request,
    plan: Plan,
    ready: list[ReadyData],
    settled: Collection[TrialKey],
    *,
    dry_run: bool = False,
) -> Iterator[str]:
    """Yield the first lines of a run.

    Args:
        request: What was asked for.
        plan: What will run.
        ready: The data sets.
        settled: Trials on record already.
        dry_run: Whether a table of seeds follows, which says what could be detected.

    Yields:
        Lines of text.
    """
    for item in ready:
        yield _data_line(item)
    done = f", {len(settled)} are on record already" if settled else ""
    yield f"{len(plan.trials)} trials to run, about {duration(plan.seconds)}{done}"
    if plan.left_out:
        yield plan.left_out_text()
    if not dry_run and request.confirm_seeds is None:
        for item in ready:
            yield detectable_line(item, num_rows=len(item.costs), num_seeds=request.seeds)
    stronger = _stronger(ready[0])
    if stronger is not None and plan.seconds:
        name, factor = stronger
        yield (
            f"the next stronger protocol, --protocol {name}, would take about"
            f" {duration(plan.seconds * factor)}"
        )


def _data_line(item: ReadyData) -> str:
    source, protocol = item.prepared.source, item.protocol
    counts = ", ".join(f"{len(source.indices(s))} {s}" for s in ("train", "validation", "test"))
    if source.num_folds > 1:
        counts = f"{num_tested(item.prepared)} in {source.num_folds} folds, the first {counts}"
    pretrained = item.prepared.pretrained
    began = f", fine-tuned from {pretrained.name}" if pretrained else ""
    return (
        f"{source.name}: {counts} images of {source.image_size} px, {source.num_classes}"
        f" classes; protocol {protocol.name}: {protocol.backbone}, {protocol.steps} steps of"
        f" {protocol.batch_size}, {protocol.precision} {protocol.layout}{began}"
    )


def detectable_line(item: ReadyData, *, num_rows: int, num_seeds: int) -> str:
    """Say what test images could tell apart before anything is on record.

    Args:
        item: The data set.
        num_rows: Rows that are compared.
        num_seeds: Seeds of each.

    Returns:
        One line of text.
    """
    from whatwhere.stats import predicted_detectable_difference

    difference = predicted_detectable_difference(
        num_methods=max(2, num_rows),
        num_seeds=max(2, num_seeds),
        num_items=num_tested(item.prepared),
        seed_sd=ASSUMED_SEED_SD,
        disagreement=ASSUMED_DISAGREEMENT,
        against_control=False,
    )
    return (
        f"{item.name}: with {num_seeds} seeds, differences of about"
        f" {100 * difference:.0f} points and more could be detected (80 % power, all pairs;"
        f" assuming runs spread by {100 * ASSUMED_SEED_SD:.0f} point and disagree on"
        f" {100 * ASSUMED_DISAGREEMENT:.0f} % of the images)"
    )


def _stronger(item: ReadyData) -> tuple[str, float] | None:
    """Return the next protocol and how many times longer it takes, by multiply-adds."""
    name = item.protocol.name
    if name not in PROTOCOLS[:-1]:
        return None
    source, spec = item.prepared.source, item.spec
    following = PROTOCOLS[PROTOCOLS.index(name) + 1]
    protocol = preset(
        following, easy=False, allow_flip=source.allow_flip, image_size=source.image_size
    )
    image = torch.zeros(1, source.channels, source.image_size, source.image_size)
    bare = named_or_typed("none")

    def macs_of_run(backbone: str, steps: int, batch_size: int) -> float:
        model = build_model(replace(spec, backbone=backbone), design=bare, seed=0)
        return count_macs(model, image) * float(steps) * batch_size

    own = item.protocol
    backbone = own.backbone if item.prepared.pretrained else protocol.backbone
    longer = macs_of_run(backbone, protocol.steps, protocol.batch_size)
    return following, longer / macs_of_run(own.backbone, own.steps, own.batch_size)

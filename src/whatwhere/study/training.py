"""Train one design well, and keep it."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from scipy.stats import binomtest

from whatwhere.blocks.designs import Design
from whatwhere.blocks.registered import WIDENED
from whatwhere.config import without_defaults
from whatwhere.errors import UsageError
from whatwhere.exporting import Bundle, write_bundle
from whatwhere.records import TrialKey
from whatwhere.study.display import Display
from whatwhere.study.folder import origin_of
from whatwhere.study.preparing.chosen import only_design
from whatwhere.study.preparing.measure import (
    median_widths,
    resolve_numerics,
    spec_of,
    trial_data,
    usable_device,
)
from whatwhere.study.preparing.networks import refuse_networks
from whatwhere.study.preparing.prepare import Prepared, hashes_of, prepare
from whatwhere.study.preparing.pretrained import NO_CONTROLS, open_pretrained, shared_weights
from whatwhere.study.request import Request
from whatwhere.study.trained import facts_of, model_card, rebuildable
from whatwhere.study.trials.trial import (
    Outcome,
    TrialSpec,
    predictions_of,
    run_trial,
    shared_images,
)
from whatwhere.training.fit import CurvePoint


def train_one(request: Request, *, folder: Path, seed: int, display: Display) -> str:
    """Train one design on one data set and write the model's folder.

    Args:
        request: One data set, one design, and the recipe.
        folder: Where the model goes; must not hold one.
        seed: Of the only run.
        display: What to tell meanwhile.

    Returns:
        One sentence about the result.

    Raises:
        UsageError: If the folder holds a model, or training diverges.
    """
    if (folder / "model.safetensors").exists():
        raise UsageError(f"{folder} holds a model already; choose another -o")
    device = usable_device(request.device)
    design = only_design(request.designs)
    if request.pretrained is not None:
        refuse_networks([design], request.pretrained)
    pretrained = open_pretrained(request, display)
    if pretrained is not None and design.card.kind == "control":
        raise UsageError(f"'{design.name}' cannot begin with pretrained weights: {NO_CONTROLS}")
    prepared = prepare(request.data[0], request, device=device, pretrained=pretrained)
    for note in (*prepared.source.warnings, *prepared.notes):
        display.note(f"{prepared.name}: {note}")
    with TemporaryDirectory(prefix="whatwhere-") as scratch:
        spec = _spec(prepared, design, seed, device, Path(scratch))
        display.note(
            f"{_form(design, spec)}, {spec.protocol.steps} steps on"
            f" {len(spec.data.train)} images of {prepared.source.image_size} px"
        )
        outcome = run_trial(spec, _teller(display, spec.protocol.steps))
    if outcome.state != "finished":
        raise UsageError(f"{design.name}: {outcome.record['reason']}; try a lower --lr")
    sentence = _sentence(outcome)
    bundle = _bundle(prepared, spec, outcome, request)
    card = model_card(bundle, title=design.card.title, sentence=f"{sentence}.")
    write_bundle(folder, bundle, card=card)
    return sentence


def default_model_folder(request: Request) -> Path:
    """Return `models/DATA-DESIGN-RECIPE`, so that the same command names the same folder."""
    design = only_design(request.designs)
    run = request.default_folder().name
    return Path("models") / f"{run.rpartition('-')[0]}-{design.name}-{run.rpartition('-')[2]}"


def _spec(prepared: Prepared, design: Design, seed: int, device: str, scratch: Path) -> TrialSpec:
    size = max(prepared.subsets)
    images = shared_images(prepared.source.images, scratch)
    data = trial_data(prepared, size=size, images_path=images)
    backbone = prepared.model
    widths = median_widths(backbone, [design]) if design.name == WIDENED else None
    model = spec_of(backbone, design, widths)
    # A network of its own has number formats of its own; attention keeps those of its backbone.
    measured_on = model if design.network else backbone
    protocol, _ = resolve_numerics(prepared.protocol, measured_on, data, device)
    return TrialSpec(
        key=TrialKey(prepared.name, size, design.name, seed),
        identity="",
        design=design,
        model=model,
        protocol=protocol,
        data=data,
        device=device,
        checkpoint_path=scratch / "checkpoint.pt",
        weights_path=shared_weights(prepared.weights, scratch),
    )


def _form(design: Design, spec: TrialSpec) -> str:
    title = design.card.title
    return title if design.network else f"{title} in {spec.model.backbone}"


def _teller(display: Display, num_steps: int) -> Callable[[CurvePoint], None]:
    def tell(point: CurvePoint) -> None:
        display.note(
            f"step {point.step} of {num_steps}: loss {point.train_loss:.3f}, validation accuracy"
            f" {100 * point.validation_accuracy:.1f} %"
        )

    return tell


def _sentence(outcome: Outcome) -> str:
    arrays = predictions_of(outcome)
    right = arrays["test_logit"].argmax(axis=1) == arrays["test_label"]
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return (
        f"{100 * right.mean():.1f} % of {len(right)} test images are right (95 % interval of this"
        f" one model: {100 * interval.low:.1f} to {100 * interval.high:.1f} %); validation accuracy"
        f" {100 * outcome.record['validation']['accuracy']:.1f} %"
    )


def _bundle(prepared: Prepared, spec: TrialSpec, outcome: Outcome, request: Request) -> Bundle:
    card, protocol = spec.design.card, spec.protocol
    return Bundle(
        spec=spec.model,
        design=rebuildable(asdict(card)),
        class_names=prepared.source.class_names,
        image_size=prepared.source.image_size,
        mean=prepared.mean,
        std=prepared.std,
        precision=protocol.precision,
        facts=facts_of(
            spec.key,
            recipe={**without_defaults(protocol), "pretrained": origin_of(prepared)},
            record=outcome.record,
            data=hashes_of(prepared),
            asked=request.recipe(),
        ),
        weights=outcome.files["model.safetensors"],
    )

"""Score a trained model on labelled images."""

import csv
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import softmax

from whatwhere.arrays import Predictions
from whatwhere.data import ImageSource, open_source
from whatwhere.data.feeding.stream import Pixels, evaluation_batches
from whatwhere.data.names import spreadsheet_safe
from whatwhere.data.splitting.split import fingerprint as split_fingerprint
from whatwhere.errors import DataError, nearest
from whatwhere.evaluate import predict
from whatwhere.exporting import Bundle, read_bundle
from whatwhere.models import place
from whatwhere.records import write_atomically
from whatwhere.report.cells.cell import Predicted
from whatwhere.report.evaluation import Evaluated, write_evaluation
from whatwhere.stats.scoring.evaluation import evaluate
from whatwhere.study.preparing.measure import usable_device


@dataclass(frozen=True)
class Reading:
    """How to read the images to score.

    Args:
        value_range: Lowest and highest value of images that are not 8 bit.
        skip_bad: Whether to leave out files that cannot be read.
        frame_first: Whether the first picture of animations is taken.
    """

    value_range: tuple[float, float] | None = None
    skip_bad: bool = False
    frame_first: bool = False


def score_model(
    model: Path, data: str, *, folder: Path, reading: Reading, device: str | None = None
) -> tuple[Evaluated, Path]:
    """Score a model on a data set and write the page.

    Scored are the test images that the data gives, or those of the split that the model was
    trained with when it is the same data; otherwise all images.

    Args:
        model: A trained model, or a finished run, whose recommended model is taken.
        data: A known name, a folder, an archive, a CSV or an npz file.
        folder: Where evaluation.html, evaluation.json and predictions.csv go.
        reading: How to read the images.
        device: A torch device.

    Returns:
        What was found, and the page.

    Raises:
        DataError: If the classes or channels of the data are not those of the model.
    """
    bundle, used = read_bundle(model), usable_device(device)
    source, warnings, knows_validation = _opened(bundle, data, reading)
    source = _with_classes_of(bundle, _with_channels_of(bundle, source))
    network = place(bundle.model(), device=used, layout="nchw")
    pixels = Pixels.load(
        np.require(source.images, requirements="W"),
        source.labels,
        image_size=source.image_size,
        mean=bundle.mean,
        std=bundle.std,
        device=used,
        layout="nchw",
    )

    def answers(split: str) -> Predictions:
        batches = evaluation_batches(pixels, source.indices(split))
        return predict(network, batches, precision=bundle.precision)

    said = answers("test")
    checked = answers("validation") if len(source.indices("validation")) else None
    if knows_validation:
        checked = None  # a temperature fitted on training images would flatter
    evaluation = evaluate(
        said.logit,
        said.label,
        class_names=bundle.class_names,
        validation=(checked.logit, checked.label) if checked else None,
        groups=None if source.groups is None else source.groups[said.index],
    )
    name = f"{bundle.called} ({model})"
    probability = softmax(said.logit.astype(np.float64), axis=1)
    evaluated = Evaluated(
        model=name,
        model_facts={"design": bundle.design, "backbone": bundle.spec.backbone, **bundle.facts},
        data_title=source.title,
        split=_which(source, bundle),
        warnings=warnings,
        predicted=Predicted(name, bundle.facts.get("seed", 0), probability, said.label, said.index),
        images=source.evaluation_view(said.index),
        class_names=bundle.class_names,
        evaluation=evaluation,
    )
    write_atomically(folder / "predictions.csv", _table(source, evaluated))
    return evaluated, write_evaluation(folder, evaluated)


def default_evaluation_folder(model: Path, data: str) -> Path:
    """Return `evaluations/MODEL-DATA`, so that the same command names the same folder."""
    name = f"{model.resolve().name}-{Path(data).stem or data}"
    return Path("evaluations") / re.sub(r"[^\w.-]+", "-", name.lower())[:80]


def _opened(
    bundle: Bundle, data: str, reading: Reading
) -> tuple[ImageSource, tuple[str, ...], bool]:
    """Open the data at the model's image size; the split of training where it is the same data.

    Beside the data come what to warn of, and whether the model may have been trained on what are
    its validation images here.
    """

    def opened(*, whole: bool) -> ImageSource:
        return open_source(
            data,
            image_size=bundle.image_size,
            largest_size=bundle.image_size,
            margin=False,
            value_range=reading.value_range,
            skip_bad=reading.skip_bad,
            frame_first=reading.frame_first,
            allow_missing_class=True,
            whole=whole,
            num_folds=1 if whole else bundle.facts.get("folds", 1),
            **({} if whole else bundle.facts.get("split_options", {})),
        )

    source = opened(whole=True)
    if not _is_training_data(source, bundle):
        return source, source.warnings, False
    source = opened(whole=False).on_fold(bundle.facts.get("fold") or 0)
    found = split_fingerprint(source.split, source.items, source.groups)
    same = found == bundle.facts["split_fingerprint"]
    warning = (
        "the model was trained on another split of this data, so some of these test images may be"
        " among those it was trained on"
    )
    return source, (*source.warnings, *(() if same else (warning,))), not same


def _is_training_data(source: ImageSource, bundle: Bundle) -> bool:
    return source.content_hash == bundle.facts.get("data_hash")


def _which(source: ImageSource, bundle: Bundle) -> str:
    number = len(source.indices("test"))
    if _is_training_data(source, bundle):
        return f"the {number:,} test images of the data that the model was trained on"
    if source.splits_given:
        return f"the {number:,} test images that the data gives"
    return f"all {number:,} images; the model was trained on other data"


def _with_channels_of(bundle: Bundle, source: ImageSource) -> ImageSource:
    wanted = bundle.spec.in_channels
    if source.channels == wanted:
        return source
    if source.channels == 1 and wanted == 3:
        return replace(source, images=np.repeat(source.images, 3, axis=3))
    raise DataError(
        f"the model was trained on images of {wanted} channel(s), and {source.title} has"
        f" {source.channels}"
    )


def _with_classes_of(bundle: Bundle, source: ImageSource) -> ImageSource:
    """Number the classes as the model does, by their names."""
    known = {name: number for number, name in enumerate(bundle.class_names)}
    missing = [name for name in source.class_names if name not in known]
    if missing:
        raise DataError(
            f"class '{missing[0]}' of {source.title} is none of the model's"
            f" {len(known)}{nearest(missing[0], known)} (it knows {', '.join(list(known)[:20])})"
        )
    number = np.array([known[name] for name in source.class_names], np.int64)
    return replace(source, labels=number[source.labels], class_names=bundle.class_names)


def _table(source: ImageSource, evaluated: Evaluated) -> bytes:
    """Return what the model said about every image, as CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names = [spreadsheet_safe(name) for name in evaluated.class_names]
    writer.writerow(["image", "class", "predicted", *[f"p({name})" for name in names]])
    said = evaluated.predicted
    for index, label, row in zip(said.index, said.label, said.probability, strict=True):
        shares = [f"{share:.6f}" for share in row]
        writer.writerow(
            [spreadsheet_safe(source.items[index]), names[label], names[row.argmax()], *shares]
        )
    return buffer.getvalue().encode("utf-8", errors="replace")

"""One trial: build, train, predict. Runs in this process or in a worker, with the same code."""

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file, save
from torch import nn

from whatwhere.blocks.designs import Design
from whatwhere.data.feeding.ahead import Ahead
from whatwhere.data.feeding.stream import Pixels, TrainStream, evaluation_batches
from whatwhere.evaluate import mean_loss_and_accuracy, predict
from whatwhere.models import ModelSpec, build_model, learned_shares, place, pretrained_names
from whatwhere.records import TrialKey, as_storage_error
from whatwhere.study.trials.checkpoint import Checkpoint
from whatwhere.study.trials.class_weights import class_weight
from whatwhere.training import DivergedError, FitResult, Protocol, fit
from whatwhere.training.fit import CurvePoint

RISING_BY = 0.01  # validation accuracy gained over the last third that counts as still rising


@dataclass(frozen=True, eq=False)
class TrialData:
    """The data of a trial, as it travels to a worker.

    Args:
        images_path: A `.npy` of uint8 canvases, mapped into memory by whoever reads it.
        labels: int64 (image,).
        image_size: Side of a view, in pixels.
        mean: Per channel, 0 to 255.
        std: Per channel, 0 to 255.
        train: Positions of the training images.
        validation: Positions of the validation images.
        test: Positions of the test images; empty where no test image is to be looked at.
        groups: int64 (image,), equal for images that belong together; None without groups.
    """

    images_path: Path
    labels: np.ndarray
    image_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    groups: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class TrialSpec:
    """Everything that one trial is made of.

    Args:
        key: Its place in the study.
        identity: Hash of all that decides its result.
        design: The row.
        model: The network without its attention.
        protocol: How to train.
        data: What to train on.
        device: The torch device.
        checkpoint_path: Where an interrupted trial leaves its state.
        weights_path: Pretrained weights of the bare backbone, None for fresh ones.
    """

    key: TrialKey
    identity: str
    design: Design
    model: ModelSpec
    protocol: Protocol
    data: TrialData
    device: str
    checkpoint_path: Path
    weights_path: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Args:
        state: "finished", "diverged" or "failed".
        record: What it adds to its record.
        files: Content by file name.
    """

    state: str
    record: dict[str, Any]
    files: dict[str, bytes]


def run_trial(spec: TrialSpec, on_epoch: Callable[[CurvePoint], None]) -> Outcome:
    """Train one design once and let it predict validation and test images.

    Test images are predicted once, after training has ended, and nothing here scores them.

    Args:
        spec: The trial.
        on_epoch: Called with every point of the curve.

    Returns:
        The outcome; a trial that diverges is an outcome too.
    """
    pixels = load_pixels(spec.data, spec.protocol, spec.device)
    weights = None if spec.weights_path is None else load_file(spec.weights_path)
    model = build_model(spec.model, design=spec.design, seed=spec.key.seed, weights=weights)
    model = place(model, device=spec.device, layout=spec.protocol.layout)
    checkpoint = Checkpoint(spec.checkpoint_path, spec.identity)
    points: list[CurvePoint] = []

    def close_epoch(point: CurvePoint, state: Callable[[], dict[str, Any]]) -> None:
        points.append(point)
        checkpoint.save(point.seconds, state)
        on_epoch(point)

    resume_from = checkpoint.load()
    try:
        result = _train(model, spec, pixels, close_epoch, resume_from)
    except DivergedError as error:
        return _diverged(error, points)
    outcome = _finished(result, spec, pixels)
    outcome.record["notices"] = checkpoint.notices
    return outcome


def load_pixels(data: TrialData, protocol: Protocol, device: str) -> Pixels:
    """Return a data set's pixels on the device; on the CPU they stay a map of the file.

    Args:
        data: Where the images are.
        protocol: Whose memory layout batches have.
        device: The torch device.

    Returns:
        The resident pixels.
    """
    images = np.load(data.images_path, mmap_mode="c")
    return Pixels.load(
        images,
        data.labels,
        image_size=data.image_size,
        mean=data.mean,
        std=data.std,
        device=device,
        layout=protocol.layout,
    )


def shared_images(images: np.ndarray, folder: Path) -> Path:
    """Return a `.npy` of the images that several processes can map.

    Args:
        images: The canvases, perhaps mapped from such a file already.
        folder: Where to write them otherwise.

    Returns:
        The file.
    """
    if isinstance(images, np.memmap) and str(images.filename).endswith(".npy"):
        return Path(str(images.filename))
    try:
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".npy", delete=False) as file:
            np.save(file, images)
    except OSError as error:
        raise as_storage_error(error, folder, num_bytes=images.nbytes) from error
    return Path(file.name)


def predictions_of(outcome: Outcome) -> dict[str, np.ndarray]:
    """Return the arrays of a finished trial's predictions."""
    with np.load(io.BytesIO(outcome.files["predictions.npz"]), allow_pickle=False) as arrays:
        return dict(arrays)


def _train(
    model: nn.Module,
    spec: TrialSpec,
    pixels: Pixels,
    close_epoch: Callable[[CurvePoint, Callable[[], dict[str, Any]]], None],
    resume_from: dict[str, Any] | None,
) -> FitResult:
    data, protocol = spec.data, spec.protocol
    stream = TrainStream(
        pixels,
        data.train,
        protocol.batch_size,
        protocol.augmentation,
        spec.key.seed,
        extra=protocol.extra,
        num_classes=spec.model.num_classes,
        num_steps=protocol.steps,
    )
    weight = class_weight(data.labels[data.train], spec.model.num_classes, protocol)

    def validate(network: nn.Module) -> tuple[float, float]:
        batches = evaluation_batches(pixels, data.validation)
        return mean_loss_and_accuracy(predict(network, batches, precision=protocol.precision))

    return fit(
        model,
        batch_at=stream.batch if spec.device == "cpu" else Ahead(stream).batch,
        steps_per_epoch=stream.steps_per_epoch,
        validate=validate,
        protocol=protocol,
        seed=spec.key.seed,
        on_epoch=close_epoch,
        class_weight=None if weight is None else weight.to(spec.device),
        resting=() if spec.weights_path is None else pretrained_names(model),
        resume_from=resume_from,
    )


def _finished(result: FitResult, spec: TrialSpec, pixels: Pixels) -> Outcome:
    precision = spec.protocol.precision
    arrays = {}
    for split in ("validation", "test") if len(spec.data.test) else ("validation",):
        batches = evaluation_batches(pixels, getattr(spec.data, split))
        said = predict(result.model, batches, precision=precision)
        arrays[f"{split}_logit"] = said.logit
        arrays[f"{split}_label"] = said.label
        arrays[f"{split}_index"] = said.index
    if spec.data.groups is not None:
        arrays["test_group"] = spec.data.groups[arrays["test_index"]]
    last = result.curve[-1]
    collapsed = len(np.unique(arrays["validation_logit"].argmax(axis=1))) == 1
    record = {
        "reason": None,
        "flags": ["collapsed"] if collapsed else [],
        "seconds": result.seconds,
        "rising": _is_rising(result.curve),
        "validation": {"accuracy": last.validation_accuracy, "loss": last.validation_loss},
        "learned_shares": learned_shares(result.model),
    }
    weights = {name: value.cpu().contiguous() for name, value in result.model.state_dict().items()}
    files = {
        "curve.csv": _curve_csv(result.curve),
        "predictions.npz": _npz(arrays),
        "model.safetensors": save(weights),
    }
    return Outcome("finished", record, files)


def _diverged(error: DivergedError, points: list[CurvePoint]) -> Outcome:
    record = {
        "reason": str(error),
        "flags": [],
        "seconds": points[-1].seconds if points else 0.0,
        "rising": False,
        "validation": None,
        "diverged": {
            "step": error.step,
            "learning_rate": error.learning_rate,
            "gradient_norm": _finite(error.gradient_norm),
        },
    }
    return Outcome("diverged", record, {"curve.csv": _curve_csv(points)})


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _is_rising(curve: list[CurvePoint]) -> bool:
    """Whether validation accuracy still rose clearly over the last third of the epochs."""
    accuracy = [point.validation_accuracy for point in curve]
    third = len(accuracy) // 3
    if third < 2:
        return False
    early, late = accuracy[-third : -third // 2], accuracy[-(third // 2) :]
    return bool(np.mean(late) - np.mean(early) > RISING_BY)


def _curve_csv(curve: list[CurvePoint]) -> bytes:
    rows = [",".join(CurvePoint._fields)]
    rows += [",".join(repr(value) for value in point) for point in curve]
    return ("\n".join(rows) + "\n").encode()


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()

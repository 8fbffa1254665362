"""One data set made ready for a study: opened, its protocol resolved, its subsets drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from whatwhere.data import ImageSource, open_source
from whatwhere.data.open import VALIDATION_FRACTION
from whatwhere.data.splitting.split import fingerprint as split_fingerprint
from whatwhere.data.splitting.split import nested_subset
from whatwhere.errors import UsageError
from whatwhere.models import ModelSpec, Pretrained, fit_weights
from whatwhere.study.request import ALL, Request
from whatwhere.study.trials.class_weights import weights_in_order
from whatwhere.training.changes import split_changes, with_changes
from whatwhere.training.presets import largest_image_size, preset
from whatwhere.training.protocol import Protocol, fine_tuning, with_steps
from whatwhere.training.recipes import RECIPES

EASY = ("digits", "cluttered-digits")


@dataclass(frozen=True, eq=False)
class Prepared:
    """A data set with everything that a trial on it needs.

    Args:
        source: Its images, labels and splits.
        protocol: How to train on it.
        subsets: Training positions by size, nested and stratified.
        mean: What is subtracted from pixels of 0 to 255, per channel.
        std: What they are divided by, per channel.
        split_fingerprint: Hash of which image is in which split.
        pretrained: What training begins with, None for fresh weights.
        weights: Of the bare backbone, fitted to this data set; None for fresh ones.
        notes: What a user should know of how they were fitted.
        folds: The same data set with the split of every fold, each as this one is with that of
            the first; empty without folds.
    """

    source: ImageSource
    protocol: Protocol
    subsets: dict[int, np.ndarray]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    split_fingerprint: str
    pretrained: Pretrained | None = None
    weights: Mapping[str, Tensor] | None = None
    notes: tuple[str, ...] = ()
    folds: tuple["Prepared", ...] = ()

    def on_fold(self, fold: int | None) -> "Prepared":
        """Return the data set with the split of a fold; itself for None."""
        return self if fold is None else self.folds[fold]

    @property
    def fold_numbers(self) -> tuple[int | None, ...]:
        """The folds that trials run on; a single None without folds."""
        return tuple(range(len(self.folds))) or (None,)

    @property
    def name(self) -> str:
        """The data set's name, a legal file name."""
        return self.source.name

    @property
    def model(self) -> ModelSpec:
        """The network that the data set's trials share."""
        return ModelSpec(
            backbone=self.protocol.backbone,
            num_classes=self.source.num_classes,
            in_channels=self.source.channels,
            where=self.protocol.where,
            start=self.protocol.start,
            image_size=self.source.image_size,
        )


def prepare(
    data: str, request: Request, *, device: str, pretrained: Pretrained | None = None
) -> Prepared:
    """Open a data set and resolve everything about training on it.

    Pixels are normalised, and images resized unless the request says how large, as pretrained
    weights want them where that is known; by the training pixels and the protocol otherwise.

    Args:
        data: A known name, a folder, a CSV or an npz file.
        request: What was asked for.
        device: The torch device, which decides the default protocol.
        pretrained: What training begins with, None for fresh weights.

    Returns:
        The prepared data set.
    """
    name, _ = split_changes(asked_protocol(request, device=device))
    easy = data in EASY
    source = open_source(
        data,
        image_size=request.image_size or (pretrained.image_size if pretrained else None),
        largest_size=largest_image_size(name, device=device),
        margin=not (easy and name == "quick"),
        value_range=request.value_range,
        skip_bad=request.skip_bad,
        frame_first=request.frame == "first",
        allow_missing_class=request.allow_missing_class,
        dedup=request.dedup,
        strict=request.strict,
        num_folds=request.folds or 1,
        validation_fraction=request.validation_fraction or VALIDATION_FRACTION,
    )
    protocol = resolve_protocol(source, request, data=data, device=device, pretrained=pretrained)
    whole, *folds = [
        _on_split(source.on_fold(fold), protocol, request.sizes, source.num_train, pretrained)
        for fold in range(source.num_folds)
    ]
    return replace(whole, folds=(whole, *folds) if folds else ())


def _on_split(
    source: ImageSource,
    protocol: Protocol,
    sizes: tuple[int, ...],
    num_train: int,
    pretrained: Pretrained | None,
) -> Prepared:
    """Resolve what depends on which images are for training."""
    mean, std = pixel_statistics(source, source.indices("train"))
    prepared = Prepared(
        source=source,
        protocol=protocol,
        subsets=_subsets(source, sizes, num_train),
        mean=mean,
        std=std,
        split_fingerprint=split_fingerprint(source.split, source.items, source.groups),
    )
    return prepared if pretrained is None else _begun(prepared, pretrained)


def asked_protocol(request: Request, *, device: str) -> str:
    """Return the protocol's text: what was asked for, or what the device suggests."""
    return request.protocol or ("quick" if device == "cpu" else "standard")


def resolve_protocol(
    source: ImageSource,
    request: Request,
    *,
    data: str,
    device: str,
    pretrained: Pretrained | None = None,
) -> Protocol:
    """Return how to train on a data set that is open.

    Args:
        source: The data set.
        request: What was asked for.
        data: As the user named it.
        device: The torch device, which decides the default protocol.
        pretrained: What training begins with, None for fresh weights.

    Returns:
        The protocol; precision and layout may be "auto".
    """
    name, changes = split_changes(asked_protocol(request, device=device))
    protocol = preset(
        name,
        easy=data in EASY,
        allow_flip=source.allow_flip,
        image_size=source.image_size,
        num_train=source.num_train,
        num_classes=source.num_classes,
        batch_size=request.batch_size,
    )
    protocol = with_changes(protocol, changes)
    if pretrained is not None:
        protocol = replace(fine_tuning(protocol), backbone=pretrained.backbone)
    protocol = _overridden(protocol, request, num_train=source.num_train)
    if request.class_weights is not None:
        weights = weights_in_order(request.class_weights, source.class_names)
        protocol = replace(protocol, class_weights=weights)
    return protocol


def _begun(prepared: Prepared, pretrained: Pretrained) -> Prepared:
    """Fit pretrained weights, and take the normalisation that they know."""
    source = prepared.source
    weights, notes = fit_weights(pretrained, prepared.model, class_names=source.class_names)
    mean, std = pretrained.normalisation(source.channels)
    if mean is None or std is None:
        mean, std = prepared.mean, prepared.std
        notes = (
            *notes,
            f"{pretrained.name} does not say how its images were normalised; the mean and standard"
            " deviation of the training pixels are used",
        )
    return replace(
        prepared, mean=mean, std=std, pretrained=pretrained, weights=weights, notes=notes
    )


def pixel_statistics(
    source: ImageSource, indices: np.ndarray
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of some images' pixels, 0 to 255, per channel.

    Args:
        source: The images.
        indices: Which ones; at most 5,000 and 30 million values, evenly spread, are read.

    Returns:
        Both, rounded to 6 digits; a constant channel has standard deviation 1.
    """
    num_read = min(5000, max(100, 30_000_000 // int(source.images[0].size)))
    chosen = indices[:: max(1, -(-len(indices) // num_read))]
    pixels = source.evaluation_view(chosen).astype(np.float64)
    mean = pixels.mean(axis=(0, 1, 2))
    std = pixels.std(axis=(0, 1, 2))
    std = np.where(std == 0, 1.0, std)
    return tuple(np.round(mean, 6).tolist()), tuple(np.round(std, 6).tolist())


def hashes_of(prepared: Prepared) -> dict[str, str]:
    """Return the hashes of a data set and of its splits, as configurations carry them."""
    return {
        "data_hash": prepared.source.content_hash,
        "split_fingerprint": prepared.split_fingerprint,
    }


def _overridden(protocol: Protocol, request: Request, *, num_train: int) -> Protocol:
    names = ("batch_size", "learning_rate", "backbone", "where", "precision", "layout")
    values: dict[str, Any] = {
        name: getattr(request, name) for name in names if getattr(request, name) is not None
    }
    protocol = replace(protocol, **values)
    steps = request.steps
    if request.epochs is not None:
        steps_per_epoch = max(1, num_train // protocol.batch_size)
        steps = max(1, round(request.epochs * steps_per_epoch))
    if steps is None:
        return protocol
    is_part = protocol.name in RECIPES and steps < protocol.steps
    return replace(with_steps(protocol, steps), whole_steps=protocol.steps if is_part else 0)


def _subsets(source: ImageSource, sizes: tuple[int, ...], num_train: int) -> dict[int, np.ndarray]:
    """Return training positions by size.

    Folds differ by a few training images; all of them go by the number that every fold has.
    """
    train = source.indices("train")
    subsets = {}
    for size in sizes:
        if size > num_train:
            raise UsageError(
                f"sizes: {source.name} has {num_train} training images, fewer than"
                f" {size}; expected a smaller size or 'all'"
            )
        if size in (ALL, num_train):
            subsets[num_train] = train
        else:
            subsets[size] = np.sort(train[nested_subset(source.labels[train], size)])
    return dict(sorted(subsets.items()))

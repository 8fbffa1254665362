"""Label a folder of images with a trained model."""

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax

from whatwhere.data.images.decode import decode_file
from whatwhere.data.images.vet import Rules, read_header, reason_to_refuse
from whatwhere.data.names import display, spreadsheet_safe
from whatwhere.data.sources.walk import walk
from whatwhere.errors import DataError, UsageError
from whatwhere.exporting import read_bundle
from whatwhere.exporting.bundle import Bundle, normalised

BATCH_SIZE = 64


@dataclass(frozen=True)
class Labelled:
    """What a model says about a folder.

    Args:
        table: CSV text: path, predicted class, its probability, one column per class, and the
            reason where an image could not be read.
        num_images: Images that were labelled.
        bad: Display-safe paths of images that could not be read, with their reasons.
    """

    table: str
    num_images: int
    bad: dict[str, str]


def label_images(
    model: Path, images: Path, *, value_range: tuple[float, float] | None = None
) -> Labelled:
    """Label every image of a folder, or one image.

    Args:
        model: A trained model, or a finished run, whose recommended model is taken.
        images: A folder, searched with the folders below it, or one file.
        value_range: Lowest and highest value of images that are not 8 bit.

    Returns:
        The table; bad files have a row with the reason and no label.

    Raises:
        DataError: If there are no images.
    """
    bundle = read_bundle(model)
    if bundle.spec.in_channels not in (1, 3):
        raise UsageError(
            f"this model wants {bundle.spec.in_channels} channels; image files have 1 or 3"
        )
    root, paths = _image_paths(images)
    rules = Rules(value_range=value_range)
    network = bundle.model()
    rows: list[list[str]] = []
    bad: dict[str, str] = {}
    for start in range(0, len(paths), BATCH_SIZE):
        canvases, kept = [], []
        for path in paths[start : start + BATCH_SIZE]:
            canvas, reason = _decode(os.path.join(root, path), bundle, rules)
            shown = display(os.fsdecode(path))
            if canvas is None:
                bad[shown] = reason
                rows.append(
                    [spreadsheet_safe(shown), "", "", *[""] * len(bundle.class_names), reason]
                )
            else:
                canvases.append(canvas)
                kept.append(shown)
        if canvases:
            rows += _rows(kept, _probabilities(network, np.stack(canvases), bundle), bundle)
    return Labelled(_csv(rows, bundle), len(paths) - len(bad), bad)


def _image_paths(images: Path) -> tuple[bytes, list[bytes]]:
    if images.is_file():
        return os.fsencode(images.parent), [os.fsencode(images.name)]
    if not images.is_dir():
        raise DataError(f"there is no folder or file {images}")
    tree = walk(os.fsencode(images.absolute()))
    if not tree.images:
        raise DataError(f"{images} holds no images (expected JPEG, PNG, WebP, BMP, TIFF or GIF)")
    return tree.root, sorted(tree.images)


def _decode(path: bytes, bundle: Bundle, rules: Rules) -> tuple[np.ndarray | None, str]:
    header = read_header(path)
    reason = reason_to_refuse(header, rules)
    if reason:
        return None, reason
    grey = bundle.spec.in_channels == 1
    decoded = decode_file(
        path, header, rules=rules, grey=grey, image_size=bundle.image_size, margin=0
    )
    return decoded.canvas, decoded.damage


def _probabilities(network: torch.nn.Module, canvases: np.ndarray, bundle: Bundle) -> np.ndarray:
    with torch.inference_mode():
        logit = network(normalised(torch.from_numpy(canvases), bundle))
    return softmax(logit.double().numpy(), axis=1)


def _rows(names: list[str], probability: np.ndarray, bundle: Bundle) -> list[list[str]]:
    return [
        [
            spreadsheet_safe(name),
            spreadsheet_safe(bundle.class_names[row.argmax()]),
            f"{row.max():.6f}",
            *[f"{value:.6f}" for value in row],
            "",
        ]
        for name, row in zip(names, probability, strict=True)
    ]


def _csv(rows: list[list[str]], bundle: Bundle) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    classes = [f"p({name})" for name in bundle.class_names]
    writer.writerow(["path", "predicted", "probability", *classes, "problem"])
    writer.writerows(sorted(rows))
    return buffer.getvalue()

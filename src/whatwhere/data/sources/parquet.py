"""Parquet files of encoded images and labels, as the Hugging Face Hub keeps most image sets."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from whatwhere.data.names import display, natural_key
from whatwhere.data.source import SPLIT_NAMES, UNASSIGNED, Listing
from whatwhere.data.splitting.checks import settle_splits
from whatwhere.errors import DataError, StorageError, UsageError

SPLITS = {"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}
EXTENSIONS = {b"\x89PNG": ".png", b"\xff\xd8": ".jpg", b"RIFF": ".webp", b"GIF8": ".gif"}
BATCH_ROWS = 256


@dataclass(frozen=True)
class Columns:
    """Which columns hold what.

    Args:
        image: Name of the column of images.
        label: Name of the column of labels.
        class_names: What the numbers of the labels stand for; empty where the file does not say.
    """

    image: str
    label: str
    class_names: tuple[str, ...]


def list_parquet(files: list[Path], *, folder: Path) -> Listing:
    """List the images of Parquet files; each image becomes a file in the cache folder.

    Args:
        files: The Parquet files; their names or folders say which split they belong to
            ("train-00000-of-00001.parquet", "test/0.parquet").
        folder: The cache folder.

    Returns:
        The listing; name and title are the caller's to give.

    Raises:
        DataError: If columns of images and of labels cannot be told, or a file is damaged.
        UsageError: If pyarrow is not installed.
    """
    try:
        import pyarrow
    except ImportError:
        raise UsageError("Parquet files need pyarrow: pip install 'whatwhere[hf]'") from None
    try:
        columns = _columns(files[0])
        target = folder / "unpacked" / _digest(files)
        if not target.is_dir():
            _unpack(files, columns, target)
        facts = json.loads((target / "labels.json").read_bytes())
    except (pyarrow.ArrowException, KeyError, TypeError) as error:
        reason = display(str(error))
        raise DataError(f"{display(files[0].name)} is not read as images ({reason})") from None
    labels, names = _numbered(facts["labels"], columns)
    split, warnings = settle_splits(np.array(facts["split"], np.int8))
    return Listing(
        name="data",
        title="data",
        items=tuple(facts["items"]),
        labels=labels,
        class_names=names,
        split=split,
        paths=tuple(os.fsencode(target / file) for file in facts["files"]),
        warnings=warnings,
    )


def _columns(file: Path) -> Columns:
    """Find the columns, by what the file says of them or by their types."""
    import pyarrow.parquet

    schema = pyarrow.parquet.read_schema(file)
    stated = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    features = stated.get("info", {}).get("features", {})
    kinds = {name: features.get(name, {}).get("_type") for name in schema.names}
    images = [name for name in schema.names if kinds[name] == "Image"] or [
        field.name for field in schema if pyarrow.types.is_struct(field.type)
    ]
    labels = [name for name in schema.names if kinds[name] == "ClassLabel"] or [
        name for name in ("label", "labels", "class") if name in schema.names
    ]
    if "label" in labels:
        labels = ["label"]
    if len(images) != 1 or len(labels) != 1:
        raise DataError(
            f"{display(file.name)} has the columns {display(', '.join(schema.names))}; expected "
            "one of images and one of class labels"
        )
    names = features.get(labels[0], {}).get("names") or ()
    return Columns(images[0], labels[0], tuple(display(str(name)) for name in names))


def _unpack(files: list[Path], columns: Columns, target: Path) -> None:
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    facts: dict[str, list[Any]] = {"items": [], "files": [], "labels": [], "split": []}
    counts = dict.fromkeys(SPLIT_NAMES, 0)
    try:
        temporary.mkdir(parents=True)
        for file in files:
            part = _split_of(file)
            place = "image" if part == UNASSIGNED else SPLIT_NAMES[part]
            for content, label in _rows(file, columns):
                number = counts[place] = counts.get(place, 0) + 1
                name = f"{place}-{number - 1}{_extension(content)}"
                (temporary / name).write_bytes(content)
                facts["items"].append(f"{place}/{number - 1}")
                facts["files"].append(name)
                facts["labels"].append(label)
                facts["split"].append(part)
        (temporary / "labels.json").write_text(json.dumps(facts))
        if not target.is_dir():
            temporary.rename(target)
    except OSError as error:
        raise StorageError(f"{target} cannot be written to ({error.strerror})") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _rows(file: Path, columns: Columns) -> Iterator[tuple[bytes, Any]]:
    """Yield the encoded image and the label of every row."""
    import pyarrow.parquet

    wanted = [columns.image, columns.label]
    for batch in pyarrow.parquet.ParquetFile(file).iter_batches(BATCH_ROWS, columns=wanted):
        for row in batch.to_pylist():
            image, label = row[columns.image], row[columns.label]
            content = image.get("bytes") if isinstance(image, dict) else None
            if not content or not isinstance(label, int | str):
                raise DataError(
                    f"{display(file.name)} has rows without an embedded image or without one label"
                )
            yield content, label


def _extension(content: bytes) -> str:
    return next((end for start, end in EXTENSIONS.items() if content.startswith(start)), ".img")


def _split_of(file: Path) -> int:
    for word in (*re.split(r"[^a-z]+", file.stem.lower()), file.parent.name.lower()):
        if word in SPLITS:
            return SPLITS[word]
    return UNASSIGNED


def _numbered(labels: list[Any], columns: Columns) -> tuple[np.ndarray, tuple[str, ...]]:
    num_classes = len(columns.class_names)
    if num_classes:
        numbers = np.array(labels)
        if numbers.dtype.kind != "i" or numbers.min() < 0 or numbers.max() >= num_classes:
            raise DataError(
                f"the column '{display(columns.label)}' must hold numbers from 0 to "
                f"{num_classes - 1}, one per class"
            )
        return numbers.astype(np.int64), columns.class_names
    names = sorted({str(label) for label in labels}, key=natural_key)
    number = {name: index for index, name in enumerate(names)}
    chosen = np.array([number[str(label)] for label in labels], np.int64)
    return chosen, tuple(display(name) for name in names)


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0")
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:16]

"""A folder of images, with a folder per class and perhaps one per split, as a Listing."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from whatwhere.data.names import display, legal_name, natural_key, refuse_twins
from whatwhere.data.source import UNASSIGNED, Listing
from whatwhere.data.sources.walk import Tree, shown, walk
from whatwhere.data.splitting.checks import settle_splits
from whatwhere.errors import DataError

SPLIT_FOLDERS = {b"train": 0, b"val": 1, b"valid": 1, b"validation": 1, b"test": 2}
EXPECTED = "a folder per class, or train/ val/ test/ with a folder per class in each"


@dataclass(frozen=True)
class Layout:
    """Where the class folders are.

    Args:
        above: The folders that hold class folders, with the split each stands for (or -1).
        notes: What was found out about the layout.
    """

    above: dict[bytes, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where an image stands.

    Args:
        split: Index of the split, or -1.
        class_name: Display-safe name of its class.
    """

    split: int
    class_name: str


def list_folder(folder: Path) -> Listing:
    """List the images of a folder with their classes and splits.

    Args:
        folder: The folder that the user named.

    Returns:
        Images sorted by path, classes in natural order; the split is -1 where none is given.

    Raises:
        DataError: If the layout is none that is known, two class names look the same, or one
            real file stands under two classes or splits.
    """
    root = os.fsencode(folder.resolve())
    tree = walk(root)
    layout = find_layout(tree)
    class_names = _class_names(tree, layout)
    places = {path: place for path in tree.images if (place := _place(path, layout))}
    if not places:
        raise DataError(f"no images lie in class folders of {display(root)}; expected {EXPECTED}")
    kept = _without_repeats(tree, places)
    split, split_warnings = settle_splits(np.array([places[path].split for path in kept], np.int8))
    number = {name: index for index, name in enumerate(class_names)}
    return Listing(
        name=legal_name(os.path.basename(os.fsdecode(root))),
        title=display(os.path.basename(root)),
        items=tuple(display(path) for path in kept),
        labels=np.array([number[places[path].class_name] for path in kept], np.int64),
        class_names=class_names,
        split=split,
        paths=tuple(os.path.join(root, path) for path in kept),
        warnings=(*tree.warnings(), *_outside(tree, places), *_deep(tree, layout), *split_warnings),
        notes=(*tree.notes(), *layout.notes, *_repeated(places, kept)),
        source="a folder of images",
    )


def find_layout(tree: Tree) -> Layout:
    """Find the folders that hold class folders.

    Args:
        tree: A walked folder.

    Returns:
        The layout; a single folder around everything is stepped into.

    Raises:
        DataError: If folders named like splits and others are mixed.
    """
    base = b""
    notes: tuple[str, ...] = ()
    while (inner := _only_wrapper(tree, base)) is not None:
        base, notes = inner, (f"the class folders lie in {display(inner)}/",)
    children = _children(tree.folders, base)
    named = {path: SPLIT_FOLDERS.get(os.path.basename(path).lower()) for path in children}
    splits = {path: part for path, part in named.items() if part is not None}
    splits = {path: part for path, part in splits.items() if _holds_folders_only(tree, path)}
    if not splits:
        return Layout({base: UNASSIGNED}, notes)
    strangers = [path for path in children if path not in splits and _has_images(tree, path)]
    if strangers or len(set(splits.values())) != len(splits):
        raise DataError(
            f"{display(tree.root)} mixes split folders with others ({shown(children)}); expected "
            f"{EXPECTED}"
        )
    return Layout(splits, notes)


def _only_wrapper(tree: Tree, base: bytes) -> bytes | None:
    """Return the single folder in `base` when it holds folders and no images, else None."""
    children = _children(tree.folders, base)
    if len(children) != 1 or _children(tree.images, base):
        return None
    return children[0] if _holds_folders_only(tree, children[0]) else None


def _place(path: bytes, layout: Layout) -> Place | None:
    """Return split and class of an image, or None when it lies in no class folder."""
    for above, part in layout.above.items():
        start = above + b"/" if above else b""
        class_folder, slash, _ = path.removeprefix(start).partition(b"/")
        if path.startswith(start) and slash:
            return Place(part, display(class_folder))
    return None


def _deep(tree: Tree, layout: Layout) -> tuple[str, ...]:
    """Warn where every class folder holds folders only: perhaps those are the classes."""
    folders = [path for above in layout.above for path in _children(tree.folders, above)]
    if not all(_holds_folders_only(tree, path) for path in folders):
        return ()
    inner = [child for path in folders for child in _children(tree.folders, path)]
    return (
        f"all images lie in folders within the class folders ({shown(inner)}); if those are the "
        "classes, name the folder above them, or each data set by itself",
    )


def _class_names(tree: Tree, layout: Layout) -> tuple[str, ...]:
    folders = [path for above in layout.above for path in _children(tree.folders, above)]
    names = {os.path.basename(path) for path in folders}
    refuse_twins((name.decode("utf-8", "surrogateescape") for name in names), what="class")
    return tuple(sorted((display(name) for name in names), key=natural_key))


def _without_repeats(tree: Tree, places: dict[bytes, Place]) -> list[bytes]:
    """Return the images in class folders; of several names of one file only the first."""
    first: dict[tuple[int, int], bytes] = {}
    for path, identity in zip(tree.images, tree.identities, strict=True):
        if path not in places:
            continue
        known = first.setdefault(identity, path)
        if places[known] != places[path]:
            raise DataError(
                f"one file stands under two classes or splits: {display(known)} and "
                f"{display(path)} are the same file; keep one of them"
            )
    return list(first.values())


def _outside(tree: Tree, places: dict[bytes, Place]) -> tuple[str, ...]:
    outside = [path for path in tree.images if path not in places]
    text = f"images outside the class folders, left out: {len(outside)} ({shown(outside)})"
    return (text,) if outside else ()


def _repeated(places: dict[bytes, Place], kept: list[bytes]) -> tuple[str, ...]:
    num_repeats = len(places) - len(kept)
    text = f"further names of files already listed, passed over: {num_repeats}"
    return (text,) if num_repeats else ()


def _children(paths: list[bytes], base: bytes) -> list[bytes]:
    return [path for path in paths if os.path.dirname(path) == base]


def _holds_folders_only(tree: Tree, folder: bytes) -> bool:
    return bool(_children(tree.folders, folder)) and not _children(tree.images, folder)


def _has_images(tree: Tree, folder: bytes) -> bool:
    return any(path.startswith(folder + b"/") for path in tree.images)

"""CIFAR-10 and CIFAR-100 as their authors publish them: Python batches, read without trust."""

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from whatwhere.data.names import display
from whatwhere.data.source import SPLIT_NAMES, TEST, TRAIN, Listing
from whatwhere.data.sources.card import DataCard
from whatwhere.data.sources.download import download, downloads_folder
from whatwhere.data.sources.unpack import unpack_once
from whatwhere.errors import DataError, UnsafeError

CITATION = (
    "Krizhevsky. Learning multiple layers of features from tiny images. Technical report, "
    "University of Toronto (2009)."
)
FOLDERS = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}
# Files of each set with the split they belong to; the MD5s are those that torchvision checks.
BATCHES = {
    "cifar10": {
        "data_batch_1": (TRAIN, "c99cafc152244af753f735de768cd75f"),
        "data_batch_2": (TRAIN, "d4bba439e000b95fd0a9bffe97cbabec"),
        "data_batch_3": (TRAIN, "54ebc095f3ab1f0389bbae665268c751"),
        "data_batch_4": (TRAIN, "634d18415352ddfa80567beed471001a"),
        "data_batch_5": (TRAIN, "482c414d41f54cd18b22e5b47cb7c3cb"),
        "test_batch": (TEST, "40351d587109b95175f43aff81a1287e"),
    },
    "cifar100": {
        "train": (TRAIN, "16019d7e3df5f24257cddd939b257f8d"),
        "test": (TEST, "f0ef6b0ae62326f3e7ffdfab6717acfc"),
    },
}
LABELS = {"cifar10": b"labels", "cifar100": b"fine_labels", "cifar100-coarse": b"coarse_labels"}
CLASSES_10 = "airplane automobile bird cat deer dog frog horse ship truck"
CLASSES_20 = (
    "aquatic_mammals fish flowers food_containers fruit_and_vegetables "
    "household_electrical_devices household_furniture insects large_carnivores "
    "large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores "
    "medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 "
    "vehicles_2"
)
CLASSES_100 = (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus "
    "butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch "
    "crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo "
    "keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse "
    "mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy "
    "porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper "
    "snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television "
    "tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm"
)


def _card(name: str, title: str, classes: str, file: str, md5: str) -> DataCard:
    return DataCard(
        name=name,
        family="cifar",
        title=title,
        classes=tuple(classes.split()),
        channels=3,
        splits=(50_000, 0, 10_000),
        licence="none stated by the authors",
        citation=CITATION,
        address=f"https://www.cs.toronto.edu/~kriz/{file}",
        md5=md5,
        source="32 x 32 photographs from the Tiny Images collection",
    )


_FILE_100 = ("cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85")
CIFAR_CARDS = (
    _card(
        "cifar10",
        "CIFAR-10",
        CLASSES_10,
        "cifar-10-python.tar.gz",
        "c58f30108f718f92721af3b95e74349a",
    ),
    _card("cifar100", "CIFAR-100", CLASSES_100, *_FILE_100),
    _card("cifar100-coarse", "CIFAR-100, 20 coarse classes", CLASSES_20, *_FILE_100),
)


def list_known_cifar(card: DataCard, folder: Path) -> Listing:
    """List a CIFAR set by name: from a folder in the cache, or from the file that is fetched.

    Args:
        card: The set.
        folder: The cache folder; an unpacked `cifar-10-batches-py` or `cifar-100-python` in it is
            taken as it is.

    Returns:
        The images; validation images are drawn later, from the training ones.
    """
    own = folder / FOLDERS[_base(card)]
    if own.is_dir():
        return list_cifar(own, card)
    packed = download(card.address, md5=card.md5, folder=downloads_folder(folder))
    return list_cifar(unpack_once(packed, folder=folder) / own.name, card)


def find_cifar(folder: Path) -> tuple[Path, DataCard] | None:
    """Return the folder of CIFAR batches in or at `folder` with its card, or None.

    Args:
        folder: What a user named, or what was unpacked.

    Returns:
        CIFAR-100 has its 100 fine classes.
    """
    for card in CIFAR_CARDS[:2]:
        for place in (folder, folder / FOLDERS[card.name]):
            if all((place / name).is_file() for name in BATCHES[card.name]):
                return place, card
    return None


def list_cifar(folder: Path, card: DataCard) -> Listing:
    """List the images of a folder of CIFAR batches.

    Args:
        folder: With the files of `BATCHES`.
        card: The set; which of two kinds of labels to take.

    Returns:
        Training images in the order of the files, then test images.

    Raises:
        DataError: If a file is missing or holds something else.
        UnsafeError: If a file would run code.
    """
    images, labels, split, warnings = [], [], [], []
    for name, (part, md5) in BATCHES[_base(card)].items():
        content = _read(folder / name)
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
            warnings.append(
                f"{name} is not the official {card.title} file (it has another MD5): do not "
                "compare with published figures"
            )
        pixels, numbers = _batch(folder / name, content, card)
        images.append(pixels)
        labels.append(numbers)
        split += [part] * len(numbers)
    parts = np.array(split, np.int8)
    counts = tuple(int((parts == part).sum()) for part in range(len(SPLIT_NAMES)))
    if counts != card.splits:
        warnings.append(f"other split sizes {counts} than the official {card.splits}")
    return Listing(
        name=card.name,
        title=card.title,
        items=tuple(
            f"{SPLIT_NAMES[part]}/{index}"
            for part in (TRAIN, TEST)
            for index in range(counts[part])
        ),
        labels=np.concatenate(labels),
        class_names=card.classes,
        split=parts,
        images=np.concatenate(images),
        warnings=tuple(warnings),
        source=card.source,
        licence=card.licence,
        citation=card.citation,
    )


def _base(card: DataCard) -> str:
    return card.name.removesuffix("-coarse")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{display(path)} cannot be read: {error.strerror}") from None


def _batch(path: Path, content: bytes, card: DataCard) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (image, 32, 32, 3) and labels of one file."""
    batch = unpickle(path, content)
    pixels = batch.get(b"data") if isinstance(batch, dict) else None
    numbers = batch.get(LABELS[card.name]) if isinstance(batch, dict) else None
    if (
        not isinstance(pixels, np.ndarray)
        or pixels.dtype != np.uint8
        or pixels.ndim != 2
        or pixels.shape[1] != 3 * 32 * 32
        or not isinstance(numbers, list)
        or len(numbers) != len(pixels)
        or not all(type(n) is int and 0 <= n < len(card.classes) for n in numbers)
    ):
        raise DataError(
            f"{display(path)} is no batch of {card.title}: expected uint8 rows of 3,072 values and "
            f"as many {LABELS[card.name].decode()} from 0 to {len(card.classes) - 1}"
        )
    images = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(numbers, np.int64)


def unpickle(path: Path, content: bytes) -> Any:
    """Read a pickle that may hold plain values and NumPy arrays, and nothing that runs.

    Args:
        path: Where it is from, for messages.
        content: Its bytes.

    Returns:
        The value.

    Raises:
        DataError: If it is damaged.
        UnsafeError: If it names anything but NumPy arrays.
    """
    try:
        return _Reader(io.BytesIO(content), encoding="bytes").load()
    except _ForbiddenError as error:
        raise UnsafeError(
            f"{display(path)} is refused: it is a Python pickle that would run "
            f"{display(str(error))}, and a CIFAR batch runs nothing"
        ) from None
    except Exception as error:  # damaged pickles raise anything
        raise DataError(f"{display(path)} is damaged ({display(str(error))})") from None


class _ForbiddenError(Exception):
    """A pickle names something that is not allowed."""


def _as_bytes(text: str, coding: str) -> bytes:
    return text.encode("latin1")


class _Reader(pickle.Unpickler):
    """Knows NumPy's arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what makes an array; refuse everything else before it is imported."""
        rebuild = np.empty(0).__reduce__()[0]
        allowed = {
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("numpy.core.multiarray", "_reconstruct"): rebuild,
            ("numpy._core.multiarray", "_reconstruct"): rebuild,
            ("_codecs", "encode"): _as_bytes,  # how Python 3 writes bytes for Python 2
        }
        if (module, name) not in allowed:
            raise _ForbiddenError(f"{module}.{name}")
        return allowed[module, name]

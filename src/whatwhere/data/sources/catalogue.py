"""The catalogue: known data sets by name, each with its card and what lists its images."""

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from whatwhere.data.source import SPLIT_NAMES, Listing
from whatwhere.data.sources.archive import list_archive
from whatwhere.data.sources.card import DataCard
from whatwhere.data.sources.cifar import CIFAR_CARDS, list_known_cifar
from whatwhere.data.sources.digits import (
    NUM_TEST,
    NUM_VALIDATION,
    load_cluttered_digits,
    load_digits,
)
from whatwhere.data.sources.download import download, downloads_folder
from whatwhere.data.sources.folder import list_folder
from whatwhere.data.sources.medmnist import MEDMNIST_CARDS
from whatwhere.data.sources.unpack import unpack_once
from whatwhere.errors import DataError
from whatwhere.registry import Registry

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]

DIGIT_SPLITS = (1797 - NUM_VALIDATION - NUM_TEST, NUM_VALIDATION, NUM_TEST)
DIGIT_CITATION = (
    "Alpaydin and Kaynak. Optical Recognition of Handwritten Digits. UCI Machine Learning "
    "Repository (1998), doi 10.24432/C50P49."
)
EUROSAT = DataCard(
    name="eurosat",
    family="eurosat",
    title="EuroSAT RGB",
    classes=(
        "AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial", "Pasture",
        "PermanentCrop", "Residential", "River", "SeaLake",
    ),
    channels=3,
    splits=(27_000,),
    licence="MIT",
    citation=(
        "Helber, Bischke, Dengel and Borth. EuroSAT: A novel dataset and deep learning benchmark "
        "for land use and land cover classification. IEEE JSTARS 12(7) (2019)."
    ),
    address=(
        "https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
        "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip"
    ),
    md5="c8fa014336c82ac7804f0398fcb19387",
    source="Sentinel-2 images of land, 64 x 64",
)  # fmt: skip


def _digit_card(name: str, title: str, source: str) -> DataCard:
    return DataCard(
        name=name,
        family="digits",
        title=title,
        classes=tuple("0123456789"),
        channels=1,
        splits=DIGIT_SPLITS,
        licence="CC BY 4.0",
        citation=DIGIT_CITATION,
        allow_flip=False,
        source=source,
    )


def _list_digits(card: DataCard, load: Callable[[], Arrays], folder: Path) -> Listing:
    images, labels, split = load()
    return Listing(
        name=card.name,
        title=card.title,
        items=tuple(f"{SPLIT_NAMES[part]}/{index}" for index, part in enumerate(split)),
        labels=labels,
        class_names=card.classes,
        split=split,
        images=images,
        allow_flip=card.allow_flip,
        source=card.source,
        licence=card.licence,
        citation=card.citation,
    )


def _list_medmnist(card: DataCard, folder: Path) -> Listing:
    if card.multi_label:
        raise DataError(
            f"{card.name} is not supported: several findings may hold for one image, and "
            "whatwhere compares classifiers that name one class per image"
        )
    return list_archive(download(card.address, md5=card.md5, folder=downloads_folder(folder)))


def _list_eurosat(folder: Path) -> Listing:
    packed = download(EUROSAT.address, md5=EUROSAT.md5, folder=downloads_folder(folder))
    listing = list_folder(unpack_once(packed, folder=folder))
    warnings = listing.warnings
    if (len(listing.labels),) != EUROSAT.splits:
        warnings += (
            f"{len(listing.labels)} images instead of the {EUROSAT.splits[0]} of the official "
            "file: do not compare with published figures",
        )
    return dataclasses.replace(
        listing,
        name=EUROSAT.name,
        title=EUROSAT.title,
        warnings=warnings,
        source=EUROSAT.source,
        licence=EUROSAT.licence,
        citation=EUROSAT.citation,
    )


def _catalogue() -> Registry[DataCard]:
    catalogue: Registry[DataCard] = Registry("data set")
    scans = "scikit-learn's bundled scans (the test part of the UCI set)"
    plain = _digit_card("digits", "Handwritten digits, 8 x 8", scans)
    clutter = f"{scans}, each among three fragments of others on a 12 x 12 canvas"
    cluttered = _digit_card("cluttered-digits", "Cluttered digits, 12 x 12", clutter)
    catalogue.register(cluttered, partial(_list_digits, cluttered, load_cluttered_digits))
    catalogue.register(plain, partial(_list_digits, plain, load_digits))
    for card in CIFAR_CARDS:
        catalogue.register(card, partial(list_known_cifar, card))
    for card in MEDMNIST_CARDS:
        catalogue.register(card, partial(_list_medmnist, card))
    catalogue.register(EUROSAT, _list_eurosat)
    return catalogue


CATALOGUE = _catalogue()

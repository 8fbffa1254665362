"""Cards: complete, and equal to the published tables."""

import re

import pytest

from whatwhere.data.sources.catalogue import CATALOGUE

# Total number of images of each set, from the published tables.
PUBLISHED_TOTALS = {
    "pathmnist": 107_180,
    "chestmnist": 112_120,
    "dermamnist": 10_015,
    "octmnist": 109_309,
    "pneumoniamnist": 5_856,
    "retinamnist": 1_600,
    "breastmnist": 780,
    "bloodmnist": 17_092,
    "tissuemnist": 236_386,
    "cifar10": 60_000,
    "cifar100": 60_000,
    "cifar100-coarse": 60_000,
    "eurosat": 27_000,
}
PUBLISHED_CLASSES = {"pathmnist": 9, "chestmnist": 14, "dermamnist": 7, "octmnist": 4,
    "pneumoniamnist": 2, "retinamnist": 5, "breastmnist": 2, "bloodmnist": 8, "tissuemnist": 8,
    "organamnist": 11, "organcmnist": 11, "organsmnist": 11, "cifar10": 10, "cifar100": 100,
    "cifar100-coarse": 20, "eurosat": 10}  # fmt: skip


def test_names_and_families():
    assert list(CATALOGUE)[:2] == ["cluttered-digits", "digits"]
    assert CATALOGUE.families() == ["digits", "cifar", "medmnist", "eurosat"]
    assert len(CATALOGUE.match("medmnist")) == 12
    assert CATALOGUE.match("organ?mnist") == ["organamnist", "organcmnist", "organsmnist"]


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_cards_are_complete(name):
    card = CATALOGUE.card(name)
    assert re.fullmatch(r"[a-z0-9-]+", card.name)
    assert card.title
    assert card.licence
    assert card.citation
    assert card.source
    assert len(set(card.classes)) == len(card.classes)
    if card.family != "digits":
        assert card.address.startswith("https://")
        assert re.fullmatch(r"[0-9a-f]{32}", card.md5)
    if card.family == "medmnist":
        assert card.licence.startswith("CC BY")
        assert card.address == f"https://zenodo.org/records/10519652/files/{name}.npz"


@pytest.mark.parametrize("name", PUBLISHED_TOTALS)
def test_totals_are_the_published_ones(name):
    assert sum(CATALOGUE.card(name).splits) == PUBLISHED_TOTALS[name]


@pytest.mark.parametrize("name", PUBLISHED_CLASSES)
def test_class_counts_are_the_published_ones(name):
    assert len(CATALOGUE.card(name).classes) == PUBLISHED_CLASSES[name]


def test_flips_are_off_where_left_and_right_matter():
    kept = {name for name in CATALOGUE if not CATALOGUE.card(name).allow_flip}
    assert kept == {"cluttered-digits", "digits", "organamnist", "organcmnist", "organsmnist"}


def test_dermamnist_is_not_for_commerce():
    assert CATALOGUE.card("dermamnist").licence == "CC BY-NC 4.0"

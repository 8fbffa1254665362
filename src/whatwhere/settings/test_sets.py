"""Official test sets that published tables are scored on: enough to check their arithmetic."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class OfficialTest:
    """What is known of an official test set.

    Args:
        name: Of the data set, as the catalogue has it.
        num_images: Test images.
        num_classes: Classes.
        balanced: Whether every class has equally many test images.
    """

    name: str
    num_images: int
    num_classes: int
    balanced: bool = False


# Counts as in the data catalogue, which a test compares. CIFAR has equally many test images of
# every class by construction, ImageNet's validation part 50 of each, OCTMNIST 250 of each
# (Kermany et al., Cell 172, 2018). ChestMNIST is left out: one image may have several findings.
TEST_SETS = (
    OfficialTest("cifar10", 10_000, 10, balanced=True),
    OfficialTest("cifar100", 10_000, 100, balanced=True),
    OfficialTest("cifar100-coarse", 10_000, 20, balanced=True),
    OfficialTest("imagenet", 50_000, 1_000, balanced=True),
    OfficialTest("pathmnist", 7_180, 9),
    OfficialTest("dermamnist", 2_005, 7),
    OfficialTest("octmnist", 1_000, 4, balanced=True),
    OfficialTest("pneumoniamnist", 624, 2),
    OfficialTest("retinamnist", 400, 5),
    OfficialTest("breastmnist", 156, 2),
    OfficialTest("bloodmnist", 3_421, 8),
    OfficialTest("tissuemnist", 47_280, 8),
    OfficialTest("organamnist", 17_778, 11),
    OfficialTest("organcmnist", 8_216, 11),
    OfficialTest("organsmnist", 8_827, 11),
)


def plain_name(text: str) -> str:
    """Return a name as it is compared: small letters and digits only.

    Args:
        text: For instance "CIFAR-10".

    Returns:
        For instance "cifar10".
    """
    return re.sub(r"[^a-z0-9]", "", text.lower())


def find_test_set(name: str) -> OfficialTest | None:
    """Return the official test set of a data set, however its name is written.

    Args:
        name: For instance "BreastMNIST".

    Returns:
        The test set, None where none is known.
    """
    known = {plain_name(item.name): item for item in TEST_SETS}
    return known.get(plain_name(name))

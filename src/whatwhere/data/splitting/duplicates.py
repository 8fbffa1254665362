"""Images that are equal pixel for pixel: across splits, and with labels that contradict."""

from dataclasses import dataclass

import numpy as np

from whatwhere.data.source import SPLIT_NAMES, TEST, UNASSIGNED, VALIDATION
from whatwhere.errors import DataError

MAX_CONFLICT_SHARE = 0.01
MAX_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Twins:
    """Which images of a data set are equal.

    Args:
        number: int64, equal for images with equal pixels.
        split: int8 indices into `SPLIT_NAMES`, -1 for images that are left out.
        labels: int64 class indices.
        items: One display-safe name per image.
    """

    number: np.ndarray
    split: np.ndarray
    labels: np.ndarray
    items: tuple[str, ...]

    def leaked(self) -> np.ndarray:
        """Return the positions of test images that are also in training or validation."""
        earlier = self.number[(self.split < TEST) & (self.split != UNASSIGNED)]
        return np.flatnonzero((self.split == TEST) & np.isin(self.number, earlier))

    def without_repeats(self) -> np.ndarray:
        """Return the splits with -1 for images that are in a later split too; the test stays."""
        split = self.split.copy()
        for part in range(TEST):
            later = self.number[self.split > part]
            split[(self.split == part) & np.isin(self.number, later)] = UNASSIGNED
        return split

    def warnings(self) -> tuple[str, ...]:
        """Warn of images that are in an earlier split too, as those of given splits may be."""
        warnings = []
        for part in (VALIDATION, TEST):
            mine = self.number[self.split == part]
            earlier = self.number[(self.split < part) & (self.split != UNASSIGNED)]
            num_leaked = int(np.isin(mine, earlier).sum())
            if num_leaked:
                places = " or ".join(SPLIT_NAMES[:part])
                warnings.append(
                    f"{SPLIT_NAMES[part]} images that are pixel for pixel among the {places} "
                    f"images too: {num_leaked} of {len(mine)}"
                )
        return tuple(warnings)

    def conflicts(self) -> list[np.ndarray]:
        """Return the positions of equal images whose labels differ, a group each."""
        order = np.argsort(self.number, kind="stable")
        starts = np.flatnonzero(np.diff(self.number[order])) + 1
        groups = (group for group in np.split(order, starts) if len(group) > 1)
        return [group for group in groups if len(np.unique(self.labels[group])) > 1]


def check_conflicts(twins: Twins, class_names: tuple[str, ...]) -> tuple[str, ...]:
    """Warn of equal images with different labels; refuse them when they are many.

    Args:
        twins: Which images are equal.
        class_names: One name per class.

    Returns:
        At most one warning, with the first such images.

    Raises:
        DataError: If they are more than one percent of all images.
    """
    groups = twins.conflicts()
    if not groups:
        return ()
    number = sum(map(len, groups))
    shown = "; ".join(
        " and ".join(f"{twins.items[i]} ({class_names[twins.labels[i]]})" for i in group[:4])
        for group in groups[:MAX_SHOWN]
    )
    more = "; ..." if len(groups) > MAX_SHOWN else ""
    text = (
        f"{number} of {len(twins.items)} images are equal pixel for pixel to one of another class: "
        f"{shown}{more}"
    )
    if number > MAX_CONFLICT_SHARE * len(twins.items):
        raise DataError(f"{text}. One of the labels is wrong: mend or remove them")
    return (text,)


def refuse_leaks(warnings: tuple[str, ...]) -> None:
    """Refuse data with warnings about what its splits share, as `--strict` asks.

    Args:
        warnings: Of duplicates and near duplicates across splits and of conflicting labels.

    Raises:
        DataError: If there are any.
    """
    if warnings:
        raise DataError(
            f"--strict refuses this data: {'; '.join(warnings)}. Mend the splits, or leave out "
            "--strict (--dedup leaves exact copies out of training)"
        )

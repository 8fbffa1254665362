"""The table that every comparison starts from."""

from dataclasses import dataclass

import numpy as np

from whatwhere.errors import UsageError
from whatwhere.stats.groups import by_group


@dataclass(frozen=True)
class ItemTable:
    """Values per image of the runs of several methods on one test set.

    Args:
        methods: Unique names.
        values: Per method an array (seed, item) whose mean over items is the score of each run;
            the same items in the same order for all.
        blocked: Whether row s of every method comes from the same seed.
        groups: Equal for items that are not independent, such as images of one patient; None
            where all are.
        item_range: Width of the range that values of an item lie in, above 0; 1 for shares. It
            bounds what unseen items may do where all seen ones agree.
        strata: The class of each item where scores are means over classes, counted from 0 on; None
            where items are alike. Not used where items are grouped.

    Raises:
        UsageError: If names repeat, shapes do not fit, a value is not finite or the range is not
            above 0.
    """

    methods: tuple[str, ...]
    values: tuple[np.ndarray, ...]
    blocked: bool
    groups: np.ndarray | None = None
    item_range: float = 1.0
    strata: np.ndarray | None = None

    def __post_init__(self) -> None:
        if not self.methods or len(self.methods) != len(self.values):
            raise UsageError(
                f"a table needs one array of values per method, not {len(self.values)} arrays for"
                f" {len(self.methods)} methods"
            )
        if len(set(self.methods)) < len(self.methods):
            twice = next(name for name in self.methods if self.methods.count(name) > 1)
            raise UsageError(f"the method '{twice}' appears twice in a table; name each once")
        for name, runs in zip(self.methods, self.values, strict=True):
            _check_values(name, runs, self.values[0])
        if self.groups is not None:
            _check_groups(self.groups, num_items=self.num_items)
        if self.strata is not None and self.strata.shape != (self.num_items,):
            raise UsageError(
                f"strata must name one class per item, {self.num_items} of them, not be of shape"
                f" {self.strata.shape}"
            )
        if not self.item_range > 0:
            raise UsageError(f"the range of an item's value must be above 0, not {self.item_range}")

    @property
    def num_items(self) -> int:
        """Items, whether or not they are grouped."""
        return self.values[0].shape[1]

    @property
    def independent_strata(self) -> np.ndarray | None:
        """The classes of what `independent_values` returns; None for groups, which have several."""
        return self.strata if self.groups is None else None

    def independent_values(self) -> tuple[np.ndarray, ...]:
        """Return per method the values (seed, unit) of units that are independent."""
        return tuple(by_group(runs, self.groups) for runs in self.values)


def _check_groups(groups: np.ndarray, *, num_items: int) -> None:
    if groups.shape != (num_items,):
        raise UsageError(
            f"groups must name one group per item, {num_items} of them, not be of shape"
            f" {groups.shape}"
        )
    if len(np.unique(groups)) < 2:
        raise UsageError(
            "all items are of one group, so nothing is known of new groups; expected two or more"
        )


def _check_values(name: str, runs: np.ndarray, model: np.ndarray) -> None:
    if runs.ndim != 2 or runs.shape[0] < 1 or runs.shape[1] < 2:
        raise UsageError(
            f"the values of '{name}' must be an array (seed, item) with at least one run and two"
            f" images, not of shape {runs.shape}"
        )
    if runs.shape[1:] != model.shape[1:]:
        raise UsageError(
            f"'{name}' has values for {runs.shape[1]} images where the first method has"
            f" {model.shape[-1]}; all methods must be tested on the same images"
        )
    if not np.isfinite(runs).all():
        raise UsageError(f"the values of '{name}' must be finite; a run that diverged has none")

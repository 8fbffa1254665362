"""What one data set contributes to a comparison over several."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from whatwhere.errors import UsageError, unknown_name
from whatwhere.stats.decide import ALPHA, TAIL, adjust
from whatwhere.stats.estimates import Estimates
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import pair_estimates
from whatwhere.stats.table import ItemTable

# Means and differences that agree so far are ties: the rest is rounding error.
DECIMALS = 12


@dataclass(frozen=True)
class DataSets:
    """The common methods of several data sets, and what each says of them; D data sets, K methods.

    Args:
        names: Of the data sets.
        methods: Those that every data set has, highest mean over data sets first.
        left_out: Those that some data set lacks.
        control: Place of the control among the methods, or None.
        mean: Mean score (D, K).
        variance: Of every difference (D, K, K); meaningless where `seeds_known` is False.
        better: Whether the row's method is shown to be better, by the comparison on this data set
            alone with all of its methods (D, K, K).
        seeds_known: Whether any method has two runs (D,).
    """

    names: tuple[str, ...]
    methods: tuple[str, ...]
    left_out: tuple[str, ...]
    control: int | None
    mean: np.ndarray
    variance: np.ndarray
    better: np.ndarray
    seeds_known: np.ndarray

    def gaps(self, first: int, second: int) -> np.ndarray:
        """Return means of one method minus those of another (D,), equal ones exactly equal."""
        return np.round(self.mean[:, first] - self.mean[:, second], DECIMALS)


def gather(tables: Mapping[str, ItemTable], *, control: str | None) -> DataSets:
    """Compare on every data set by itself, and keep what all data sets have.

    Args:
        tables: By name of the data set, at least two.
        control: A method that was chosen before any run, or None for all pairs.

    Returns:
        Means, variances and decisions.

    Raises:
        UsageError: If there are fewer than two data sets or fewer than two common methods.
        UnknownNameError: If a data set lacks the control.
    """
    common = _common_methods(tables, control=control)
    every = {name for table in tables.values() for name in table.methods}
    parts = [_one(table, common, control=control) for table in tables.values()]
    mean = np.stack([part[0] for part in parts])
    order = np.argsort(-mean.mean(axis=0), kind="stable")
    methods = tuple(common[place] for place in order)
    pairs = np.ix_(np.arange(len(parts)), order, order)
    return DataSets(
        names=tuple(tables),
        methods=methods,
        left_out=tuple(sorted(every - set(common))),
        control=None if control is None else methods.index(control),
        mean=mean[:, order],
        variance=np.stack([part[1] for part in parts])[pairs],
        better=np.stack([part[2] for part in parts])[pairs],
        seeds_known=np.array([part[3] for part in parts]),
    )


def _common_methods(tables: Mapping[str, ItemTable], *, control: str | None) -> tuple[str, ...]:
    if len(tables) < 2:
        raise UsageError(
            f"a comparison over data sets needs two or more, not {len(tables)}; compare within one"
            " data set instead"
        )
    first, *others = tables.values()
    common = tuple(m for m in first.methods if all(m in table.methods for table in others))
    if len(common) < 2:
        raise UsageError(
            f"the data sets {', '.join(tables)} share {len(common)} methods; a comparison over"
            " data sets needs two or more that were run on each of them"
        )
    if control is not None and control not in common:
        raise unknown_name("control run on every data set", control, common)
    return common


def _one(
    table: ItemTable, common: tuple[str, ...], *, control: str | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Return mean, variances and decisions of the common methods, and whether seeds are known."""
    moments = moments_of(
        table.independent_values(), paired=table.blocked, item_range=table.item_range
    )
    estimates = pair_estimates(moments)
    place = None if control is None else table.methods.index(control)
    shown = (adjust(estimates.p_values(), control=place) < ALPHA) & (estimates.value > 0)
    kept = np.array([table.methods.index(name) for name in common])
    pairs = np.ix_(kept, kept)
    known = moments.seeds_known
    mean = np.round(moments.mean[kept], DECIMALS)
    return mean, _variance(estimates)[pairs], shown[pairs], known


def _variance(estimates: Estimates) -> np.ndarray:
    """Return variances; where all images agree, the one that fits the exact binomial interval."""
    quantile = np.where(
        estimates.unanimous, ndtri(1 - TAIL), stdtrit(estimates.degrees_of_freedom, 1 - TAIL)
    )
    return (estimates.half_width(TAIL) / quantile) ** 2

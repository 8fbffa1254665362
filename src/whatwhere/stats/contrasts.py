"""Weighted sums of several tables: trends over training sizes, families of designs.

A trend is a weighted sum of scores, so it is the mean over images of the same weighted sum of the
values of each image. For method k, run s and image i, over conditions c (sizes, sets of labels):

    z_ksi = sum_c w_c y_ksi(c)

The z form a table like any other, and the rule for pairs of methods (`whatwhere.stats.pairwise`)
applies to it as it stands. Nothing about dependence needs to be assumed:

- The same test image answers under all conditions, and var_i(z) holds all covariances between its
  answers. Treating the tables as independent would count that image several times.
- Run s under all conditions goes into one z. Where runs of one seed are alike under all conditions
  (one initialisation, nested training images), var_s(z) holds that covariance; where they are
  independent, the variance of the sum is the sum of the variances, whichever run is paired with
  which. So the variance is right both for seeds shared over conditions and for fresh ones.

What is not in it: training images that were drawn once for all seeds. The claim is then about these
training images, and another draw could move it by more than the interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from whatwhere.errors import UsageError, unknown_name
from whatwhere.stats.decide import ALPHA, POWER, TAIL
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import pair_estimates
from whatwhere.stats.table import ItemTable


@dataclass(frozen=True)
class Effect:
    """An estimate of one number that would be 0 if nothing were the matter.

    Args:
        value: The estimate.
        low: Lower 95 % bound.
        high: Upper bound.
        degrees_of_freedom: Of the t distribution behind the interval.
        p_value: Two-sided, of 0.
    """

    value: float
    low: float
    high: float
    degrees_of_freedom: float
    p_value: float


def weighted_sum(tables: Sequence[ItemTable], weights: Sequence[float]) -> ItemTable:
    """Sum the values of several tables of the same methods and test images.

    Args:
        tables: At least one; row s of a method is to be the same seed in all, or fresh in all.
        weights: One per table.

    Returns:
        The table of the sums, of the methods that all tables have. The range of an item's value
        is sum |w| times that of the tables.

    Raises:
        UsageError: If images, groups or numbers of runs differ between the tables.
    """
    first = tables[0]
    methods = tuple(m for m in first.methods if all(m in table.methods for table in tables))
    if not methods:
        raise UsageError("the tables have no method in common, so no method can be followed")
    _check_same_images(tables)
    values = []
    for method in methods:
        runs = [table.values[table.methods.index(method)] for table in tables]
        _check_same_runs(method, [len(one) for one in runs])
        values.append(sum((w * one for w, one in zip(weights, runs, strict=True)), np.zeros(1)))
    blocked = all(table.blocked for table in tables)
    item_range = sum(abs(w) * table.item_range for w, table in zip(weights, tables, strict=True))
    return ItemTable(methods, tuple(values), blocked, first.groups, item_range)


def of_families(table: ItemTable, families: Mapping[str, Sequence[str]]) -> ItemTable:
    """Average the methods of each family, image by image and run by run.

    Args:
        table: Values of the methods.
        families: Members by name of the family; a method may be in several.

    Returns:
        A table whose methods are the families.

    Raises:
        UsageError: If a family is empty or its members differ in their number of runs.
        UnknownNameError: If a member is not in the table.
    """
    values = []
    for family, members in families.items():
        if not members:
            raise UsageError(f"the family '{family}' has no members")
        for member in members:
            if member not in table.methods:
                raise unknown_name(f"member of '{family}'", member, table.methods)
        runs = [table.values[table.methods.index(member)] for member in members]
        _check_same_runs(family, [len(one) for one in runs])
        values.append(np.mean(runs, axis=0))
    return replace(table, methods=tuple(families), values=tuple(values))


def family_effect(table: ItemTable, *, first: Sequence[str], second: Sequence[str]) -> Effect:
    """Estimate how much one family of methods exceeds another.

    The means of the families are two methods without a pool: each varies between runs as its own
    runs show, so that runs in which all members of a family are lucky together are allowed for.

    Args:
        table: Values, perhaps a weighted sum; with two runs or more of every member.
        first: Members of the family that is subtracted from.
        second: Members of the family that is subtracted.

    Returns:
        The difference of the means, for new images and new training runs.
    """
    both = of_families(table, {"first": first, "second": second})
    moments = moments_of(both.independent_values(), paired=both.blocked, item_range=both.item_range)
    estimates = pair_estimates(moments)
    width = float(estimates.half_width(TAIL)[0, 1])
    value = float(estimates.value[0, 1])
    return Effect(
        value=value,
        low=value - width,
        high=value + width,
        degrees_of_freedom=float(estimates.degrees_of_freedom[0, 1]),
        p_value=float(estimates.p_values()[0, 1]),
    )


def detectable_effect(effect: Effect, *, num_comparisons: int = 1) -> float:
    """Return the smallest true effect that would be found with 80 % power.

        (t_{1-.025/m, df} + t_{.8, df}) SE,  SE = half width of the interval / t_{.975, df}

    Args:
        effect: An estimate; its value does not matter here.
        num_comparisons: m, the tests that it is corrected for together.

    Returns:
        In the unit of the effect.
    """
    df = effect.degrees_of_freedom
    error = (effect.high - effect.low) / 2 / stdtrit(df, 1 - TAIL)
    return float((stdtrit(df, 1 - ALPHA / 2 / num_comparisons) + stdtrit(df, POWER)) * error)


def _check_same_images(tables: Sequence[ItemTable]) -> None:
    first = tables[0]
    for table in tables[1:]:
        if table.num_items != first.num_items:
            raise UsageError(
                f"the tables have {first.num_items} and {table.num_items} images; all must be"
                " tested on the same images in the same order"
            )
        if not _same_groups(table.groups, first.groups):
            raise UsageError("the tables group their images differently; give all the same groups")


def _same_groups(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def _check_same_runs(name: str, num_runs: Sequence[int]) -> None:
    if len(set(num_runs)) > 1:
        raise UsageError(
            f"'{name}' has {', '.join(map(str, num_runs))} runs; keep only the seeds that finished"
            " everywhere, so that every sum has its terms"
        )

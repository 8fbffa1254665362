"""From a table of per-image values to decisions: which methods differ, which may be best."""

from dataclasses import dataclass, replace

import numpy as np

from whatwhere.errors import UsageError, unknown_name
from whatwhere.stats.decide import (
    MIN_SEEDS_FOR_CLAIMS,
    TAIL,
    adjust,
    detectable,
    equivalent,
    lead,
    may_be_best,
    num_comparisons,
)
from whatwhere.stats.estimates import Estimates
from whatwhere.stats.letters import letters
from whatwhere.stats.moments import Moments, moments_of
from whatwhere.stats.pairwise import method_estimates, pair_estimates
from whatwhere.stats.table import ItemTable

EQUIVALENCE_MARGIN = 0.005


@dataclass(frozen=True)
class MethodSummary:
    """One row of the leaderboard.

    Args:
        name: The method.
        num_seeds: Its finished runs.
        mean: Mean score over runs.
        low: Lower 95 % bound of the score on new images, averaged over training randomness.
        high: Upper bound.
        seed_sd: Standard deviation of the score between runs, 0 with one run.
        letters: Methods that share a letter are not shown to differ.
        may_be_best: Whether no other method is shown to be better.
        equivalent_to_best: Whether it is within the margin of the highest mean.
    """

    name: str
    num_seeds: int
    mean: float
    low: float
    high: float
    seed_sd: float
    letters: str
    may_be_best: bool
    equivalent_to_best: bool


@dataclass(frozen=True)
class Pair:
    """The difference of two methods.

    Args:
        first: The method that is subtracted from.
        second: The method that is subtracted.
        difference: Mean of the first minus mean of the second.
        low: Lower 95 % bound, for this pair alone.
        high: Upper bound.
        degrees_of_freedom: Of the t distribution behind the interval.
        p_value: Two-sided, of no difference, for this pair alone.
        p_adjusted: Corrected for all comparisons made; 1 for a pair that was not to be tested.
        equivalent: Whether the 90 % interval lies within the margin.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    degrees_of_freedom: float
    p_value: float
    p_adjusted: float
    equivalent: bool


@dataclass(frozen=True)
class Comparison:
    """What a table shows.

    With one run of every method `seeds_known` is False: how much runs vary is unknown, so no
    pair is judged (interval [-1, 1], p = 1) and the intervals of the summaries are for the
    trained models as they are.

    Args:
        summaries: One per method, highest mean first.
        pairs: Every two methods once, the one with the higher mean first.
        may_be_best: Methods that no other is shown to be better than, highest mean first.
        unique_winner: The only method that may be best, or None.
        winner_margin: 95 % lower bound of its lead over every other, or None.
        detectable_difference: Smallest difference this table could find with 80 % power, at most 1.
        num_items: Images.
        num_groups: Groups of images that are independent of each other; None where each image is.
        num_comparisons: Comparisons that the p values are corrected for.
        screening_only: Whether a method has fewer than three runs.
        seeds_known: Whether any method has two runs.
        control: The method that the others were to be compared with, or None for all pairs.
    """

    summaries: tuple[MethodSummary, ...]
    pairs: tuple[Pair, ...]
    may_be_best: tuple[str, ...]
    unique_winner: str | None
    winner_margin: float | None
    detectable_difference: float
    num_items: int
    num_groups: int | None
    num_comparisons: int
    screening_only: bool
    seeds_known: bool
    control: str | None

    def pair(self, first: str, second: str) -> Pair:
        """Return the difference of two methods, `first` minus `second`.

        Args:
            first: Name of a method.
            second: Name of another.

        Returns:
            The pair; its sign and interval fit the order asked for.

        Raises:
            UnknownNameError: If a name is not in the table.
            UsageError: If both are the same.
        """
        names = [summary.name for summary in self.summaries]
        for name in (first, second):
            if name not in names:
                raise unknown_name("method", name, names)
        if first == second:
            raise UsageError(f"a pair needs two methods, not '{first}' twice")
        for pair in self.pairs:
            if (pair.first, pair.second) == (first, second):
                return pair
            if (pair.first, pair.second) == (second, first):
                return _swapped(pair)
        raise AssertionError("every two methods have a pair")


def compare(
    table: ItemTable, *, control: str | None = None, margin: float = EQUIVALENCE_MARGIN
) -> Comparison:
    """Compare all methods of a table, or all with a control.

    Differences are tested for new images and new training runs together, and p values corrected
    by Holm over all K(K-1)/2 pairs, or over K-1 with a control. "May be best" is every method
    that no other is shown to beat (multiple comparisons with the best).

    Args:
        table: The values.
        control: A method that was chosen before any run; the variance of runs is pooled over
            all methods all the same.
        margin: Differences up to this share of one count as none, above 0.

    Returns:
        The comparison.

    Raises:
        UsageError: If the margin is not positive.
        UnknownNameError: If the control is not in the table.

    Source:
        Holm (1979), A simple sequentially rejective multiple test procedure; Hsu (1981),
        Simultaneous confidence intervals for all distances from the best; Schuirmann (1987) for
        equivalence. The variance is whatwhere's own (`whatwhere.stats.pairwise`).
    """
    if not margin > 0:
        raise UsageError(f"the margin of equivalence must be above 0, not {margin}")
    if control is not None and control not in table.methods:
        raise unknown_name("control", control, table.methods)
    moments = moments_of(
        table.independent_values(),
        paired=table.blocked,
        item_range=table.item_range,
        strata=table.independent_strata,
    )
    order = np.argsort(-moments.mean, kind="stable")
    names = tuple(table.methods[place] for place in order)
    pairs = pair_estimates(moments).take(order)
    ours = names.index(control) if control is not None else None
    p_adjusted = adjust(pairs.p_values(), control=ours)
    close = equivalent(pairs, margin=margin)
    best = may_be_best(pairs)
    winner = len(names) > 1 and best.sum() == 1
    return Comparison(
        summaries=_summaries(names, moments, order, letters(p_adjusted), best, close[0]),
        pairs=_pairs(names, pairs, moments, p_adjusted, close),
        may_be_best=tuple(name for name, stays in zip(names, best, strict=True) if stays),
        unique_winner=names[0] if winner else None,
        winner_margin=lead(pairs) if winner else None,
        detectable_difference=detectable(pairs, control=ours),
        num_items=table.num_items,
        num_groups=None if table.groups is None else moments.num_items,
        num_comparisons=num_comparisons(len(names), against_control=control is not None),
        screening_only=bool(moments.num_seeds.min() < MIN_SEEDS_FOR_CLAIMS),
        seeds_known=moments.seeds_known,
        control=control,
    )


def _summaries(
    names: tuple[str, ...],
    moments: Moments,
    order: np.ndarray,
    shown: tuple[str, ...],
    best: np.ndarray,
    close: np.ndarray,
) -> tuple[MethodSummary, ...]:
    estimates = method_estimates(moments)
    low, high = _own_interval(estimates, moments)
    seed_sd = np.where(moments.own, np.sqrt(moments.run_variance), 0.0)
    return tuple(
        MethodSummary(
            name=name,
            num_seeds=int(moments.num_seeds[place]),
            mean=float(moments.mean[place]),
            low=float(low[place]),
            high=float(high[place]),
            seed_sd=float(seed_sd[place]),
            letters=shown[rank],
            may_be_best=bool(best[rank]),
            equivalent_to_best=bool(close[rank]),
        )
        for rank, (name, place) in enumerate(zip(names, order, strict=True))
    )


def _pairs(
    names: tuple[str, ...],
    estimates: Estimates,
    moments: Moments,
    p_adjusted: np.ndarray,
    close: np.ndarray,
) -> tuple[Pair, ...]:
    p_values = estimates.p_values()
    low, high = _pair_interval(estimates, moments)
    return tuple(
        Pair(
            first=names[i],
            second=names[j],
            difference=float(estimates.value[i, j]),
            low=float(low[i, j]),
            high=float(high[i, j]),
            degrees_of_freedom=float(estimates.degrees_of_freedom[i, j]),
            p_value=float(p_values[i, j]),
            p_adjusted=float(p_adjusted[i, j]),
            equivalent=bool(close[i, j]),
        )
        for i, j in zip(*np.triu_indices(len(names), k=1), strict=True)
    )


def _are_scores(moments: Moments) -> bool:
    return bool(moments.mean.min() >= 0 and moments.mean.max() <= 1)


def _own_interval(estimates: Estimates, moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    """Return 95 % bounds of single methods."""
    if _are_scores(moments):
        return estimates.score_interval(TAIL)
    width = estimates.half_width(TAIL)
    return estimates.value - width, estimates.value + width


def _pair_interval(estimates: Estimates, moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    """Return 95 % bounds of differences, kept within [-1, 1] where they are of scores."""
    width, most = estimates.half_width(TAIL), 1.0 if _are_scores(moments) else np.inf
    return np.maximum(estimates.value - width, -most), np.minimum(estimates.value + width, most)


def _swapped(pair: Pair) -> Pair:
    return replace(
        pair,
        first=pair.second,
        second=pair.first,
        # Subtracted from zero, because -0.0 would be printed with its sign.
        difference=0.0 - pair.difference,
        low=0.0 - pair.high,
        high=0.0 - pair.low,
    )

"""How many seeds a question needs, and what a number of seeds could detect."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from whatwhere.errors import UsageError
from whatwhere.stats.decide import ALPHA, POWER, num_comparisons
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import MIN_METHODS_TO_POOL, POOLED_SHARE, pair_spread

MOST_SEEDS = 100_000
# Of the images on which one run of each of two designs disagrees, the share that stays with more
# runs; the rest is as two runs of one design disagree. An assumption: pilot runs measure it.
LASTING_SHARE = 0.1


@dataclass(frozen=True)
class Spread:
    """What decides how small a difference can be seen; variances on the scale of the score.

    Args:
        num_methods: K, at least 2.
        num_items: Test images n.
        run_variance: s2, the variance of one run's score, without what all designs share.
        item_noise: om2, the part of it that comes from single images.
        lasting: V_int, the variance that a difference keeps however many seeds are run.
        blocked: Whether runs are paired by seed.
    """

    num_methods: int
    num_items: int
    run_variance: float
    item_noise: float
    lasting: float
    blocked: bool = True

    def detectable_difference(self, num_seeds: int, *, against_control: bool = False) -> float:
        """Return the smallest difference found with 80 % power.

            V(S)  = V_int + 2 c s2/S,  c = 1 + 1/sqrt(pi (S-1))
            df(S) = V^2 / ( (2 s2/S)^2/nu + (V_int + 2 om2/S)^2/(n-1) + 2 ((c-1) s2/S)^2/(S-1) )
            x(S)  = (1 + .25/(S-1)) (t_{1-.025/m, df} + t_{.8, df}) sqrt(V)

        c is what methods lose on average that seem to vary more than the pool. Up to three
        methods form no pool: c = 1 and nu = 2 (S-1).

        Args:
            num_seeds: S.
            against_control: Whether all are compared with one of them only.

        Returns:
            At most 1, which also says that nothing could be found, as with one seed.
        """
        if num_seeds < 2:
            return 1.0
        guard, pooled_df = self._guard(num_seeds), self._pooled_df(num_seeds)
        mean_variance = self.run_variance / num_seeds
        variance = self.lasting + 2 * guard * mean_variance
        unsure = (
            (2 * mean_variance) ** 2 / pooled_df
            + (self.lasting + 2 * self.item_noise / num_seeds) ** 2 / (self.num_items - 1)
            + 2 * ((guard - 1) * mean_variance) ** 2 / (num_seeds - 1)
        )
        df = max(1.0, variance**2 / unsure) if unsure > 0 else 1.0
        tail = ALPHA / 2 / num_comparisons(self.num_methods, against_control=against_control)
        quantiles = stdtrit(df, 1 - tail) + stdtrit(df, POWER)
        return float(min(1.0, (1 + 0.25 / (num_seeds - 1)) * quantiles * math.sqrt(variance)))

    def floor(self, *, against_control: bool = False) -> float:
        """Compute what the images alone leave undetected.

            (z_{1-.025/m} + z_{.8}) sqrt(V_int)

        Args:
            against_control: Whether all are compared with one of them only.

        Returns:
            The difference that no number of seeds gets below.
        """
        tail = ALPHA / 2 / num_comparisons(self.num_methods, against_control=against_control)
        return float((ndtri(1 - tail) + ndtri(POWER)) * math.sqrt(self.lasting))

    def _guard(self, num_seeds: int) -> float:
        if self.num_methods < MIN_METHODS_TO_POOL:
            return 1.0
        return 1 + 1 / math.sqrt(math.pi * (num_seeds - 1))

    def _pooled_df(self, num_seeds: int) -> float:
        if self.num_methods < MIN_METHODS_TO_POOL:
            return 2.0 * (num_seeds - 1)
        return POOLED_SHARE * (self.num_methods - self.blocked) * (num_seeds - 1)


@dataclass(frozen=True)
class SeedPlan:
    """How many seeds a target needs.

    Args:
        num_seeds: Fewest seeds that detect the target with 80 % power, or None.
        unanswerable: Whether no number of seeds would do: more test images are needed.
        floor: The difference that no number of seeds gets below.
    """

    num_seeds: int | None
    unanswerable: bool
    floor: float


def spread_of(values: Sequence[np.ndarray], *, blocked: bool) -> Spread:
    """Estimate the spread from pilot runs.

        s2 = S q0,  om2 = mean_i var_s(y_is) / n,
        V_int = median over pairs of max(0, V_item - V_res)

    Args:
        values: Per method an array (seed, item); at least two methods with two runs each.
        blocked: Whether row s of every method comes from the same seed.

    Returns:
        The spread.

    Raises:
        UsageError: If there are fewer than two methods, or one with a single run.
    """
    if len(values) < 2 or min(len(runs) for runs in values) < 2:
        raise UsageError("the number of seeds is planned from two methods with two runs each")
    moments = moments_of(values, paired=blocked)
    run_variance, lasting = pair_spread(moments)
    return Spread(
        num_methods=len(values),
        num_items=moments.num_items,
        run_variance=run_variance,
        item_noise=float(moments.run_noise.mean()),
        lasting=lasting,
        blocked=blocked,
    )


def seeds_needed(spread: Spread, *, target: float, against_control: bool = False) -> SeedPlan:
    """Return the fewest seeds whose detectable difference is at most the target.

    Args:
        spread: From pilot runs or assumed.
        target: The difference to be seen, in (0, 1).
        against_control: Whether all are compared with one of them only.

    Returns:
        The plan; `unanswerable` where the images alone leave more than the target.

    Raises:
        UsageError: If the target is not in (0, 1).
    """
    if not 0 < target < 1:
        raise UsageError(f"the target difference must lie between 0 and 1, not be {target}")

    def enough(num_seeds: int) -> bool:
        return spread.detectable_difference(num_seeds, against_control=against_control) <= target

    floor = spread.floor(against_control=against_control)
    if floor > target or not enough(MOST_SEEDS):
        return SeedPlan(num_seeds=None, unanswerable=True, floor=floor)
    too_few, sufficient = 1, 2
    while not enough(sufficient):
        too_few, sufficient = sufficient, 2 * sufficient
    while sufficient - too_few > 1:
        middle = (too_few + sufficient) // 2
        too_few, sufficient = (too_few, middle) if enough(middle) else (middle, sufficient)
    return SeedPlan(num_seeds=sufficient, unanswerable=False, floor=floor)


def predicted_detectable_difference(
    *,
    num_methods: int,
    num_seeds: int,
    num_items: int,
    seed_sd: float,
    disagreement: float,
    against_control: bool = False,
) -> float:
    """Predict, before any run, the smallest difference that a study could find with 80 % power.

    With q the disagreement, of which a tenth is taken to last over all runs:

        V_int = 0.1 q/n,  om2 = 0.9 q/(2n),  s2 = seed_sd^2 + om2

    Args:
        num_methods: Designs compared, at least 2.
        num_seeds: Runs of each, paired by seed.
        num_items: Test images, at least 2.
        seed_sd: Standard deviation of the score between runs on endless test images, at least 0:
            what single images add is computed from the disagreement.
        disagreement: Share of test images that exactly one of two designs gets right, in [0, 1],
            one run each.
        against_control: Whether all are compared with one of them only.

    Returns:
        A share of one, at most 1; 1 with a single seed.

    Raises:
        UsageError: If a number is out of its range.
    """
    counts_fit = num_methods >= 2 and num_items >= 2 and num_seeds >= 1
    if not (counts_fit and seed_sd >= 0 and 0 <= disagreement <= 1):
        raise UsageError(
            "a plan needs at least 2 methods, 2 images and 1 seed, a seed_sd of 0 or more and a"
            f" disagreement in [0, 1], not {num_methods=}, {num_items=}, {num_seeds=}, {seed_sd=},"
            f" {disagreement=}"
        )
    item_noise = (1 - LASTING_SHARE) * disagreement / (2 * num_items)
    spread = Spread(
        num_methods=num_methods,
        num_items=num_items,
        run_variance=seed_sd**2 + item_noise,
        item_noise=item_noise,
        lasting=LASTING_SHARE * disagreement / num_items,
    )
    return spread.detectable_difference(num_seeds, against_control=against_control)

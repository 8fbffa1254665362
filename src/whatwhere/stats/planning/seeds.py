"""What pilot runs say about the seeds that a study needs, and how surely."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtri, ndtri

from whatwhere.errors import UsageError
from whatwhere.stats.decide import POWER
from whatwhere.stats.moments import moments_of
from whatwhere.stats.pairwise import is_blocked
from whatwhere.stats.planning.plan import LASTING_SHARE, Spread, seeds_needed, spread_of
from whatwhere.stats.planning.power import power

TARGETS = (0.005, 0.01, 0.02)
# Nobody runs more; a plan that needs more says so instead of a number.
MOST_SEEDS = 999
# What is told of a pilot's uncertainty holds with this probability.
SURE = 0.8
YES, NO, UNSURE = "yes", "no", "perhaps"


@dataclass(frozen=True)
class Pilot:
    """What is known of runs before a study is planned; variances on the scale of the score.

    Args:
        spread: How much runs vary, and what stays however many are run.
        disagreement: q, the share of test images that exactly one of two single runs gets right.
        run_variance: Lower and upper limit of the variance of a run, each missed with 10 %.
        lasting: Limits of the variance that no number of seeds reduces, likewise.
        num_runs: Runs that it is known from; 0 where it is assumed.
    """

    spread: Spread
    disagreement: float
    run_variance: tuple[float, float]
    lasting: tuple[float, float]
    num_runs: int

    def of(self, num_methods: int) -> "Pilot":
        """Return the same for a study of another number of methods."""
        return replace(self, spread=replace(self.spread, num_methods=num_methods))


@dataclass(frozen=True)
class SeedNeed:
    """How many seeds a difference needs.

    Args:
        target: The difference.
        num_seeds: The fewest with 80 % power; None where none will do, or more than MOST_SEEDS.
        low: With the lower limits of what the pilot says; None likewise.
        high: With the upper limits; None likewise.
        power: Predicted for `num_seeds`; None without it.
        decidable: Whether the test images can decide it at all: YES, NO, or UNSURE where the
            pilot is too short to say.
    """

    target: float
    num_seeds: int | None
    low: int | None
    high: int | None
    power: float | None
    decidable: str


def item_floor(disagreement: float, *, num_items: int, num_comparisons: int = 1) -> float:
    """Compute the smallest difference that the images let unlimited seeds see, with 80 % power.

        (z_{1-.025/m} + z_{.8}) sqrt(q/n)

    Args:
        disagreement: q, the mean over images of the squared difference between two methods; of
            single runs the share of images that exactly one gets right.
        num_items: n, test images.
        num_comparisons: m, tests that are corrected for.

    Returns:
        A share of one.

    Example:
        >>> round(100 * item_floor(0.10, num_items=156), 1)
        7.1
    """
    tail = 0.025 / num_comparisons
    return float((ndtri(1 - tail) + ndtri(POWER)) * np.sqrt(disagreement / num_items))


def pilot_of(values: Sequence[np.ndarray], *, blocked: bool) -> Pilot:
    """Read from pilot runs what a plan needs; which method is ahead is not looked at.

    The variance of a run is at least what single images add to it. Its limits are those of a
    variance with as many degrees of freedom as there are runs beyond the methods; those of the
    lasting variance come from its scatter over images,

        u_i = mean over pairs of (y_i.(a) - y_i.(b))^2 - var_s/S of both,  V_int = mean_i u_i / n

    Args:
        values: Per method an array (seed, item); at least two methods with two runs each.
        blocked: Whether row s of every method comes from the same seed.

    Returns:
        What is known, with its limits.

    Raises:
        UsageError: If there are fewer than two methods, or one with a single run.
    """
    spread = spread_of(values, blocked=blocked)
    spread = replace(spread, run_variance=max(spread.run_variance, spread.item_noise))
    num_runs = sum(map(len, values))
    df = num_runs - len(values)
    tail = (1 - SURE) / 2
    limits = [df * spread.run_variance / float(chdtri(df, p)) for p in (tail, 1 - tail)]
    lasting, error = _lasting(values, blocked=blocked)
    reach = float(ndtri(1 - tail)) * error
    return Pilot(
        spread=spread,
        disagreement=_disagreement(values),
        run_variance=(max(limits[0], spread.item_noise), max(limits[1], spread.item_noise)),
        lasting=(
            max(0.0, min(lasting - reach, spread.lasting)),
            max(lasting + reach, spread.lasting),
        ),
        num_runs=num_runs,
    )


def assumed_pilot(*, num_items: int, seed_sd: float, disagreement: float) -> Pilot:
    """Return what a plan starts from where nothing is on record.

    Args:
        num_items: Test images, at least 2.
        seed_sd: Assumed standard deviation of the score between runs on endless test images.
        disagreement: Assumed share of test images that exactly one of two single runs gets right;
            a tenth of it is taken to last over all runs.

    Returns:
        The assumption, without limits of its own: both are the value.

    Raises:
        UsageError: If a number is out of its range.
    """
    if num_items < 2 or seed_sd < 0 or not 0 <= disagreement <= 1:
        raise UsageError(
            "a plan needs at least 2 images, a seed_sd of 0 or more and a disagreement in [0, 1],"
            f" not {num_items=}, {seed_sd=}, {disagreement=}"
        )
    noise = (1 - LASTING_SHARE) * disagreement / (2 * num_items)
    lasting = LASTING_SHARE * disagreement / num_items
    variance = seed_sd**2 + noise
    return Pilot(
        spread=Spread(2, num_items, variance, noise, lasting),
        disagreement=disagreement,
        run_variance=(variance, variance),
        lasting=(lasting, lasting),
        num_runs=0,
    )


def need(pilot: Pilot, target: float) -> SeedNeed:
    """Find the fewest seeds that show a difference between methods with 80 % power.

    Args:
        pilot: For the number of methods that will be compared, every two of them.
        target: The difference, in (0, 1).

    Returns:
        The need, with its limits.

    Raises:
        UsageError: If the target is not in (0, 1).
    """
    spread = pilot.spread
    floors = [replace(spread, lasting=lasting).floor() for lasting in pilot.lasting]
    decidable = NO if floors[0] > target else YES if floors[1] <= target else UNSURE
    first = seeds_needed(spread, target=target).num_seeds
    if first is None or first > MOST_SEEDS:
        return SeedNeed(target, None, _limit(pilot, target, 0), None, None, decidable)
    num_seeds, reached = _fewest(spread, target, first)
    if num_seeds > MOST_SEEDS:
        return SeedNeed(target, None, _limit(pilot, target, 0), None, None, decidable)
    low, high = (_limit(pilot, target, side, times=num_seeds / first) for side in (0, 1))
    low = num_seeds if low is None else min(low, num_seeds)
    return SeedNeed(target, num_seeds, low, high and max(high, num_seeds), reached, decidable)


def _limit(pilot: Pilot, target: float, side: int, *, times: float = 1.0) -> int | None:
    spread = replace(
        pilot.spread, run_variance=pilot.run_variance[side], lasting=pilot.lasting[side]
    )
    found = seeds_needed(spread, target=target).num_seeds
    if found is None or found * times > MOST_SEEDS:
        return None
    return max(2, round(found * times))


def _fewest(spread: Spread, target: float, first: int) -> tuple[int, float]:
    """Search the fewest seeds by predicted power, from where the formula says."""
    reached: dict[int, float] = {}

    def enough(num_seeds: int) -> bool:
        if num_seeds not in reached:
            reached[num_seeds] = power(spread, target, num_seeds=num_seeds)
        return reached[num_seeds] >= POWER

    sufficient = first
    while not enough(sufficient):
        sufficient += max(1, sufficient // 8)
        if sufficient > MOST_SEEDS:
            return sufficient, 0.0
    too_few = min(max(1, round(0.7 * first)), sufficient - 1)
    while too_few > 1 and enough(too_few):
        sufficient, too_few = too_few, max(1, round(0.7 * too_few))
    while sufficient - too_few > max(1, sufficient // 50):
        middle = (too_few + sufficient) // 2
        too_few, sufficient = (too_few, middle) if enough(middle) else (middle, sufficient)
    return sufficient, reached[sufficient]


def _lasting(values: Sequence[np.ndarray], *, blocked: bool) -> tuple[float, float]:
    """Return the variance that stays with unlimited runs, and its standard error over images."""
    num_methods, num_items = len(values), values[0].shape[1]
    means = np.stack([runs.mean(axis=0) for runs in values])
    apart = 2 * (means - means.mean(axis=1, keepdims=True)).var(axis=0, ddof=1)
    if is_blocked(moments_of(values, paired=blocked)):
        runs = np.stack(values)
        alone = runs - runs.mean(axis=0)
        noise = 2 / (num_methods - 1) * alone.var(axis=1, ddof=1).sum(axis=0) / runs.shape[1]
    else:
        noise = 2 * np.mean([runs.var(axis=0, ddof=1) / len(runs) for runs in values], axis=0)
    u = apart - noise
    return float(u.mean() / num_items), float(u.std(ddof=1) / num_items**1.5)


def _disagreement(values: Sequence[np.ndarray]) -> float:
    """Return the mean squared difference of images between single runs of two methods."""
    fewest = min(map(len, values))
    runs = np.stack([run[:fewest] for run in values])
    return float(2 * runs.var(axis=0, ddof=1).mean())

"""How likely a planned study finds a difference: its own rule, played through on drawn tables."""

import math

import numpy as np

from whatwhere.errors import UsageError
from whatwhere.stats.decide import ALPHA, adjust
from whatwhere.stats.moments import Moments
from whatwhere.stats.pairwise import pair_estimates
from whatwhere.stats.planning.plan import Spread

# The standard error of a power of 80 % is then 1.8 points.
NUM_DRAWS = 500


def power(
    spread: Spread,
    difference: float,
    *,
    num_seeds: int,
    against_control: bool = False,
    num_draws: int = NUM_DRAWS,
) -> float:
    """Predict with which probability a pair that truly differs is found.

    One of the K methods is ahead of all others, which are equal. For every draw the sums that the
    variance rule reads are drawn instead of images,

        A_ks = [k = 1] D + l_k + e_ks,  var(l_k) = V_int/2,  var(e_ks) = s2,
        var_i(y_i.) / n = (V_int/2 + om2/S) chi2_{n-1} / (n-1),

    and then judged by the rule itself, with Holm's correction, as a finished study would be.

    Args:
        spread: From pilot runs or assumed.
        difference: D, the true lead, at least 0.
        num_seeds: S, at least 2.
        against_control: Whether all are compared only with the one that is ahead.
        num_draws: Tables drawn; the same ones for the same arguments.

    Returns:
        Mean share of the K - 1 pairs with it that are found, the right way round.

    Raises:
        UsageError: If there are fewer than two seeds or the difference is negative.

    Source:
        whatwhere's own; benchmarks/statistics/planned_power.py lays it beside simulated studies.
    """
    if num_seeds < 2 or difference < 0:
        raise UsageError(
            f"power needs at least 2 seeds and a difference of 0 or more, not {num_seeds=},"
            f" {difference=}"
        )
    rng = np.random.default_rng(0)
    control = 0 if against_control else None
    found = 0.0
    for _ in range(num_draws):
        pairs = pair_estimates(_drawn(spread, difference, num_seeds, rng))
        significant = adjust(pairs.p_values(), control=control)[0, 1:] < ALPHA
        found += float(np.mean(significant & (pairs.value[0, 1:] > 0)))
    return found / num_draws


def _drawn(spread: Spread, difference: float, num_seeds: int, rng: np.random.Generator) -> Moments:
    num_methods, num_items = spread.num_methods, spread.num_items
    noise = np.full(num_methods, spread.item_noise)
    runs = math.sqrt(spread.run_variance) * rng.standard_normal((num_methods, num_seeds))
    runs += math.sqrt(spread.lasting / 2) * rng.standard_normal((num_methods, 1))
    runs[0] += difference
    seen = rng.chisquare(num_items - 1, num_methods) / (num_items - 1)
    item = (spread.lasting / 2 + spread.item_noise / num_seeds) * seen
    return Moments(
        num_items=num_items,
        num_seeds=np.full(num_methods, num_seeds),
        mean=runs.mean(axis=1),
        seeds_known=True,
        own=np.ones(num_methods, dtype=bool),
        run_variance=runs.var(axis=1, ddof=1),
        run_noise=noise,
        item_covariance=np.diag(item),
        run_covariance=np.cov(runs) if spread.blocked else None,
        noise_covariance=np.diag(noise) if spread.blocked else None,
    )

"""The variance rule: how uncertain a difference is for new images and new training runs.

For methods a and b with y the value of an image in a run, y_i. its mean over the S runs, A_s the
mean of run s over the n images, and all variances with divisor count - 1:

    V_item = var_i(y_i.(a) - y_i.(b)) / n            images
    V_res  = mean_i var_s(y_is) / (n S), of a plus b  noise of single images in single runs
    V_seed = 2 q0 + ex_a + ex_b                      runs
    V  = max(V_seed, V_res) + max(0, V_item - V_res)
    df = V^2 / ( V_item^2/(n-1) + max(2 q0, V_res)^2/nu + (ex_a^2 + ex_b^2)/(S-1) ), at least 1

q_k is the variance of a method's mean over its runs, q0 its average over all methods (the pool),
and ex_k = max(0, q_k - q0): a method that varies more than the pool uses its own variance, none
uses less. V_item holds the single-image noise already, so only what exceeds it is added.
"""

from dataclasses import dataclass

import numpy as np

from whatwhere.stats.estimates import Estimates
from whatwhere.stats.moments import ROUNDING, Moments, weighted_mean

MIN_METHODS_TO_POOL = 4
MIN_BLOCKED_DEGREES_OF_FREEDOM = 10
# What truncation at zero costs the pooled variance, in degrees of freedom; found by simulation.
POOLED_SHARE = 2 / 3
# Methods whose runs vary exactly as much must not be told apart by rounding.
TIED = 1 + 1e-9


@dataclass(frozen=True)
class SeedSpread:
    """The part of the variance that comes from runs, per method.

    Args:
        pooled: q0, as it applies to the mean of this method's runs (method,).
        excess: ex_k (method,).
        excess_df: Degrees of freedom of the excess (method,).
        pooled_df: nu.
    """

    pooled: np.ndarray
    excess: np.ndarray
    excess_df: np.ndarray
    pooled_df: float


def pair_estimates(moments: Moments) -> Estimates:
    """Estimate all differences between methods by the rule at the head of this module.

    With paired runs, more than three methods and (K-1)(S-1) >= 10 the blocked form is used: what
    run s does to all methods alike drops out of q_k and V_res. Otherwise the independent form,
    which stays valid for paired runs and is only wider.

    Args:
        moments: The table.

    Returns:
        Estimates of shape (method, method); entry (a, b) is the mean of a minus that of b.

    Source:
        whatwhere's own rule; its error rates under the null are simulated in
        benchmarks/statistics/family_wise_error.py.
    """
    spread = blocked_spread(moments) if is_blocked(moments) else independent_spread(moments)
    difference = moments.mean[:, None] - moments.mean
    pooled, noise = _outer_sum(spread.pooled), _pair_noise(moments)
    return _combine(
        value=np.where(np.abs(difference) > ROUNDING * np.abs(moments.mean).max(), difference, 0.0),
        item=_of_differences(moments.item_covariance),
        noise=noise,
        runs=pooled + _outer_sum(spread.excess),
        runs_unsure=np.maximum(pooled, noise) ** 2 / spread.pooled_df
        + _outer_sum(spread.excess**2 / spread.excess_df),
        moments=moments,
        known=moments.seeds_known,
    )


def method_estimates(moments: Moments) -> Estimates:
    """Estimate the mean of every method for new images and new training runs.

        V_k  = max(q0, q_k, w_k) + max(0, v_k - w_k),  v_k = var_i(y_i.)/n,
                                                       w_k = mean_i var_s(y_is)/(n S)
        df_k = V_k^2 / ( v_k^2/d_k + u_k ),    u_k = max(q0, w_k)^2/nu    where q_k <= q0,
                                                     max(q_k, w_k)^2/(S-1)  where q_k > q0,
                                                                              or without a pool

    d_k is n - 1, or fewer where the score is a mean over classes of which some have few images
    (`Moments.item_df`). With 20 of 500 images in one class, intervals of an area under the curve
    held the truth in 91.1 % of simulated tables (standard error 0.8) without this and in 92.2 %
    (0.4) with it. Pairs have no need of it (99.6 %), since what two methods get wrong alike drops
    out: benchmarks/statistics/metric_coverage.py.

    A method that varies more than the pool is known by its own runs only, so their number alone
    gives its degrees of freedom. (For differences the pool counts for the part up to q0: see
    `pair_estimates`. For single methods that would be too sure: with three runs and three times
    the seed SD of the others, 95 % intervals held the truth in 86 to 92 % of simulated tables, and
    in 92 to 94 % by this rule; benchmarks/statistics/null_grid.py.)

    Without a second run of any method the variance over runs is unknown and taken as 0: the
    interval is then for the trained models as they are, on new images.

    Args:
        moments: The table.

    Returns:
        Estimates of shape (method,).
    """
    spread = independent_spread(moments)
    noise, runs = moments.run_noise / moments.num_seeds, spread.pooled + spread.excess
    alone = (spread.excess > 0) | (len(moments.mean) < MIN_METHODS_TO_POOL)
    runs_df = np.where(alone, spread.excess_df, spread.pooled_df)
    return _combine(
        value=moments.mean,
        item=np.diag(moments.item_covariance),
        noise=noise,
        runs=runs,
        item_df=moments.item_df,
        runs_unsure=np.maximum(runs, noise) ** 2 / runs_df,
        moments=moments,
    )


def independent_spread(moments: Moments) -> SeedSpread:
    """Return q0 and the excesses from the variances of each method's own runs.

    Up to three methods cannot form a pool: q0 = 0 and each uses its own variance.

    Args:
        moments: The table.

    Returns:
        The spread; nu = 2/3 sum_k (S_k - 1), without the 2/3 where nothing is pooled.
    """
    run_df = moments.num_seeds - 1
    total_df = max(1, run_df.sum())
    excess_df = np.where(moments.own, run_df, total_df)
    mean_variance = moments.run_variance / moments.num_seeds
    if len(moments.mean) < MIN_METHODS_TO_POOL:
        return SeedSpread(np.zeros_like(mean_variance), mean_variance, excess_df, float(total_df))
    pooled = weighted_mean(moments.run_variance, run_df) / moments.num_seeds
    above = moments.own & (mean_variance > pooled * TIED)
    excess = np.where(above, mean_variance - pooled, 0)
    return SeedSpread(pooled, excess, excess_df, POOLED_SHARE * total_df)


def blocked_spread(moments: Moments) -> SeedSpread:
    """Return q0 and the excesses from the variances of differences between paired runs.

        P_ab = var_s(A_as - A_bs)/S,  q0 = half the mean of P over pairs,
        q_k = (sum_j P_kj - K q0)/(K-2),  nu = 2/3 (K-1)(S-1)

    Args:
        moments: A table with paired runs of at least three methods.

    Returns:
        The spread.
    """
    assert moments.run_covariance is not None
    num_methods, num_seeds = len(moments.mean), moments.num_seeds[0]
    paired = _of_differences(moments.run_covariance) / num_seeds
    pooled = paired.sum() / (num_methods * (num_methods - 1)) / 2
    own = (paired.sum(axis=1) - num_methods * pooled) / (num_methods - 2)
    return SeedSpread(
        pooled=np.full(num_methods, pooled),
        excess=np.maximum(0, own - pooled),
        excess_df=np.full(num_methods, num_seeds - 1),
        pooled_df=POOLED_SHARE * (num_methods - 1) * (num_seeds - 1),
    )


def pair_spread(moments: Moments) -> tuple[float, float]:
    """Return what further seeds reduce and what they do not.

    Args:
        moments: A table in which every method has two runs or more.

    Returns:
        The variance of one run's score by the pool, and the median over pairs of
        max(0, V_item - V_res).
    """
    if is_blocked(moments):
        run_variance = blocked_spread(moments).pooled[0] * moments.num_seeds[0]
    else:
        run_variance = weighted_mean(moments.run_variance, moments.num_seeds - 1)
    lasting = np.maximum(0, _of_differences(moments.item_covariance) - _pair_noise(moments))
    return float(run_variance), float(np.median(lasting[np.triu_indices(len(lasting), k=1)]))


def is_blocked(moments: Moments) -> bool:
    """Say whether the blocked form applies.

    Args:
        moments: The table.

    Returns:
        True for paired, equally many runs of more than three methods with (K-1)(S-1) >= 10.
    """
    num_methods = len(moments.mean)
    if moments.run_covariance is None or num_methods < MIN_METHODS_TO_POOL:
        return False
    return (num_methods - 1) * (moments.num_seeds[0] - 1) >= MIN_BLOCKED_DEGREES_OF_FREEDOM


def _pair_noise(moments: Moments) -> np.ndarray:
    """Return V_res for all pairs."""
    if is_blocked(moments) and moments.noise_covariance is not None:
        return _of_differences(moments.noise_covariance) / moments.num_seeds[0]
    return _outer_sum(moments.run_noise / moments.num_seeds)


def _combine(
    *,
    value: np.ndarray,
    item: np.ndarray,
    noise: np.ndarray,
    runs: np.ndarray,
    runs_unsure: np.ndarray,
    moments: Moments,
    item_df: np.ndarray | None = None,
    known: bool = True,
) -> Estimates:
    """Put the parts of the variance together.

    `runs` is the part of the runs, `runs_unsure` the sum of its parts' squares over their degrees
    of freedom; `item_df` is of `item`, None for n - 1.
    """
    item_df = np.array(moments.num_items - 1) if item_df is None else item_df
    variance = np.maximum(runs, noise) + np.maximum(0, item - noise)
    unsure = item**2 / item_df + runs_unsure
    df = np.divide(variance**2, unsure, out=np.ones_like(variance), where=unsure > 0)
    return Estimates(
        value,
        variance,
        np.maximum(1, df),
        item == 0,
        moments.num_items,
        known,
        moments.item_range,
    )


def _of_differences(covariance: np.ndarray) -> np.ndarray:
    """Return var(a - b) for all pairs, exactly 0 where only rounding is left."""
    total = _outer_sum(np.diag(covariance))
    difference = total - 2 * covariance
    return np.where(difference > ROUNDING * total, difference, 0.0)


def _outer_sum(values: np.ndarray) -> np.ndarray:
    return values[:, None] + values

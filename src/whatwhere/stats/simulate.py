"""Tables of right and wrong answers whose truth is known, to check the rules against."""

from collections.abc import Sequence

import numpy as np

# Most images are clear: nearly always right (Beta(30, 1)) or nearly always wrong (Beta(1, 30)).
# The others are open (Beta(1.5, 1.5)). Two runs of one method disagree on 11 % of the images.
RIGHT_SHARE, WRONG_SHARE, OPEN_SHARE = 0.70, 0.15, 0.15
CLEAR_SHAPE, OPEN_SHAPE = 30.0, 1.5
MEAN_ACCURACY = (RIGHT_SHARE * CLEAR_SHAPE + WRONG_SHARE) / (CLEAR_SHAPE + 1) + OPEN_SHARE / 2
# A run may not gain more than there is to gain; cut off on both sides alike, so that the mean
# over runs stays what it is. Far enough out for a standard deviation of 6 points: shorter tails
# than the normal ones raise the error rates of any rule from three runs.
_MOST_SHIFT = 0.95 * (1 - MEAN_ACCURACY)
_MOST_CERTAIN = 1 - 1e-6


def simulated_runs(
    *,
    seed_sd: Sequence[float],
    num_seeds: int,
    num_items: int,
    interaction: float = 0.0,
    seed_correlation: float = 0.0,
    gain: Sequence[float] | None = None,
    skewed: bool = False,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw runs of several methods on new images; without a gain all methods are equally good.

    Image i is right in method k with probability p_i, redrawn for a share of the images as a
    method of its own sees them. Run s then moves the accuracy of method k by e_ks: it turns wrong
    images right with probability e/(1 - A), or right ones wrong with probability -e/A, so that
    the mean accuracy A is kept exactly, however much a method varies. (Adding e to p and cutting
    at 0 and 1 would favour or harm methods that vary more.)

    Args:
        seed_sd: Standard deviation of e for each method, as a share of one.
        num_seeds: Runs of each method.
        num_items: Images.
        interaction: Share of images whose difficulty is drawn for each method, in [0, 1].
        seed_correlation: Correlation between methods of e in the same run, in [0, 1].
        gain: Added to e for each method; None for none.
        skewed: Whether e has the long lower tail of runs that now and then go wrong, in place of
            the normal distribution: 1 minus a standard exponential, times its SD.
        rng: The source of randomness.

    Returns:
        Zeros and ones (method, seed, item).
    """
    num_methods = len(seed_sd)
    probability = np.tile(_difficulty(num_items, rng), (num_methods, 1))
    if interaction > 0:
        own = rng.random((num_methods, num_items)) < interaction
        probability[own] = _difficulty(int(own.sum()), rng)
    shared = np.sqrt(seed_correlation) * _standardised((1, num_seeds), skewed, rng)
    alone = np.sqrt(1 - seed_correlation) * _standardised((num_methods, num_seeds), skewed, rng)
    shift = np.clip(np.asarray(seed_sd)[:, None] * (shared + alone), -_MOST_SHIFT, _MOST_SHIFT)
    shift = shift + (0.0 if gain is None else np.asarray(gain)[:, None])
    up = np.clip(shift / (1 - MEAN_ACCURACY), 0, _MOST_CERTAIN).astype(np.float32)[..., None]
    down = np.clip(-shift / MEAN_ACCURACY, 0, _MOST_CERTAIN).astype(np.float32)[..., None]
    # One of the two is 0, so u < (p + (1 - p) up)(1 - down) where (u - up)/((1 - up)(1 - down))
    # < p; the left side takes half the time of the right one.
    uniform = rng.random((num_methods, num_seeds, num_items), dtype=np.float32)
    uniform -= up
    uniform *= 1 / ((1 - up) * (1 - down))
    return (uniform < probability[:, None, :].astype(np.float32)).astype(np.float64)


def _standardised(shape: tuple[int, int], skewed: bool, rng: np.random.Generator) -> np.ndarray:
    """Draw numbers of mean 0 and standard deviation 1."""
    return 1 - rng.standard_exponential(shape) if skewed else rng.standard_normal(shape)


def _difficulty(count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the probability that an image is classified rightly."""
    kind = rng.random(count)
    clear = rng.beta(CLEAR_SHAPE, 1.0, count)
    unclear = rng.beta(OPEN_SHAPE, OPEN_SHAPE, count)
    probability = np.where(kind < RIGHT_SHARE, clear, 1 - clear)
    return np.where(kind < RIGHT_SHARE + WRONG_SHARE, probability, unclear)


def simulated_sizes(
    *,
    seed_sd: np.ndarray,
    gain: np.ndarray,
    num_seeds: int,
    num_items: int,
    interaction: float = 0.0,
    seed_correlation: float = 0.0,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw runs of several methods after training on several numbers of images, one test set.

    The images are as hard for all methods at all sizes (but for those drawn for each), and runs
    of one seed are correlated over methods and sizes alike.

    Args:
        seed_sd: Standard deviation between runs (size, method).
        gain: Accuracy beyond the mean (size, method).
        num_seeds: Runs of each method at each size.
        num_items: Test images.
        interaction: Share of images whose difficulty is drawn for each method and size, in [0, 1].
        seed_correlation: Correlation of what moves run s, in [0, 1].
        rng: The source of randomness.

    Returns:
        Zeros and ones (size, method, seed, item).
    """
    values = simulated_runs(
        seed_sd=seed_sd.ravel().tolist(),
        gain=gain.ravel().tolist(),
        num_seeds=num_seeds,
        num_items=num_items,
        interaction=interaction,
        seed_correlation=seed_correlation,
        rng=rng,
    )
    return values.reshape(*gain.shape, num_seeds, num_items)

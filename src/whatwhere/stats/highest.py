"""How far the highest of several means lies above the truth by luck alone."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

_REACH, _NUM_STEPS = 10.0, 20_001


def expected_maximum(number: int) -> float:
    """Return the mean of the highest of several standard normal values.

        c_K = integral of x K phi(x) Phi(x)^(K-1) dx

    Args:
        number: K, at least 1.

    Returns:
        0 for one value, 1.82 for eighteen.

    Example:
        >>> [round(expected_maximum(number), 2) for number in (2, 5, 10, 18)]
        [0.56, 1.16, 1.54, 1.82]
    """
    x = np.linspace(-_REACH, _REACH, _NUM_STEPS)
    density = number * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) * ndtr(x) ** (number - 1)
    return float((x * density).sum() * (x[1] - x[0]))


def luck_of_highest(seed_sds: Sequence[float], num_seeds: Sequence[int]) -> float:
    """Return how far the highest mean of equally good methods lies above their truth.

        c_K sqrt(mean_k(s_k^2 / S_k)),  over the methods with two runs or more

    Args:
        seed_sds: Standard deviation between runs, one per method.
        num_seeds: Runs of each.

    Returns:
        On the scale of the score; what test images add by chance is not in it.
    """
    known = [sd**2 / number for sd, number in zip(seed_sds, num_seeds, strict=True) if number > 1]
    return expected_maximum(len(seed_sds)) * math.sqrt(float(np.mean(known))) if known else 0.0

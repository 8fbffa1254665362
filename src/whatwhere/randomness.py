"""Counter-based randomness: every choice is a pure function of what it is for.

The value drawn for sample i in epoch e for one purpose depends on (seed, purpose, e, i) and on
nothing else, so the number of workers, the batch size and the point of a resume change nothing.
"""

import hashlib

import numpy as np

_STEP = np.uint64(0x9E3779B97F4A7C15)


def derive_seed(*parts: int | str) -> int:
    """Hash any number of parts to a seed.

    What the randomness is for is given as parts, for instance (seed, "order", epoch).

    Returns:
        An integer from 0 to 2**63 - 1, equal for equal parts on every machine.

    Example:
        >>> derive_seed(0, "order", 1) == derive_seed(0, "order", 1)
        True
        >>> derive_seed(0, "order", 1) == derive_seed(0, "order", 2)
        False
    """
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(*parts: int | str) -> np.random.Generator:
    """Return a NumPy generator keyed by `parts` (see `derive_seed`)."""
    return np.random.Generator(np.random.Philox(key=derive_seed(*parts)))


def uniform(key: int, items: np.ndarray) -> np.ndarray:
    """Draw one number per item, whatever the other items are.

    The SplitMix64 finaliser (Steele, Lea and Flood, OOPSLA 2014) over key + item * golden ratio.

    Args:
        key: From `derive_seed`.
        items: Integers that name the items, for instance image indices.

    Returns:
        float64 in [0, 1), one per item.
    """
    with np.errstate(over="ignore"):
        word = np.uint64(key) + (np.asarray(items).astype(np.uint64) + np.uint64(1)) * _STEP
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    word = word ^ (word >> np.uint64(31))
    return (word >> np.uint64(11)).astype(np.float64) / 2.0**53

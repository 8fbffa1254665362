"""Letters that show which pairs of a table differ: two rows that share a letter do not."""

import warnings

import numpy as np

# The search behind the exact display grows exponentially in the worst case.
MAX_METHODS_EXACT = 24


def letters(p_adjusted: np.ndarray, *, alpha: float = 0.05) -> tuple[str, ...]:
    """Return a compact letter display of pairwise decisions.

    Where the exact display is too large, a coarser one is made: two rows that differ may then
    still share a letter, never the other way round.

    Args:
        p_adjusted: Symmetric adjusted p values (method, method), best mean first.
        alpha: Pairs below it differ.

    Returns:
        One text per method, for instance "ab"; empty texts where 52 letters are not enough.

    Source:
        Piepho (2004), An algorithm for a letter-based representation of all-pairwise comparisons.
    """
    same = p_adjusted >= alpha
    np.fill_diagonal(same, True)
    shown = _display(same) if len(same) <= MAX_METHODS_EXACT else None
    return shown or _display(_coarser(same)) or ("",) * len(same)


def _display(same: np.ndarray) -> tuple[str, ...] | None:
    """Return the display of a pattern, None where it needs too many letters or steps."""
    if same.all():
        return ("a",) * len(same)
    from scikit_posthocs import compact_letter_display

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            shown = compact_letter_display(same.astype(float), alpha=0.5)
    except (ValueError, RuntimeWarning):
        return None
    return tuple(text.replace(" ", "") for text in shown)


def _coarser(same: np.ndarray) -> np.ndarray:
    """Let rows share a letter if any pair that lies outward of them does.

    That leaves runs of neighbours, of which there are no more than rows.
    """
    upper = np.triu(same)
    outward = np.maximum.accumulate(upper, axis=0)
    outward = np.maximum.accumulate(outward[:, ::-1], axis=1)[:, ::-1]
    result = np.triu(outward)
    return result | result.T

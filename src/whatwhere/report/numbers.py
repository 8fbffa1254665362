"""Numbers as people read them: points, counts, times; a dash where nothing was measured."""

import math
from collections.abc import Callable
from typing import TypeGuard

DASH = "–"
_STEPS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def is_number(value: float | None) -> TypeGuard[float]:
    """Say whether a value is there and finite.

    Args:
        value: A number, NaN or None.

    Returns:
        False for None, NaN and infinities.
    """
    return value is not None and math.isfinite(value)


def percent(share: float | None, *, decimals: int) -> str:
    """Write a share of one in percent, without the sign.

    Args:
        share: Usually in [0, 1]; intervals may leave it.
        decimals: Digits after the point.

    Returns:
        For instance "84.3"; a dash where there is no number.
    """
    return f"{100 * share:.{decimals}f}" if is_number(share) else DASH


def decimals_for(standard_error: float | None) -> int:
    """Choose how many digits a percentage deserves: those of its standard error and one more.

    Args:
        standard_error: As a share of one.

    Returns:
        Digits after the point of the percentage, 0 to 3; 1 where the error is unknown or zero.
    """
    if is_number(standard_error) and standard_error > 0:
        return min(3, max(0, 1 - math.floor(math.log10(100 * standard_error))))
    return 1


def points(share: float) -> str:
    """Write a difference in points of a percentage, to the nearest printed digit.

    Args:
        share: The difference as a share of one.

    Returns:
        One decimal from a point upward, two below.
    """
    return _points(100 * share, round)


def points_at_least(share: float) -> str:
    """Write a lower bound in points, rounded down so that it is never overstated.

    Args:
        share: The bound as a share of one.

    Returns:
        One decimal from a point upward, two below.
    """
    return _points(100 * share, math.floor)


def points_at_most(share: float) -> str:
    """Write an upper bound in points, rounded up so that it is never understated.

    Args:
        share: The bound as a share of one.

    Returns:
        One decimal from a point upward, two below.
    """
    return _points(100 * share, math.ceil)


def _points(value: float, towards: Callable[[float], int]) -> str:
    decimals = 1 if abs(value) >= 1 else 2
    scale = 10**decimals
    # Nine digits first: 0.057 is 5.7 points although 100 * 0.057 is a hair above.
    return f"{towards(round(value * scale, 9)) / scale:.{decimals}f}"


def signed_points(share: float | None) -> str:
    """Write a difference in points with its sign.

    Args:
        share: The difference as a share of one.

    Returns:
        For instance "+1.2" or "−0.4"; a dash where there is no number.
    """
    if not is_number(share):
        return DASH
    return f"{100 * share:+.1f}".replace("-", "−")


def _signed(text: str) -> str:
    """Put a sign before a written number; none before zero.

    Args:
        text: For instance "-0.40".

    Returns:
        For instance "−0.40", with a true minus.
    """
    value = float(text)
    return text.lstrip("-") if value == 0 else f"{'+' if value > 0 else '−'}{text.lstrip('-')}"


def spoken_points(share: float) -> str:
    """Write a difference in points with its sign, with as many decimals as sentences have.

    Args:
        share: The difference as a share of one.

    Returns:
        For instance "+1.2" or "−0.04"; no sign before zero.
    """
    return _signed(points(share))


def count(value: float | None) -> str:
    """Write a whole number with separators.

    Args:
        value: The number.

    Returns:
        For instance "78,042"; a dash where there is no number.
    """
    return f"{round(value):,}" if is_number(value) else DASH


def large(value: float | None) -> str:
    """Write a large number with three digits and a unit prefix.

    Args:
        value: The number, at least 0.

    Returns:
        For instance "4.21 M"; a dash where there is no number.
    """
    if not is_number(value):
        return DASH
    for step, prefix in _STEPS:
        if abs(value) >= step:
            return f"{_three_digits(value / step)} {prefix}"
    return _three_digits(value)


def milliseconds(value: float | None) -> str:
    """Write a time in milliseconds with three digits, without the unit.

    Args:
        value: Milliseconds.

    Returns:
        For instance "0.312"; a dash where there is no number.
    """
    return _three_digits(value) if is_number(value) else DASH


def mebibytes(value: float | None) -> str:
    """Write a number of bytes in mebibytes with three digits, without the unit.

    Args:
        value: Bytes.

    Returns:
        For instance "12.4"; a dash where there is no number.
    """
    return _three_digits(value / 2**20) if is_number(value) else DASH


def ratio(value: float | None) -> str:
    """Write a factor.

    Args:
        value: The factor, at least 0.

    Returns:
        For instance "1.12×"; a dash where there is no number.
    """
    return f"{value:.2f}×" if is_number(value) else DASH


def plain(value: float | None, *, digits: int = 3) -> str:
    """Write a number with a few significant digits.

    Args:
        value: The number.
        digits: Significant digits.

    Returns:
        For instance "0.25"; a dash where there is no number.
    """
    return f"{value:.{digits}g}" if is_number(value) else DASH


def _three_digits(value: float) -> str:
    if value == 0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(decimals, 4)}f}"

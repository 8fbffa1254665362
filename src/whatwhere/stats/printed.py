"""Numbers as papers print them, read with what their rounding may hide."""

import re
from dataclasses import dataclass

from whatwhere.errors import UsageError

SCALES = {"": 1.0, "%": 0.01, "points": 0.01, "k": 1e3, "M": 1e6, "G": 1e9}
_PRINTED = re.compile(r"([+-]?)(\d[\d,]*)(?:\.(\d+))? ?(%|points|k|M|G)?")


@dataclass(frozen=True)
class Printed:
    """A number as a paper prints it.

    Args:
        text: As printed, with its unit.
        value: The number; percentages and points as shares of one.
        half: Half a unit of the last printed digit: what rounding may have hidden.
    """

    text: str
    value: float
    half: float

    @property
    def low(self) -> float:
        """The smallest number that is printed so."""
        return self.value - self.half

    @property
    def high(self) -> float:
        """The largest number that is printed so."""
        return self.value + self.half


def read_printed(text: str) -> Printed:
    """Read a number with its unit.

    Args:
        text: Digits, perhaps with a sign, a point and one of the units %, points, k, M, G.

    Returns:
        The number and how far its rounding reaches.

    Raises:
        UsageError: If the text is no such number.

    Example:
        >>> printed = read_printed("93.42 %")
        >>> round(printed.value, 6), round(printed.half, 6)
        (0.9342, 5e-05)
    """
    match = _PRINTED.fullmatch(text.strip())
    if match is None:
        units = ", ".join(unit for unit in SCALES if unit)
        raise UsageError(
            f"'{text}' is no printed number: expected 93.42 % or 1.21 M; units {units}"
        )
    sign, whole, digits, unit = match.groups(default="")
    scale = SCALES[unit]
    number = float(f"{sign}{whole.replace(',', '')}.{digits or '0'}")
    half = 0.0 if unit == "" and not digits else 0.5 * 10.0 ** -len(digits)
    return Printed(text.strip(), number * scale, half * scale)

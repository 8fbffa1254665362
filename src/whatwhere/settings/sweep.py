"""What a setting varies, and over which values."""

from dataclasses import dataclass

from whatwhere.errors import UsageError, nearest

VARIES = ("network", "batch-size", "test-noise", "training-noise", "label-noise")
SCALINGS = ("fixed", "linear", "square-root")
ASKS = ("best", "loss")


@dataclass(frozen=True)
class Sweep:
    """A row of settings that differ in one number.

    Args:
        varies: What differs: "network" (the rows' texts hold "{value}"), "batch-size" (equal
            epochs), "test-noise" (the same trained networks), "training-noise" or "label-noise".
        axis: How a figure labels the number, with its unit.
        values: The values, ascending.
        reference: The value that the others are compared with where the sweep asks for a loss, and
            at which the recipe's learning rate holds where batch sizes are swept; one of the
            values.
        asks: "best": which value is best, if any; "loss": how much is lost away from the reference.
        scalings: Of the learning rate with the batch size: "fixed", "linear" or "square-root";
            a series each.

    Raises:
        UsageError: If a field has a value that it cannot have.
    """

    varies: str
    axis: str
    values: tuple[float, ...]
    reference: float
    asks: str
    scalings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _choice("varies", self.varies, VARIES)
        _choice("asks", self.asks, ASKS)
        for scaling in self.scalings:
            _choice("scalings", scaling, SCALINGS)
        if not all(type(value) in (int, float) and value >= 0 for value in self.values):
            raise UsageError(f"sweep values {self.values}: expected numbers from 0")
        if len(self.values) < 2 or tuple(sorted(set(self.values))) != self.values:
            raise UsageError(f"sweep values {self.values}: expected at least two, ascending")
        if self.reference not in self.values:
            raise UsageError(f"sweep reference {self.reference:g}: expected one of {self.values}")
        if bool(self.scalings) != (self.varies == "batch-size"):
            raise UsageError("a sweep of batch sizes has scalings, and no other sweep has any")

    def rate_factor(self, scaling: str, value: float) -> float:
        """Return what the learning rate is multiplied by at a batch size.

        Args:
            scaling: "fixed", "linear" or "square-root".
            value: The batch size.

        Returns:
            The factor; 1 at the reference.
        """
        ratio = value / self.reference
        return {"fixed": 1.0, "linear": ratio, "square-root": ratio**0.5}[scaling]


def _choice(field: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        hint = nearest(str(value), allowed)
        raise UsageError(f"sweep {field}={value!r}: expected one of {', '.join(allowed)}{hint}")

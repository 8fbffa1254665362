"""How the published description of DMSCA is read: every choice that it leaves open."""

from dataclasses import dataclass

from whatwhere.errors import UsageError, nearest

PARTS = ("gce", "tca", "msce", "dii", "dff", "aa")
_CHOICES: dict[str, tuple[object, ...]] = {
    "tca": ("sigmoid", "softmax", "c_softmax"),
    "tau": ("learned", "fixed"),
    "msce_branch": ("bn_relu", "linear"),
    "dii_source": ("map", "planes"),
    "dii_operation": ("multiply", "add", "cross_gate"),
    "spatial_merge": ("add_logits", "multiply_masks"),
    "gate": ("sigmoid", "softmax"),
    "gate_size": (1, 3),
    "fusion_off": ("half", "serial"),
    "output": ("multiply", "residual"),
}
MIN_TAU, MAX_TAU = 0.05, 20.0


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One reading of DMSCA; the defaults are the recommended one.

    Args:
        tca: What turns channel logits F into the mask: "sigmoid", "softmax" over the channels (each
            factor is then about 1 / C), or "c_softmax", C times that.
        tau: Whether the temperature is "learned" (the journal) or "fixed" (the preprint).
        tau_init: Temperature before training, above 0; a learned one stays from 0.05 to 20.
        msce_branch: "bn_relu" puts norm and ReLU after every kernel; with "linear" ones the three
            kernels and their mix are one 7 x 7 kernel in disguise.
        dii_source: Whether rows and columns are averages of the "map" or of the two "planes".
        dii_size: Length of the kernels along rows and columns, odd, in pixels.
        dii_operation: How rows R and columns Q interact: "multiply" R Q, "add" R + Q, or
            "cross_gate" R sigmoid(Q) + Q sigmoid(R).
        spatial_merge: "add_logits" sigmoid(M + D), or "multiply_masks" sigmoid(M) sigmoid(D).
        gate: "sigmoid" of one logit, or "softmax" of two (the same functions, twice the weights).
        gate_size: Side of the gate's kernel, 1 or 3 pixels; 3 fits the published overhead to its
            printed decimal.
        output: "multiply" ends with the activation, "residual" adds the input to it.
        without: Parts that are switched off, of "gce" (average alone), "tca" (temperature 1),
            "msce" (one 7 x 7 kernel), "dii" (no rows and columns), "dff" (see fusion_off), "aa"
            (activation 1).
        fusion_off: What stands for the fusion when it is off: "half" of each map, or "serial", one
            mask after the other.

    Raises:
        UsageError: If a value is not among those allowed.
    """

    tca: str = "sigmoid"
    tau: str = "learned"
    tau_init: float = 1.0
    msce_branch: str = "bn_relu"
    dii_source: str = "map"
    dii_size: int = 3
    dii_operation: str = "multiply"
    spatial_merge: str = "add_logits"
    gate: str = "sigmoid"
    gate_size: int = 1
    output: str = "multiply"
    without: tuple[str, ...] = ()
    fusion_off: str = "half"

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                hint = nearest(str(value), map(str, allowed))
                listed = ", ".join(map(str, allowed))
                raise UsageError(f"Reading({name}={value!r}): expected one of {listed}{hint}")
        for part in self.without:
            if part not in PARTS:
                raise UsageError(
                    f"Reading(without={self.without}): expected parts of {', '.join(PARTS)}"
                    f"{nearest(part, PARTS)}"
                )
        low, high = (MIN_TAU, MAX_TAU) if self.tau == "learned" else (0.0, float("inf"))
        if not (low <= self.tau_init <= high and 0 < self.tau_init < float("inf")):
            wanted = f"from {low} to {high}" if self.tau == "learned" else "above 0"
            raise UsageError(f"Reading(tau_init={self.tau_init}): expected a number {wanted}")
        if self.dii_size < 1 or self.dii_size % 2 == 0:
            raise UsageError(f"Reading(dii_size={self.dii_size}): expected an odd number of pixels")

    def has(self, part: str) -> bool:
        """Whether a part is switched on."""
        return part not in self.without

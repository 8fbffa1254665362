"""The readings of DMSCA that have a name: the recommended one, a larger gate, and its ablations."""

from collections.abc import Callable
from functools import partial

from torch import nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.blocks.dmsca.block import DMSCA
from whatwhere.blocks.dmsca.reading import Reading

_SOURCE = "DMSCA, Scientific Reports 16, 8044 (2026), and preprint rs-7639815"
_DEPARTURES = (
    "a reconstruction: two of the six parts have a published figure, the others a sentence; no"
    " figure of the paper can be claimed for it"
)
# name, title, reading, parameters at 64 channels, counted by hand
_TABLE: tuple[tuple[str, str, Reading, int], ...] = (
    ("dmsca", "DMSCA (reconstruction)", Reading(), 1337),
    ("dmsca_gate3", "DMSCA, 3 x 3 gate, nearest to the overhead", Reading(gate_size=3), 2361),
    ("dmsca_no_gce", "DMSCA, average without maximum", Reading(without=("gce",)), 1337),
    ("dmsca_no_tca", "DMSCA, temperature 1", Reading(without=("tca",)), 1336),
    ("dmsca_no_msce", "DMSCA, one 7 x 7 kernel", Reading(without=("msce",)), 1259),
    ("dmsca_no_dii", "DMSCA without rows and columns", Reading(without=("dii",)), 951),
    ("dmsca_no_dff", "DMSCA, both maps by half", Reading(without=("dff",)), 1208),
    (
        "dmsca_serial",
        "DMSCA, one mask after the other",
        Reading(without=("dff",), fusion_off="serial"),
        1208,
    ),
    ("dmsca_no_aa", "DMSCA without its activation", Reading(without=("aa",)), 1272),
)


def equation_of(reading: Reading) -> str:
    """Return y as a function of x, for a reading with the usual choices inside its parts.

    Args:
        reading: Which parts are on, and the size of the gate.

    Returns:
        The equation in words of the cards.
    """
    pooled = "mean_HW x + max_HW x" if reading.has("gce") else "mean_HW x"
    temperature = " / tau" if reading.has("tca") else ""
    spatial = "MSCE" if reading.has("msce") else "K7 * [mean_C x; max_C x]"
    spatial += " + DII" if reading.has("dii") else ""
    masks = f"A_c = sigmoid(MLP({pooled}){temperature}), A_s = sigmoid({spatial})"
    kernel = f"K{reading.gate_size} * [A_c x; A_s x] + b"
    if reading.has("dff"):
        fused, gate = "g * A_c x + (1 - g) * A_s x", f", g = sigmoid({kernel})"
    else:
        half = reading.fusion_off == "half"
        fused, gate = "(A_c x + A_s x) / 2" if half else "A_s * A_c x", ""
    if not reading.has("aa"):
        return f"{fused}, {masks}{gate}"
    return f"alpha * x_out, x_out = {fused}, {masks}{gate}, alpha = sigmoid(V x_out + b)"


def _variants() -> tuple[tuple[DesignCard, Callable[[int], nn.Module]], ...]:
    return tuple(
        (
            DesignCard(
                number=number,
                name=name,
                family="dmsca",
                title=title,
                kind="block",
                equation=equation_of(reading),
                source=_SOURCE,
                fidelity="reconstruction",
                departures=_DEPARTURES,
                parameters_at_64=count,
            ),
            partial(DMSCA, reading=reading),
        )
        for number, (name, title, reading, count) in enumerate(_TABLE, start=30)
    )


VARIANTS = _variants()

"""Training: protocols, the one loop, and what it needs. Knows neither models nor data."""

from whatwhere.training.fit import DivergedError, FitResult, fit
from whatwhere.training.numerics import Numerics, choose_numerics
from whatwhere.training.presets import PRESETS, PROTOCOLS, preset
from whatwhere.training.protocol import Protocol

__all__ = [
    "PRESETS",
    "PROTOCOLS",
    "DivergedError",
    "FitResult",
    "Numerics",
    "Protocol",
    "choose_numerics",
    "fit",
    "preset",
]

"""What a comparison may say: scores, intervals, decisions and plans; knows no torch, no records."""

from whatwhere.stats.choose import Recommendation, choose
from whatwhere.stats.comparison import Comparison, ItemTable, MethodSummary, Pair, compare
from whatwhere.stats.metrics import METRICS, brier, influence, negative_log_likelihood, score
from whatwhere.stats.plan import (
    SeedPlan,
    Spread,
    predicted_detectable_difference,
    seeds_needed,
    spread_of,
)

__all__ = [
    "METRICS",
    "Comparison",
    "ItemTable",
    "MethodSummary",
    "Pair",
    "Recommendation",
    "SeedPlan",
    "Spread",
    "brier",
    "choose",
    "compare",
    "influence",
    "negative_log_likelihood",
    "predicted_detectable_difference",
    "score",
    "seeds_needed",
    "spread_of",
]

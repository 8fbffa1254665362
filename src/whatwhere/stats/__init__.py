"""What a comparison may say: scores, intervals, decisions and plans; knows no torch, no records."""

from whatwhere.stats.choose import Recommendation, choose
from whatwhere.stats.comparison import Comparison, ItemTable, MethodSummary, Pair, compare
from whatwhere.stats.hypotheses.claims import (
    Claim,
    Finding,
    LabelRule,
    Part,
    SizeRule,
    judge,
    label_rule_claim,
    run_effect,
    size_rule_claim,
)
from whatwhere.stats.hypotheses.guideline import GuidelineTest, check_guideline
from whatwhere.stats.hypotheses.published_rules import PUBLISHED_ORDER_RULE, PUBLISHED_SIZE_RULES
from whatwhere.stats.hypotheses.sizes import SizeDifference, SizeStudy, SizeTrend, size_study
from whatwhere.stats.planning.plan import (
    SeedPlan,
    Spread,
    predicted_detectable_difference,
    seeds_needed,
    spread_of,
)
from whatwhere.stats.scoring.metrics import (
    METRICS,
    brier,
    influence,
    negative_log_likelihood,
    score,
)
from whatwhere.stats.several.across import (
    MIN_DATA_SETS,
    AcrossDataSets,
    MethodAcross,
    PairAcross,
    across_data_sets,
)

__all__ = [
    "METRICS",
    "MIN_DATA_SETS",
    "PUBLISHED_ORDER_RULE",
    "PUBLISHED_SIZE_RULES",
    "AcrossDataSets",
    "Claim",
    "Comparison",
    "Finding",
    "GuidelineTest",
    "ItemTable",
    "LabelRule",
    "MethodAcross",
    "MethodSummary",
    "Pair",
    "PairAcross",
    "Part",
    "Recommendation",
    "SeedPlan",
    "SizeDifference",
    "SizeRule",
    "SizeStudy",
    "SizeTrend",
    "Spread",
    "across_data_sets",
    "brier",
    "check_guideline",
    "choose",
    "compare",
    "influence",
    "judge",
    "label_rule_claim",
    "negative_log_likelihood",
    "predicted_detectable_difference",
    "run_effect",
    "score",
    "seeds_needed",
    "size_rule_claim",
    "size_study",
    "spread_of",
]

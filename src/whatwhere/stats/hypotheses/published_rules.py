"""The rules of Liu and Jiang, arXiv 2601.07310 (2026), as claims that can be wrong.

The abstract of version 2 says which family is best for how many images N (below 1,000, from 1,000
up to 50,000, above 50,000), without saying against which others: each rule is put here against
every family that the other rules name. Nor does it say whether N counts the training images or all:
training images here, which puts CIFAR's 50,000 in the middle and not at the top.

Of residual connections it says that they mitigate vanishing gradients. A block with an input path
also scales its map down less, and gradients follow that scale, so the claim is put here against two
opponents: the same wiring without the input path, and a constant of the same initial gain.
"""

from whatwhere.stats.hypotheses.claims import LabelRule, SizeRule

MULTI_SCALE = ("c_mssa", "c_cmssa")
LEARNED_FUSION = ("c_and_safa", "bi_csafa")
DYNAMIC_GATING = ("gc_and_sa2", "tgpfa")
SPATIAL_FIRST = ("sca", "scsa")
CHANNEL_FIRST = ("csa", "csca")

PUBLISHED_SIZE_RULES = (
    SizeRule(
        name="few images",
        sentence="below 1,000 images, channel then multi-scale spatial attention is best",
        first=MULTI_SCALE,
        rivals=(LEARNED_FUSION, DYNAMIC_GATING),
        below=1000,
    ),
    SizeRule(
        name="medium",
        sentence="from 1,000 to 50,000 images, parallel attention with learned fusion is best",
        first=LEARNED_FUSION,
        rivals=(MULTI_SCALE, DYNAMIC_GATING),
        at_least=1000,
        below=50_001,
    ),
    SizeRule(
        name="many images",
        sentence="above 50,000 images, parallel attention with dynamic gating is best",
        first=DYNAMIC_GATING,
        rivals=(MULTI_SCALE, LEARNED_FUSION),
        at_least=50_001,
    ),
)
PUBLISHED_ORDER_RULE = LabelRule(
    name="order",
    sentence="for fine-grained classes, spatial before channel attention is more effective",
    first=SPATIAL_FIRST,
    second=CHANNEL_FIRST,
)
PUBLISHED_GRADIENT_RULE = "residual connections mitigate vanishing gradients"
# A residual wiring and the same wiring without its input path; the last three are ours.
RESIDUAL_COUNTERPARTS = {
    "rcsa": "csa",
    "arcsa": "csa",
    "grcsa": "csa",
    "rsca": "sca",
    "arsca": "sca",
    "grsca": "sca",
}


def published_choice(num_train: int) -> tuple[str, ...]:
    """Return the designs that the rules about size choose.

    Args:
        num_train: Training images, at least 1.

    Returns:
        The family of the one rule that holds there.

    Example:
        >>> published_choice(546)
        ('c_mssa', 'c_cmssa')
    """
    return next(rule.first for rule in PUBLISHED_SIZE_RULES if rule.holds_at(num_train))

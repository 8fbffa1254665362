"""Whether residual wirings pass more gradient than their opponents, paired by seed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from whatwhere.stats.contrasts import Effect
from whatwhere.stats.hypotheses.claims import Claim, Part, run_effect
from whatwhere.stats.hypotheses.published_rules import PUBLISHED_GRADIENT_RULE

# By name of the design, then of the seed: the gradient's norm at the first layer, above 0.
Gradients = Mapping[str, Mapping[int, float]]
MIN_SEEDS = 2
NOT_RUN = "not run"


@dataclass(frozen=True)
class GradientRatio:
    """The gradient of one wiring over that of an opponent.

    Args:
        first: The wiring.
        second: The opponent.
        logarithm: Natural logarithm of the ratio, paired by seed; None where `missing` says why.
        missing: Why it was not measured; empty where it was.
    """

    first: str
    second: str
    logarithm: Effect | None
    missing: str = ""


def gradient_ratio(gradients: Gradients, *, first: str, second: str) -> GradientRatio:
    """Compare the gradients of two designs over the seeds that both have.

        d_s = log g_first,s - log g_second,s;  mean over s, interval by Student's t

    Ratios and not differences, because a norm has no natural unit and its spread grows with it.

    Args:
        gradients: What was recorded.
        first: Name of a design.
        second: Name of the opponent.

    Returns:
        The ratio; it says nothing of other images or of other networks.
    """
    seeds, missing = _common(gradients, (first, second))
    effect = None if missing else run_effect(_differences(gradients, first, second, seeds))
    return GradientRatio(first, second, effect, missing)


def gradient_claim(
    gradients: Gradients, *, counterparts: Mapping[str, str], gains: Mapping[str, str]
) -> Claim:
    """Put the claim that residual wirings keep gradients alive against both opponents.

    One number per seed and opponent, the mean over wirings of the logarithm of the ratio, goes
    into Student's t: wirings of one seed share their initialisation and are no independent
    repeats, seeds are.

        d_s = mean_r ( log g_r,s - log g_opponent(r),s )

    Args:
        gradients: What was recorded.
        counterparts: The wiring without the input path, by residual wiring; at least one.
        gains: The constant gain nearest to the wiring's own, by residual wiring.

    Returns:
        The claim with two parts, in natural logarithms: more than the counterparts, and more than
        constants of the same gain.
    """
    return Claim(
        name="gradients",
        sentence=PUBLISHED_GRADIENT_RULE,
        parts=(
            _part(
                "more gradient than the same wirings without input path", gradients, counterparts
            ),
            _part("more gradient than constants of the same gain", gradients, gains),
        ),
    )


def _part(sentence: str, gradients: Gradients, opponents: Mapping[str, str]) -> Part:
    names = tuple(dict.fromkeys((*opponents, *opponents.values())))
    seeds, missing = _common(gradients, names)
    if missing:
        return Part(sentence, None, missing, in_points=False)
    rows = [_differences(gradients, first, second, seeds) for first, second in opponents.items()]
    return Part(sentence, run_effect(np.mean(rows, axis=0)), in_points=False)


def _common(gradients: Gradients, names: tuple[str, ...]) -> tuple[list[int], str]:
    """Return the seeds that all have, or why these are too few."""
    absent = [name for name in names if not gradients.get(name)]
    if absent:
        return [], f"{NOT_RUN}: {', '.join(absent)}"
    seeds = sorted(set.intersection(*(set(gradients[name]) for name in names)))
    if len(seeds) < MIN_SEEDS:
        return [], f"needs {MIN_SEEDS} seeds that all of them finished, there are {len(seeds)}"
    return seeds, ""


def _differences(gradients: Gradients, first: str, second: str, seeds: list[int]) -> np.ndarray:
    return np.array([np.log(gradients[first][s]) - np.log(gradients[second][s]) for s in seeds])

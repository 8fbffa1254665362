"""Published claims as hypotheses: supported, contradicted or undecided by what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

from whatwhere.errors import UsageError
from whatwhere.stats.contrasts import Effect, family_effect, weighted_sum
from whatwhere.stats.decide import ALPHA, TAIL, holm
from whatwhere.stats.table import ItemTable

Verdict = Literal["supported", "contradicted", "undecided"]


@dataclass(frozen=True)
class Part:
    """One thing that must hold if a claim is true.

    Args:
        sentence: What must hold.
        effect: Its estimate, positive where the claim is right; None where it was not measured.
        missing: Why it was not measured; empty where it was.
        in_points: Whether the effect is a difference of shares of one, told in points.
    """

    sentence: str
    effect: Effect | None
    missing: str = ""
    in_points: bool = True


@dataclass(frozen=True)
class Claim:
    """A published claim and what was measured of it.

    Args:
        name: Short name.
        sentence: The claim.
        parts: All must hold; at least one.
    """

    name: str
    sentence: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Finding:
    """What the data say of a claim.

    Args:
        claim: The claim with its parts.
        verdict: One word.
        reason: Why that word.
        p_support: Of none of the claim being true where all of it was measured, corrected for all
            claims judged together; 1 where a part is missing.
        p_contradict: Of the whole claim being true, corrected likewise.
    """

    claim: Claim
    verdict: Verdict
    reason: str
    p_support: float
    p_contradict: float


@dataclass(frozen=True)
class SizeRule:
    """A rule of the form: within a range of sizes, this family is the best.

    It says nothing of sizes outside: another rule may, with the same family or another.

    Args:
        name: Short name.
        sentence: The rule as published.
        first: Designs of the family that the rule favours.
        rivals: The families that it must exceed, each by itself.
        at_least: Fewest training images of the range.
        below: The range ends before so many training images; None for no end.
    """

    name: str
    sentence: str
    first: tuple[str, ...]
    rivals: tuple[tuple[str, ...], ...]
    at_least: int = 0
    below: int | None = None

    def holds_at(self, num_train: int) -> bool:
        """Say whether a size lies within the range."""
        return num_train >= self.at_least and (self.below is None or num_train < self.below)

    @property
    def where(self) -> str:
        """The range in words."""
        if self.below is None:
            return f"from {self.at_least:,} training images"
        if not self.at_least:
            return f"below {self.below:,} training images"
        return f"from {self.at_least:,} to below {self.below:,} training images"


@dataclass(frozen=True)
class LabelRule:
    """A rule of the form: with fine-grained labels this family is better.

    Args:
        name: Short name.
        sentence: The rule as published.
        first: Designs that the rule favours.
        second: Designs that they are compared with.
    """

    name: str
    sentence: str
    first: tuple[str, ...]
    second: tuple[str, ...]


def judge(claims: Sequence[Claim]) -> tuple[Finding, ...]:
    """Say of every claim whether the data support it.

    A claim is supported only if every part is shown, and contradicted if the opposite of any part
    is; otherwise it is undecided, which is no evidence for either. With two-sided p_j of part j:

        p_support    = max_j (p_j where the effect agrees, else 1)
        p_contradict = min(1, max(1, J/2) min_j (p_j where it disagrees, else 1)),  J parts

    each corrected over the claims by Holm's rule and compared with .05. Bonferroni's J meets the
    one-sided p_j / 2; with a single part p stays two-sided, as its interval is.

    Args:
        claims: Those that are judged together.

    Returns:
        One finding per claim.

    Source:
        Berger (1982), Multiparameter hypothesis testing and acceptance sampling, for the test that
        all parts hold; Bonferroni for the test that any does not.
    """
    support = holm(np.array([_support(claim) for claim in claims]))
    contradict = holm(np.array([_contradict(claim) for claim in claims]))
    return tuple(
        _finding(claim, float(for_it), float(against))
        for claim, for_it, against in zip(claims, support, contradict, strict=True)
    )


def size_rule_claim(tables: Mapping[int, ItemTable], *, rule: SizeRule) -> Claim:
    """Measure a rule about training sizes.

    The best family exceeds every rival, not only their average. Each part is one rival: the
    difference of the two family means, averaged over the sizes of the range with equal weights.

    Args:
        tables: By number of training images; the same test images in all.
        rule: What is claimed.

    Returns:
        The claim with one part per rival; missing where no size lies in the range.
    """
    inside = tuple(size for size in sorted(tables) if rule.holds_at(size))
    parts = (
        _part(
            f"{', '.join(rule.first)} exceed {', '.join(rival)} {rule.where}",
            tables,
            inside,
            rule.first,
            rival,
        )
        for rival in rule.rivals
    )
    return Claim(rule.name, rule.sentence, tuple(parts))


def label_rule_claim(fine: ItemTable, coarse: ItemTable, *, rule: LabelRule) -> Claim:
    """Measure a rule about fine-grained labels, on the same images with coarse and fine labels.

    Args:
        fine: Answers with the fine labels.
        coarse: Answers to the same test images with the coarse labels.
        rule: What is claimed.

    Returns:
        The claim with its two parts: better on fine labels, and by more than on coarse ones.
    """
    names = f"{', '.join(rule.first)} exceed {', '.join(rule.second)}"
    two = [fine, coarse]
    more = _measured(
        f"{names} by more than with coarse labels", two, [1.0, -1.0], rule.first, rule.second
    )
    better = _measured(f"{names} with fine labels", [fine], [1.0], rule.first, rule.second)
    return Claim(rule.name, rule.sentence, (better, more))


def run_effect(differences: np.ndarray) -> Effect:
    """Estimate the mean of one number per seed, by Student's t.

    Args:
        differences: For instance the logarithm of a design's gradient less that of its control,
            one per seed (seed,), at least two.

    Returns:
        The mean over seeds; it says nothing of other images.

    Raises:
        UsageError: If there are fewer than two.
    """
    number = len(differences)
    if number < 2:
        raise UsageError(f"an effect over seeds needs two seeds or more, not {number}")
    value, error = float(np.mean(differences)), float(np.std(differences, ddof=1) / number**0.5)
    width = float(stdtrit(number - 1, 1 - TAIL)) * error
    p_value = 1.0 if value == 0 else 0.0
    if error > 0:
        p_value = float(2 * stdtr(number - 1, -abs(value) / error))
    return Effect(value, value - width, value + width, number - 1.0, p_value)


def _part(
    sentence: str,
    tables: Mapping[int, ItemTable],
    sizes: tuple[int, ...],
    first: Sequence[str],
    second: Sequence[str],
) -> Part:
    if not sizes:
        return Part(sentence, None, f"no size of the study is there ({_listed(sorted(tables))})")
    weights = [1 / len(sizes)] * len(sizes)
    return _measured(sentence, [tables[size] for size in sizes], weights, first, second)


def _measured(
    sentence: str,
    tables: Sequence[ItemTable],
    weights: Sequence[float],
    first: Sequence[str],
    second: Sequence[str],
) -> Part:
    table = weighted_sum(tables, weights)
    missing = [name for name in (*first, *second) if name not in table.methods]
    if missing:
        return Part(sentence, None, f"not run: {', '.join(missing)}")
    kept = {name: table.values[table.methods.index(name)] for name in (*first, *second)}
    if min(len(runs) for runs in kept.values()) < 2:
        return Part(sentence, None, "one run each: how much runs vary is unknown")
    return Part(sentence, family_effect(table, first=first, second=second))


def _support(claim: Claim) -> float:
    return max(
        part.effect.p_value if part.effect and part.effect.value > 0 else 1.0
        for part in claim.parts
    )


def _contradict(claim: Claim) -> float:
    against = [
        part.effect.p_value
        for part in claim.parts
        if part.effect is not None and part.effect.value < 0
    ]
    return min(1.0, max(1.0, len(claim.parts) / 2) * min(against, default=1.0))


def _finding(claim: Claim, p_support: float, p_contradict: float) -> Finding:
    if p_support < ALPHA:
        reason = "every part is shown: " + _listed([_told(part) for part in claim.parts])
        return Finding(claim, "supported", reason, p_support, p_contradict)
    if p_contradict < ALPHA:
        parts = [part for part in claim.parts if part.effect and part.effect.value < 0]
        worst = min(parts, key=lambda part: part.effect.p_value if part.effect else 1.0)
        reason = "the opposite is shown: " + _told(worst)
        return Finding(claim, "contradicted", reason, p_support, p_contradict)
    reason = _listed([_told(part) for part in claim.parts])
    return Finding(claim, "undecided", reason, p_support, p_contradict)


def _told(part: Part) -> str:
    if part.effect is None:
        return f"{part.sentence}: not measured, {part.missing}"
    scale, unit = (100, " points") if part.in_points else (1, "")
    value, low, high = (
        f"{scale * end:+.2f}" for end in (part.effect.value, part.effect.low, part.effect.high)
    )
    return f"{part.sentence}: {value}{unit} (95 % {low} to {high})"


def _listed(items: Sequence[object]) -> str:
    return "; ".join(f"{item:,}" if isinstance(item, int) else str(item) for item in items)

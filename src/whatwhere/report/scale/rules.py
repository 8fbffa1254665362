"""Published rules beside what was found: the numbers of each, and one sentence for all."""

from collections.abc import Mapping, Sequence
from typing import Any

from whatwhere.report.cells.cell import Cell
from whatwhere.report.scale.tables import aligned_seeds, shared_seeds, table_of
from whatwhere.report.words.wording import listed
from whatwhere.stats.contrasts import detectable_effect
from whatwhere.stats.decide import MIN_SEEDS_FOR_CLAIMS
from whatwhere.stats.hypotheses.claims import Claim, Finding, Part, judge, size_rule_claim
from whatwhere.stats.hypotheses.published_rules import PUBLISHED_SIZE_RULES
from whatwhere.stats.table import ItemTable

# The designs that the rules about size speak of.
NAMED = (*PUBLISHED_SIZE_RULES[0].first, *sum(PUBLISHED_SIZE_RULES[0].rivals, ()))
VERDICTS = ("supported", "contradicted", "undecided")


def size_rules(cells: Sequence[Cell]) -> dict[str, Any]:
    """Judge the published rules about size.

    Args:
        cells: One data set at two sizes or more.

    Returns:
        The sentence and the findings.
    """
    seeds = shared_seeds(cells)
    own = aligned_seeds(seeds, NAMED)
    tables: dict[int, ItemTable] = {
        cell.size: table for cell in cells if (table := table_of(cell, own)) is not None
    }
    if tables:
        claims = [size_rule_claim(tables, rule=rule) for rule in PUBLISHED_SIZE_RULES]
    else:
        claims = [_unmeasured(rule) for rule in PUBLISHED_SIZE_RULES]
    num_seeds = len(next(iter(own.values()), ()))
    findings = findings_of(claims, num_seeds=[num_seeds] * len(claims))
    tested = any(finding["tested"] for finding in findings)
    return {"tested": tested, "sentence": rules_sentence(findings), "findings": findings}


def findings_of(claims: Sequence[Claim], *, num_seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Judge claims together and write down what each of them rests on.

    Args:
        claims: The claims.
        num_seeds: Seeds behind the numbers of each claim; below three it is not judged.

    Returns:
        One dictionary per claim.
    """
    return [
        _finding(finding, num_claims=len(claims), num_seeds=number)
        for finding, number in zip(judge(claims), num_seeds, strict=True)
    ]


def rules_sentence(findings: Sequence[Mapping[str, Any]]) -> str:
    """Say how the published rules about size fared.

    Args:
        findings: From `findings_of`.

    Returns:
        The sentence.
    """
    tested = [finding for finding in findings if finding["tested"]]
    if not tested:
        return (
            "The published rules about the number of training images were not tested here: the"
            " designs or the sizes that they speak of were not run (add -d"
            f" {','.join(NAMED)})."
        )
    by_word = {word: [f["name"] for f in tested if f["verdict"] == word] for word in VERDICTS}
    by_word["not tested here"] = [f["name"] for f in findings if not f["tested"]]
    parts = [f"{word}: {listed(names)}" for word, names in by_word.items() if names]
    return (
        f"Of the {len(findings)} published rules about the number of training images, judged"
        f" together on these data, {'; '.join(parts)}."
    )


def _unmeasured(rule: Any) -> Claim:
    missing = f"not run: {', '.join((*rule.first, *sum(rule.rivals, ())))}"
    return Claim(rule.name, rule.sentence, (Part(rule.sentence, None, missing),))


def _finding(finding: Finding, *, num_claims: int, num_seeds: int) -> dict[str, Any]:
    enough = num_seeds >= MIN_SEEDS_FOR_CLAIMS
    tested = any(part.effect for part in finding.claim.parts)
    return {
        "name": finding.claim.name,
        "sentence": finding.claim.sentence,
        "tested": tested,
        "verdict": finding.verdict if enough else "undecided",
        "withheld": f"screening only: {num_seeds} seeds" if tested and not enough else "",
        "p_support": finding.p_support,
        "p_contradict": finding.p_contradict,
        "parts": [_measured(part, num_claims=num_claims) for part in finding.claim.parts],
    }


def _measured(part: Part, *, num_claims: int) -> dict[str, Any]:
    effect = part.effect
    return {
        "sentence": part.sentence,
        "value": effect.value if effect else None,
        "low": effect.low if effect else None,
        "high": effect.high if effect else None,
        "p_value": effect.p_value if effect else None,
        "detectable": detectable_effect(effect, num_comparisons=num_claims) if effect else None,
        "missing": part.missing,
    }

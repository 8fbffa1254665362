"""The sentences, word for word: a change of meaning must show up in review."""

import re

from whatwhere.report.words import cautions, verdicts, withheld, wording
from whatwhere.stats.hypotheses.published_rules import PUBLISHED_SIZE_RULES


def test_screening_is_said_of_the_quick_protocol_only():
    assert withheld.screening("quick", 150) == (
        "This is a screening at 150 steps: it narrows the choice down, and a longer training may"
        " order the designs differently."
    )
    assert withheld.screening("quick", None).startswith("This is a screening: it narrows")
    assert withheld.screening("standard", 1500) == ""


def _tied(labels, **changes):
    facts = {
        "num_designs": 24,
        "num_recommended": len(labels),
        "cheapest": labels[-1],
        "chosen_by": "inference_ms",
        **changes,
    }
    return wording.tied("Digits", labels=labels, **facts)


def test_tied():
    assert _tied(["csa", "sca", "eca"]) == (
        "Tied for best on Digits: csa, sca, eca (95 %). Within this group choose by cost: eca is"
        " fastest."
    )
    assert _tied([f"d{i}" for i in range(7)], chosen_by="macs") == (
        "Tied for best on Digits: 7 of 24 rows, those in bold on the leaderboard (95 %). Within"
        " this group choose by cost: d6 needs the fewest multiply-adds."
    )
    assert _tied(["csa", "sca"], chosen_by=None).endswith(
        "No cost was measured to choose by within this group."
    )


def test_tied_never_calls_the_cheapest_that_is_left_the_fastest_of_all():
    assert _tied(["csa", "sca", "eca"], num_recommended=2, is_cheapest_of_all=False).endswith(
        "choose by cost: eca is fastest of those that can be recommended."
    )
    assert _tied(["csa", "sca"], num_recommended=1).endswith(
        "Within this group only sca can be recommended."
    )


def test_wirings_with_commas_stay_apart():
    assert "mix(C(x), S(x)); csa (95 %)" in _tied(["mix(C(x), S(x))", "csa"])


def test_winner():
    assert wording.winner("Digits", label="csa", margin=0.0129) == (
        "csa is better than every other design on Digits by at least 1.2 points (lower 95 % bound)."
    )
    assert wording.winner("Digits", label="csa", margin=0.0039) == (
        "csa is ahead of every other design on Digits; the gain may be as small as 0.39 points."
    )
    assert wording.winner("Digits", label="csa", margin=0.00001) == (
        "csa is ahead of every other design on Digits; the gain may be close to zero."
    )


def test_screening_only():
    assert withheld.screening_only("Digits", num_seeds=1, highest="csa", metric="macro-f1") == (
        "Screening only (1 seed: how much runs vary is unknown), so nothing is claimed on Digits;"
        " csa has the highest mean macro F1."
    )
    assert withheld.screening_only("Digits", num_seeds=2, highest="csa", metric="accuracy") == (
        "Screening only (2 seeds at most), so nothing is claimed on Digits; csa has the highest"
        " mean accuracy."
    )


def test_nothing_to_say():
    assert withheld.nothing_to_compare("Digits", labels=[]) == (
        "No trial finished on Digits, so there is nothing to compare."
    )
    assert withheld.nothing_to_compare("Digits", labels=["csa"]) == (
        "Only csa finished on Digits, so there is nothing to compare it with."
    )
    assert withheld.nothing_recommended("Digits", labels=["csa", "gain"]) == (
        "No design is recommended on Digits: those that may be best are csa, gain, and each is a"
        " control, had failed runs or too few."
    )


def _pair(low, high, significant=False, equivalent=False):
    return verdicts.pair(
        "A",
        "B",
        low=low,
        high=high,
        significant=significant,
        equivalent=equivalent,
        detectable=0.0961,
    )


def test_pairs():
    assert _pair(0.0219, 0.07, significant=True) == (
        "A is ahead of B by at least 2.1 points (lower 95 % bound)."
    )
    assert _pair(0.0031, 0.07, significant=True) == (
        "A is ahead of B; the gain may be as small as 0.31 points."
    )
    assert _pair(-0.07, -0.0219, significant=True) == (
        "B is ahead of A by at least 2.1 points (lower 95 % bound)."
    )
    assert _pair(-0.004, 0.003, equivalent=True) == "A and B are equivalent within 0.5 points."
    # The interval excludes zero, but not after the correction for all comparisons.
    assert _pair(0.002, 0.06) == (
        "No conclusion: this study could only have seen differences above 9.7 points."
    )


def test_controls():
    assert verdicts.ahead_of_control("no attention", leads=[("csa", 0.0318), ("sca", 0.0077)]) == (
        "Ahead of no attention, by at least so many points: csa 3.1, sca 0.77."
    )
    assert verdicts.behind_control("no attention", lags=[("csa", 0.0318)]) == (
        "Behind no attention, by at least so many points: csa 3.1."
    )
    assert verdicts.equivalent_to_control("no attention", labels=["csa"]) == (
        "Equivalent to no attention within 0.5 points: csa."
    )
    assert verdicts.not_ahead_of_control("no attention", labels=["csa"], num_judged=3) == (
        "Does not beat no attention here, the difference is undecided: csa."
    )
    assert verdicts.not_ahead_of_control("no attention", labels=["csa", "sca"], num_judged=3) == (
        "Do not beat no attention here, the difference is undecided: csa, sca."
    )
    assert verdicts.not_ahead_of_control("no attention", labels=["csa", "sca"], num_judged=2) == (
        "No design beats no attention here: all 2 differences are undecided."
    )


def test_detectable_is_rounded_up():
    assert wording.detectable(0.0961, num_comparisons=276) == (
        "The smallest difference this table could detect with 80 % power over its 276 comparisons:"
        " 9.7 points."
    )


def test_failures():
    assert cautions.failures("csa", num_diverged=2, num_failed=0, num_runs=10) == (
        "csa diverged in 2 of 10 runs; means are over the 8 finished runs and csa is not"
        " recommended."
    )
    assert cautions.failures("csa", num_diverged=1, num_failed=1, num_runs=3) == (
        "csa diverged in 1 and failed in 1 of 3 runs; means are over the 1 finished run and csa is"
        " not recommended."
    )
    assert cautions.failures("csa", num_diverged=3, num_failed=0, num_runs=3) == (
        "csa diverged in 3 of 3 runs; it has no finished run and is not recommended."
    )


def test_other_cautions():
    assert cautions.few_seeds("csa", num_finished=1) == (
        "Screening only for csa: it has 1 finished run, so nothing is claimed of it and it is not"
        " recommended."
    )
    assert cautions.collapsed("csa", num_collapsed=2, num_runs=3) == (
        "csa predicts one class for every validation image in 2 of 3 runs; they count in its mean."
    )
    assert cautions.missing(12, num_planned=72) == (
        "12 of 72 planned trials have not run; the same command completes them."
    )
    assert cautions.under_trained(5, num_trials=72) == (
        "Under-trained: the ranking may change with a longer budget (still rising at the end in 5"
        " of 72 trials)."
    )


def test_unbalanced_classes():
    assert cautions.unbalanced(151, 100, metric="accuracy") == (
        "The classes are unbalanced (100 to 151 training images), and accuracy favours the large"
        " ones: see balanced accuracy, macro F1 and AUC under all scores, or compare with"
        " --metric balanced-accuracy."
    )
    assert cautions.unbalanced(150, 100, metric="accuracy") == ""
    assert cautions.unbalanced(900, 100, metric="auc") == ""


def test_forbidden_words(main_run, hostile_run):
    """The highest mean is never called best, and nothing is called no difference."""
    for folder in (main_run, hostile_run):
        page = (folder / "report.html").read_text().lower()
        assert "no difference" not in page
        published = "|".join(re.escape(rule.sentence) for rule in PUBLISHED_SIZE_RULES)
        allowed = rf"tied for best|may be best|equivalent to best|{published}"
        markup = r"(?s)<style>.*?</style>|class=\"best|\"data:image[^\"]*\""
        rest = re.sub(f"{markup}|{allowed}", "", page)
        assert not re.search(r"\bbest\b", rest)


def test_the_page_begins_with_the_screening_and_judges_by_name(main_run):
    page = (main_run / "report.html").read_text()
    body = page[page.index("<main>") :]
    first = re.search(r"<p class=\"screening\">(.*?)</p>\s*<h1>(.*?)</h1>", body, flags=re.DOTALL)
    assert first[1].startswith("This is a screening at 150 steps: ")
    assert first[2].startswith("Tied for best on Cluttered digits: ")
    assert "Behind the control wide, by at least so many points: " in body
    assert "Under-trained: the ranking may change with a longer budget" in body

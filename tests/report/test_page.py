"""Sentences of the page that markup or number changes."""

from whatwhere.report.page import page_environment
from whatwhere.report.words.protocol import estimand


def test_an_option_is_never_broken_over_lines_and_nothing_else_is_marked():
    template = page_environment().from_string("{{ sentence|unbroken }}")
    assert template.render(sentence="a <b> -- c: --controls full, re-run\u202e") == (
        'a &lt;b&gt; -- c: <span class="option">--controls</span> full, re-run⟨U+202E⟩'
    )


def test_a_single_comparison_is_not_called_corrected():
    entry = {"metric": "accuracy", "num_groups": 0, "num_folds": 1, "is_compared": True}
    alone = estimand(entry | {"num_comparisons": 1})
    assert alone.endswith("could not be told apart; bold: may be best.")
    several = estimand(entry | {"num_comparisons": 1081})
    assert several.endswith("told apart (Holm over 1,081 comparisons); bold: may be best.")

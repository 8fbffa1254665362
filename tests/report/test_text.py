import pytest

from whatwhere.report import numbers
from whatwhere.report.text import csv_cell, facts, latex, markdown, shortened, visible


def test_hidden_characters_are_shown_as_codes():
    assert visible("plain – ü 日本") == "plain – ü 日本"
    assert visible("a\x1b[31mb") == "a⟨U+001B⟩[31mb"
    assert visible("\u202egnp.exe") == "⟨U+202E⟩gnp.exe"
    assert visible("a\nb\u2028c\ud800") == "a⟨U+000A⟩b⟨U+2028⟩c⟨U+D800⟩"
    assert visible("क्\u200dष") == "क्\u200dष"  # a joiner is spelling, not a trick


def test_shortened():
    assert shortened("abcdefg", width=7) == "abcdefg"
    assert shortened("abcdefgh", width=7) == "abcdef…"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\t="])
def test_a_cell_never_begins_a_formula(start):
    assert str(csv_cell(f"{start}cmd()")).startswith(("'", "⟨U+0009⟩"))


def test_cells_that_stay():
    assert csv_cell(-1.5) == -1.5
    assert csv_cell("csa") == "csa"
    assert csv_cell(None) == ""


def test_markdown_and_latex():
    assert markdown("a|b*c_<d>&[e]`$") == r"a\|b\*c\_&lt;d&gt;&amp;\[e\]\`\$"
    assert latex(r"a_b%n$\x{}#&~^") == (
        r"a\_b\%n\$\textbackslash{}x\{\}\#\&\textasciitilde{}\textasciicircum{}"
    )


def test_bounds_are_rounded_to_the_careful_side():
    assert numbers.points_at_least(0.0129) == "1.2"
    assert numbers.points_at_least(0.057) == "5.7"  # not 5.6 by binary rounding
    assert numbers.points_at_most(0.0961) == "9.7"
    assert numbers.points_at_most(0.00301) == "0.31"


def test_precision_follows_the_standard_error():
    assert numbers.decimals_for(0.031) == 1
    assert numbers.decimals_for(0.0031) == 2
    assert numbers.decimals_for(0.2) == 0
    assert numbers.decimals_for(None) == 1
    assert numbers.decimals_for(0.0) == 1


def test_numbers_as_people_read_them():
    assert numbers.percent(0.84312, decimals=1) == "84.3"
    assert numbers.signed_points(-0.0042) == "−0.4"
    assert numbers.count(78042) == "78,042"
    assert numbers.large(1_918_208) == "1.92 M"
    assert numbers.large(78_042) == "78.0 k"
    assert numbers.milliseconds(0.8379) == "0.838"
    assert numbers.mebibytes(17 * 2**20) == "17.0"
    assert numbers.ratio(1.1249) == "1.12×"
    assert numbers.plain(0.25) == "0.25"


@pytest.mark.parametrize(
    "write",
    [
        numbers.signed_points,
        numbers.count,
        numbers.large,
        numbers.milliseconds,
        numbers.mebibytes,
        numbers.ratio,
        numbers.plain,
    ],
)
def test_what_was_not_measured_is_a_dash(write):
    assert write(None) == "–"
    assert write(float("nan")) == "–"


def test_facts_are_laid_out_flat():
    assert facts({"b": {"y": 1.23456789, "x": [2, 3]}, "a": None, "c": True}) == [
        ("a", "None"),
        ("b · x", "2, 3"),
        ("b · y", "1.23457"),
        ("c", "True"),
    ]

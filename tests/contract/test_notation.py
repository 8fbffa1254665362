"""The notation: what it means, its canonical text, and errors that point at the place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatwhere.blocks import Wiring
from whatwhere.blocks.topologies import TOPOLOGIES
from whatwhere.errors import WiringError

leaf = st.just("x")
name = st.sampled_from(["", "_a", "_b1"])


def extend(children):
    number = st.sampled_from(["2", "0.5", "3", "0.25", "-1", "1.5"])
    pair = st.tuples(children, children)
    return st.one_of(
        st.tuples(st.sampled_from(["C", "C8", "S", "S3", "G", "G4"]), name, children).map(
            lambda t: f"{t[0]}{t[1]}({t[2]})"
        ),
        pair.map(lambda t: f"({t[0]} + {t[1]})"),
        pair.map(lambda t: f"({t[0]} - {t[1]})"),
        st.tuples(number, children).map(lambda t: f"{t[0]} * ({t[1]})"),
        st.tuples(children, st.sampled_from(["2", "3", "0.5"])).map(lambda t: f"({t[0]}) / {t[1]}"),
        pair.map(lambda t: f"mix({t[0]}, {t[1]})"),
        pair.map(lambda t: f"mix({t[0]}, {t[1]}, start=0)"),
        pair.map(lambda t: f"vote({t[0]}, {t[1]})"),
        st.tuples(children, children, children).map(lambda t: f"gate({t[0]}, {t[1]}, by={t[2]})"),
        st.tuples(children, children).map(lambda t: f"channelgate({t[0]}, {t[1]}, by={t[0]})"),
        st.tuples(children, children, children).map(lambda t: f"choose({t[0]}, {t[1]}, {t[2]})"),
        st.tuples(children, children).map(lambda t: f"choose({t[0]}, {t[1]}, by={t[1]})"),
    )


texts = st.recursive(leaf, extend, max_leaves=6).filter(lambda text: len(text) <= 300)


@settings(max_examples=300, deadline=None)
@given(texts)
def test_canonical_text_means_the_same_and_is_canonical(text):
    wiring = Wiring(text)
    again = Wiring(str(wiring))
    assert again == wiring
    assert again.steps == wiring.steps
    assert str(again) == str(wiring)
    assert again.num_parameters(24) == wiring.num_parameters(24)


def test_published_rows_have_their_texts():
    changed = {row[4]: str(Wiring(row[4])) for row in TOPOLOGIES if str(Wiring(row[4])) != row[4]}
    assert changed == {
        "u = S(C(x)) + C(S(x)); channelgate(x, u, by=u)": (
            "f = S(C(x)) + C(S(x)); channelgate(x, f, by=f)"
        ),
        "f = C(x); choose(S3(f), S5(f), S7(f), by=f)": "f = C(x); choose(S3(f), S5(f), S(f), by=f)",
        "S(choose(C4(x), C8(x), C16(x), C32(x)))": "S(choose(C4(x), C8(x), C(x), C32(x)))",
        "S3(S5(S7(C(x))))": "S3(S5(S(C(x))))",
        "C(choose(S3(x), S5(x), S7(x)))": "C(choose(S3(x), S5(x), S(x)))",
        "f = S(x); choose(C4(f), C8(f), C16(f), C32(f), by=f)": (
            "f = S(x); choose(C4(f), C8(f), C(f), C32(f), by=f)"
        ),
        "C(S3(S5(S7(x))))": "C(S3(S5(S(x))))",
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("S( C( x ) )", "S7(C16(x))"),
        ("a = C(x); S(a)", "S(C(x))"),
        ("u = C(x); v = S(u); u + v", "C(x) + S(C(x))"),
        ("0.5 * x", "x / 2"),
        ("mix(C(x), S(x), start=0.5)", "mix(C(x), S(x))"),
        ("choose(x, C(x), by=x)", "choose(x, C(x))"),
        ("gate(x, C(x))", "gate(x, C(x), by=x)"),
    ],
)
def test_equal_wirings_compare_equal(first, second):
    assert Wiring(first) == Wiring(second)
    assert hash(Wiring(first)) == hash(Wiring(second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("S(C(x))", "C(S(x))"),
        ("C(x)", "C8(x)"),
        ("C(x)", "C_a(x)"),
        ("mix(x, C(x))", "mix_a(x, C(x))"),
        ("x - C(x)", "C(x) - x"),
        ("mix(x, C(x))", "mix(x, C(x), start=0)"),
    ],
)
def test_different_wirings_differ(first, second):
    assert Wiring(first) != Wiring(second)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("S(D(x))", "unknown operation 'D'", 2),
        ("S(Cc(x))", "unknown operation 'Cc'; did you mean 'C'", 2),
        ("chose(x, C(x))", "did you mean 'choose'", 0),
        ("S(y)", "unknown name 'y'", 2),
        ("S4(x)", "a kernel size is odd and at most 31, not 4", 0),
        ("x + S33(x)", "a kernel size is odd and at most 31, not 33", 4),
        ("C0(x)", "a reduction is at least 1", 0),
        ("choose(x)", "choose takes 2 to 16 maps, not 1", 0),
        ("mix(x, C(x), S(x))", "mix takes 2 maps, not 3", 0),
        ("C(x, x)", "C takes one map", 0),
        ("f = C(x); S(x)", "'f' is named but never used", 0),
        ("C = S(x); C", "'C' has a meaning already", 0),
        ("x = S(x); x", "'x' has a meaning already", 0),
        ("S(x) + 0 * C(x)", "never reaches the output", 11),
        ("x + 1", "a number can only multiply or divide a map", 4),
        ("C(x) * S(x)", "takes exactly one number and one map", 0),
        ("2 * 3", "takes exactly one number and one map", 0),
        ("x / C(x)", "divide by a number other than 0", 4),
        ("x / 0", "divide by a number other than 0", 4),
        ("gate(x, C(x), start=1)", "unknown option 'start'; gate takes only by=", 14),
        ("vote(x, C(x), by=x)", "vote takes no options", 14),
        ("mix(x, C(x), start=x)", "start is a number", 19),
        ("mix_a(x, C(x)) + mix_a(x, S(x), start=0)", "shares its weights with an earlier use", 17),
        ("choose_a(x, C(x)) + choose_a(x, C(x), S(x))", "shares its weights", 20),
        ("f = C(x)", "the last part must be the result", 0),
        ("f = g = C(x); S(f)", "expected NAME = EXPRESSION", 0),
        ("1e999 * x", "this number is not finite", 8),
        ("x.y", "not part of the notation", 0),
        ("__import__('os').system('x')", "not part of the notation", 0),
        ("[x]", "not part of the notation", 0),
        ("x ** 2", "knows +, -, * and /", 0),
        ("S(C(x", "does not read as an expression", 3),
    ],
)
def test_errors_point_at_the_place(text, message, column):
    with pytest.raises(WiringError, match="wiring: ") as caught:
        Wiring(text)
    first, shown, pointer = str(caught.value).split("\n")
    assert message in first
    assert shown.strip() == text
    assert pointer.index("^") - 4 == column


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the wiring is empty"),
        ("S(C(х))", "plain text in one line"),
        ("x\n", "plain text in one line"),
        ("C(" * 400 + "x", "at most 500 characters"),
    ],
)
def test_texts_that_are_no_line(text, message):
    with pytest.raises(WiringError, match=message):
        Wiring(text)


def test_many_named_values_get_many_names():
    text = "; ".join(f"v{i} = C_{i}({'x' if i == 0 else f'v{i - 1}'})" for i in range(12))
    wiring = Wiring(text + "; " + " + ".join(f"v{i}" for i in range(12)))
    assert Wiring(str(wiring)) == wiring
    assert "f2 = " in str(wiring)

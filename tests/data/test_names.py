"""Names: escaped, sorted and turned into file names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatwhere.data.names import display, legal_name, natural_key, refuse_twins
from whatwhere.errors import DataError


def test_display_escapes_what_disturbs():
    assert display(b"plain name.png") == "plain name.png"
    assert display("a\u2066b\u00adc\\d\ue000") == "a\\u2066b\\xadc\\\\d\ue000"
    assert display(b"\xe9t\xe9") == "\\xe9t\\xe9"
    assert display("\U000e0001") == "\\U000e0001"


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_different_names_stay_different(first, second):
    assert (display(first) == display(second)) == (first == second)
    assert "\n" not in display(first)
    assert "\x1b" not in display(first)


def test_natural_order():
    names = ["b", "a10", "a2", "10", "9", "a", "é", "z"]
    assert sorted(names, key=natural_key) == ["9", "10", "a", "a2", "a10", "b", "z", "é"]


def test_twins():
    refuse_twins(["ant", "ant", "bee"], what="class")
    with pytest.raises(DataError, match=r"two class names look the same: 'STRASSE' and 'straße'"):
        refuse_twins(["straße", "STRASSE"], what="class")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("EuroSAT", "eurosat"),
        ("My Photos (2024)", "my-photos-2024"),
        ("Übung", "ubung"),
        ("日本", "data"),
        ("..", "data"),
        ("x" * 99, "x" * 60),
    ],
)
def test_legal_names(name, expected):
    assert legal_name(name) == expected

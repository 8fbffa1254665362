"""Every fault that is claimed has a test, and the page says what the tests say."""

from tests.faults.page import PAGE, ROOT, all_tests, claimed_tests, read_table, render


def test_every_claimed_fault_has_a_test():
    for fault, row in read_table().items():
        assert bool(row.get("later")) != bool(row["tests"]), f"{fault}: a test, or 'later'"
        assert row.get("later") or row["exit"], fault


def test_every_named_test_exists_and_every_test_names_a_fault_of_the_table():
    table, known = read_table(), all_tests()
    for fault, row in table.items():
        for name in row["tests"]:
            assert name in known or (ROOT / name).is_file(), f"{fault}: {name}"
    assert set(claimed_tests()) <= set(table)


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == render(), "run python -m tests.faults.page"

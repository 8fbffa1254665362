"""Verdicts on planted records: what is said of a reported figure beside what was measured."""

import io

import pytest
from rich.console import Console

from tests.reproduce.planted import data_used, point, right, scored, setting
from whatwhere.report.reproduction.lines import verdict_lines
from whatwhere.report.reproduction.terminal import print_reproduction
from whatwhere.report.reproduction.told import status_of, tell
from whatwhere.report.reproduction.verdicts import find_flaws, judge
from whatwhere.report.reproduction.written import result_markdown
from whatwhere.settings import Figure, Row, load_setting


def verdicts(found, **published):
    numbers = {"num_test": 10_000, "num_classes": 10} | published
    return judge(found, find_flaws(found, **numbers))


def only(found, **published):
    (verdict,) = verdicts(found, **published)
    return verdict


def one_row(printed, share, *, metric="accuracy", seeds=5, spread=0.002, **more):
    figure = Figure("net", metric, printed)
    values = {metric: right(share, seeds=seeds, spread=spread)}
    return scored(setting("net", figures=[figure]), point("net", values, **more))


def test_a_figure_in_the_interval_is_within():
    verdict = only(one_row("80.0 %", 0.80))
    assert verdict.verdict == "within"
    assert verdict.measured == pytest.approx(0.80)
    assert verdict.low < 0.80 < verdict.high
    # 2,000 images at 80 % alone have a standard error of 0.9 points.
    assert 0.03 < verdict.high - verdict.low < 0.06
    assert verdict.num_seeds == 5
    assert verdict.reason == ""


def test_rounding_counts_for_the_figure():
    verdict = only(one_row("80.0 %", 0.80))
    edge = 100 * verdict.low
    assert only(one_row(f"{edge:.0f} %", 0.80)).verdict == "within"
    assert only(one_row(f"{edge - 0.02:.2f} %", 0.80)).verdict == "above"


def test_above_and_below_are_said_of_what_we_measured():
    assert only(one_row("70.0 %", 0.80)).verdict == "above"
    assert only(one_row("90.0 %", 0.80)).verdict == "below"


def test_a_shortened_run_compares_with_nothing():
    found = one_row("80.0 %", 0.80, steps=20)
    verdict = only(found)
    assert verdict.verdict == "not comparable"
    assert verdict.reason == "shortened: 20 of 400 steps"
    assert status_of(found) == "shortened: 20 of 400 steps, not comparable"


def test_a_lengthened_run_compares_with_nothing_either():
    assert only(one_row("80.0 %", 0.80, steps=800)).reason == "lengthened: 800 of 400 steps"


def test_other_data_compares_with_nothing():
    other = data_used(other="EuroSAT instead of CIFAR-10")
    figure = Figure("net", "accuracy", "80.0 %")
    found = scored(setting("net", figures=[figure]), point("net", right(0.8)), data=other)
    assert only(found).verdict == "not comparable"
    assert only(found).reason == "other data: EuroSAT instead of CIFAR-10"


def test_another_metric_compares_with_nothing():
    figure = Figure("net", "auc", "0.95")
    found = scored(setting("net", figures=[figure]), point("net", right(0.8)))
    assert (only(found).verdict, only(found).reason) == ("not comparable", "not measured")


def test_below_three_runs_nothing_is_said_and_two_show_their_interval():
    one = only(one_row("70.0 %", 0.80, seeds=1, spread=0))
    assert (one.verdict, one.low) == ("not comparable", None)
    assert one.reason == "screening only: 1 run"
    two = only(one_row("70.0 %", 0.80, seeds=2))
    assert (two.verdict, two.reason) == ("not comparable", "screening only: 2 runs")
    assert two.low < 0.80 < two.high
    assert only(one_row("70.0 %", 0.80, seeds=3)).verdict == "above"


def test_failed_runs_are_told_with_the_verdict():
    verdict = only(one_row("80.0 %", 0.80, num_failed=2))
    assert verdict.verdict == "within"
    assert verdict.reason == "2 runs failed, and the mean is over the others"


def test_counts_have_no_interval_and_survive_a_shortened_run():
    figures = [Figure("net", "parameters", text) for text in ("1.21 M", "1.22 M", "1.2 M")]
    net = point("net", right(0.5), parameters=1_206_322, steps=20)
    found = scored(setting("net", figures=figures), net)
    assert [v.verdict for v in verdicts(found)] == ["within", "below", "within"]
    other = scored(found.setting, net, data=data_used(other="x", same_shape=False))
    assert {v.verdict for v in verdicts(other)} == {"not comparable"}


def test_a_difference_is_paired():
    """Runs vary together by 4 points, their difference hardly at all."""
    figure = Figure("block", "accuracy", "+1.0 points", minus="plain")
    plain, block = right(0.80, spread=0.02), right(0.81, spread=0.02)
    rows = [point(name, right(0.80, spread=0.02)) for name in ("a", "b", "c")]
    found = scored(
        setting("plain", "block", "a", "b", "c", figures=[figure]),
        point("plain", plain),
        point("block", block),
        *rows,
    )
    verdict = only(found)
    assert verdict.verdict == "within"
    assert verdict.measured == pytest.approx(0.01)
    assert 0 < verdict.low < 0.01 < verdict.high < 0.02


def test_of_alternatives_the_better_one_on_validation_is_compared():
    rows = (Row("net", "net"), Row("net", "net", protocol="standard"))
    first = point("net, quick", right(0.70), row="net", validation=0.60)
    second = point("net, standard", right(0.65), row="net", validation=0.61)
    found = scored(
        setting("net", rows=rows, figures=[Figure("net", "accuracy", "65.0 %")]), first, second
    )
    assert only(found).point == "net, standard"
    assert only(found).verdict == "within"


def pair_of_flaws():
    figures = [
        Figure("net", "accuracy", "81.2 %"),
        Figure("net", "recall", "78.9 %"),
        Figure("net", "precision", "70.0 %"),
    ]
    values = {name: right(0.812, spread=0.002) for name in ("accuracy", "recall", "precision")}
    return scored(setting("net", figures=figures, balanced_test=True), point("net", values))


def test_of_an_impossible_pair_each_figure_is_still_compared():
    """Arithmetic excludes the pair; which of the two is wrong it cannot say."""
    said = verdicts(pair_of_flaws())
    assert [v.verdict for v in said] == ["within", "above", "above"]
    assert [v.beside for v in said] == [("macro recall 78.9 %",), ("top-1 accuracy 81.2 %",), ()]
    assert said[0].reason == ""


def test_the_pair_has_a_line_of_its_own():
    told = tell(pair_of_flaws(), num_test=10_000, num_classes=10)
    assert told["headline"] == (
        "Planted: of 3 reported figures, 1 within, 2 above; 1 pair impossible as printed."
    )
    lines = verdict_lines(told)
    assert [line.verdict for line in lines] == [
        "within; impossible as printed beside macro recall 78.9 %",
        "above; impossible as printed beside top-1 accuracy 81.2 %",
        "above",
        "impossible as printed",
    ]
    pair = lines[-1]
    assert (pair.metric, pair.reported) == ("top-1 accuracy and macro recall", "81.2 % and 78.9 %")
    assert "with equally many test images of every class" in pair.why
    text = result_markdown(told)
    assert "| within; impossible as printed beside macro recall 78.9 % |" in text
    assert "each at 95 %, not corrected for their number" in text


def test_a_figure_that_cannot_be_alone_is_impossible_whatever_was_measured():
    figure = Figure("net", "precision", "101.0 %")
    values = {"accuracy": right(0.8), "precision": right(0.8)}
    verdict = only(scored(setting("net", figures=[figure]), point("net", values, steps=20)))
    assert verdict.verdict == "impossible as printed"
    assert verdict.reason == "precision 101.0 % is not between 0 and 100 %"
    assert verdict.measured == pytest.approx(0.8)


def with_yardstick(*figures):
    other = Figure("net", "accuracy", "70.0 %", source="somebody else")
    found = setting("net", figures=[*figures, other], balanced_test=True)
    return scored(found, point("net", right(0.8, spread=0.002)))


def test_a_yardstick_is_neither_judged_nor_counted():
    told = tell(with_yardstick(Figure("net", "accuracy", "80.0 %")), num_test=1, num_classes=2)
    assert told["headline"] == "Planted: of 1 reported figure, 1 within."
    (yardstick,) = told["yardsticks"]
    assert (yardstick["verdict"], yardstick["source"]) == ("", "somebody else")
    assert yardstick["measured"] == pytest.approx(0.8)
    text = result_markdown(told)
    assert "| net (somebody else) | top-1 accuracy | 70.0 % | 80.00" in text
    assert "they are no part of the paper, and nothing is said of them" in text


def test_a_yardstick_that_does_not_compare_says_so():
    other = Figure("net", "accuracy", "70.0 %", source="somebody else")
    found = scored(setting("net", figures=[other]), point("net", right(0.8), steps=20))
    text = result_markdown(tell(found, num_test=1, num_classes=2))
    row = next(line for line in text.splitlines() if line.startswith("| net (somebody else)"))
    assert row.endswith("| shortened: 20 of 400 steps |")


def test_rows_of_unequally_many_runs_are_not_called_equal():
    found = scored(setting("a", "b"), point("a", right(0.8)), point("b", right(0.8, seeds=2)))
    assert status_of(found) == "screening only: 2 finished run(s) of the row with the fewest"


def test_yardsticks_alone_are_no_reported_figures():
    told = tell(with_yardstick(), num_test=1, num_classes=2)
    assert told["verdicts"] == []
    assert told["headline"] == "Planted: no figure is known of the paper; 1 row was measured."


def test_a_yardstick_makes_no_flaw_of_the_paper():
    recall = Figure("net", "recall", "78.9 %", source="somebody else")
    figures = [Figure("net", "accuracy", "81.2 %"), recall]
    found = scored(setting("net", figures=figures, balanced_test=True), point("net", right(0.8)))
    assert find_flaws(found, num_test=10_000, num_classes=10) == ()


@pytest.mark.parametrize("name", ["topologies2026_organamnist", "topologies2026_breastmnist"])
def test_no_figure_of_the_topologies_is_claimed_to_be_known(name):
    told = tell(scored(load_setting(name)), num_test=156, num_classes=2)
    assert told["verdicts"] == []
    assert "no figure is known of the paper" in told["headline"]


def test_the_terminal_tells_the_reason_and_the_yardsticks():
    figure = Figure("net", "accuracy", "80.0 %")
    console = Console(width=160, record=True, file=io.StringIO())
    print_reproduction(tell(one_row("80.0 %", 0.80, seeds=2), num_test=1, num_classes=2), console)
    assert "not comparable (screening only: 2 runs)" in console.export_text()
    print_reproduction(tell(with_yardstick(figure), num_test=1, num_classes=2), console)
    text = console.export_text()
    assert "yardstick, not of the paper" in text
    assert "net (somebody else)" in text


def test_of_alternatives_of_different_size_the_compared_one_is_counted():
    rows = (Row("net", "small"), Row("net", "large"))
    figures = [Figure("net", "parameters", "2.00 k")]
    small = point("net, small", right(0.70), row="net", validation=0.60)
    large = point("net, large", right(0.65), row="net", validation=0.61, parameters=2001)
    found = scored(setting("net", rows=rows, figures=figures), small, large)
    assert (only(found).verdict, only(found).measured) == ("within", 2001)
    assert only(found).point == "net, large"
    failed = [
        point(label, {}, row="net", validation=None, parameters=size)
        for label, size in (("net, small", 1000), ("net, large", 2001))
    ]
    verdict = only(scored(found.setting, *failed))
    assert (verdict.verdict, verdict.reason) == ("not comparable", "no alternative finished")


def test_all_five_rows_of_the_msga_table_hold_an_impossible_pair():
    table = load_setting("msga2025_cifar100")
    found = scored(table)
    told = tell(found, num_test=10_000, num_classes=100)
    rows = ["MLP", "CNN", "LSTM", "Transformer", "proposed"]
    pairs = [(p["row"], p["verdict"]) for p in told["pairs"] if p["metrics"][1] == "recall"]
    assert pairs == [(row, "impossible as printed") for row in rows]
    assert {v["verdict"] for v in told["verdicts"]} == {"not comparable"}
    assert told["headline"].endswith(
        "of 20 reported figures, 20 not comparable; 5 pairs impossible as printed."
    )
    doubtful = {flaw["row"] for flaw in told["flaws"] if flaw["check"] == "auc"}
    assert doubtful == {"MLP", "CNN", "LSTM"}


@pytest.mark.parametrize(
    "name",
    ["samc2024_cifar10", "samc2024_cifar100", "amsra2026_cifar10", "dmsca2026_resnet18_cifar10"],
)
def test_the_other_tables_hold_no_arithmetical_fault(name):
    found = scored(load_setting(name))
    assert find_flaws(found, num_test=10_000, num_classes=10) == ()


def test_printed_gains_that_do_not_fit_are_impossible():
    figures = [
        Figure("plain", "accuracy", "94.2 %"),
        Figure("block", "accuracy", "96.5 %"),
        Figure("block", "accuracy", "+2.9 points", minus="plain"),
    ]
    found = scored(setting("plain", "block", figures=figures))
    assert [v.verdict for v in verdicts(found)] == [
        "not comparable",
        "not comparable",
        "impossible as printed",
    ]

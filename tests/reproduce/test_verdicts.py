"""Verdicts on planted records: what is said of a reported figure beside what was measured."""

import pytest

from tests.reproduce.planted import data_used, point, right, scored, setting
from whatwhere.report.reproduction.told import headline, status_of, tell
from whatwhere.report.reproduction.verdicts import find_flaws, judge
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


def test_one_run_compares_with_nothing_and_two_are_a_screening():
    one = only(one_row("80.0 %", 0.80, seeds=1, spread=0))
    assert (one.verdict, one.low) == ("not comparable", None)
    assert one.reason == "one run: how much runs vary is unknown"
    two = only(one_row("80.0 %", 0.80, seeds=2))
    assert (two.verdict, two.reason) == ("within", "screening only: two runs")


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


def test_impossible_figures_stay_impossible_whatever_was_measured():
    figures = [Figure("net", "accuracy", "81.2 %"), Figure("net", "recall", "78.9 %")]
    values = {"accuracy": right(0.812), "recall": right(0.789)}
    found = scored(
        setting("net", figures=figures, balanced_test=True), point("net", values, steps=20)
    )
    said = verdicts(found)
    assert [v.verdict for v in said] == ["impossible as printed"] * 2
    assert "with equally many test images of every class" in said[0].reason
    assert said[0].measured == pytest.approx(0.812)
    assert headline(found, said) == ("Planted: of 2 reported figures, 2 impossible as printed.")


def test_a_yardstick_is_not_judged_as_part_of_the_paper():
    figures = [
        Figure("net", "accuracy", "81.2 %"),
        Figure("net", "recall", "78.9 %", source="somebody else"),
    ]
    found = scored(setting("net", figures=figures, balanced_test=True), point("net", right(0.8)))
    assert find_flaws(found, num_test=10_000, num_classes=10) == ()


def test_all_five_rows_of_the_msga_table_are_impossible_as_printed():
    table = load_setting("msga2025_cifar100")
    found = scored(table)
    told = tell(found, num_test=10_000, num_classes=100)
    impossible = [
        (v["row"], v["metric"]) for v in told["verdicts"] if v["verdict"] == "impossible as printed"
    ]
    rows = ("MLP", "CNN", "LSTM", "Transformer", "proposed")
    assert impossible == [(row, metric) for row in rows for metric in ("accuracy", "recall")]
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

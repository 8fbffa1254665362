"""Requests and plans by hand: order, budget, names, commands."""

from pathlib import Path

import pytest

from whatwhere.blocks.designs import named_or_typed
from whatwhere.errors import UsageError
from whatwhere.records import TrialKey
from whatwhere.study.plan import PlannedTrial, duration, make_plan
from whatwhere.study.preparing.chosen import choose_designs, only_design
from whatwhere.study.preparing.measure import usable_device
from whatwhere.study.request import Request, parse_budget, parse_sizes, refuse_data_folder


def trials(seeds, designs=("none", "csa", "gain_0.25"), seconds=10.0):
    return [
        PlannedTrial(TrialKey("d", 100, name, seed), seconds, name in ("none", "gain_0.25"))
        for seed in range(seeds)
        for name in designs
    ]


def test_seeds_are_complete_before_a_new_one_begins_and_controls_come_first():
    plan = make_plan(list(reversed(trials(2))), num_workers=1, budget_seconds=None)
    assert [t.key.seed for t in plan.trials] == [0, 0, 0, 1, 1, 1]
    assert plan.trials[2].key.design == plan.trials[5].key.design == "csa"
    assert plan.seconds == pytest.approx(64)
    assert plan.left_out_text() == ""


def test_a_budget_leaves_out_what_does_not_fit():
    plan = make_plan(trials(3), num_workers=2, budget_seconds=4 + 35)
    assert len(plan.trials) == 7
    assert plan.seconds == pytest.approx(39)
    assert plan.left_out_text() == (
        "left out to keep to the budget: designs csa, gain_0.25 (2 of 9 trials)"
    )
    plan = make_plan(trials(3), num_workers=2, budget_seconds=4 + 15)
    assert "seeds 1, 2" in plan.left_out_text()


def test_cheap_designs_get_no_more_seeds_than_dear_ones():
    cheap = [t for t in trials(2) if t.key.design != "csa"]
    dear = [PlannedTrial(TrialKey("d", 100, "csa", seed), 30.0, False) for seed in range(2)]
    plan = make_plan([*cheap, *dear], num_workers=0, budget_seconds=55)
    assert [trial.key.seed for trial in plan.trials] == [0, 0, 0]


def test_nothing_to_do_takes_no_time():
    assert make_plan([], num_workers=2, budget_seconds=None).seconds == 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.6, "1 min 0 s"), (95, "1 min 35 s"), (7300, "2 h 1 min")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_sizes_and_budgets():
    assert parse_sizes("100, 300,all") == (100, 300, 0)
    assert parse_budget("90s") == 90
    assert parse_budget("1.5m") == 90
    assert parse_budget("2h") == 7200
    for text in ("0m", "5", "m", "-1s"):
        with pytest.raises(UsageError, match="expected a duration"):
            parse_budget(text)


def test_the_same_request_names_the_same_folder_and_the_plan_does_not_matter():
    first = Request(data=("photos/",), seeds=3, steps=20)
    assert (
        first.default_folder()
        == Request(
            data=("photos/",), seeds=9, designs=("csa",), steps=20, metric="auc"
        ).default_folder()
    )
    assert first.default_folder() != Request(data=("photos/",), steps=21).default_folder()
    assert first.default_folder().parent == Path("runs")
    assert first.default_folder().name.startswith("photos-")


def test_the_command_repeats_the_request():
    request = Request(
        data=("a b.csv",),
        designs=("S(C(x)) + x",),
        seeds=5,
        sizes=(100, 0),
        steps=20,
        learning_rate=0.3,
        value_range=(0.0, 4095.0),
        skip_bad=True,
        metric="auc",
    )
    assert request.command(Path("runs/x")) == (
        "whatwhere compare 'a b.csv' -d 'S(C(x)) + x' --seeds 5 --sizes 100,all --metric auc"
        " --steps 20 --lr 0.3 --value-range 0,4095 --skip-bad -o runs/x"
    )


def test_a_run_never_lies_in_the_users_images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Request(data=(".",)).default_folder().name.startswith(tmp_path.name[:10].lower())
    with pytest.raises(UsageError, match="would lie in the data folder"):
        refuse_data_folder(tmp_path / "runs" / "x", (str(tmp_path),))
    refuse_data_folder(tmp_path.parent / "runs", (str(tmp_path), "digits"))


def test_devices_that_are_not_there_are_refused():
    assert usable_device("cpu") == "cpu"
    with pytest.raises(UsageError, match="device 'foo' cannot be used here"):
        usable_device("foo")


def names(items):
    return [design.name for design in choose_designs(items)]


def test_designs_are_chosen_by_name_family_wildcard_and_text():
    controls = {"none", "widened", "gain_0.25"}
    assert len(names([])) == 24
    assert set(names(["csa,sca"])) == {"csa", "sca", *controls}
    assert set(names(["sequential"])) == {"csa", "sca", "csca", "scsa", *controls}
    assert set(names(["*rcsa"])) == {"rcsa", "arcsa", "grcsa", *controls}
    assert set(names(["S(C(x))", "csa"])) == {"csa", *controls}
    typed = named_or_typed("choose(x, C(x))").name
    assert names(["choose(x, C(x))"])[-1] == typed
    assert names(["csa", "none"])[0] == "none"
    with pytest.raises(UsageError, match="a design is a name, a wiring or a module class, not 3"):
        choose_designs([3])
    with pytest.raises(UsageError, match="unknown design or network 'nosuch'"):
        choose_designs(["nosuch"])
    assert only_design(["csa"]).name == "csa"


def test_a_budget_keeps_the_folds_of_a_seed_together():
    def trials(name):
        return [
            PlannedTrial(TrialKey("d", 100, name, 0, fold), 1.0, name == "none")
            for fold in range(5)
        ]

    plan = make_plan(
        [*trials("csa"), *trials("none"), *trials("se")], num_workers=0, budget_seconds=13
    )
    assert [trial.key.design for trial in plan.trials] == ["none"] * 5 + ["csa"] * 5
    assert {trial.key.design for trial in plan.left_out} == {"se"}

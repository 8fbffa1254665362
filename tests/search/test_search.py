"""Searches on the bundled digits: resuming, the cap, early stops, fresh seeds, test images."""

import json
import sys
import time

import numpy as np
import pytest

from tests.search.conftest import SPACE
from whatwhere.errors import MismatchError, UsageError
from whatwhere.records import Run
from whatwhere.study.searching import trials as trials_module
from whatwhere.study.searching.fresh import finalists
from whatwhere.study.searching.search import _has_time
from whatwhere.study.searching.space import Candidate
from whatwhere.study.searching.store import Tried
from whatwhere.study.searching.trials import FIRST_SEED
from whatwhere.study.searching.wanted import Wanted
from whatwhere.study.trials.trial import Outcome
from whatwhere.training.fit import CurvePoint


def count_runs(monkeypatch):
    """Return a list that grows by the specification of every trial that is trained."""
    specs, run = [], trials_module.run_trial

    def noting(spec, on_epoch):
        specs.append(spec)
        return run(spec, on_epoch)

    monkeypatch.setattr(trials_module, "run_trial", noting)
    return specs


def pretend(monkeypatch, accuracy_of):
    """Let trials take no time: `accuracy_of(spec, tenth)` is what validation says."""

    def run(spec, on_epoch):
        for tenth in range(1, 11):
            accuracy = accuracy_of(spec, tenth)
            on_epoch(CurvePoint(3 * tenth, 1.0, 0.1, 1.0, 1.0, accuracy, 1.0, 0.5 * tenth))
        record = {"reason": None, "seconds": 5.0, "validation": {"accuracy": accuracy}}
        return Outcome("finished", record, {})

    monkeypatch.setattr(trials_module, "run_trial", run)


def test_a_search_tries_then_runs_the_winner_and_the_default_again(search, tmp_path):
    found = search(trials=3, seeds=2)
    told = json.loads((tmp_path / "out" / "search.json").read_bytes())
    assert told == found.told
    assert told["counts"] == {"finished": 3}
    best = max(found.trials, key=lambda trial: trial["accuracy"])
    assert found.best["accuracy"] == best["accuracy"]
    # The default comes first.
    assert found.trials[0]["values"] == {
        "block": "none",
        "width": "5",
        "rate": "0.1",
        "decay": "0.0005",
    }
    default, winner = told["fresh"]
    assert (default["label"], winner["label"]) == ("default, not tuned", found.best["name"])
    assert (default["num_seeds"], winner["num_seeds"]) == (2, 2)
    assert winner["search_validation"] == found.best["accuracy"]
    assert winner["difference"] == pytest.approx(winner["test"] - default["test"])
    assert found.failures == ()
    page = found.page.read_text()
    for part in ("is optimistic", "default, not tuned", "screening only", "optuna-dashboard"):
        assert part in page
    assert "://" not in page.replace("sqlite:///", "")


def test_what_it_recommends_is_what_it_ran(search, tmp_path):
    """The command of a trial leads `compare` to the network and recipe that the search trained."""
    found = search(trials=2)
    trial = found.trials[1]
    assert trial["command"].startswith("whatwhere compare digits -d ")
    assert f"--lr {trial['texts']['learning_rate']} " in trial["command"]
    (folder,) = (tmp_path / "out" / "fresh").glob(found.best["name"].replace(" ", "-000"))
    (recipe,) = Run.read(folder).config["recipe"].values()
    best = found.best["texts"]
    assert recipe["learning_rate"] == float(best["learning_rate"])
    assert recipe["backbone"] == best["backbone"]
    assert recipe["weight_decay"] == float(found.best["values"]["decay"])


def test_the_same_command_adds_only_what_is_missing(search, monkeypatch, tmp_path):
    specs = count_runs(monkeypatch)
    first = search(trials=2)
    records = sorted((tmp_path / "out").glob("fresh/default/trials/*/*/s*/record.json"))
    written = [path.stat().st_mtime_ns for path in records]
    assert len(specs) == 2
    again = search(trials=2)
    assert len(specs) == 2
    assert again.trials == first.trials
    assert [path.stat().st_mtime_ns for path in records] == written
    more = search(trials=4)
    assert len(specs) == 4
    assert more.trials[:2] == first.trials
    assert len(more.trials) == 4


def test_a_stopped_search_goes_on_as_if_it_had_not_been(search, set_aside, tmp_path):
    """What is proposed depends on the seed and the trials so far, not on the process."""
    search(trials=2, finalists=0)
    parts = search(trials=4, finalists=0)
    set_aside("parts")
    whole = search(trials=4, finalists=0)
    assert [t["values"] for t in whole.trials] == [t["values"] for t in parts.trials]
    assert [t["accuracy"] for t in whole.trials] == [t["accuracy"] for t in parts.trials]
    (tmp_path / "out").rename(tmp_path / "whole")
    other = search(trials=2, seed=1, finalists=0)
    assert other.trials[0]["values"] == whole.trials[0]["values"]
    assert other.trials[1]["values"] != whole.trials[1]["values"]


def test_fresh_seeds_were_never_used_in_the_search(search, monkeypatch, tmp_path):
    specs = count_runs(monkeypatch)
    search(trials=4, seeds=2)
    used = {spec.key.seed for spec in specs}
    assert used == {FIRST_SEED + number for number in range(4)}
    fresh = {
        trial.key.seed for path in (tmp_path / "out/fresh").iterdir() for trial in Run(path).trials
    }
    assert fresh == {0, 1}


def test_no_test_image_is_looked_at(search, set_aside, monkeypatch):
    """Neither predicted nor even read: with other test images the search is the same."""
    from whatwhere.study.searching import search as search_module
    from whatwhere.study.trials import trial as trial_module

    looked_at, batches = set(), trial_module.evaluation_batches

    def watching(pixels, index, **options):
        looked_at.update(index.tolist())
        return batches(pixels, index, **options)

    monkeypatch.setattr(trial_module, "evaluation_batches", watching)
    plain = search(trials=3, finalists=0)
    assert plain.told["fresh"] == []
    set_aside("plain")
    prepare = search_module.prepare

    def with_canary(*args, **options):
        prepared = prepare(*args, **options)
        source = prepared.source
        test = source.indices("test")
        assert looked_at
        assert not looked_at & set(test.tolist())
        images, labels = source.images.copy(), source.labels.copy()
        images[test] = 255 - images[test]
        labels[test] = (labels[test] + 1) % source.num_classes
        object.__setattr__(source, "images", images)
        object.__setattr__(source, "labels", labels)
        return prepared

    monkeypatch.setattr(search_module, "prepare", with_canary)
    canary = search(trials=3, finalists=0)
    assert [t["accuracy"] for t in canary.trials] == [t["accuracy"] for t in plain.trials]
    assert [t["seen"] for t in canary.trials] == [t["seen"] for t in plain.trials]


def test_nothing_above_the_cap_is_built(search, monkeypatch, space_file):
    from whatwhere.models.build import num_parameters
    from whatwhere.study.trials import trial as trial_module

    sizes, build = [], trial_module.build_model

    def noting(*args, **options):
        sizes.append(num_parameters(build(*args, **options)))
        return build(*args, **options)

    monkeypatch.setattr(trial_module, "build_model", noting)
    # 8,600 parameters at width 5 with 10 classes; 7 is above the cap.
    found = search(trials=5, max_parameters=9_500, finalists=0)
    assert len(sizes) == 5
    assert max(sizes) <= 9_500
    assert {t["values"]["width"] for t in found.trials if t["outcome"] != "rejected"} <= {"4", "5"}
    with pytest.raises(UsageError, match="max_parameters was 9500 and is 9000"):
        search(trials=5, max_parameters=9_000)


def test_a_proposal_above_the_cap_is_refused_unbuilt(search, monkeypatch, space_file):
    """The sampler itself may propose what is too large; the refusal costs no network."""
    from whatwhere.study.searching import proposals as proposals_module

    monkeypatch.setattr(proposals_module, "NUM_RANDOM", 0)
    pretend(monkeypatch, lambda spec, tenth: 0.5)
    found = search(trials=6, max_parameters=9_500, finalists=0)
    rejected = [t for t in found.trials if t["outcome"] == "rejected"]
    assert rejected
    assert all("parameters, more than 9,500" in t["reason"] for t in rejected)
    assert found.told["counts"]["finished"] == 6


def test_a_cap_that_nothing_meets_says_how_small_it_gets(search, monkeypatch):
    monkeypatch.setattr("whatwhere.study.searching.proposals._MAX_DRAWS", 60)
    with pytest.raises(
        UsageError, match=r"none of 60 random configurations can be tried.*the smallest had 4,9"
    ):
        search(max_parameters=100)


def test_bad_trials_are_stopped_early_and_only_after_the_first(search, monkeypatch):
    numbers = []

    def accuracy(spec, tenth):
        if tenth == 1:
            numbers.append(spec.key.seed - FIRST_SEED)
        return 0.05 * tenth if numbers[-1] not in (2, 7) else 0.01

    pretend(monkeypatch, accuracy)
    found = search(trials=9, steps=30, finalists=0)
    assert [t["outcome"] for t in found.trials] == [
        "pruned" if t["number"] == 7 else "finished" for t in found.trials
    ]
    stopped = found.trials[7]
    assert list(stopped["seen"]) == ["1", "2", "3", "4"]
    assert stopped["reason"] == (
        "after 12 of 30 steps its best validation accuracy, 1.0 %, is below the median of the"
        " trials before"
    )
    assert stopped["seconds"] == 2.0
    assert "1 were stopped early" in found.told["sentences"][0]


def test_with_two_objectives_the_front_counts_and_nothing_is_stopped(search, monkeypatch):
    pretend(monkeypatch, lambda spec, tenth: 0.1 + spec.key.seed % 7 / 10)
    found = search(trials=8, steps=30, objective="accuracy-parameters", finalists=0)
    assert found.told["counts"]["finished"] == 8
    kept = [t for t in found.trials if t["number"] in found.told["front"]]
    for trial in kept:
        assert not any(
            other["accuracy"] >= trial["accuracy"] and other["parameters"] < trial["parameters"]
            for other in found.trials
            if other["outcome"] == "finished"
        )
    tried = [Tried(t["number"], 0, "finished", "", {}, Candidate(str(t), "", "", ()),
                   t["parameters"], t["accuracy"]) for t in found.trials]  # fmt: skip
    wanted = Wanted(data="digits", objective="accuracy-parameters", finalists=10)
    chosen = [item.number for item in finalists(tried, wanted)]
    assert chosen == found.told["front"]
    assert [t["number"] for t in sorted(kept, key=lambda t: -t["accuracy"])] == chosen
    assert list(found.trials[0]["seen"]) == [str(tenth) for tenth in range(1, 11)]


def test_diverged_and_failed_trials_have_names_and_the_search_goes_on(search, monkeypatch):
    def run(spec, on_epoch):
        number = spec.key.seed - FIRST_SEED
        if number == 0:
            raise RuntimeError("can't allocate memory")
        state = "diverged" if number == 1 else "finished"
        validation = {"accuracy": 0.3} if number > 1 else None
        reason = "the loss became non-finite at step 2" if number == 1 else None
        record = {"reason": reason, "seconds": 1.0, "validation": validation}
        return Outcome(state, record, {})

    monkeypatch.setattr(trials_module, "run_trial", run)
    found = search(trials=4, finalists=0)
    assert [t["outcome"] for t in found.trials] == ["failed", "diverged", "finished", "finished"]
    assert "out of memory" in found.trials[0]["reason"]
    assert found.trials[1]["reason"] == "the loss became non-finite at step 2"
    assert len(found.failures) == 1
    assert found.failures[0].startswith("trial 0: out of memory")


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_rate_that_really_diverges_is_named(search, tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(
        SPACE.replace("high = 0.3, log = true, default = 0.1", "high = 99.0, default = 99.0")
    )
    found = search(trials=1, steps=30, finalists=0)
    assert found.trials[0]["outcome"] == "diverged"
    assert "non-finite" in found.trials[0]["reason"]
    assert found.best is None
    assert found.told["headline"] == "No trial of the search over tiny finished."
    assert "No trial of the search" in found.page.read_text()


def test_rows_of_one_recipe_share_a_run(search, tmp_path, monkeypatch):
    """In a space over designs alone, the winner stands beside the default in one comparison."""
    path = tmp_path / "tiny.toml"
    path.write_text(
        'title = "t"\ndesign = "{block}"\nbackbone = "resnet8-w4"\n'
        '[parameters]\nblock = {choices = ["none", "eca", "S(x)"], default = "none"}\n'
    )
    pretend(monkeypatch, lambda spec, tenth: 0.9 if spec.design.name == "eca" else 0.1)
    found = search(trials=8, steps=30, seeds=2)
    assert found.best["values"] == {"block": "eca"}
    (folder,) = (tmp_path / "out" / "fresh").iterdir()
    assert {trial.key.design for trial in Run.read(folder).trials} == {"none", "eca"}


def test_a_winner_that_is_the_default_is_not_run_twice(search, space_file, tmp_path, monkeypatch):
    """The protocol quick has learning rate 0.2 and weight decay 0.0005, as this default has."""
    space_file.write_text(SPACE.replace("default = 0.1}", "default = 0.2}"))
    pretend(monkeypatch, lambda spec, tenth: 0.9 if spec.key.seed == FIRST_SEED else 0.1)
    found = search(trials=2, steps=30)
    assert [trial["is_default"] for trial in found.trials] == [True, False]
    assert [path.name for path in (tmp_path / "out" / "fresh").iterdir()] == ["default"]
    assert found.told["headline"].startswith("The search found nothing better on validation")


def test_a_folder_keeps_its_recipe_its_space_and_its_data(search, space_file, tmp_path):
    search(trials=1, finalists=0)
    with pytest.raises(UsageError, match="started as another search: steps was 3 and is 4"):
        search(steps=4)
    space_file.write_text(SPACE.replace("[4, 5, 7]", "[4, 5, 6]"))
    with pytest.raises(UsageError, match=r"the space .*tiny\.toml has changed since"):
        search()
    space_file.write_text(SPACE)
    path = tmp_path / "out" / "search.toml"
    text = path.read_text()
    path.write_text(text.replace('data_hash = "', 'data_hash = "0'))
    with pytest.raises(MismatchError, match="digits has changed since"):
        search()
    path.write_text(text)
    (tmp_path / "out" / "optuna.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(MismatchError, match=r"optuna\.sqlite is damaged"):
        search()


def test_an_unknown_name_in_a_space_stops_before_anything_is_tried(search, space_file, tmp_path):
    space_file.write_text(SPACE.replace("resnet8-w{width}", "resent8-w{width}"))
    with pytest.raises(UsageError, match="unknown network 'resent8-w5'; did you mean 'resnet8'"):
        search()
    assert not (tmp_path / "out" / "optuna.sqlite").exists()


def test_without_optuna_it_says_how_to_get_it(search, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(
        UsageError, match=r"a search needs Optuna: pip install 'whatwhere\[search\]'"
    ):
        search()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"objective": "acuracy"}, "unknown objective 'acuracy'; did you mean 'accuracy'"),
        ({"trials": 0}, "trials=0: expected 1 to 10,000"),
        ({"seeds": 101}, "seeds=101: expected 1 to 100"),
        ({"finalists": -1}, "finalists=-1: expected 0 to 10"),
        ({"max_parameters": 0}, "max_parameters=0"),
        ({"protocol": "quik"}, "unknown protocol 'quik'; did you mean 'quick'"),
    ],
)
def test_wrong_arguments_are_named(search, given, message):
    with pytest.raises(UsageError, match=message):
        search(**given)


def test_a_budget_keeps_time_for_the_fresh_runs():
    def ended(seconds):
        return Tried(0, 0, "finished", "", {}, None, 1, 0.5, seconds=seconds)

    wanted = Wanted(data="digits", budget_seconds=100.0, seeds=3, finalists=1, num_workers=2)
    began = time.monotonic()
    # One more trial and (1 + 1) x 3 fresh runs by two workers: four times as long as a trial.
    assert _has_time(wanted, began, ())
    assert _has_time(wanted, began, (ended(24.0),))
    assert not _has_time(wanted, began, (ended(26.0),))
    assert not _has_time(wanted, began - 90, (ended(24.0),))
    assert _has_time(Wanted(data="digits"), began - 1e6, (ended(24.0),))


def test_the_command_repeats_what_was_asked(tmp_path):
    wanted = Wanted(
        data="digits", max_parameters=9, budget_seconds=90.0, batch_size=8, value_range=(0.0, 9.5)
    )
    assert wanted.command(tmp_path) == (
        "whatwhere search digits --space samc --budget 90s --max-parameters 9 --batch 8"
        f" --value-range 0,9.5 -o {tmp_path}"
    )
    assert np.array_equal(wanted.recipe()["value_range"], [0.0, 9.5])

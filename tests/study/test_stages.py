"""A confirmed comparison from end to end, in a process, on images made here."""

import json
from dataclasses import replace

import numpy as np
import pytest

import whatwhere
from whatwhere.blocks.designs import named_or_typed
from whatwhere.errors import UsageError
from whatwhere.models import ModelSpec, build_model, num_parameters
from whatwhere.records import Run
from whatwhere.report.summary import read_summary
from whatwhere.study.preparing.chosen import choose_designs
from whatwhere.study.preparing.controls import (
    added_parameters,
    cost_control,
    gain_control,
    is_widened,
)
from whatwhere.study.preparing.measure import full_controls, own_size, spec_of
from whatwhere.study.request import MAX_SEEDS, Request, parse_confirmation
from whatwhere.study.stages import FIRST_FRESH_SEED, fresh_seeds, most_confirmed, stage_of

OPTIONS = {
    "steps": 3,
    "precision": "fp32",
    "layout": "nchw",
    "seeds": 2,
    "num_workers": 0,
    "quiet": True,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """An .npz of small grey images whose class is their brightness."""
    rng = np.random.default_rng(3)
    label = np.arange(41 * 3) % 3
    image = (60 * label + 20)[:, None, None] + rng.integers(-20, 60, (len(label), 12, 12))
    path = tmp_path_factory.mktemp("stages") / "grey.npz"
    np.savez(path, images=image.astype(np.uint8), labels=label)
    return path


def compared(data, folder, designs, **changes):
    options = {**OPTIONS, "confirm": True, "confirm_seeds": 3, **changes}
    return whatwhere.compare(data, designs=designs, output=folder, **options)


def records(folder):
    return {
        trial.key.text: (trial.folder / "record.json").read_bytes()
        for trial in Run.read(folder).trials
    }


def seeds_of(folder, design):
    return [t.key.seed for t in Run.read(folder).trials if t.key.design == design]


@pytest.fixture(scope="module")
def confirmed(data):
    """Two designs, both of which may be best after three steps."""
    return compared(data, data.parent / "run", ["csa", "se"]).folder


def test_the_second_stage_has_fresh_seeds_and_records_say_which_stage_they_are_of(confirmed):
    trials = Run.read(confirmed).trials
    assert {t.record["stage"] for t in trials if t.key.seed < 2} == {1}
    fresh = [t for t in trials if t.key.seed >= FIRST_FRESH_SEED]
    assert {t.record["stage"] for t in fresh} == {2}
    (cell,) = read_summary(confirmed)["cells"]
    for row in cell["leaderboard"]:
        assert seeds_of(confirmed, row["design"])[-3:] == [1000, 1001, 1002]
        assert row["num_seeds"] == 3
    assert "none" in {row["design"] for row in cell["leaderboard"]}
    assert "among the confirmed" in cell["recommendation"]
    assert "seed = 1000" in (confirmed / "best" / "config.toml").read_text()
    command = Run.read(confirmed).config["asked"]["command"]
    assert "--confirm --confirm-seeds 3" in command


def test_the_same_command_computes_nothing(data, confirmed):
    before, config = records(confirmed), (confirmed / "config.toml").read_bytes()
    compared(data, confirmed, ["csa", "se"])
    assert records(confirmed) == before
    assert (confirmed / "config.toml").read_bytes() == config


def test_stage_one_of_a_confirmed_run_is_the_run_without_confirmation(data, confirmed, tmp_path):
    plain = compared(data, tmp_path / "plain", ["csa", "se"], confirm=False, confirm_seeds=None)
    own = {t.key: t.record["key"] for t in Run.read(confirmed).trials}
    for trial in Run.read(plain.folder).trials:
        assert own[trial.key] == trial.record["key"]
    # and a plain run goes on to be confirmed without computing stage one again
    before = records(plain.folder)
    compared(data, plain.folder, ["csa", "se"])
    after = records(plain.folder)
    assert {key: after[key] for key in before} == before
    assert len(after) > len(before)


def test_a_design_that_is_added_later_changes_no_seed_of_the_others(data, confirmed, tmp_path):
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(confirmed, folder)
    before = records(folder)
    compared(data, folder, ["eca"], confirm=False, confirm_seeds=None)
    screened_only = records(folder)
    assert {key: screened_only[key] for key in before} == before
    assert seeds_of(folder, "eca") == [0, 1]
    (cell,) = read_summary(folder)["cells"]
    assert "eca" not in {row["design"] for row in cell["leaderboard"]}
    fate = next(row["fate"] for row in cell["screening"] if row["design"] == "eca")
    assert fate == "may be best: only screened so far"
    assert any(text.startswith("Only screened so far: eca.") for text in cell["stages"])

    compared(data, folder, ["eca"])
    after = records(folder)
    assert {key: after[key] for key in screened_only} == screened_only
    assert seeds_of(folder, "eca") == [0, 1, 1000, 1001, 1002]
    (cell,) = read_summary(folder)["cells"]
    assert "eca" in {row["design"] for row in cell["leaderboard"]}
    assert any("extended after a verdict (eca joined" in text for text in cell["stages"])
    rounds = next(iter(Run.read(folder).config["plan"]["confirm"].values()))["rounds"]
    assert "csa" in rounds[0]["designs"]
    assert "eca" in rounds[1]["designs"]
    assert not set(rounds[0]["designs"]) & set(rounds[1]["designs"])


def test_more_fresh_seeds_go_to_every_confirmed_row_also_to_those_not_named(
    data, confirmed, tmp_path
):
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(confirmed, folder)
    before = records(folder)
    compared(data, folder, ["csa"], confirm_seeds=4)
    after = records(folder)
    assert {key: after[key] for key in before} == before
    (cell,) = read_summary(folder)["cells"]
    assert {row["num_seeds"] for row in cell["leaderboard"]} == {4}
    assert "se" in {row["design"] for row in cell["leaderboard"]}
    compared(data, folder, ["csa"], confirm_seeds=3)  # never fewer than there are
    assert records(folder) == after


def test_test_labels_do_not_decide_what_is_confirmed(data, tmp_path):
    """A canary: with other labels of the test images the same rows run again."""
    with np.load(data) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    chosen = []
    for shift in (0, 1):
        folder = tmp_path / str(shift)
        folder.mkdir()
        splits = {"train": slice(0, 60), "val": slice(60, 90), "test": slice(90, None)}
        content = {f"{name}_images": images[part] for name, part in splits.items()}
        content |= {f"{name}_labels": labels[part][:, None] for name, part in splits.items()}
        content["test_labels"] = (content["test_labels"] + shift) % 3
        np.savez(folder / "grey.npz", **content)
        run = compared(folder / "grey.npz", folder / "run", ["csa", "se", "tgpfa"]).folder
        chosen.append(next(iter(Run.read(run).config["plan"]["confirm"].values()))["rounds"])
    assert chosen[0] == chosen[1]


def test_sizes_confirm_the_same_rows_at_every_size(data, tmp_path):
    folder = compared(data, tmp_path / "run", ["csa"], sizes=(30, 0)).folder
    cells = read_summary(folder)["cells"]
    assert len(cells) == 2
    rows = [{row["design"] for row in cell["leaderboard"]} for cell in cells]
    assert rows[0] == rows[1]
    assert all(cell["stage"] == 2 for cell in cells)


def test_a_budget_that_ends_in_stage_one_confirms_nothing_yet(data, tmp_path):
    folder = compared(data, tmp_path / "run", ["csa"], budget_seconds=1e-3).folder
    assert not [t for t in Run.read(folder).trials if t.key.seed >= FIRST_FRESH_SEED]
    assert "seeds" in str(Run.read(folder).config["plan"]["confirm"])


def test_fresh_seeds_may_be_fewer_until_the_second_stage_began(data, tmp_path):
    folder = compared(data, tmp_path / "run", ["csa"], budget_seconds=1e-3, confirm_seeds=7).folder
    compared(data, folder, ["csa"])
    assert seeds_of(folder, "none") == [0, 1, 1000, 1001, 1002]


def test_a_row_that_cannot_be_built_is_not_waited_for(data, tmp_path):
    run = compared(data, tmp_path / "run", ["csa", "widened"], backbone="timm:resnet10t")
    (cell,) = Run.read(run.folder).config["plan"]["confirm"].values()
    assert "none" in cell["rounds"][0]["designs"]
    assert "widened" not in cell["rounds"][0]["designs"]
    assert read_summary(run.folder)["missing"] == ""


def test_a_confirmed_design_whose_file_is_gone_takes_its_own_control_with_it(data, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from torch import nn\nclass Mine(nn.Conv2d):\n    def __init__(self, channels):\n"
        "        super().__init__(channels, channels, 1)\n"
    )
    run = compared(data, tmp_path / "run", [f"{file}:Mine"], controls="full", seeds=3)
    (cell,) = Run.read(run.folder).config["plan"]["confirm"].values()
    assert "Mine" in cell["rounds"][0]["designs"]
    assert any(name.startswith("wide_") for name in cell["rounds"][0]["designs"])
    before = records(run.folder)
    file.unlink()
    compared(data, run.folder, ["none"], controls="full", seeds=3)
    assert records(run.folder) == before


def test_a_screened_design_whose_code_changed_is_not_confirmed(data, tmp_path):
    file = tmp_path / "mine.py"
    text = "from torch import nn\nclass Mine(nn.Conv2d):\n    def __init__(self, channels):\n"
    file.write_text(f"{text}        super().__init__(channels, channels, 1)\n")
    name = f"{file}:Mine"
    run = compared(data, tmp_path / "run", [name], confirm=False, confirm_seeds=None)
    file.write_text(f"{text}        super().__init__(channels, channels, 3, padding=1)\n")
    with pytest.raises(UsageError, match="was made by another version of 'Mine'"):
        compared(data, run.folder, ["none"])


def test_full_controls_match_each_design_by_size_and_gain(data, tmp_path):
    folder = compared(
        data, tmp_path / "run", ["csa", "x + S(C(x))", "eca"], controls="full", confirm=False,
        confirm_seeds=None, seeds=3,
    ).folder  # fmt: skip
    trials = {t.key.design: t.record for t in Run.read(folder).trials}
    own = trials["csa"]["design"]["cost_control"]
    assert own == trials["rcsa"]["design"]["cost_control"]  # of one size, so judged by one row
    expected = {"none", "csa", "rcsa", "eca", own}
    assert set(trials) == expected | {"gain_0.25", "gain_0.5", "gain_1.25"}
    wanted = trials["csa"]["cost"]["parameters"]
    found = trials[own]["cost"]["parameters"]
    bare = trials["none"]["cost"]["parameters"]
    assert abs(found / wanted - 1) <= 0.005
    assert own == f"wide_{found - bare}"
    assert trials[own]["design"]["added_parameters"] == found - bare > 0
    assert trials["eca"]["design"]["cost_control"] == "none"
    (cell,) = read_summary(folder)["cells"]
    controls = {
        item["design"]: [against["control"] for against in item["against"]]
        for item in cell["usefulness"]
    }
    assert controls == {
        "csa": ["none", own, "gain_0.25"],
        "rcsa": ["none", own, "gain_1.25"],
        "eca": ["none", "none", "gain_0.5"],
    }
    comparison = whatwhere.compare(
        data, designs=["csa", "rcsa", "eca"], output=folder, **{**OPTIONS, "seeds": 3}
    )
    assert num_parameters(comparison.model(own)) == found


def test_seeds_of_the_stages_never_meet():
    assert FIRST_FRESH_SEED > MAX_SEEDS
    assert [stage_of(seed) for seed in (0, MAX_SEEDS - 1, 1000, 1099)] == [1, 1, 2, 2]
    assert list(fresh_seeds(3)) == [1000, 1001, 1002]


def test_requests_of_two_stages():
    assert parse_confirmation(False, None) is None
    assert parse_confirmation(True, None) == 10
    assert parse_confirmation(True, 5) == 5
    with pytest.raises(UsageError, match="confirm-seeds 5 without --confirm"):
        parse_confirmation(False, 5)
    with pytest.raises(UsageError, match=r"expected 3 \(fewer allow no claim\) to 100"):
        Request(data=("a",), confirm_seeds=2)
    with pytest.raises(UsageError, match="a choice by validation would have seen the test images"):
        Request(data=("a",), confirm_seeds=5, folds=3)
    with pytest.raises(UsageError, match="expected one of few, full"):
        Request(data=("a",), controls="all")
    with pytest.raises(UsageError, match="no control can begin with them"):
        Request(data=("a",), controls="full", pretrained="timm:resnet18")
    plan = Request(data=("a",), confirm_seeds=5, controls="full")
    assert plan.recipe() == Request(data=("a",)).recipe()


@pytest.mark.parametrize(
    ("gain", "name"),
    [
        (0.063, "gain_0.06"),
        (0.13, "gain_0.15"),
        (0.74, "gain_0.65"),
        (0.9, "none"),
        (1.11, "none"),
        (1.13, "gain_1.25"),
        (0.0, None),
        (None, None),
    ],
)
def test_the_constant_gain_of_a_bin_is_the_nearest_as_ratios_go(gain, name):
    assert gain_control(gain) == name


def test_controls_of_designs():
    designs = choose_designs(["csa", "c_cmssa"])
    names = [design.name for design in full_controls(designs, ModelSpec("resnet8", 5, 1))]
    assert names[-2:] == ["gain_0.06", "gain_0.25"]
    assert all(name.startswith("wide_") for name in names[:-2])
    own = cost_control(2170)
    assert added_parameters(own) == 2170
    assert own.card.title == "no attention, widened by 2,170 parameters"
    assert is_widened(own)
    assert is_widened(named_or_typed("widened"))
    assert not is_widened(named_or_typed("gain_0.25"))
    assert most_confirmed(designs, most=5, controls="few") == 1 + 2 + 2 + 1
    assert most_confirmed(designs, most=1, controls="full") == 1 + 1 + 1 + 1


def test_own_sizes_reach_those_of_the_designs():
    spec = ModelSpec("resnet8", 5, 1)
    for name in ("csa", "msc_sa"):
        wanted = num_parameters(build_model(spec, design=named_or_typed(name), seed=0))
        added, widths = own_size(spec, named_or_typed(name))
        wide = spec_of(spec, cost_control(added), widths)
        found = num_parameters(build_model(wide, design=named_or_typed("none"), seed=0))
        assert abs(found - wanted) <= 145  # half of the smallest step, 2 * 9 * 16 + 2 values
    assert own_size(spec, named_or_typed("eca"))[0] == 0
    assert own_size(replace(spec, start="identity"), named_or_typed("csa")) is None


def test_a_dry_run_tells_of_the_second_stage_and_writes_nothing(data, confirmed, tmp_path):
    from whatwhere.study.compare import run_comparison

    request = Request(
        data=(str(data),), designs=("csa",), seeds=2, steps=3, precision="fp32", layout="nchw",
        confirm_seeds=3,
    )  # fmt: skip
    done = run_comparison(request, folder=tmp_path / "new", num_workers=0, dry_run=True)
    assert any("then a second stage: of 4 rows" in line for line in done.forecast)
    assert not (tmp_path / "new").exists()
    before = json.dumps(sorted(records(confirmed)))
    (table,) = done.seeds  # csa, no attention, one gain and one size at most
    assert (table.num_seeds, table.num_rows, table.is_second_stage) == (3, 4, True)
    again = run_comparison(request, folder=confirmed, num_workers=0, dry_run=True)
    assert any("chosen by validation" in line for line in again.forecast)
    assert any("with 3 seeds, differences of about" in line for line in again.forecast)
    assert json.dumps(sorted(records(confirmed))) == before

"""Spaces: those that are shipped, filling them, and what a file of one's own may not say."""

import numpy as np
import pytest

from tests.search.conftest import SPACE
from whatwhere.blocks import named_or_typed
from whatwhere.errors import UsageError
from whatwhere.models import ModelSpec
from whatwhere.models.counting import parameters_of
from whatwhere.models.networks.create import canonical
from whatwhere.study.searching.space import load_space, read_space, space_names, written
from whatwhere.training.changes import split_changes

NONE = named_or_typed("none")


def test_the_default_of_samc_is_samc_with_the_recipe_r1():
    space = load_space("samc")
    default = space.fill(space.defaults)
    assert canonical(default.design) == "samc"
    assert parameters_of(ModelSpec(default.design, 10, 3), design=NONE) == 1_206_322
    assert space.protocol == "r1"
    assert default.learning_rate == "0.00055"
    assert split_changes(default.protocol("r1")) == (
        "r1",
        {"weight_decay": 0.06, "label_smoothing": 0.1, "mixup_alpha": 0.8, "cutmix_alpha": 1.0},
    )


def test_samc_has_the_published_extent():
    choices = {name: item.choices for name, item in load_space("samc").parameters.items()}
    assert choices["width1"] == (48, 64, 80, 96)
    assert choices["width2"] == tuple(range(96, 225, 32))
    assert choices["width3"] == tuple(range(128, 289, 32))
    assert choices["depth1"] == choices["depth2"] == choices["depth3"] == (1, 2, 3, 4)
    assert choices["mlp_ratio"] == (2, 3, 4)
    assert choices["kernels"] == ("1-3-5", "3-5-7", "1-3-5-7")
    assert choices["shortcut"] == ("pad", "proj", "image", "none")
    assert choices["pools"] == ("1-2-2", "2-2-2")
    assert all(not choices[name] for name in ("drop_path", "learning_rate", "weight_decay"))


def test_every_choice_of_samc_can_be_built_but_for_shrinking_widths():
    space = load_space("samc")
    rng = np.random.default_rng(0)
    seen = {name: set() for name in space.parameters}
    for _ in range(300):
        values = space.draw(rng)
        if values["width3"] < values["width2"]:
            continue
        text = space.fill(values).design
        assert parameters_of(ModelSpec(text, 10, 3), design=NONE) > 100_000
        for name, value in values.items():
            seen[name].add(value)
    assert all(
        seen[name] == set(item.choices) for name, item in space.parameters.items() if item.choices
    )


def test_all_shipped_spaces_load():
    assert space_names() == ["samc", "wirings"]
    wirings = load_space("wirings")
    assert wirings.fill(wirings.defaults).backbone == "resnet20-w16"
    for choice in wirings.parameters["design"].choices:
        named_or_typed(choice)


def test_filling_writes_four_digits_and_follows(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        SPACE.replace("resnet8-w{width}", "resnet{depth}-w{width}")
        + "[follows]\ndepth = {parameter = 'width', values = {4 = 8, 5 = 14, 7 = 20}}\n"
    )
    space = read_space(path)
    values = {"block": "eca", "width": 7, "rate": 0.0123456, "decay": 0.00098765}
    candidate = space.fill(values)
    assert candidate.backbone == "resnet20-w7"
    assert candidate.learning_rate == "0.01235"
    assert candidate.protocol("quick") == "quick(weight_decay=0.0009877)"
    assert (
        candidate.protocol("quick(weight_decay=0.1, noise_sigma=0.2)")
        == "quick(weight_decay=0.0009877, noise_sigma=0.2)"
    )
    assert written(2e-05) == "2e-05"


def test_draws_spread_over_factors_where_the_scale_is_logarithmic(space_file):
    space = read_space(space_file)
    rng = np.random.default_rng(3)
    drawn = [space.draw(rng) for _ in range(2000)]
    rates = np.array([values["rate"] for values in drawn])
    assert 0.01 <= rates.min() < rates.max() <= 0.3
    assert np.mean(rates < np.sqrt(0.01 * 0.3)) == pytest.approx(0.5, abs=0.04)
    decays = np.array([values["decay"] for values in drawn])
    assert np.mean(decays < 0.005) == pytest.approx(0.5, abs=0.04)
    blocks = [values["block"] for values in drawn]
    assert blocks.count("eca") / 2000 == pytest.approx(1 / 3, abs=0.04)


WRONG = {
    'title = "a tiny space"': {
        'titel = "a"': "Space has no setting 'titel'; did you mean 'title'?",
        'title = "a"\nprotocol = 3': "Space.protocol must be str, not 3",
    },
    'design = "{block}"': {
        'design = "{blok}"': r"unknown parameter 'blok'; did you mean 'block'\?",
        'design = "none"': r"'block' fills no gap: write \{block\} where it belongs",
    },
    'weight_decay = "{decay}"': {
        'weight_decai = "{decay}"': "no setting 'weight_decai'; did you mean 'weight_decay'",
        "weight_decay = 3": r'changes.weight_decay must be a text such as "\{weight_decay\}"',
    },
    "width = {choices = [4, 5, 7], default = 5}": {
        "width = {choice = [4, 5], default = 5}": "parameters.width: Parameter has no setting"
        " 'choice'; did you mean 'choices'",
        "width = {choices = [4, 5], default = 6}": "default=6: expected one of 4, 5",
        "width = {choices = [4], default = 4}": "at least two different choices",
        "width = {choices = [4, 5], low = 1, high = 2, default = 4}": "either choices, or low and",
        "width = {default = 4}": "either choices, or low and high",
        "width = [4, 5]": r"parameters.width must be a table, not \[4, 5\]",
        "width = {choices = [4, 5]}": "incomplete.*default",
    },
    "rate = {low = 0.01, high = 0.3, log = true, default = 0.1}": {
        "rate = {low = 0.0, high = 0.3, log = true, default = 0.1}": "with log both above 0",
        "rate = {low = 0.3, high = 0.1, default = 0.2}": "expected low below high",
        "rate = {low = 0.01, high = 0.3, default = 0.5}": "a number from 0.01 to 0.3",
        "rate = {low = 'a', high = 0.3, default = 0.5}": "Parameter.low must be float, not 'a'",
    },
}
CASES = [(good, bad, text) for good, wrong in WRONG.items() for bad, text in wrong.items()]


@pytest.mark.parametrize(("good", "bad", "message"), CASES)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path, good, bad, message):
    path = tmp_path / "mine.toml"
    assert good in SPACE
    path.write_text(SPACE.replace(good, bad))
    with pytest.raises(UsageError, match=rf"^mine\.toml: .*{message}"):
        read_space(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{parameter = 'widht', values = {4 = 1}}", "did you mean 'width'"),
        ("{parameter = 'width', values = {4 = 1, 5 = 2}}", "each of its choices; missing: 7"),
        ("{parameter = 'rate', values = {4 = 1}}", "missing: choices"),
    ],
)
def test_what_follows_needs_a_value_for_every_choice(tmp_path, line, message):
    path = tmp_path / "mine.toml"
    path.write_text(SPACE.replace("resnet8-w", "resnet{n}-w") + f"[follows]\nn = {line}\n")
    with pytest.raises(UsageError, match=message):
        read_space(path)


def test_unknown_spaces_name_the_nearest(tmp_path):
    with pytest.raises(UsageError, match=r"unknown space 'smac'; did you mean 'samc'.*my\.toml"):
        load_space("smac")
    with pytest.raises(UsageError, match="there is no file"):
        load_space(str(tmp_path / "none.toml"))
    with pytest.raises(UsageError, match="is not a TOML file"):
        (tmp_path / "a.toml").write_text("= 3")
        load_space(str(tmp_path / "a.toml"))

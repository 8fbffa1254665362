"""Every setting's file: read strictly, and checked against what the program knows today."""

import shlex
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from whatwhere.data.sources.catalogue import CATALOGUE
from whatwhere.errors import UsageError
from whatwhere.models import ModelSpec, build_model
from whatwhere.settings import load_setting, read_setting, setting_names
from whatwhere.stats.printed import read_printed
from whatwhere.study.listing import list_cards
from whatwhere.study.preparing.chosen import choose_designs
from whatwhere.study.reproducing.points import layout
from whatwhere.training.changes import split_changes, with_changes
from whatwhere.training.presets import PRESETS, preset

NAMES = setting_names()
MEDMNIST = (
    *("breast", "retina", "pneumonia", "derma", "blood"),
    *("organc", "organs", "organa", "path", "oct"),
)
NAMED_IN_THE_PLAN = [
    "samc2024_cifar10",
    "samc2024_cifar100",
    "amsra2026_cifar10",
    "amsra2026_ablation_lgsa",
    "amsra2026_ablation_msfd",
    "dmsca2026_resnet18_cifar100",
    "dmsca2026_resnet34_cifar100",
    "dmsca2026_resnet50_imagenet",
    "msga2025_cifar100",
    "msga2025_heads",
    "topologies2026_cifar10",
    "topologies2026_cifar100",
    *(f"topologies2026_{name}mnist" for name in MEDMNIST),
    "sensitivity_batch_adamw",
    "sensitivity_batch_sgd",
    "sensitivity_test_noise",
    "sensitivity_training_noise",
    "sensitivity_label_noise",
]


def test_every_setting_of_the_plan_is_there():
    assert set(NAMED_IN_THE_PLAN) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_matches_the_program(name):
    setting = load_setting(name)
    assert setting.id == name
    arms, points = layout(setting)
    assert len({point.label for point in points}) == len(points)
    for point in points:
        assert point.design_name, "the row resolves to a design"
    for arm in arms:
        assert split_changes(arm.protocol)[0] in PRESETS
    assert (setting.data in CATALOGUE) == (not setting.refused)
    if setting.data in CATALOGUE:
        card = CATALOGUE.card(setting.data)
        assert not card.multi_label
        assert not setting.validation_fraction or 0 in card.splits
    for figure in setting.figures:
        value = figure.number.value
        assert -1 < value < 1 or figure.metric in ("parameters", "macs")


@pytest.mark.parametrize("backbone", sorted({load_setting(n).backbone for n in NAMES} - {""}))
def test_a_backbone_takes_a_block(backbone):
    if backbone.startswith("timm:"):
        pytest.importorskip("timm")
    (csa,) = choose_designs(("csa",), alone=True)
    spec = ModelSpec(backbone=backbone, num_classes=3, in_channels=3)
    assert "attention" in str(build_model(spec, design=csa, seed=0)).lower()


@pytest.mark.parametrize("name", [n for n in NAMES if load_setting(n).data in CATALOGUE])
def test_balanced_tests_are_those_of_cifar(name):
    setting = load_setting(name)
    assert setting.balanced_test == setting.data.startswith("cifar")


def test_every_reported_difference_names_its_rows():
    gains = [f for n in NAMES for f in load_setting(n).figures if f.minus]
    assert len(gains) == 5 * 3 + 4 * 3 + 1
    assert all(read_printed(figure.printed).value > 0 for figure in gains)


BASE = {
    "kind": '"ours"',
    "title": '"t"',
    "paper": '"p"',
    "table": '"t"',
    "data": '"digits"',
    "protocol": '"quick"',
    "rows": '[{label = "a", design = "none"}]',
}
SWEEP = (
    '\n[sweep]\nvaries = "test-noise"\naxis = "x"\nvalues = [0, 1]\nreference = 0\nasks = "loss"\n'
)


def written(tmp_path, *, tail="", **changes):
    path = tmp_path / "wrong.toml"
    lines = [f"{key} = {value}" for key, value in (BASE | changes).items() if value]
    path.write_text("\n".join(lines) + tail)
    return path


def test_the_shortest_setting_reads(tmp_path):
    assert read_setting(written(tmp_path, tail=SWEEP)).sweep.values == (0, 1)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"protocl": '"quick"'}, "wrong.toml: Setting has no setting 'protocl'; did you mean"),
        ({"protocol": ""}, "wrong.toml: Setting is incomplete"),
        ({"seeds": "0"}, "seeds=0: expected at least 1"),
        ({"seeds": '"five"'}, "Setting.seeds must be int"),
        ({"title": "[1]"}, "title must be text"),
        ({"choices": "[1]"}, "choices must be text, not 1"),
        ({"kind": '"mine"'}, "kind 'mine': expected one of published"),
        ({"rows": "[]"}, "at least one row"),
        ({"rows": '"none"'}, "rows must be tables"),
        ({"rows": '[{label = "a", desing = "none"}]'}, "Row has no setting 'desing'; did you mean"),
        (
            {"rows": '[{label = "a", design = "none"}, {label = "a", design = "none"}]'},
            "two rows have the same label, design and protocol",
        ),
        (
            {"figures": '[{row = "b", metric = "accuracy", printed = "1 %"}]'},
            "a figure names the row 'b'",
        ),
        (
            {"figures": '[{row = "a", metric = "acuracy", printed = "1 %"}]'},
            "metric 'acuracy': expected one of .* did you mean 'accuracy'",
        ),
        (
            {"figures": '[{row = "a", metric = "accuracy", printed = "high"}]'},
            "'high' is no printed number",
        ),
        ({"rows": '[{label = "a", design = "n({value})"}]'}, "belong together"),
        ({"tail": SWEEP.replace("test-noise", "test-nois")}, "did you mean 'test-noise'"),
        ({"tail": SWEEP.replace("[0, 1]", "[1, 0]")}, "at least two, ascending"),
        ({"tail": SWEEP.replace("reference = 0", "reference = 2")}, "reference 2: expected one of"),
        ({"tail": SWEEP + 'scalings = ["fixed"]\n'}, "a sweep of batch sizes has scalings"),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path, changes, text):
    with pytest.raises(UsageError, match=text):
        read_setting(written(tmp_path, **changes))


def test_unknown_settings_have_a_nearest_name():
    with pytest.raises(LookupError, match="did you mean 'samc2024_cifar10'"):
        load_setting("samc2024_cifar1")


def test_the_list_of_settings_tells_their_state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cards = {card["name"]: card for card in list_cards("settings")}
    assert list(cards) == NAMES
    assert cards["samc2024_cifar10"]["state"] == "not measured"
    imagenet = cards["dmsca2026_resnet50_imagenet"]
    assert imagenet["state"] == "not measured (refused: see the setting)"
    assert "image-net.org" in imagenet["refused"]
    folder = tmp_path / "reproductions" / "x" / "results"
    folder.mkdir(parents=True)
    (folder / "2026-01-01-samc2024_cifar10.json").write_text(
        '[{"setting": "samc2024_cifar10", "when": "2026-01-01T00:00:00", "status": "shortened"}]'
    )
    (card,) = list_cards("settings", ["samc2024_cifar10"])
    assert card["state"] == "not measured; here 2026-01-01: shortened"
    assert [c["name"] for c in list_cards("settings", ["msga*"])] == [
        name for name in NAMES if name.startswith("msga")
    ]
    with pytest.raises(LookupError, match="unknown setting 'smac2024_cifar10'"):
        list_cards("settings", ["smac2024_cifar10"])


def test_the_files_are_part_of_the_package():
    """The wheel takes the whole package, and nothing of it is left out by name or by git."""
    found = resources.files("whatwhere.settings").joinpath("published").iterdir()
    assert sorted(file.name for file in found) == [f"{name}.toml" for name in NAMES]
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())
    assert project["tool"]["hatch"]["build"] == {
        "targets": {"wheel": {"packages": ["src/whatwhere"]}}
    }
    ignored = (root / ".gitignore").read_text().split()
    assert not any("toml" in line or "settings" in line for line in ignored)


@pytest.mark.parametrize("name", NAMES)
def test_no_figure_is_quoted_from_memory(name):
    assert not [f for f in load_setting(name).figures if "memory" in f.source]


TOKENS = ("amsra_s", "cct_6_3x1", "cct_7_3x1", "samc", "samc_l", "vit", "crossvit", "msga")


@pytest.mark.parametrize(
    "name", ["amsra2026_cifar10", "samc2024_cifar10", "samc2024_cifar100", "msga2025_cifar100"]
)
def test_networks_of_tokens_are_never_run_with_sgd_alone(name):
    setting = load_setting(name)
    for row in setting.rows:
        if row.design not in TOKENS:
            continue
        twins = [o for o in setting.rows if (o.label, o.design) == (row.label, row.design)]
        recipes = [
            preset(o.protocol or setting.protocol, easy=False, allow_flip=True, image_size=32)
            for o in twins
        ]
        assert "adamw" in [recipe.optimizer for recipe in recipes], row


def test_what_is_expected_of_the_modern_recipe_is_run():
    rows = load_setting("amsra2026_cifar10").rows
    modern = {row.design for row in rows if row.protocol == "r1"}
    assert modern == {"amsra_s", "resnet18", "cct_7_3x1"}


@pytest.mark.parametrize("name", [n for n in NAMES if load_setting(n).refused])
def test_the_command_of_a_refusal_is_that_of_the_file(name):
    setting = load_setting(name)
    words = shlex.split(setting.refused.partition("the nearest thing is: ")[2])
    assert words[:3] == ["whatwhere", "compare", "FOLDER"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert options == {
        "--protocol": setting.protocol,
        "--backbone": setting.backbone,
        "-d": ",".join(row.design for row in setting.rows),
        "--image-size": "224",
        "--batch": str(setting.batch_size),
        "--epochs": "100",
    }


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("dmsca2026")])
def test_no_reading_of_dmsca_is_called_the_published_overhead(name):
    notes = [row.note for row in load_setting(name).rows if row.design == "dmsca_gate3"]
    whose = "the" if "resnet50" in name else "ResNet-50's"
    assert set(notes) <= {f"ours: nearest to {whose} published overhead"}


def test_the_protocol_on_imagenet_is_that_of_the_table():
    for name in (n for n in NAMES if n.endswith("imagenet")):
        setting = load_setting(name)
        base, changes = split_changes(setting.protocol)
        recipe = with_changes(preset(base, easy=False, allow_flip=True, image_size=224), changes)
        assert (recipe.optimizer, recipe.learning_rate, recipe.momentum) == ("sgd", 0.1, 0.9)
        assert (recipe.schedule, recipe.weight_decay, setting.batch_size) == ("cosine", 1e-4, 128)

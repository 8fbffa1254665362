"""Recipes: the numbers of their sources, shares of any number of steps, exact resumes."""

from dataclasses import asdict, fields, replace

import pytest
from torch import nn

from whatwhere.augmentation import Augmentation
from whatwhere.cli.options import PROTOCOL_HELP
from whatwhere.config import build, fingerprint, read_toml, to_toml, without_defaults
from whatwhere.errors import UsageError
from whatwhere.study.preparing.prepare import prepare
from whatwhere.study.request import Request
from whatwhere.training.changes import split_changes, with_changes
from whatwhere.training.optimise import build_optimizer, learning_rate_at
from whatwhere.training.presets import PRESETS, largest_image_size, preset
from whatwhere.training.protocol import Protocol, with_steps
from whatwhere.training.recipes import RECIPES

CIFAR_EPOCH = {128: 390, 64: 781}


def recipe(name, **options):
    known = {"easy": False, "allow_flip": True, "image_size": 32, **options}
    return preset(name, **known)


@pytest.mark.parametrize(
    ("name", "optimizer", "rate", "decay", "batch", "epochs", "schedule"),
    [
        ("r0_samc", "sgd", 0.1, 5e-4, 128, 200, "drops"),
        ("r0_samc_adamw", "adamw", 5.5e-4, 0.06, 128, 200, "cosine"),
        ("r0_dmsca", "sgd", 0.1, 5e-4, 64, 200, "cosine"),
        ("r0_amsra", "sgd", 0.1, 5e-4, 128, 200, "cosine"),
        ("r0_medmnist", "adamw", 1e-3, 0.0, 128, 100, "drops"),
        ("topologies_cifar", "sgd", 0.1, 5e-4, 128, 200, "cosine"),
        ("topologies_medmnist", "adamw", 1e-3, 0.01, 128, 100, "cosine"),
        ("r1", "adamw", 5.5e-4, 0.06, 128, 300, "cosine"),
    ],
)
def test_recipes_have_the_numbers_of_their_sources(
    name, optimizer, rate, decay, batch, epochs, schedule
):
    protocol = recipe(name)
    assert (protocol.optimizer, protocol.learning_rate) == (optimizer, rate)
    assert (protocol.weight_decay, protocol.batch_size) == (decay, batch)
    assert protocol.steps == epochs * CIFAR_EPOCH[batch]
    assert (protocol.schedule, protocol.momentum, protocol.name) == (schedule, 0.9, name)
    assert largest_image_size(name, device="cpu") == 32


def test_every_recipe_is_a_preset_and_says_where_it_comes_from():
    assert ("quick", "standard", "thorough", *RECIPES) == PRESETS
    for card in RECIPES.values():
        assert len(card.sources) > 40 or card.sources.startswith("None:")
        assert len(card.decided) > 40
    with pytest.raises(UsageError, match=r"unknown protocol 'r0_sam'; did you mean 'r0_samc'"):
        recipe("r0_sam")
    with pytest.raises(UsageError, match=r"unknown protocol 'r2'"):
        largest_image_size("r2", device="cpu")


def test_the_modern_recipe_has_two_variants():
    ten, hundred = recipe("r1"), recipe("r1", num_classes=100)
    assert ten.learning_rate == 5.5e-4 and hundred.learning_rate == 6e-4
    assert ten.extra.mixing_fraction == 175 / 300 and hundred.extra.mixing_fraction == 1.0
    assert (ten.extra.erasing_probability, hundred.extra.erasing_probability) == (0.0, 0.25)
    for protocol in (ten, hundred):
        assert (protocol.label_smoothing, protocol.ema_decay, protocol.clip_norm) == (
            0.1,
            0.999,
            1.0,
        )
        assert (protocol.extra.mixup_alpha, protocol.extra.cutmix_alpha) == (0.8, 1.0)
        assert protocol.extra.smallest_crop_area == 0.8
        assert (protocol.extra.randaugment_ops, protocol.extra.randaugment_magnitude) == (2, 9.0)
        assert protocol.extra.randaugment_magnitude_std == 0.5
        assert protocol.augmentation == "flip"
        assert not protocol.decay_norms
    assert recipe("r1", allow_flip=False).augmentation == "none"


def test_epochs_become_steps_of_the_training_set():
    assert recipe("r0_samc", num_train=1400).steps == 200 * 10
    assert recipe("r0_samc", num_train=90).steps == 200
    assert recipe("r0_samc", batch_size=512).steps == 200 * 97
    assert recipe("r0_samc", batch_size=512).batch_size == 512
    assert recipe("r0_dmsca", image_size=96).backbone == "resnet18-large"


def test_the_smallest_sets_have_as_many_steps_as_the_next_larger():
    """Images of BreastMNIST, RetinaMNIST, PneumoniaMNIST and DermaMNIST."""
    steps = [recipe("topologies_medmnist", num_train=n).steps for n in (546, 1080, 4708, 7007)]
    assert steps == [3600, 3600, 3600, 5400]
    own = [recipe("r0_medmnist", num_train=n).steps for n in (546, 89_996)]
    assert own == [400, 70_300]
    assert all(f"{number:,}" in RECIPES["r0_medmnist"].decided for number in own)
    for name, card in RECIPES.items():
        assert (card.min_steps > 0) == (name == "topologies_medmnist")
        assert not card.min_steps or f"At least {card.min_steps:,} steps" in card.decided


def test_a_shortened_recipe_has_its_drops_and_its_warm_up_in_proportion():
    for steps in (200, 78_000):
        protocol = with_steps(recipe("r0_samc"), steps)
        rates = [learning_rate_at(step, protocol) for step in range(0, steps, steps // 200)]
        assert rates[0] == pytest.approx(0.1 / (steps // 200))
        expected = [0.1] * 59 + [0.02] * 60 + [0.004] * 40 + [0.0008] * 40
        assert rates[1:] == pytest.approx(expected)
    modern = with_steps(recipe("r1"), 300)
    assert learning_rate_at(0, modern) == pytest.approx(5.5e-5)
    assert learning_rate_at(9, modern) == pytest.approx(5.5e-4)
    assert learning_rate_at(155, modern) == pytest.approx((5.5e-4 + 1e-5) / 2)
    assert learning_rate_at(299, modern) == pytest.approx(1e-5, rel=0.01)


def test_the_lowest_rate_is_never_above_the_peak():
    protocol = replace(recipe("r1"), learning_rate=1e-6, steps=100)
    assert {learning_rate_at(step, protocol) for step in range(10, 100)} == {1e-6}


def test_averages_look_back_over_the_same_share_of_the_steps():
    full = recipe("r1")
    short = with_steps(full, 11_700)
    assert 1 / (1 - short.ema_decay) == pytest.approx(0.1 / (1 - full.ema_decay))
    assert with_steps(full, 100).ema_decay == 0.0
    assert with_steps(full, full.steps) == full
    assert recipe("r1", num_train=1400).ema_decay == pytest.approx(1 - 0.001 * 117_000 / 3000)
    quick = recipe("quick")
    assert with_steps(quick, 7) == replace(quick, steps=7)


def test_norms_decay_and_momentum_looks_ahead_where_the_recipe_says_so():
    model = nn.Sequential(nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5))
    groups = build_optimizer(model, recipe("r0_samc")).param_groups
    assert [group["weight_decay"] for group in groups] == [5e-4, 5e-4]
    assert not any(group["nesterov"] for group in groups)
    groups = build_optimizer(model, recipe("topologies_cifar")).param_groups
    assert [group["weight_decay"] for group in groups] == [5e-4, 0.0]
    assert all(group["nesterov"] for group in groups)


@pytest.mark.parametrize("name", PRESETS)
def test_protocols_survive_their_file(name, tmp_path):
    protocol = recipe(name, num_classes=100)
    path = tmp_path / "protocol.toml"
    path.write_text(to_toml(without_defaults(protocol)))
    assert build(Protocol, read_toml(path)) == protocol


def test_records_of_older_runs_are_read_and_keep_their_hash():
    new = {"nesterov", "decay_norms", "drops", "drop_factor", "lowest_learning_rate", "extra"}
    new |= {"whole_steps"}
    standard = recipe("standard")
    old = {name: value for name, value in asdict(standard).items() if name not in new}
    assert len(old) == len(fields(Protocol)) - len(new) == 21
    assert build(Protocol, old) == standard
    # As the version wrote it that did not know of recipes.
    recorded = "33b66401db160317112e49b6847e7ccfe3a1b81be23830350367d30d602b1308"
    assert fingerprint(without_defaults(standard)) == recorded


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drops": (0.5,)}, r"drops=\(0.5,\) with schedule='linear': expected ascending shares"),
        ({"schedule": "drops"}, r"drops=\(\) with schedule='drops'"),
        ({"schedule": "drops", "drops": (0.6, 0.3)}, r"expected ascending shares"),
        ({"schedule": "drops", "drops": (0.5, 1.0)}, r"between 0 and 1"),
        ({"lowest_learning_rate": -1.0}, "lowest_learning_rate=-1.0: expected a value from 0.0"),
    ],
)
def test_a_protocol_refuses_schedules_that_make_no_sense(change, message):
    with pytest.raises(UsageError, match=message):
        replace(recipe("standard"), **change)


def test_unknown_augmentation_in_a_record_is_refused():
    values = without_defaults(recipe("r1"))
    values["extra"]["mixup"] = 1.0
    with pytest.raises(UsageError, match="Augmentation has no setting 'mixup'"):
        build(Protocol, values)


def test_single_numbers_are_changed_in_parentheses():
    assert split_changes("r1") == ("r1", {})
    name, changes = split_changes(
        "standard( label_noise=0.2, nesterov=false,schedule=drops,drops=0.3-0.6, randaugment_ops=2)"
    )
    assert name == "standard"
    protocol = with_changes(recipe(name), changes)
    assert protocol == replace(
        recipe("standard"),
        nesterov=False,
        schedule="drops",
        drops=(0.3, 0.6),
        extra=Augmentation(label_noise=0.2, randaugment_ops=2),
    )
    assert split_changes("quick()") == ("quick", {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("r1(label_noise=0.2", r"expected for instance r1\(label_noise=0.2\)"),
        ("r1(labelnoise=0.2)", "there is no setting 'labelnoise'; did you mean 'label_noise'"),
        ("r1(steps=5)", "there is no setting 'steps'"),
        ("r1(label_noise=much)", "label_noise='much' is not float"),
        ("r1(randaugment_ops=1.5)", "randaugment_ops='1.5' is not int"),
        ("r1(nesterov=yes)", "nesterov='yes' is not bool"),
    ],
)
def test_changes_that_make_no_sense_are_refused(text, message):
    with pytest.raises(UsageError, match=message):
        split_changes(text)


def test_a_request_becomes_a_shortened_recipe():
    request = Request(
        data=("digits",),
        protocol="r1(label_noise=0.2,ema_decay=0.99)",
        steps=50,
        backbone="resnet8",
    )
    prepared = prepare("digits", request, device="cpu")
    protocol, num_train = prepared.protocol, len(prepared.source.indices("train"))
    whole = 300 * (num_train // 128)
    assert (protocol.steps, protocol.whole_steps, protocol.backbone) == (50, whole, "resnet8")
    assert protocol.ema_decay == pytest.approx(max(0.0, 1 - 0.01 * whole / 50))
    assert protocol.extra.label_noise == 0.2 and protocol.extra.mixup_alpha == 0.8
    whole_request = replace(request, steps=None, protocol="r1")
    assert prepare("digits", whole_request, device="cpu").protocol.whole_steps == 0
    standard = replace(request, protocol="standard")
    assert prepare("digits", standard, device="cpu").protocol.whole_steps == 0


def test_the_help_names_every_protocol():
    assert all(name in PROTOCOL_HELP for name in PRESETS)

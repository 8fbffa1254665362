"""How a text becomes a network: options, their one canonical form, and the ways to a network."""

from dataclasses import dataclass
from typing import Literal

import pytest
import torch

import whatwhere
from whatwhere.blocks.designs import named_or_typed
from whatwhere.errors import UnknownNameError, UsageError
from whatwhere.exporting.bundle import Bundle, read_bundle, write_bundle
from whatwhere.models import ModelSpec, ResNet, build_model, canonical, create_model, networks
from whatwhere.models.networks.options import split_text, text_of, with_options

SAMC = "samc(dims=8-16, depths=1-1, heads=1-2, pools=2-2, kv_strides=2-1)"


@dataclass(frozen=True)
class Config:
    count: int = 1
    rate: float = 0.5
    kind: Literal["pad", "none"] = "pad"
    sizes: tuple[int, ...] = (3, 5)
    grid: int | None = 8
    chained: bool = False


def test_every_kind_of_value_is_read():
    options = {
        "count": "2",
        "rate": "1e-3",
        "kind": "none",
        "sizes": "7-9-11",
        "grid": "none",
        "chained": "true",
    }
    expected = Config(2, 0.001, "none", (7, 9, 11), None, True)
    assert with_options(Config(), options, name="net") == expected
    assert with_options(Config(), {"grid": "4"}, name="net").grid == 4
    assert with_options(Config(), {"sizes": "7"}, name="net").sizes == (7,)


def test_the_canonical_text_leads_back():
    config = Config(2, 0.001, "none", (7, 9), None, True)
    text = text_of("net", config, default=Config())
    assert text == "net(count=2, rate=0.001, kind=none, sizes=7-9, grid=none, chained=true)"
    name, options = split_text(text)
    assert (name, with_options(Config(), options, name=name)) == ("net", config)
    assert text_of("net", Config(), default=Config()) == "net"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"coutn": "1"}, r"unknown option of net 'coutn'; did you mean 'count'\? \(known: count"),
        ({"count": "1.5"}, r"net\(count=1.5\): expected a whole number, not '1.5'"),
        ({"rate": "nan"}, r"net\(rate=nan\): expected a number, not 'nan'"),
        ({"rate": "much"}, "expected a number, not 'much'"),
        ({"kind": "pda"}, r"net\(kind=pda\): expected one of pad, none; did you mean 'pad'\?"),
        ({"sizes": "3--5"}, "expected a whole number, not ''"),
        ({"chained": "yes"}, "expected one of true, false"),
    ],
)
def test_other_values_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        with_options(Config(), options, name="net")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("samc(", r"'samc\(' names no network: expected a name"),
        ("samc(shortcut)", "'shortcut' is no option=value"),
        ("samc(shortcut=none, shortcut=pad)", "gives the option 'shortcut' twice"),
        ("samd", r"unknown network 'samd'; did you mean 'samc'\?"),
        ("Samc", r"unknown network 'Samc'; did you mean 'samc'\?"),
        (
            "resnet8(width=3)",
            "resnet8 has no options: write resnet8 alone, or a width, resnet8-w32",
        ),
        ("timm:resnet18(x=1)", r"networks of timm take no options; write timm:resnet18$"),
        ("samc(shortcuts=none)", r"unknown option of samc 'shortcuts'; did you mean 'shortcut'\?"),
        ("resnet8-w0", "unknown network 'resnet8-w0'"),
    ],
)
def test_texts_that_name_no_network(text, message):
    with pytest.raises(UsageError, match=message):
        create_model(text, num_classes=10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 1}, "num_classes=1.*expected at least 2"),
        ({"num_classes": 5, "in_channels": 5}, "images have 1 to 4 channels, not 5"),
        ({"num_classes": 5, "image_size": 0}, "image_size=0.*expected at least 1"),
    ],
)
def test_values_outside_their_range(options, message):
    with pytest.raises(UsageError, match=message):
        whatwhere.create_model("samc", **options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("samc", "samc"),
        (" samc( kv_strides=1-1-1 , shortcut=none,depths=2-3-3)", None),
        ("samc_l(mlp_ratio=3)", "samc_l"),
        ("samc_l(mlp_ratio=2)", "samc_l(mlp_ratio=2)"),
        ("amsra_s(key_grid=none, lgsa=true)", "amsra_s(key_grid=none)"),
        ("resnet8-w24", "resnet8-w24"),
        ("timm:resnet18", "timm:resnet18"),
    ],
)
def test_equal_networks_have_one_text(text, expected):
    expected = expected or "samc(shortcut=none, kv_strides=1-1-1)"
    assert canonical(text) == expected
    assert canonical(expected) == expected


def test_an_unknown_name_has_no_canonical_text():
    with pytest.raises(UnknownNameError, match="unknown network 'vgg99'") as error:
        canonical("vgg99")
    for name in ("resnet18", "resnet34", "resnet20", "resnet56"):
        assert str(error.value).count(f" {name},") == 1


def test_our_resnets_and_those_of_timm_are_networks_too():
    assert isinstance(create_model("resnet8-w24", num_classes=3, in_channels=1), ResNet)
    pytest.importorskip("timm")
    model = create_model("timm:resnet10t", num_classes=3, in_channels=2)
    assert model(torch.randn(2, 2, 64, 64)).shape == (2, 3)


def test_cards_are_in_the_order_of_their_numbers():
    numbers = [networks().card(name).number for name in networks()]
    assert numbers == sorted(set(numbers))


def test_a_network_is_a_backbone_and_survives_a_bundle(tmp_path):
    spec = ModelSpec(SAMC, 3, 2, image_size=28)
    model = build_model(spec, design=named_or_typed("none"), seed=4).eval()
    from safetensors.torch import save

    bundle = Bundle(
        spec=spec,
        design="none",
        class_names=("a", "b", "c"),
        image_size=28,
        mean=(1.0, 2.0),
        std=(3.0, 4.0),
        precision="fp32",
        facts={},
        weights=save({name: value.contiguous() for name, value in model.state_dict().items()}),
    )
    write_bundle(tmp_path, bundle, card="a card")
    read = read_bundle(tmp_path)
    assert read.spec == spec
    image = torch.randn(2, 2, 28, 28)
    assert torch.equal(read.model()(image), model(image))


def test_weights_follow_the_seed_and_not_the_generator():
    spec = ModelSpec(SAMC, 3, 3)
    none = named_or_typed("none")
    first, second, other = (
        build_model(spec, design=none, seed=seed).state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_attention_stands_in_a_network_of_ours():
    model = build_model(
        ModelSpec("amsra_s(dims=8-12, depths=1-1, head_dim=4)", 3, 3),
        design=named_or_typed("csa"),
        seed=0,
    )
    places = [name for name, module in model.named_modules() if name.endswith("attention")]
    assert places
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 3)

"""The reference blocks equal their equations in NumPy, and timm's where timm has them."""

from functools import partial

import pytest
import torch

from whatwhere.blocks import attention, registry
from whatwhere.blocks.references import (
    REFERENCES,
    BottleneckAttention,
    CoordinateAttention,
    EfficientChannelAttention,
    EfficientMultiScaleAttention,
    GatherExcite,
    GlobalContext,
    OfficialCBAM,
    SimAM,
    SqueezeExcite,
    StyleRecalibration,
    TripletAttention,
)
from whatwhere.blocks.references.multi_scale import nearest_divisor

from . import equations
from .drawn import gap, maps, randomise

# Widths above one everywhere, so that no part of an equation is trivial.
CASES = {
    "se": (partial(SqueezeExcite, reduction=11), 37),
    "eca": (EfficientChannelAttention, 37),
    "cbam": (partial(OfficialCBAM, reduction=11), 37),
    "bam": (partial(BottleneckAttention, reduction=11), 37),
    "coordinate": (CoordinateAttention, 37),
    "simam": (SimAM, 11),
    "gather_excite": (GatherExcite, 11),
    "global_context": (partial(GlobalContext, reduction=3), 37),
    "ema": (partial(EfficientMultiScaleAttention, factor=5), 15),
    "triplet": (TripletAttention, 11),
    "srm": (StyleRecalibration, 11),
}
SIZES = [(1, 1), (2, 3), (7, 5), (19, 11)]


def test_every_reference_has_an_equation_and_stands_in_its_place():
    names = [card.name for card, _ in REFERENCES]
    assert names == list(CASES)
    assert [card.number for card, _ in REFERENCES] == list(range(40, 51))
    assert {card.family for card, _ in REFERENCES} == {"reference"}
    assert {card.licence for card, _ in REFERENCES} == {""}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CASES)
def test_equals_its_equation(name, size, training):
    factory, channels = CASES[name]
    block = randomise(factory(channels).double()).train(training)
    x = maps(channels, size)
    state = {key: value.numpy().copy() for key, value in block.state_dict().items()}
    expected = getattr(equations, name)(x.numpy(), state, training=training)
    assert gap(block(x), expected) <= 1e-12


@pytest.mark.parametrize("channels", [1, 2, 3, 8])
@pytest.mark.parametrize("name", CASES)
def test_registered_options_hold_for_few_channels(name, channels):
    block = randomise(attention(name, channels=channels).double()).eval()
    for size in ((1, 1), (2, 3)):
        x = maps(channels, size, batch=1)
        state = {key: value.numpy() for key, value in block.state_dict().items()}
        assert gap(block(x), getattr(equations, name)(x.numpy(), state)) <= 1e-12


@pytest.mark.parametrize("name", CASES)
def test_learns_from_an_identity_start(name):
    torch.manual_seed(0)
    block = attention(name, channels=16, start="identity").double()
    # SRM and the global context block begin as a constant gain: they are themselves from the start.
    assert float(block.a.detach()) == (name in ("srm", "global_context"))
    x = maps(16, (7, 5))
    assert torch.equal(block(x), x)
    optimizer = torch.optim.SGD(block.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        block(x).square().mean().backward()
        optimizer.step()
    assert gap(block(x), x) > 1e-4


def test_momenta_of_the_norms_are_the_published_ones():
    found = {
        name: {module.momentum for module in factory(channels).modules() if is_norm(module)}
        for name, (factory, channels) in CASES.items()
    }
    assert {name: momenta for name, momenta in found.items() if momenta} == {
        "cbam": {0.01},
        "bam": {0.1},
        "coordinate": {0.1},
        "gather_excite": {0.1},
        "triplet": {0.01},
        "srm": {0.1},
    }


def is_norm(module):
    return isinstance(module, torch.nn.modules.batchnorm._BatchNorm)


def test_parameters_follow_the_closed_forms():
    def count(name, channels):
        return sum(value.numel() for value in attention(name, channels=channels).parameters())

    for c in (16, 64, 160, 512):
        h = max(1, c // 16)
        assert count("bam", c) == 3 * c * h + 18 * h**2 + 9 * h + c + 1
        h = max(8, c // 32)
        assert count("coordinate", c) == 3 * c * h + 2 * c + 2 * h
        assert count("gather_excite", c) == 33 * c
        h = max(8, c // 16)
        assert count("global_context", c) == 2 * c * h + 2 * c + 3 * h
        w = c // nearest_divisor(c, 32)
        assert count("ema", c) == 10 * w**2 + 4 * w
        assert count("triplet", c) == 300
        assert count("srm", c) == 4 * c
        assert count("simam", c) == 0


def test_cards_name_their_sources_and_departures():
    for name in CASES:
        card = registry().card(name)
        departs = name in {"bam", "coordinate", "simam", "global_context", "ema", "srm"}
        assert bool(card.departures) == departs
        assert card.fidelity == ("reconstruction" if name == "bam" else "exact")


# ---- timm ----


def timm_layers():
    return pytest.importorskip("timm").layers


def test_squeeze_excite_equals_timms_and_keeps_its_width():
    layers = timm_layers()
    ours = SqueezeExcite(80).double()
    theirs = randomise(layers.SEModule(80, rd_ratio=1 / 16, rd_divisor=1).double())
    ours.load_state_dict(theirs.state_dict())
    x = maps(80, (7, 5))
    assert gap(ours(x), theirs(x)) <= 1e-12
    assert ours.fc1.weight.shape[0] == 5
    # timm's default rounds 4 up to 8.
    assert SqueezeExcite(64).fc1.weight.shape[0] == 4
    assert layers.SEModule(64, rd_ratio=1 / 16).fc1.weight.shape[0] == 8


@pytest.mark.parametrize("channels", [16, 64, 128, 512])
def test_efficient_channel_attention_equals_timms(channels):
    ours = EfficientChannelAttention(channels).double()
    theirs = randomise(timm_layers().EcaModule(channels).double())
    ours.load_state_dict(theirs.state_dict())
    x = maps(channels, (7, 5))
    assert gap(ours(x), theirs(x)) <= 1e-12


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("channels", "width"), [(13, 8), (64, 8), (512, 16)])
def test_coordinate_attention_equals_timms_at_the_published_width(channels, width, training):
    layers = pytest.importorskip("timm.layers.coord_attn")  # from timm 1.0.23
    theirs = layers.CoordAttn(channels, rd_channels=width, bias=True).double()
    randomise(theirs).train(training)
    ours = CoordinateAttention(channels).double().train(training)
    names = {"norm": "bn1", "conv_height": "conv_h", "conv_width": "conv_w"}
    state = theirs.state_dict()
    ours.load_state_dict(
        {key: state[".".join((names.get(key.split(".")[0], key.split(".")[0]), key.split(".")[1]))]
         for key in ours.state_dict()}
    )  # fmt: skip
    # The bias that we leave out moves the running mean and nothing else.
    ours.norm.running_mean -= theirs.conv1.bias.detach()
    x = maps(channels, (7, 5))
    assert gap(ours(x), theirs(x)) <= 1e-12


@pytest.mark.parametrize("channels", [13, 160])
def test_global_context_equals_timms_at_the_published_epsilon(channels):
    ours = GlobalContext(channels).double()
    width = ours.fc1.out_features
    theirs = timm_layers().GlobalContext(
        channels, fuse_add=True, fuse_scale=False, rd_channels=width
    )
    randomise(theirs.double())
    theirs.mlp_add.norm.eps = 1e-5  # timm's own is 1e-6
    names = {"key": "conv_attn", "norm": "mlp_add.norm", "fc1": "mlp_add.fc1", "fc2": "mlp_add.fc2"}
    state, shapes = theirs.state_dict(), ours.state_dict()
    ours.load_state_dict(
        {
            key: state[f"{names[key.split('.')[0]]}.{key.split('.')[1]}"].reshape(shape.shape)
            for key, shape in shapes.items()
        }
    )
    assert float(theirs.conv_attn.bias.detach()) != 0  # left out by us, cancelled by the softmax
    x = maps(channels, (7, 5))
    assert gap(ours(x), theirs(x)) <= 1e-12


@pytest.mark.parametrize("extent", [None, 2, 4, 8])
@pytest.mark.parametrize("size", SIZES)
def test_gathering_by_means_equals_timms(extent, size):
    theirs = timm_layers().GatherExcite(11, extent=extent or 0, use_mlp=False)
    x = maps(11, size)
    assert gap(GatherExcite(11, extent=extent, learned=False)(x), theirs(x)) <= 1e-12

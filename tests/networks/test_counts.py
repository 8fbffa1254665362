"""Every count of parameters and of multiply-adds that is stated, on networks without memory."""

import random

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from whatwhere.blocks.amsra import LGSA, MSFD
from whatwhere.errors import UsageError
from whatwhere.evaluate.cost import count_macs
from whatwhere.models import create_model, networks, num_parameters
from whatwhere.models.networks.amsra import HMRAB
from whatwhere.models.networks.create import canonical
from whatwhere.models.networks.msga import MSGABlock, MSGAConfig
from whatwhere.models.networks.samc_config import SAMCConfig
from whatwhere.models.networks.samc_size import matched_narrow
from whatwhere.nn.multiscale import MSConv, MultiScaleEmbed
from whatwhere.nn.selfattention import ConvAttention

OURS = [name for name in networks() if networks().card(name).family != "rival"]
# text, classes, parameters, multiply-adds in units of 10,000 (None: not stated)
STATED = [
    ("samc", 10, 1_206_322, 7_050),
    ("samc", 100, 1_220_812, None),
    ("samc_l", 10, 3_538_138, 18_466),
    ("samc_l", 100, 3_561_268, None),
    ("samc(kv_strides=1-1-1)", 10, 1_206_322, 8_667),
    ("samc(pools=1-2-2, kv_strides=4-2-1)", 10, 1_206_322, 25_643),
    ("samc(shortcut=proj)", 10, 1_206_322 + 29_568, 7_140),
    ("samc(shortcut=image)", 10, 1_206_322, 7_050),
    ("samc(shortcut=none)", 10, 1_206_322, 7_050),
    ("samc(embed=dense)", 10, 1_379_210, 8_997),
    ("samc(embed=matched)", 10, 1_207_780, 7_090),
    ("samc(kernels=3-5-7)", 10, 1_253_082, 7_858),
    ("samc(kernels=1-3-5-7)", 10, 1_231_274, 7_473),
    ("samc(heads=3-3-3, head_dim=24)", 10, 954_194, None),
    ("samc(projection=linear)", 10, 1_173_586, 6_918),
    ("samc(attention=depthwise)", 10, 779_090, 4_591),
    ("samc(attention=identity)", 10, 633_042, 3_886),
    ("samc(pool=before)", 10, 1_206_322, 6_077),
    ("samc(position=sine)", 10, 1_206_322, 7_050),
    ("samc(dims=64-224-288, heads=2-7-9)", 100, 3_627_076, None),
    ("samc(dims=96-192-224, heads=3-6-7, mlp_ratio=4)", 100, 3_625_452, None),
    ("samc(dims=96-192-288, depths=1-4-3, heads=3-6-9)", 100, 3_590_236, None),
    ("amsra_s", 10, 2_405_226, 24_175),
    ("amsra_s", 100, 2_428_356, None),
    ("amsra_t", 10, 1_269_646, 13_330),
    ("amsra_b", 10, 2_965_218, 40_601),
    ("amsra_s(depths=1-1-1-1)", 10, 1_510_506, 15_622),
    ("amsra_s(dims=96-192-256-320, depths=1-1-1-1)", 10, 2_638_018, 31_438),
    ("amsra_s(lgsa=false)", 10, 1_840_586, 18_750),
    ("amsra_s(lgsa=false, depths=2-3-2-3)", 10, 2_436_810, 22_551),
    ("amsra_s(kernels=3-3-3-3)", 10, 1_667_946, 17_097),
    ("amsra_s(kernels=3-3)", 10, 2_220_906, 22_405),
    ("amsra_s(kernels=3)", 10, 3_326_826, 33_022),
    ("amsra_s(gate=none)", 10, 2_342_986, 23_585),
    ("amsra_s(key_grid=none)", 10, 2_405_226, 39_432),
    ("amsra_s(lgsa=false, kernels=3-3)", 10, 1_656_266, 16_981),
    ("amsra_s(chained=true)", 10, 2_405_226, 24_175),
    ("amsra_s(gate=additive)", 10, 2_404_750, 24_178),
    ("amsra_s(gate=focal)", 10, 2_645_722, 26_942),
    ("amsra_s(gate=cross)", 10, 2_344_266, 23_923),
    ("msga", 10, 3_062_794, None),
    ("msga", 100, 3_084_484, 38_131),
    ("msga(blocks=0)", 100, 1_112_644, 24_797),
    ("msga(blocks=2)", 100, 2_157_604, 31_840),
    ("msga(kernels=3, groups=1)", 100, 3_356_644, 44_435),
    ("msga(kernels=3-3-3)", 100, 2_649_028, 28_045),
    ("msga(fusion=false)", 100, 2_968_804, 37_394),
    ("msga(heads=4, head_dim=32)", 100, 2_653_060, 35_012),
]


def on_meta(text, num_classes, in_channels=3):
    with torch.device("meta"):
        return create_model(text, num_classes=num_classes, in_channels=in_channels)


def macs_of(model):
    return count_macs(model, torch.zeros(1, 3, 32, 32, device="meta"))


@pytest.mark.parametrize(("text", "num_classes", "parameters", "macs"), STATED)
def test_stated_counts(text, num_classes, parameters, macs):
    model = on_meta(text, num_classes)
    assert num_parameters(model) == parameters
    if macs is not None:
        assert round(macs_of(model) / 10_000) == macs


@pytest.mark.parametrize("name", OURS)
def test_cards_tell_what_is_counted(name):
    card = networks().card(name)
    assert num_parameters(on_meta(name, 10)) == card.parameters_at_10
    model = on_meta(name, 100)
    assert num_parameters(model) == card.parameters_at_100
    assert macs_of(model) == card.macs_at_100


def test_counts_without_memory_are_those_of_a_network_that_has_some():
    for name in ("samc", "amsra_t", "msga"):
        model = create_model(name, num_classes=100)
        assert num_parameters(model) == networks().card(name).parameters_at_100
        assert count_macs(model, torch.zeros(1, 3, 32, 32)) == networks().card(name).macs_at_100


def test_both_products_of_attention_are_counted():
    """Multiply-adds without the two products, from the fused kernel, of which torch counts none."""
    model = on_meta("amsra_s", 100)
    pixels, keys = (1024, 256, 64, 16), (64, 64, 64, 16)
    products = sum(2 * c * n * k for c, n, k in zip((64, 128, 192, 256), pixels, keys, strict=True))
    fused = create_model("amsra_s", num_classes=100).eval()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        fused(torch.zeros(1, 3, 32, 32))
    assert macs_of(model) - counter.get_total_flops() // 2 == products == 14_286_848


@pytest.mark.parametrize("heads", [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16])
def test_the_number_of_heads_changes_no_count(heads):
    model = on_meta(f"msga(heads={heads})", 100)
    assert (num_parameters(model), macs_of(model)) == (3_084_484, 381_311_424)
    for block in model.blocks:
        assert block.attention.num_heads == heads


def test_parts_have_the_stated_sizes():
    with torch.device("meta"):
        parts = {
            1_664: MultiScaleEmbed(3, out_channels=64),
            31_328: MultiScaleEmbed(64, out_channels=128),
            54_600: MultiScaleEmbed(128, out_channels=160),
            4 * 64**2 + 37 * 64: ConvAttention(64, num_heads=2),
            4 * 64**2 + 4 * 64: ConvAttention(64, num_heads=2, projection="linear"),
            30_080: MSFD(64),
            119_808: MSFD(128, in_channels=64, stride=2),
            119_552: MSFD(128),
            281_088: MSFD(192, in_channels=128, stride=2),
            268_416: MSFD(192),
            509_952: MSFD(256, in_channels=192, stride=2),
            476_672: MSFD(256),
            19_600: LGSA(64),
            76_064: LGSA(128),
            169_392: LGSA(192),
            299_584: LGSA(256),
            79_760: HMRAB(64),
            65_856: MSConv(96, out_channels=96),
            112_896: MSConv(96, out_channels=144),
            148_032: MSConv(144, out_channels=144),
            281_760: MSConv(144, out_channels=240),
            410_880: MSConv(240, out_channels=240),
            463_440: MSGABlock(MSGAConfig(), drop_path=0.0),
        }
    assert {count: num_parameters(part) for count, part in parts.items()} == {n: n for n in parts}


def test_stages_have_the_stated_sizes():
    model = on_meta("samc", 10)
    assert [num_parameters(stage) for stage in model.stages] == [72_832, 441_440, 690_120]
    assert [num_parameters(stage.blocks[0]) for stage in model.stages] == [35_584, 136_704, 211_840]
    assert num_parameters(model.norm) + num_parameters(model.head) == 320 + 1_610
    msga = on_meta("msga", 100)
    assert num_parameters(msga.stem) == 2_784
    assert num_parameters(msga.position) == 2_400
    assert num_parameters(msga.fuse) == 115_680
    amsra = on_meta("amsra_s", 10)
    assert num_parameters(amsra.stem) == 1_856
    assert num_parameters(amsra.norm) + num_parameters(amsra.head) == 3_082
    heads = {name: [s.lgsa.num_heads for s in on_meta(name, 2).stages] for name in OURS[2:5]}
    assert heads == {"amsra_t": [3, 6, 8, 12], "amsra_s": [2, 4, 6, 8], "amsra_b": [3, 5, 7, 8]}


def random_samc(draw):
    """Any configuration that SAMC accepts, as options of which none is without effect."""
    count = draw.randint(1, 4)
    dims = sorted(draw.choice((8, 24, 40, 64, 96)) for _ in range(count))
    per_stage = {
        "dims": dims,
        "depths": [draw.randint(1, 3) for _ in dims],
        "pools": [draw.randint(1, 2) for _ in dims],
    }
    attention = draw.choice(("attention", "depthwise", "identity"))
    if attention == "attention":
        per_stage["heads"] = [draw.choice((1, 2, 4)) for _ in dims]
        per_stage["kv_strides"] = [draw.randint(1, 3) for _ in dims]
    options = {name: "-".join(map(str, values)) for name, values in per_stage.items()}
    options |= {
        "attention": attention,
        "mlp_ratio": str(draw.randint(1, 4)),
        "embed": draw.choice(("multi", "dense", "matched")),
        "shortcut": draw.choice(("pad", "proj", "image", "none")),
        "position": draw.choice(("none", "sine")),
    }
    if options["embed"] == "multi":
        options["kernels"] = draw.choice(("1-3-5", "3-5-7", "1-3-5-7"))
    if max(per_stage["pools"]) > 1:
        options["pool"] = draw.choice(("after", "before"))
    if attention == "attention":
        options["projection"] = draw.choice(("conv", "linear"))
        options["head_dim"] = draw.choice(("none", "5", "7"))
    return options


@pytest.mark.parametrize(
    "text",
    [
        "samc(dims=8-16, depths=1-1, pools=2-1, attention=identity)",
        "samc_l(attention=identity)",
        "samc_l(attention=identity, heads=3-6-8)",
        "samc(attention=depthwise, kv_strides=2-1-1)",
        "samc(pool=before, pools=1-1-2)",
    ],
)
def test_what_is_not_read_may_stay_as_the_named_network_has_it(text):
    assert num_parameters(on_meta(text, 10)) > 0


def test_heads_of_their_own_width():
    assert num_parameters(on_meta("samc(head_dim=32)", 10)) == 1_206_322
    for heads, parameters in (("2-4-5", 936_546), ("4-8-10", 1_206_322)):
        model = on_meta(f"samc(heads={heads}, head_dim=16)", 10)
        assert num_parameters(model) == parameters
        assert model.stages[2].blocks[0].mix.query.weight.shape[0] == 16 * int(heads.split("-")[2])


@pytest.mark.parametrize("seed", range(40))
def test_the_closed_form_counts_what_is_built(seed):
    draw = random.Random(seed)
    options, num_classes = random_samc(draw), draw.choice((2, 10, 37))
    in_channels = draw.randint(1, 4)
    config = networks().factory("samc").config(options)
    text = f"samc({', '.join(f'{name}={value}' for name, value in options.items())})"
    built = num_parameters(on_meta(text, num_classes, in_channels))
    assert config.num_parameters(num_classes=num_classes, in_channels=in_channels) == built


def test_other_configurations_that_meet_both_reported_counts():
    for config in (
        SAMCConfig(dims=(64, 160, 160), depths=(1, 2, 2), heads=(2, 5, 5), mlp_ratio=3),
        SAMCConfig(dims=(80, 128, 160), depths=(1, 2, 2), heads=(5, 4, 5), mlp_ratio=4),
        SAMCConfig(dims=(96, 128, 128), depths=(3, 2, 3), heads=(3, 4, 4), mlp_ratio=3),
    ):
        assert 1_205_000 <= config.num_parameters(num_classes=10) < 1_215_000
        assert 1_215_000 <= config.num_parameters(num_classes=100) < 1_225_000


def test_one_matched_kernel_is_as_large_as_several():
    assert [matched_narrow(3, 64), matched_narrow(64, 128), matched_narrow(128, 160)] == [0, 26, 35]
    several, one = (SAMCConfig(embed=embed) for embed in ("multi", "matched"))
    counts = [config.num_parameters(num_classes=10) for config in (several, one)]
    assert abs(counts[1] / counts[0] - 1) < 0.002


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("samc(heads=2-4)", "heads has 2 stages, dims 3"),
        ("samc(heads=3-4-5)", r"heads=\(3, 4, 5\) do not divide dims=\(64, 128, 160\)"),
        ("samc(depths=0-3-3)", r"depths=\(0, 3, 3\): expected numbers from 1"),
        ("samc(dims=64-32-160)", "channels that never decrease"),
        ("samc(dims=60-128-160, heads=2-4-5)", "dims of multiples of 8"),
        ("samc(pools=3-2-2)", "pools 1 or 2"),
        ("samc(embed=dense, kernels=3-5-7)", "kernels=3-5-7 has no effect beside embed=dense"),
        (
            "samc(attention=identity, projection=linear)",
            "projection=linear has no effect beside attention=identity",
        ),
        ("samc(attention=identity, heads=1-2-4)", "heads=1-2-4 has no effect beside attention=id"),
        ("samc_l(attention=identity, heads=2-4-5)", "samc_l: heads=2-4-5 has no effect beside"),
        ("samc(attention=depthwise, kv_strides=1-1-1)", "kv_strides=1-1-1 has no effect beside at"),
        ("samc(attention=depthwise, head_dim=8)", "head_dim=8 has no effect beside attention=de"),
        ("samc(pool=before, pools=1-1-1)", "pool=before has no effect beside pools=1-1-1"),
        ("samc(head_dim=0)", "head_dim=0: expected a number from 1, or none"),
        ("samc(drop_path=1.5)", "drop_path=1.5: expected from 0 to below 1"),
        ("samc(shortcut=padd)", r"expected one of pad, proj, image, none; did you mean 'pad'\?"),
        ("amsra_s(head_dim=48)", "head_dim=48 does not divide all of"),
        ("amsra_s(dims=64-128)", "expected as many depths as dims"),
        ("amsra_s(lgsa=false, gate=none)", "amsra_s: gate=none has no effect beside lgsa=false"),
        ("amsra_s(lgsa=false, key_grid=none)", "key_grid=none has no effect beside lgsa=false"),
        ("amsra_s(lgsa=false, head_dim=16)", "head_dim=16 has no effect beside lgsa=false"),
        (
            "amsra_t(head_dim=32, lgsa=false)",
            "amsra_t: head_dim=32 has no effect beside lgsa=false",
        ),
        ("amsra_s(kernels=3, chained=true)", "chained has no effect with one kernel"),
        ("amsra_s(kernels=1-2-3)", r"kernels=\(1, 2, 3\)\): expected odd sizes"),
        ("amsra_s(key_grid=0)", "key_grid=0: expected a number from 1, or none"),
        ("msga(heads=7)", "heads=7 do not divide 240 channels; expected one of 1, 2, 3, 4, 5"),
        (
            "msga(blocks=0, fusion=false)",
            "fusion=false has no effect beside blocks=0; leave it out",
        ),
        ("msga(blocks=0, heads=4)", "heads=4 has no effect beside blocks=0"),
        ("msga(blocks=0, head_dim=16)", "head_dim=16 has no effect beside blocks=0"),
        ("msga(blocks=0, mlp_ratio=3)", "mlp_ratio=3 has no effect beside blocks=0"),
        ("msga(blocks=0, kernel=plain)", "kernel=plain has no effect beside blocks=0"),
        ("msga(blocks=0, drop_path=0.2)", "drop_path=0.2 has no effect beside blocks=0"),
        ("msga(kernels=3-5)", "expected odd kernels, as many groups"),
        ("msga(heads=0)", "from 1"),
        ("amsra_s(drop_path=-1)", "drop_path=-1.0: expected from 0 to below 1"),
        ("msga(drop_path=1)", "drop_path=1.0: expected from 0 to below 1"),
    ],
)
def test_impossible_options_are_refused(text, message):
    with pytest.raises(UsageError, match=message):
        on_meta(text, 10)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("amsra_t(lgsa=false)", "amsra_t(lgsa=false)"),
        ("amsra_t(lgsa=false, head_dim=16)", "amsra_t(lgsa=false)"),
        ("amsra_s(lgsa=false, dims=8-12-20-28)", "amsra_s(dims=8-12-20-28, lgsa=false)"),
        ("msga(blocks=0, heads=8)", "msga(blocks=0)"),
        ("msga(blocks=0, depth=1)", "msga(depth=1, blocks=0)"),
    ],
)
def test_defaults_and_options_that_have_an_effect_stand_beside_the_others(text, plain):
    assert canonical(text) == plain
    assert num_parameters(on_meta(text, 10)) == num_parameters(on_meta(plain, 10))

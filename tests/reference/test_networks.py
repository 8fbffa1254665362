"""Ours equal independent implementations after copying weights."""

import pytest
import torch

from whatwhere.blocks import attach, attached, named_or_typed
from whatwhere.errors import UsageError
from whatwhere.models import (
    ModelSpec,
    build_model,
    create_resnet,
    num_parameters,
    widened_inner_widths,
)

timm = pytest.importorskip("timm")


def test_large_resnet18_equals_timms():
    ours = create_resnet("resnet18-large", num_classes=11, in_channels=3).eval()
    theirs = timm.create_model("resnet18", num_classes=11).eval()
    names = {"stem.0": "conv1", "stem.1": "bn1", "head": "fc"}
    state = theirs.state_dict()
    renamed = {}
    for key in ours.state_dict():
        name = key
        for mine, other in names.items():
            name = name.replace(f"{mine}.", f"{other}.") if key.startswith(mine) else name
        if key.startswith("stages."):
            _, stage, rest = key.split(".", 2)
            name = f"layer{int(stage) + 1}.{rest}"
            name = name.replace("shortcut.conv", "downsample.0").replace(
                "shortcut.bn", "downsample.1"
            )
        renamed[key] = state[name]
    ours.load_state_dict(renamed)
    x = torch.randn(2, 3, 64, 96)
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("resnet20", 269_722),
        ("resnet56", 853_018),
        ("resnet18", 11_173_962),
        ("resnet34", 21_282_122),
    ],
)
def test_published_counts(name, count):
    model = create_resnet(name, num_classes=10, in_channels=3)
    assert num_parameters(model) == count


@pytest.mark.parametrize(
    ("name", "count"), [("resnet18-large", 11_689_512), ("resnet34-large", 21_797_672)]
)
def test_published_counts_with_the_large_stem(name, count):
    assert num_parameters(create_resnet(name, num_classes=1000, in_channels=3)) == count


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [8, 11, 29])
def test_any_channels_and_sizes(channels, size):
    for name in ("resnet8", "resnet14"):
        model = create_resnet(name, num_classes=5, in_channels=channels).eval()
        assert model(torch.randn(2, channels, size, size)).shape == (2, 5)


def test_a_width_may_be_chosen():
    assert create_resnet("resnet20-w24", num_classes=5, in_channels=1).stem[0].out_channels == 24
    with pytest.raises(UsageError, match=r"unknown network 'resnet21'; did you mean 'resnet"):
        create_resnet("resnet21", num_classes=5, in_channels=1)
    with pytest.raises(UsageError, match="1 to 4 channels, not 5"):
        create_resnet("resnet8", num_classes=5, in_channels=5)


def test_option_a_shortcut_by_hand():
    from whatwhere.models.resnet import PaddedShortcut

    x = torch.arange(2 * 2 * 4 * 4, dtype=torch.float32).view(2, 2, 4, 4)
    y = PaddedShortcut(2, out_channels=4, stride=2)(x)
    assert y.shape == (2, 4, 2, 2)
    assert torch.equal(y[:, 1:3], x[:, :, ::2, ::2])
    assert float(y[:, [0, 3]].abs().sum()) == 0


@pytest.mark.parametrize("backbone", ["resnet8", "timm:resnet18", "timm:resnet50"])
@pytest.mark.parametrize(
    ("where", "places"), [("branch", "blocks"), ("block", "blocks"), ("stage", "stages")]
)
def test_attention_goes_where_it_is_asked(backbone, where, places):
    bare = ModelSpec(backbone, 5, 3)
    model = build_model(bare, design=named_or_typed("none"), seed=0)
    before = num_parameters(model)
    seen = []

    def factory(channels):
        seen.append(channels)
        return named_or_typed("csa").factory(channels)

    attach(model, factory, where=where, start="paper", sample=torch.zeros(1, 3, 64, 64))
    widths = {
        "resnet8": ([16, 32, 64],) * 2,
        "timm:resnet18": ([64, 64, 128, 128, 256, 256, 512, 512], [64, 128, 256, 512]),
        "timm:resnet50": ([256] * 3 + [512] * 4 + [1024] * 6 + [2048] * 3, [256, 512, 1024, 2048]),
    }[backbone]
    assert seen == widths[0 if places == "blocks" else 1]
    assert len(attached(model)) == len(seen)
    assert num_parameters(model) == before + sum(2 * c * max(8, c // 16) + 98 for c in seen)
    assert model(torch.randn(2, 3, 64, 64)).shape == (2, 5)


def test_the_branch_slot_is_before_the_addition():
    model = build_model(ModelSpec("resnet8", 5, 3), design=named_or_typed("none"), seed=0).eval()
    x = torch.randn(2, 3, 12, 12)

    class Zero(torch.nn.Module):
        def forward(self, x):
            return x * 0

    attach(model, lambda channels: Zero(), start="paper", sample=x)
    h = model.stem(x)
    for stage in model.stages:
        h = torch.relu(stage[0].shortcut(h))
    assert torch.allclose(model(x), model.head(h.mean((2, 3))), atol=1e-6)


def test_all_designs_of_a_seed_share_the_backbones_weights():
    spec = ModelSpec("resnet8", 5, 1)
    bare = build_model(spec, design=named_or_typed("none"), seed=7).state_dict()
    for name in ("csa", "msc_sa", "cbam", "gain_0.25"):
        state = build_model(spec, design=named_or_typed(name), seed=7).state_dict()
        assert all(torch.equal(state[key], bare[key]) for key in bare)
    other = build_model(spec, design=named_or_typed("none"), seed=8).state_dict()
    assert not torch.equal(other["stem.0.weight"], bare["stem.0.weight"])
    again = build_model(spec, design=named_or_typed("csa"), seed=7)
    once = build_model(spec, design=named_or_typed("csa"), seed=7)
    assert all(
        torch.equal(a, b) for a, b in zip(again.parameters(), once.parameters(), strict=True)
    )


@pytest.mark.parametrize("backbone", ["resnet8", "resnet20", "resnet18", "resnet18-large"])
def test_the_widened_control_meets_its_size(backbone):
    spec = ModelSpec(backbone, 10, 3)
    bare = num_parameters(build_model(spec, design=named_or_typed("none"), seed=0))
    for extra in (0.012, 0.03, 0.1):
        target = round(bare * (1 + extra))
        widths = widened_inner_widths(spec, target=target)
        wide = ModelSpec(backbone, 10, 3, inner_widths=widths)
        found = num_parameters(build_model(wide, design=named_or_typed("none"), seed=0))
        assert abs(found - target) / target < 0.005


@pytest.mark.parametrize("where", ["branch", "block", "stage", "**.bn1"])
@pytest.mark.parametrize("backbone", ["resnet8", "timm:resnet18"])
def test_identity_start_keeps_logits_bit_for_bit(backbone, where):
    x = torch.randn(2, 3, 40, 40)
    logits = [
        build_model(
            ModelSpec(backbone, 5, 3, where=where, start="identity"),
            design=named_or_typed(name),
            seed=0,
        ).eval()(x)
        for name in ("none", "tgpfa")
    ]
    assert torch.equal(*logits)


def test_a_place_that_does_not_exist_is_refused():
    spec = ModelSpec("resnet8", 5, 3, where="brnch")
    with pytest.raises(UsageError, match=r"where='brnch' is no module of ResNet; did you mean"):
        build_model(spec, design=named_or_typed("csa"), seed=0)

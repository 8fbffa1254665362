"""Pretrained weights: from where, fitted how, and every design beginning with the same network."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from whatwhere.blocks.designs import named_or_typed
from whatwhere.blocks.registered import registry
from whatwhere.blocks.start import IdentityStart
from whatwhere.errors import UnknownNameError, UsageError
from whatwhere.models import (
    ModelSpec,
    Pretrained,
    build_model,
    fit_weights,
    learned_shares,
    pretrained_from_file,
    pretrained_from_timm,
    pretrained_names,
)
from whatwhere.models.build import bare_backbone

timm = pytest.importorskip("timm")

CLASSES = tuple("abcde")
DESIGNS = [name for name in registry() if registry().card(name).kind != "control"]
BACKBONES = ("resnet8", "timm:resnet18")


def drawn(backbone, num_classes=7, in_channels=3, seed=1):
    """A network whose running statistics are not those of a fresh one."""
    torch.manual_seed(seed)
    network = bare_backbone(ModelSpec(backbone, num_classes, in_channels))
    for name, buffer in network.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.copy_(torch.rand(buffer.shape) + 0.5)
    return network


def pretrained(backbone, **options):
    return Pretrained("weights.pth", backbone, drawn(backbone, **options).state_dict())


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_fitted_network_gives_the_logits_of_the_one_it_came_from(backbone):
    spec = ModelSpec(backbone, 7, 3, start="identity")
    weights, notes = fit_weights(pretrained(backbone), spec, class_names=tuple("abcdefg"))
    assert notes == ("the head of weights.pth is kept: it has 7 classes too, perhaps other ones",)
    network = build_model(spec, design=named_or_typed("csa"), seed=0, weights=weights).eval()
    image = torch.randn(2, 3, 40, 40)
    assert torch.equal(network(image), drawn(backbone).eval()(image))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_head_is_fresh_where_the_classes_are_others(backbone):
    spec = ModelSpec(backbone, 5, 3)
    weights, notes = fit_weights(pretrained(backbone), spec, class_names=CLASSES)
    assert notes == ("the head is fresh: weights.pth has 7 classes, the data have 5",)
    head = "head" if backbone == "resnet8" else "fc"
    first, again, other = (
        build_model(spec, design=named_or_typed("none"), seed=seed, weights=weights).state_dict()
        for seed in (0, 0, 1)
    )
    assert set(first) - set(weights) == {f"{head}.weight", f"{head}.bias"}
    assert torch.equal(first[f"{head}.weight"], again[f"{head}.weight"])
    assert not torch.equal(first[f"{head}.weight"], other[f"{head}.weight"])
    assert all(torch.equal(first[name], weights[name]) for name in weights)


def test_a_head_for_the_same_number_of_other_classes_is_fresh():
    origin = drawn("resnet8", num_classes=5).state_dict()
    spec = ModelSpec("resnet8", 5, 3)
    same = Pretrained("m", "resnet8", origin, class_names=CLASSES)
    weights, notes = fit_weights(same, spec, class_names=CLASSES)
    assert torch.equal(weights["head.weight"], origin["head.weight"])
    assert notes == ("the head of m is kept: it has the same classes",)
    others = Pretrained("m", "resnet8", origin, class_names=tuple("vwxyz"))
    weights, notes = fit_weights(others, spec, class_names=CLASSES)
    assert "head.weight" not in weights
    assert "head.bias" not in weights
    assert notes == ("the head is fresh: m has 5 classes, the data have others",)
    headless = {name: value for name, value in origin.items() if not name.startswith("head.")}
    weights, notes = fit_weights(Pretrained("m", "resnet8", headless), spec, class_names=CLASSES)
    assert notes == ("the head is fresh: m has none",)


@pytest.mark.parametrize(("before", "after"), [(3, 1), (3, 2), (3, 4), (1, 3), (4, 3)])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_first_convolution_of_other_channels_is_adapted_as_timm_does(backbone, before, after):
    from timm.models import adapt_input_conv

    origin = pretrained(backbone, num_classes=5, in_channels=before)
    weights, notes = fit_weights(origin, ModelSpec(backbone, 5, after), class_names=CLASSES)
    name = "stem.0.weight" if backbone == "resnet8" else "conv1.weight"
    expected = adapt_input_conv(after, origin.state[name], base_chans=before)
    assert torch.allclose(weights[name], expected, atol=1e-7)
    how = "summed" if after == 1 else "repeated"
    assert f"the first convolution is {how} from {before} channels to {after}" in notes
    build_model(
        ModelSpec(backbone, 5, after), design=named_or_typed("none"), seed=0
    ).load_state_dict(weights)


def test_weights_of_another_network_are_refused_with_what_is_wrong():
    spec = ModelSpec("resnet8", 7, 3)
    with pytest.raises(UsageError) as caught:
        fit_weights(
            Pretrained("w.pth", "resnet8", drawn("resnet14").state_dict()),
            spec,
            class_names=CLASSES,
        )
    assert str(caught.value) == (
        "w.pth is not a state dict of resnet8: entries 36 not expected (stages.0.1.bn1.bias,"
        " stages.0.1.bn1.num_batches_tracked, stages.0.1.bn1.running_mean and 33 more)"
    )
    state = drawn("resnet8").state_dict()
    del state["stages.0.0.bn1.weight"], state["stages.2.0.conv2.weight"]
    state["stem.0.weight"] = torch.zeros(16, 3, 5, 5)
    with pytest.raises(UsageError) as caught:
        fit_weights(Pretrained("w.pth", "resnet8", state), spec, class_names=CLASSES)
    assert str(caught.value) == (
        "w.pth is not a state dict of resnet8: entries 2 missing (stages.0.0.bn1.weight,"
        " stages.2.0.conv2.weight); 1 of another shape (stem.0.weight 16x3x5x5 instead of 16x3x3x3)"
    )


def test_counts_that_old_files_lack_are_not_missed():
    state = {
        name: value
        for name, value in drawn("resnet8", num_classes=5).state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    weights, _ = fit_weights(
        Pretrained("w", "resnet8", state), ModelSpec("resnet8", 5, 3), class_names=CLASSES
    )
    assert len(weights) == len(state)


def test_fitting_leaves_the_global_generator_alone():
    origin = pretrained("resnet8")
    before = torch.random.get_rng_state()
    fit_weights(origin, ModelSpec("resnet8", 5, 3), class_names=CLASSES)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_file_knows_its_images_where_timm_does(tmp_path):
    save_file(drawn("timm:resnet18").state_dict(), tmp_path / "w.safetensors")
    origin = pretrained_from_file(tmp_path / "w.safetensors", "timm:resnet18")
    assert origin.image_size == 224
    mean, std = origin.normalisation(3)
    assert mean == pytest.approx((123.675, 116.28, 103.53))
    assert std == pytest.approx((58.395, 57.12, 57.375))
    grey, spread = origin.normalisation(1)
    assert grey == pytest.approx((114.495,))
    assert spread == pytest.approx((57.63,))
    assert origin.normalisation(4)[0] == pytest.approx((114.495,) * 4)
    save_file(drawn("resnet8").state_dict(), tmp_path / "ours.safetensors")
    ours = pretrained_from_file(tmp_path / "ours.safetensors", "resnet8")
    assert (ours.image_size, ours.normalisation(3)) == (None, (None, None))


def test_timm_names_tags_and_networks_without_weights():
    with pytest.raises(
        UnknownNameError, match=r"unknown timm model 'resnet19'; did you mean 'resnet1"
    ):
        pretrained_from_timm("timm:resnet19")
    with pytest.raises(UnknownNameError, match=r"'resnet18.a9_in1k'; did you mean 'resnet18.a"):
        pretrained_from_timm("timm:resnet18.a9_in1k")
    with pytest.raises(
        UsageError, match=r"timm has no weights of 'cs3darknet_s'.*--pretrained FILE"
    ):
        pretrained_from_timm("timm:cs3darknet_s")


def test_without_network_the_error_names_the_alternative(monkeypatch):
    def offline(name, pretrained=False, **options):
        raise ConnectionError("Name or service not known\nand more")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(UsageError) as caught:
        pretrained_from_timm("timm:resnet18")
    assert str(caught.value) == (
        "the weights of timm:resnet18 could not be fetched (ConnectionError: Name or service not"
        " known); without network give a file: --pretrained FILE --backbone timm:NAME"
    )


def test_with_network_the_weights_are_timms(monkeypatch):
    create = timm.create_model

    def online(name, pretrained=False, **options):
        assert (name, pretrained, options) == ("resnet18.tv_in1k", True, {})
        torch.manual_seed(9)
        return create(name)

    monkeypatch.setattr(timm, "create_model", online)
    origin = pretrained_from_timm("timm:resnet18.tv_in1k")
    assert (origin.name, origin.backbone) == ("timm:resnet18.tv_in1k",) * 2
    assert len(origin.state["fc.bias"]) == 1000
    assert origin.image_size == 224
    torch.manual_seed(9)
    assert torch.equal(create("resnet18.tv_in1k").conv1.weight, origin.state["conv1.weight"])


@pytest.mark.parametrize(
    ("backbone", "names"),
    [("resnet8", DESIGNS), ("timm:resnet18", ["none", "csa", "tgpfa", "cbam", "eca"])],
)
@pytest.mark.parametrize("training", [False, True])
def test_all_designs_begin_with_the_same_logits_bit_for_bit(backbone, names, training):
    spec = ModelSpec(backbone, 5, 3, start="identity")
    weights, _ = fit_weights(pretrained(backbone), spec, class_names=CLASSES)
    image = torch.randn(3, 3, 37, 37, generator=torch.Generator().manual_seed(2))
    logits = {}
    for name in names:
        network = build_model(spec, design=named_or_typed(name), seed=4, weights=weights)
        with torch.no_grad():
            logits[name] = network.train(training)(image)
        starts = [m for m in network.modules() if isinstance(m, IdentityStart)]
        assert bool(starts) == (name != "none")
    assert [name for name, found in logits.items() if not torch.equal(found, logits["none"])] == []


def test_enough_designs_are_looked_at():
    assert len(DESIGNS) >= 24


@pytest.mark.parametrize("where", ["branch", "block", "stage"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_what_came_with_the_weights_is_told_from_what_did_not(backbone, where):
    spec = ModelSpec(backbone, 5, 3, where=where, start="identity")
    weights, _ = fit_weights(pretrained(backbone), spec, class_names=CLASSES)
    network = build_model(spec, design=named_or_typed("cbam"), seed=0, weights=weights)
    state = network.state_dict()
    came = [state[name] for name in sorted(pretrained_names(network))]
    assert len(came) == len(weights)
    total = sum(float(value.double().sum()) for value in weights.values())
    assert sum(float(value.double().sum()) for value in came) == pytest.approx(total)
    assert not any("attention" in name for name in pretrained_names(network))
    bare = build_model(spec, design=named_or_typed("none"), seed=0, weights=weights)
    assert pretrained_names(bare) == set(weights)


def test_the_learned_shares_are_those_of_the_blocks():
    spec = ModelSpec("resnet8", 5, 3, start="identity")
    network = build_model(spec, design=named_or_typed("se"), seed=0)
    assert list(learned_shares(network).values()) == [0.0, 0.0, 0.0]
    for number, module in enumerate(m for m in network.modules() if isinstance(m, IdentityStart)):
        module.a.data.fill_(0.25 * number)
    assert list(learned_shares(network).values()) == [0.0, 0.25, 0.5]
    assert all("attention" in name for name in learned_shares(network))
    assert learned_shares(build_model(spec, design=named_or_typed("none"), seed=0)) == {}
    assert np.isfinite(list(learned_shares(network).values())).all()

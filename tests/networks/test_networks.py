"""What every network of ours does at every size, in every form in which networks travel."""

import copy
import io

import numpy as np
import pytest
import torch
from torch.nn import functional

from whatwhere.models import create_model, networks
from whatwhere.training.optimise import build_optimizer
from whatwhere.training.presets import preset

OURS = [name for name in networks() if networks().card(name).family != "rival"]
# One small network of each kind, with every part of the large ones.
SMALL = {
    "samc": "samc(dims=8-16, depths=1-1, heads=1-2, pools=2-2, kv_strides=2-1)",
    "amsra": "amsra_s(dims=8-12, depths=1-1, head_dim=4)",
    "msga": "msga(dims=12-24, depth=1, groups=1-2-4, blocks=2, heads=3)",
}
KINDS = list(SMALL)
# Every option with another value; those that need one beside it have it.
OPTIONS = {
    "samc": [
        "dims=8-24",
        "depths=1-2",
        "heads=1-4",
        "head_dim=5",
        "mlp_ratio=3",
        "kernels=3-5-7",
        "kernels=1-3-5-7",
        "embed=dense",
        "embed=matched",
        "pool=before",
        "pools=1-2",
        "shortcut=proj",
        "shortcut=image",
        "shortcut=none",
        "attention=depthwise",
        "attention=identity",
        "projection=linear",
        "kv_strides=1-1",
        "position=sine",
        "drop_path=0.5",
    ],
    "amsra": [
        "dims=8-16",
        "depths=1-2",
        "kernels=3-3-3-3",
        "kernels=3",
        "chained=true",
        "lgsa=false, head_dim=32",
        "gate=none",
        "gate=additive",
        "gate=focal",
        "gate=cross",
        "key_grid=4",
        "key_grid=none",
        "head_dim=2",
        "drop_path=0.5",
    ],
    "msga": [
        "dims=12-36",
        "depth=2",
        "kernels=3-3-3",
        "groups=1-1-1",
        "blocks=0, heads=8",
        "blocks=1",
        "heads=4",
        "head_dim=16",
        "mlp_ratio=3",
        "fusion=false",
        "drop_path=0.5",
    ],
}


def small(kind, *, more="", num_classes=5, in_channels=3, seed=0):
    """The small network of a kind; options that stand in `more` replace its own."""
    name, _, inside = SMALL[kind].rstrip(")").partition("(")
    options = dict(part.split("=") for part in [*inside.split(", "), *more.split(", ")] if part)
    if kind == "samc" and options.get("attention", "attention") != "attention":
        del options["heads"], options["kv_strides"]  # nothing would read them
    text = f"{name}({', '.join(f'{key}={value}' for key, value in options.items())})"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return create_model(text, num_classes=num_classes, in_channels=in_channels)


def images(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("in_channels", "size"),
    [(1, (28, 28)), (3, (32, 32)), (2, (33, 33)), (4, (64, 64)), (3, (29, 41))],
)
@pytest.mark.parametrize("kind", KINDS)
def test_every_size_and_every_number_of_channels(kind, in_channels, size):
    model = small(kind, in_channels=in_channels)
    image = images(2, in_channels, *size)
    model.train()(image).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} is never used"
        assert torch.isfinite(parameter.grad).all(), name
    model.eval()
    with torch.no_grad():
        logit = model(image)
        assert logit.shape == (2, 5)
        assert torch.equal(logit, model(image))
        assert logit[1:].allclose(model(image[1:]), atol=1e-5)
        assert float((logit[0] - logit[1]).abs().max()) > 1e-6


@pytest.mark.parametrize("name", ["samc", "amsra_s", "msga"])
def test_the_large_networks_take_odd_sizes_too(name):
    with torch.device("meta"):
        model = create_model(name, num_classes=7, in_channels=1).eval()
        for height, width in ((28, 28), (31, 47)):
            assert model(torch.zeros(2, 1, height, width)).shape == (2, 7)


@pytest.mark.parametrize("name", OURS)
def test_the_networks_themselves_learn_in_all_their_parts(name):
    torch.manual_seed(0)
    model = create_model(name, num_classes=100)
    functional.cross_entropy(model(images(4, 3, 32, 32)), torch.arange(4)).backward()
    for parameter_name, parameter in model.named_parameters():
        # A bias of keys adds the same to all scores of a query: softmax takes it out again.
        if not parameter_name.endswith("key.bias"):
            assert float(parameter.grad.abs().max()) > 1e-12, f"{parameter_name} does not learn"


def outcome(kind, more):
    model = small(kind, more=more)
    torch.manual_seed(2)
    image = images(3, 3, 32, 32)
    with torch.no_grad():
        return [model.train()(image), model.eval()(image), *model.state_dict().values()]


@pytest.mark.parametrize(("kind", "more"), [(k, more) for k in KINDS for more in OPTIONS[k]])
def test_every_option_changes_something(kind, more):
    before, after = outcome(kind, ""), outcome(kind, more)
    same = len(before) == len(after) and all(map(torch.equal, before, after))
    assert not same


def test_the_ways_of_computing_attention_agree():
    image = images(2, 3, 32, 32)
    fused, plain = (small("msga", more=f"kernel={kernel}").eval() for kernel in ("fused", "plain"))
    assert plain.blocks[0].attention.kernel == "plain"
    assert fused(image).allclose(plain(image), atol=1e-5)


def test_no_option_is_left_out_here():
    for kind, name in zip(KINDS, ("samc", "amsra_s", "msga"), strict=True):
        named = {more.partition("=")[0] for more in OPTIONS[kind]} | {"kernel"}
        fields = set(vars(networks().factory(name).default))
        assert fields <= named


@pytest.mark.parametrize("kind", KINDS)
def test_the_memory_layout_changes_no_value(kind):
    model, image = small(kind), images(2, 3, 32, 32)
    last = copy.deepcopy(model).to(memory_format=torch.channels_last)
    arranged = image.to(memory_format=torch.channels_last)
    results = []
    for network, x in ((model, image), (last, arranged)):
        torch.manual_seed(3)
        loss = functional.cross_entropy(network.train()(x), torch.tensor([1, 3]))
        loss.backward()
        results.append([loss.detach(), *(p.grad for p in network.parameters())])
    for one, other in zip(*results, strict=True):
        assert one.allclose(other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_copies_and_state_dicts_give_equal_logits(kind):
    model, image = small(kind).train(), images(2, 3, 32, 32)
    with torch.no_grad():
        model(image)  # moves the running statistics
        model.eval()
        other = small(kind, seed=9)
        assert not torch.equal(other.eval()(image), model(image))
        file = io.BytesIO()
        torch.save(model.state_dict(), file)
        file.seek(0)
        other.load_state_dict(torch.load(file, weights_only=True))
        assert torch.equal(other(image), model(image))
        assert torch.equal(copy.deepcopy(model)(image), model(image))


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_trains(kind):
    model, image = small(kind), images(4, 3, 32, 32)
    with torch.no_grad():
        exact = model.eval()(image)
    with torch.autocast("cpu", torch.bfloat16):
        near = model(image)
        logit = model.train()(image)
    assert near.dtype == torch.bfloat16
    assert float((near - exact).detach().abs().max()) < 0.05 * float(exact.abs().max()) + 0.02
    functional.cross_entropy(logit.float(), torch.arange(4)).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    whole = copy.deepcopy(model).eval().bfloat16()
    assert whole(image.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize("kind", KINDS)
def test_compiles_into_one_graph(kind):
    image = images(2, 3, 32, 32)
    torch.compiler.reset()
    compiled = torch.compile(small(kind), fullgraph=True, backend="eager")
    torch.manual_seed(1)
    found = compiled(image)
    torch.manual_seed(1)
    assert found.allclose(small(kind)(image), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_exports_with_an_open_batch_size(kind):
    model = small(kind).eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    image = images(2, 3, 28, 28)
    program = torch.export.export(model, (image,), dynamic_shapes=({0: batch},))
    for size in (1, 3, 7):
        image = images(size, 3, 28, 28)
        assert program.module()(image).allclose(model(image), atol=1e-5)


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)
@pytest.mark.parametrize("kind", KINDS)
def test_onnx_gives_the_same_logits_at_any_batch(kind, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    model = small(kind).eval()
    path = tmp_path / "network.onnx"
    torch.onnx.export(
        model,
        (images(2, 3, 28, 28),),
        path,
        dynamo=True,
        verbose=False,
        input_names=["image"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for size in (1, 5):
        image = images(size, 3, 28, 28)
        (found,) = session.run(None, {"image": image.numpy()})
        assert np.abs(found - model(image).detach().numpy()).max() < 1e-4


@pytest.mark.parametrize(
    "text",
    [
        "samc(dims=16-32, depths=1-1, heads=1-2, pools=2-2, kv_strides=2-1, drop_path=0)",
        "amsra_s(dims=8-16-24, depths=1-1-1, head_dim=8, drop_path=0)",
        "msga(dims=12-12-24, depth=1, groups=1-1-1, blocks=1, heads=3, drop_path=0)",
    ],
)
def test_memorises_48_images(text):
    torch.manual_seed(0)
    model = create_model(text, num_classes=10, in_channels=1).train()
    image, label = images(48, 1, 28, 28), torch.arange(48) % 10
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-2)
    losses = []
    for _ in range(25):
        loss = functional.cross_entropy(model(image), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 2
    assert losses[-1] < 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_maps_are_neither_dead_nor_exploding_at_the_start(kind):
    name = {"samc": "samc", "amsra": "amsra_s", "msga": "msga"}[kind]
    torch.manual_seed(0)
    model, spreads = create_model(name, num_classes=10).train(), []
    for stage in model.stages:
        stage.register_forward_hook(lambda *args: spreads.append(float(args[2].detach().std())))
    with torch.no_grad():
        model(images(8, 3, 32, 32))
    assert len(spreads) == len(model.stages)
    assert all(0.2 < spread < 5 for spread in spreads), spreads


def test_norms_biases_and_scales_take_no_weight_decay():
    protocol = preset("quick", easy=True, allow_flip=False, image_size=32)
    model = small("amsra")
    groups = build_optimizer(model, protocol).param_groups
    without = {id(p) for group in groups if group["weight_decay"] == 0 for p in group["params"]}
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or ".norm" in name:
            assert id(parameter) in without, name
    assert id(model.stages[0].lgsa.scale) in without

"""Attention in networks that exist: at first nothing changes, nothing is renamed, all is undone."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn

from whatwhere.blocks import attach, attached, detach
from whatwhere.blocks.start import IdentityStart
from whatwhere.errors import UsageError
from whatwhere.models import create_resnet

timm = pytest.importorskip("timm")
PLACES = ("branch", "block", "stage")


def small(seed=0):
    torch.manual_seed(seed)
    # timm starts the last norm of every branch at zero: attention would see maps of zeros.
    return timm.create_model("resnet10t", num_classes=5, zero_init_last=False)


def images(*, size=64, batch=2, channels=3):
    return torch.randn(batch, channels, size, size, generator=torch.Generator().manual_seed(5))


def moved(model, by=0.3):
    """Move every block away from the identity, so that it matters."""
    for block in attached(model).values():
        torch.nn.init.constant_(block.a, by)
    return model


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("training", [True, False])
def test_logits_are_unchanged_bit_for_bit_at_the_first_step(where, training):
    model = small().train(training)
    before = copy.deepcopy(model)(images())
    attach(model, "bi_csafa", where=where)
    assert model.training is training
    assert torch.equal(model(images()), before)
    assert not torch.equal(moved(model)(images()), before)


@pytest.mark.parametrize("where", PLACES)
def test_names_of_what_was_there_stay(where):
    model = small()
    before = model.state_dict()
    names, shapes = list(before), {name: value.shape for name, value in before.items()}
    attach(model, "csa", where=where)
    after = model.state_dict()
    assert [name for name in after if name in shapes] == names
    added = [name for name in after if name not in shapes]
    assert added
    assert all("attention" in name.split(".") for name in added)
    missing, unexpected = model.load_state_dict(small(1).state_dict(), strict=False)
    assert sorted(missing) == sorted(added)
    assert unexpected == []


def test_state_dict_round_trip_through_a_second_network():
    model = moved(attach(small(), "csa"))
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    other = attach(small(1), "csa")
    other.load_state_dict(torch.load(buffer, weights_only=True))
    assert torch.equal(other.eval()(images()), model.eval()(images()))


@pytest.mark.parametrize("where", PLACES)
def test_detach_gives_back_what_was(where):
    model = small().eval()
    names = [name for name, _ in model.named_modules()]
    before = model(images())
    detach(moved(attach(model, "csa", where=where)))
    assert [name for name, _ in model.named_modules()] == names
    assert not any(module._forward_hooks for module in model.modules())
    assert torch.equal(model(images()), before)
    assert attached(model) == {}
    attach(model, "sca", where=where)  # there is room again


@pytest.mark.parametrize("where", PLACES)
def test_slots_of_our_networks_are_filled_and_emptied(where):
    model = create_resnet("resnet8", num_classes=3, in_channels=1).eval()
    names = [name for name, _ in model.named_modules()]
    x = images(size=16, channels=1)
    before = model(x)
    attach(model, "csa", where=where, sample=x)
    assert len(attached(model)) == 3
    assert torch.equal(model(x), before)
    assert not torch.equal(moved(model)(x), before)
    if where == "branch":
        assert isinstance(model.stages[0][0].attention, IdentityStart)
    detach(model)
    assert [name for name, _ in model.named_modules()] == names
    assert torch.equal(model(x), before)


def test_attention_stands_where_it_says():
    model = small().eval()
    seen = {}
    model.layer2[0].bn2.register_forward_hook(lambda m, i, o: seen.update(norm=o.clone()))
    attach(model, "gain_0.5", start="paper")
    model.layer2[0].drop_path = None
    model.layer2[0].act2.register_forward_pre_hook(lambda m, i: seen.update(total=i[0].clone()))
    model.layer2[0].downsample.register_forward_hook(
        lambda m, i, o: seen.update(shortcut=o.clone())
    )
    model(images())
    assert torch.allclose(seen["total"], 0.5 * seen["norm"] + seen["shortcut"], atol=1e-5)


def test_paper_start_begins_as_published():
    model = small()
    attach(model, "S(C(x))", start="paper")
    (first, *_) = attached(model).values()
    assert type(first).__name__ == "WiringAttention"


def test_copies_carry_their_own_attention():
    model = moved(attach(small(), "csa")).eval()
    before = model(images())
    copied = copy.deepcopy(model)
    pickled = pickle.loads(pickle.dumps(model))
    for other in (copied, pickled):
        assert torch.equal(other(images()), before)
        moved(other, by=-0.5)
        assert not torch.equal(other(images()), before)
        assert torch.equal(model(images()), before)
        detach(other)
    assert len(attached(model)) == 4


def test_every_added_parameter_learns():
    model = moved(attach(small(), "csa"), by=0.1).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    nn.functional.cross_entropy(model(images(batch=4)), torch.tensor([0, 1, 2, 3])).backward()
    optimizer.step()
    for name, parameter in model.named_parameters():
        assert not torch.equal(parameter, before[name]), name


@pytest.mark.parametrize("where", ["branch", "stage"])
def test_compiles_without_a_graph_break(where):
    torch.compiler.reset()
    model = moved(attach(small(), "csa", where=where)).eval()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    assert torch.allclose(compiled(images()), model(images()), atol=1e-4)


def test_a_compiled_step_trains_the_attention():
    torch.compiler.reset()
    model = moved(
        attach(
            create_resnet("resnet8", num_classes=3, in_channels=1),
            "csa",
            sample=images(size=16, channels=1),
        )
    )
    torch.compile(model, backend="aot_eager")(images(size=16, channels=1)).sum().backward()
    assert all(p.grad is not None for block in attached(model).values() for p in block.parameters())


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)
def test_exports_with_a_dynamic_batch():
    model = moved(attach(small(), "csa", where="block")).eval()
    batch = torch.export.Dim("batch", min=1, max=16)
    program = torch.export.export(model, (images(),), dynamic_shapes=({0: batch},))
    x = images(batch=5)
    assert torch.allclose(program.module()(x), model(x), atol=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_works_under_distributed_data_parallel(tmp_path):
    distributed = torch.distributed
    distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'meeting'}", rank=0, world_size=1
    )
    try:
        model = attach(small(), "csa")
        parallel = nn.parallel.DistributedDataParallel(model)
        for _ in range(2):
            parallel(images()).sum().backward()
        for block in attached(model).values():
            assert float(block.a.grad.abs()) > 0
    finally:
        distributed.destroy_process_group()


def test_half_precision_networks_get_half_precision_attention():
    model = attach(small().bfloat16(), "csa")
    assert {p.dtype for block in attached(model).values() for p in block.parameters()} == {
        torch.bfloat16
    }


def test_module_classes_and_partial_designs_are_designs():
    from whatwhere.blocks.references import SqueezeExcite

    model = attach(small(), lambda channels: SqueezeExcite(channels, reduction=4))
    assert [b.block.fc1.out_channels for b in attached(model).values()] == [16, 32, 64, 128]
    assert attach(small(), "none")(images()).shape == (2, 5)


def test_containers_hand_the_block_to_the_module_around_them():
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    model = torchvision.models.mobilenet_v2(num_classes=4).eval()
    before = model(images())
    attach(model, "se", where="features.3.conv")
    assert isinstance(model.features[3].attention_conv, IdentityStart)
    assert torch.equal(model(images()), before)
    attached_once = moved(model)(images())
    assert not torch.equal(attached_once, before)
    detach(model)
    attach(model, "se", where="features.18")  # a container in a container in the network
    assert isinstance(model.attention_features_18, IdentityStart)
    assert torch.equal(model(images()), before)


class RunsItsChildren(nn.Module):
    """A block whose forward runs whatever children it has."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, 1, 1)
        self.conv2 = nn.Conv2d(4, 9, 3, 1, 1)

    def forward(self, x):
        for child in self.children():
            x = child(x)
        return x


class Around(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = RunsItsChildren()

    def forward(self, x):
        return self.inner(x)


@pytest.mark.parametrize(
    ("design", "where", "message"),
    [
        ("csa", "inner", "a block does not run once, perhaps since a module runs its children"),
        (lambda channels: nn.Conv2d(channels, 2, 1), "inner.conv1", "expected input.* 4 channels"),
    ],
)
def test_a_network_that_goes_wrong_is_given_back_as_it_was(design, where, message):
    network = Around()
    names = list(network.state_dict())
    with pytest.raises(UsageError, match=f"Around cannot carry this attention there: .*{message}"):
        attach(network, design, where=where, start="paper")
    assert list(network.state_dict()) == names
    assert not any(module._forward_hooks for module in network.modules())
    attach(network, "csa", where="inner.conv1")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"design": "csaa"}, r"unknown design 'csaa'; did you mean 'csa'\?"),
        ({"design": "csa", "start": "zero"}, "expected one of paper, identity"),
        ({"design": "csa", "where": "layer9.*"}, r"where='layer9.\*' is no module of ResNet"),
        (
            {"design": "csa", "sample": torch.zeros(1, 4, 64, 64)},
            r"does not run .*\(1, 4, 64, 64\)",
        ),
    ],
)
def test_errors_change_nothing(call, message):
    model = small()
    names = list(model.state_dict())
    with pytest.raises(UsageError, match=message):
        attach(model, **call)
    assert list(model.state_dict()) == names
    assert attached(model) == {}


def test_twice_and_nothing_are_refused():
    model = attach(small(), "csa")
    with pytest.raises(UsageError, match="ResNet carries attention already; `detach` it first"):
        attach(model, "csa", where="stage")
    detach(model)
    with pytest.raises(UsageError, match="carries no attention that `attach` inserted"):
        detach(model)


def test_a_root_that_is_a_container_is_refused_where_it_would_run_the_block():
    model = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)), nn.ReLU())
    with pytest.raises(UsageError, match="the network is one Sequential that would run the block"):
        attach(model, "csa", where="0", sample=images())
    attach(model, "csa", where="0.1", sample=images())
    assert list(attached(model)) == ["0.1"]

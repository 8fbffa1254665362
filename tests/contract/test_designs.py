"""What every registered design keeps, whatever its equation."""

import copy
import io
import pickle

import numpy as np
import pytest
import torch

from whatwhere.blocks import IdentityStart, attention, initial_gain, named_or_typed, registry
from whatwhere.errors import UsageError

BLOCKS = [name for name in registry() if named_or_typed(name).factory is not None]
WITH_WEIGHTS = [name for name in BLOCKS if not name.startswith("gain_")]
CHANNELS = 13


@pytest.fixture(params=BLOCKS)
def name(request):
    return request.param


def block_of(name, channels=CHANNELS):
    torch.manual_seed(3)
    return attention(name, channels=channels)


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (32, 32)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_shape_and_dtype_are_kept(name, size, dtype):
    x = torch.randn(2, CHANNELS, *size).to(dtype)
    for training in (True, False):
        y = block_of(name).to(dtype).train(training)(x)
        assert y.shape == x.shape
        assert y.dtype == dtype
        assert bool(torch.isfinite(y).all())


@pytest.mark.parametrize("name", WITH_WEIGHTS)
@pytest.mark.parametrize("start", ["paper", "identity"])
def test_every_parameter_gets_a_gradient(name, start):
    torch.manual_seed(5)
    block = attention(name, channels=CHANNELS, start=start)
    if isinstance(block, IdentityStart):
        torch.nn.init.constant_(block.a, 0.1)
    # Biases away from zero keep every hidden unit alive on some sample.
    x = torch.randn(11, CHANNELS, 7, 5)
    (block(x) * torch.randn(11, CHANNELS, 7, 5)).sum().backward()
    for key, parameter in block.named_parameters():
        assert parameter.grad is not None, key
        assert float(parameter.grad.abs().sum()) > 0, key


def test_batch_items_do_not_mix(name):
    block = block_of(name).eval()
    x = torch.randn(3, CHANNELS, 7, 5)
    together = block(x)
    for index in range(3):
        assert torch.allclose(block(x[index : index + 1]), together[index : index + 1], atol=1e-6)


def test_the_input_is_left_alone(name):
    x = torch.randn(2, CHANNELS, 7, 5)
    before = x.clone()
    block_of(name)(x)
    assert torch.equal(x, before)


def test_evaluation_is_deterministic_and_agrees_with_training_values(name):
    block = block_of(name).double().eval()
    x = torch.randn(5, CHANNELS, 7, 5, dtype=torch.float64)
    assert torch.equal(block(x), block(x))
    if name != "cbam":  # its batch norm is meant to differ
        assert torch.allclose(block(x), block.train()(x), atol=1e-12)


def test_parameter_count_is_the_one_on_the_card(name):
    block = attention(name, channels=64)
    count = sum(parameter.numel() for parameter in block.parameters())
    assert count == registry().card(name).parameters_at_64


def test_copies_give_equal_results(name):
    block = block_of(name).eval()
    x = torch.randn(2, CHANNELS, 7, 5)
    buffer = io.BytesIO()
    torch.save(block.state_dict(), buffer)
    buffer.seek(0)
    restored = attention(name, channels=CHANNELS).eval()
    restored.load_state_dict(torch.load(buffer, weights_only=True))
    for other in (copy.deepcopy(block), pickle.loads(pickle.dumps(block)), restored):
        assert torch.equal(other(x), block(x))


def test_channels_last_gives_the_same_values(name):
    block = block_of(name).double()
    x = torch.randn(3, CHANNELS, 7, 5, dtype=torch.float64)
    last = block.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    assert torch.allclose(last, block(x), atol=1e-12)


@pytest.mark.parametrize("name", [n for n in BLOCKS if not n.startswith("gain_")])
def test_identity_start_changes_nothing_at_first(name):
    block = attention(name, channels=CHANNELS, start="identity")
    x = torch.randn(2, CHANNELS, 7, 5)
    gain = float(block.initial_gain)
    assert gain == pytest.approx(initial_gain(block.block, CHANNELS), rel=1e-6)
    assert torch.equal(block(x), x)
    torch.nn.init.ones_(block.a)
    assert torch.allclose(block(x), block.block(x) / gain, atol=1e-5)


def test_identity_start_takes_no_weight_decay():
    from whatwhere.training.optimise import build_optimizer
    from whatwhere.training.protocol import preset

    block = attention("arcsa", channels=CHANNELS, start="identity")
    protocol = preset("quick", easy=True, allow_flip=False, image_size=12)
    groups = build_optimizer(block, protocol).param_groups
    without = [id(p) for group in groups if group["weight_decay"] == 0 for p in group["params"]]
    assert id(block.a) in without
    assert id(block.block.mix.logit) in without


@pytest.mark.parametrize(
    "name",
    ["csa", "c_and_safa", "bi_csafa", "gc_and_sa2", "tgpfa", "grcsa", "msc_sa", "cbam", "eca"],
)
def test_compiles_without_a_graph_break(name):
    torch.compiler.reset()
    x = torch.randn(2, CHANNELS, 7, 5)
    for training in (True, False):
        block = block_of(name).train(training)
        compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
        assert torch.allclose(compiled(x), block(x), atol=1e-5)


@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_exports_with_a_dynamic_batch(name):
    block = block_of(name).eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(
        block, (torch.randn(2, CHANNELS, 7, 5),), dynamic_shapes=({0: batch},)
    )
    for size in (1, 3, 7):
        x = torch.randn(size, CHANNELS, 7, 5)
        assert torch.allclose(program.module()(x), block(x), atol=1e-6)


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)
@pytest.mark.parametrize(
    "name",
    [
        "csa",
        "scsa",
        "bi_csafa",
        "gc_and_sa2",
        "tgpfa",
        "arcsa",
        "c_mssa",
        "msc_sa",
        "cbam",
        "se",
        "eca",
    ],
)
def test_onnx_gives_the_same_outputs_at_any_batch(name, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    block = block_of(name).eval()
    path = tmp_path / "block.onnx"
    torch.onnx.export(
        block,
        (torch.randn(2, CHANNELS, 7, 5),),
        path,
        dynamo=True,
        verbose=False,
        input_names=["x"],
        output_names=["y"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for size in (1, 3, 7):
        x = torch.randn(size, CHANNELS, 7, 5)
        (found,) = session.run(None, {"x": x.numpy()})
        assert np.abs(found - block(x).detach().numpy()).max() < 1e-5


def test_state_dict_names_follow_the_text():
    names = {
        "csca": [
            "C_a.fc1.weight",
            "C_a.fc2.weight",
            "S.conv.weight",
            "C_b.fc1.weight",
            "C_b.fc2.weight",
        ],
        "c_mssa": [
            "C.fc1.weight",
            "C.fc2.weight",
            "S3.conv.weight",
            "S5.conv.weight",
            "S.conv.weight",
            "choose.fc1.weight",
            "choose.fc1.bias",
            "choose.fc2.weight",
            "choose.fc2.bias",
        ],
        "arcsa": ["C.fc1.weight", "C.fc2.weight", "S.conv.weight", "mix.logit"],
        "gc_and_sa2": [
            "C.fc1.weight",
            "C.fc2.weight",
            "S.conv.weight",
            "vote.pooled.fc1.weight",
            "vote.pooled.fc1.bias",
            "vote.pooled.fc2.weight",
            "vote.pooled.fc2.bias",
            "vote.pixel1.weight",
            "vote.pixel1.bias",
            "vote.pixel2.weight",
            "vote.pixel2.bias",
        ],
        "mix(mix(x, C(x)), mix_a(x, S(x)))": [
            "C.fc1.weight",
            "C.fc2.weight",
            "mix.logit",
            "S.conv.weight",
            "mix_a.logit",
            "mix2.logit",
        ],
    }
    for text, expected in names.items():
        assert list(attention(text, channels=CHANNELS).state_dict()) == expected


def test_learned_weights_start_where_they_should():
    mix = attention("c_and_safa", channels=CHANNELS).mix
    assert float(mix().detach()) == pytest.approx(0.62246, abs=1e-5)
    block = attention("mix(C(x), S(x), start=0)", channels=CHANNELS)
    assert float(block.mix().detach()) == 0.5


def test_shared_names_share_weights_and_others_do_not():
    shared = attention("C(S(x)) + S(C(x))", channels=CHANNELS)
    own = attention("C_a(S_a(x)) + S_b(C_b(x))", channels=CHANNELS)
    count = sum(parameter.numel() for parameter in shared.parameters())
    assert sum(parameter.numel() for parameter in own.parameters()) == 2 * count


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"design": "csb", "channels": 8}, r"unknown design 'csb'; did you mean 'csa'\?"),
        ({"design": "csa", "channels": 0}, r"channels=0\): a map has at least 1 channel"),
        ({"design": "csa", "channels": 8, "start": "zero"}, "expected one of paper, identity"),
        ({"design": "widened", "channels": 8}, "changes the backbone"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    design = call.pop("design")
    with pytest.raises(UsageError, match=message):
        attention(design, **call)


def test_no_attention_is_a_block_too():
    x = torch.randn(2, CHANNELS, 3, 3)
    assert torch.equal(attention("none", channels=CHANNELS)(x), x)
    assert attention("x + x", channels=CHANNELS)(x).equal(x + x)


def test_a_typed_wiring_that_is_registered_gets_its_name():
    assert named_or_typed("S7( C16(x) )").name == "csa"
    assert named_or_typed("x").name == "none"
    typed = named_or_typed("S(C(x)) + x")
    assert typed.name.startswith("w-")
    assert typed.card.wiring == "S(C(x)) + x"
    assert typed.card.parameters_at_64 == 1122

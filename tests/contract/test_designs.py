"""What every registered design keeps, whatever its equation: the public contract, and ours."""

import inspect

import numpy as np
import pytest
import torch

from whatwhere.blocks import Wiring, attention, initial_gain, named_or_typed, registry
from whatwhere.errors import UsageError
from whatwhere.testing import Same, contract
from whatwhere.testing.subject import name_of

CHANNELS = 13
BLOCKS = [name for name in registry() if named_or_typed(name).factory is not None]
OPTIONS = {"evaluation": Same("literal")}  # other values by option, of all designs that have it
MASKS = {"C": "channel", "G": "channel", "channelgate": "channel", "S": "spatial"}


def operations_of(name):
    """The steps of a wiring that differ in kind; all blocks of another class are one kind."""
    card = registry().card(name)
    if card.wiring is None:
        return {(name_of(registry().factory(name)),)}
    steps = Wiring(card.wiring).steps
    parts = [(step.part or "").rstrip("0123456789") for step in steps]
    inputs = [tuple(source == 0 for source in step.inputs) for step in steps]
    return {(step.operation, *of) for step, *of in zip(steps, parts, inputs, strict=True)}


def one_of_each(names, kinds_of):
    """The first design of every kind: enough for what is slow and sees kinds only."""
    seen, chosen = set(), []
    for name in names:
        if not kinds_of(name) <= seen:
            chosen.append(name)
        seen |= kinds_of(name)
    return chosen


def mask_of(name):
    """The kind of mask of a wiring whose attention is all of one kind, else None."""
    wiring = registry().card(name).wiring
    steps = Wiring(wiring).steps if wiring else ()
    kinds = {MASKS[step.operation] for step in steps if step.operation in MASKS}
    return kinds.pop() if len(kinds) == 1 else None


ONE_OF_EACH = one_of_each(BLOCKS, operations_of)
# Enough where the same tests run again, with shapes checked or with older packages.
FEWEST = one_of_each(BLOCKS, lambda name: {of[0] for of in operations_of(name)})


def case(value, name, **options):
    """A test case that runs once only, unless its design is one of the fewest."""
    marks = () if name in FEWEST else (pytest.mark.once,)
    return pytest.param(value, marks=marks, **options)


def checks_of(name):
    design = named_or_typed(name)
    skip = [] if name in ONE_OF_EACH else ["compiles_without_a_graph_break"]
    taken = inspect.signature(design.factory).parameters
    options = {option: value for option, value in OPTIONS.items() if option in taken}
    about = {"card": design.card, "options": options, "mask": mask_of(name)}
    for check in contract(design.factory, **about, skip=skip):
        yield case(check, name, id=f"{name}-{check}")


@pytest.mark.parametrize("check", [check for name in BLOCKS for check in checks_of(name)])
def test_contract(check):
    check()


def test_slow_checks_see_every_operation():
    found = {of[0] for name in ONE_OF_EACH for of in operations_of(name)}
    assert found >= {"C", "S", "+", "scale", "mix", "gate", "channelgate", "choose", "vote"}
    assert found == {of[0] for name in BLOCKS for of in operations_of(name)}
    assert [mask_of(name) for name in ("ca", "sa", "csa", "gain_0.5", "se")] == [
        "channel",
        "spatial",
        None,
        None,
        None,
    ]


def block_of(name):
    torch.manual_seed(3)
    return attention(name, channels=CHANNELS)


@pytest.mark.parametrize("name", [case(name, name) for name in BLOCKS])
def test_identity_start_is_an_argument_of_attention(name):
    block = attention(name, channels=CHANNELS, start="identity")
    x = torch.randn(2, CHANNELS, 7, 5)
    assert float(block.initial_gain) == pytest.approx(initial_gain(block.block, CHANNELS), rel=1e-6)
    assert torch.equal(block(x), x)


def test_identity_start_takes_no_weight_decay():
    from whatwhere.training.optimise import build_optimizer
    from whatwhere.training.presets import preset

    block = attention("arcsa", channels=CHANNELS, start="identity")
    protocol = preset("quick", easy=True, allow_flip=False, image_size=12)
    groups = build_optimizer(block, protocol).param_groups
    without = [id(p) for group in groups if group["weight_decay"] == 0 for p in group["params"]]
    assert id(block.a) in without
    assert id(block.block.mix.logit) in without


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)
@pytest.mark.parametrize("name", [case(name, name) for name in ONE_OF_EACH])
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

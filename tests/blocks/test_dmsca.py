"""The reconstruction of DMSCA: its equations, its two evaluations, its options and its counts."""

import copy

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from whatwhere.blocks import named_or_typed, registry
from whatwhere.blocks.attach import attach, attached
from whatwhere.blocks.dmsca import DMSCA, VARIANTS, Reading
from whatwhere.blocks.dmsca.reading import PARTS
from whatwhere.errors import UsageError
from whatwhere.models import num_parameters
from whatwhere.training.optimise import build_optimizer
from whatwhere.training.presets import preset

READINGS = {
    "default": {},
    "softmax": {"tca": "softmax"},
    "c_softmax": {"tca": "c_softmax"},
    "fixed tau": {"tau": "fixed", "tau_init": 0.5},
    "linear": {"msce_branch": "linear"},
    "planes": {"dii_source": "planes"},
    "long strips": {"dii_size": 5},
    "add": {"dii_operation": "add"},
    "cross gate": {"dii_operation": "cross_gate"},
    "masks": {"spatial_merge": "multiply_masks"},
    "two logits": {"gate": "softmax"},
    "residual": {"output": "residual"},
    **{f"no {part}": {"without": (part,)} for part in PARTS},
    "serial": {"without": ("dff",), "fusion_off": "serial"},
    "nothing": {"without": PARTS},
}


def randomised(channels, reading, *, dtype=torch.float64, seed=7, **options):
    torch.manual_seed(seed)
    block = DMSCA(channels, reading=reading, **options).to(dtype)
    with torch.no_grad():
        for name, parameter in block.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * (0.1 if name.endswith("theta") else 0.5))
    for module in block.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.fill_(0.3)
            module.running_var.fill_(1.7)
    return block


def sigmoid(value):
    return 1 / (1 + np.exp(-value))


def in_numpy(block, x):
    """The recommended reading, equation by equation, for one image (channel, height, width)."""
    w = {name: value.numpy() for name, value in block.state_dict().items()}
    channels, height, width = x.shape
    u = x.mean((1, 2)) + x.max((1, 2))
    hidden = np.maximum(w["gce.fc1.weight"][:, :, 0, 0] @ u + w["gce.fc1.bias"], 0)
    logit = w["gce.fc2.weight"][:, :, 0, 0] @ hidden + w["gce.fc2.bias"]
    a_c = sigmoid(logit / np.exp(w["tca.theta"]))[:, None, None]
    planes = [x.mean(0), x.max(0)]
    scales = []
    for number in range(3):
        kernel = w[f"msce.kernels.{number}.weight"][0]
        total = sum(correlate2d(planes[k], kernel[k], mode="same") for k in range(2))
        total = (total - 0.3) / np.sqrt(1.7 + 1e-5)
        norm = f"msce.norms.{number}"
        scales.append(np.maximum(total * w[f"{norm}.weight"] + w[f"{norm}.bias"], 0))
    m = sum(w["msce.mix.weight"][0, k, 0, 0] * scales[k] for k in range(3)) + w["msce.mix.bias"]
    rows = np.pad(x.mean(2), ((0, 0), (1, 1)))
    columns = np.pad(x.mean(1), ((0, 0), (1, 1)))
    r_kernel, q_kernel = w["dii.rows.weight"][0, :, :, 0], w["dii.columns.weight"][0, :, 0, :]
    r = [(rows[:, i : i + 3] * r_kernel).sum() + w["dii.rows.bias"][0] for i in range(height)]
    q = [(columns[:, j : j + 3] * q_kernel).sum() + w["dii.columns.bias"][0] for j in range(width)]
    a_s = sigmoid(m + np.outer(r, q))
    gate_weight = w["dff.conv.weight"][0, :, 0, 0]
    g = sigmoid(
        np.tensordot(gate_weight[:channels], a_c * x, 1)
        + np.tensordot(gate_weight[channels:], a_s * x, 1)
        + w["dff.conv.bias"][0]
    )
    fused = g * a_c * x + (1 - g) * a_s * x
    alpha = sigmoid(np.tensordot(w["aa.conv.weight"][0, :, 0, 0], fused, 1) + w["aa.conv.bias"][0])
    return alpha * fused


@pytest.mark.parametrize("evaluation", ["literal", "factored"])
def test_equals_its_equations_in_numpy(evaluation):
    block = randomised(11, Reading(), evaluation=evaluation).eval()
    x = torch.randn(3, 11, 7, 5, dtype=torch.float64)
    found = block(x).detach().numpy()
    for image in range(3):
        assert np.abs(found[image] - in_numpy(block, x[image].numpy())).max() < 1e-12


@pytest.mark.parametrize("name", READINGS)
@pytest.mark.parametrize("size", [(7, 5), (1, 1), (13, 2)])
@pytest.mark.parametrize("training", [True, False])
def test_literal_and_factored_agree_with_all_gradients(name, size, training):
    literal = randomised(11, Reading(**READINGS[name]), evaluation="literal").train(training)
    factored = copy.deepcopy(literal)
    factored.is_factored = True
    x = torch.randn(3, 11, *size, dtype=torch.float64)
    weights = torch.randn(3, 11, *size, dtype=torch.float64)
    results = []
    for block in (literal, factored):
        image = x.clone().requires_grad_()
        output = block(image)
        (output * weights).sum().backward()
        results.append([output, image.grad, *(p.grad for p in block.parameters())])
    for one, other in zip(*results, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            one, other = one.detach(), other.detach()
            assert torch.allclose(one, other, rtol=0, atol=1e-12 * max(1, float(one.abs().max())))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)])
def test_both_evaluations_agree_in_lower_precision(dtype, tolerance):
    exact = randomised(16, Reading(), evaluation="literal").eval()
    x = torch.randn(2, 16, 9, 6, dtype=torch.float64)
    for evaluation in ("literal", "factored"):
        block = randomised(16, Reading(), evaluation=evaluation, dtype=dtype).eval()
        block.load_state_dict(exact.state_dict())
        found = block(x.to(dtype))
        assert found.dtype == dtype
        assert float((found.double() - exact(x)).detach().abs().max()) < tolerance


def test_under_autocast_the_map_stays_half_precision():
    block = randomised(16, Reading(), dtype=torch.float32)
    x = torch.randn(2, 16, 9, 6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = block(x.bfloat16())
    assert found.dtype == torch.bfloat16
    assert torch.allclose(found.float(), block(x), atol=0.1)


def test_a_large_gate_is_evaluated_literally():
    assert not DMSCA(8, reading=Reading(gate_size=3)).is_factored
    assert DMSCA(8).is_factored


@pytest.mark.parametrize(
    ("depth", "count", "num_modules"),
    [("18", 107_808, 8), ("34", 198_076, 16), ("50", 2_669_824, 16), ("101", 5_076_293, 33)],
)
def test_parameters_in_resnets_are_the_published_integers_of_the_reconstruction(
    depth, count, num_modules
):
    timm = pytest.importorskip("timm")
    model = timm.create_model(f"resnet{depth}")
    bare = num_parameters(model)
    attach(model, "dmsca", start="paper", sample=torch.zeros(1, 3, 64, 64))
    assert num_parameters(model) - bare == count
    assert len(attached(model)) == num_modules


@pytest.mark.parametrize("channels", [8, 64, 512])
def test_count_follows_its_closed_form(channels):
    width = max(4, channels // 16)
    expected = 2 * channels * width + width + channels + 1 + 166 + 6 + 4 + 6 * channels + 2
    expected += 2 * channels + 1 + channels + 1
    assert num_parameters(DMSCA(channels)) == expected


def test_temperature_limits():
    logit = torch.tensor([-3.0, -1e-6, 2e-6, 4.0]).view(1, 4, 1, 1)
    flat = DMSCA(4, reading=Reading(tau="fixed", tau_init=1e12)).tca
    assert torch.allclose(flat(logit), torch.full_like(logit, 0.5))
    sharp = DMSCA(4, reading=Reading(tau="fixed", tau_init=1e-12)).tca
    assert torch.allclose(sharp(logit).flatten(), torch.tensor([0.0, 0.0, 1.0, 1.0]))


def test_a_learned_temperature_stays_within_its_limits():
    tca = DMSCA(4, reading=Reading(tau_init=2.0)).tca
    assert float(tca.temperature().detach()) == pytest.approx(2.0)
    for theta, expected in ((-50.0, 0.05), (50.0, 20.0)):
        torch.nn.init.constant_(tca.theta, theta)
        assert float(tca.temperature().detach()) == pytest.approx(expected)


def test_softmax_masks_sum_to_one_and_to_the_channels():
    x = torch.randn(2, 11, 3, 4)
    assert torch.allclose(
        DMSCA(11, reading=Reading(tca="softmax")).channel_mask(x).sum(1), torch.ones(2, 1, 1)
    )
    assert torch.allclose(
        DMSCA(11, reading=Reading(tca="c_softmax")).channel_mask(x).sum(1),
        torch.full((2, 1, 1), 11.0),
    )


def test_linear_branches_are_one_merged_kernel_up_to_the_border():
    block = randomised(5, Reading(msce_branch="linear"))
    merged = torch.zeros(1, 2, 7, 7, dtype=torch.float64)
    mix = block.msce.mix.weight[0, :, 0, 0]
    for number, kernel in enumerate(block.msce.kernels):
        margin = (7 - kernel.kernel_size[0]) // 2
        grown = torch.nn.functional.pad(kernel.weight, [margin] * 4)
        merged = merged + mix[number] * grown
    planes = torch.randn(2, 2, 4, 9, dtype=torch.float64)
    expected = torch.nn.functional.conv2d(planes, merged, block.msce.mix.bias, padding=3)
    assert torch.allclose(block.msce(planes), expected, atol=1e-12)


@pytest.mark.parametrize("name", ["default", "softmax", "no aa", "residual", "nothing"])
def test_the_mask_has_rank_two_at_most(name):
    block = randomised(11, Reading(**READINGS[name])).eval()
    x = torch.randn(1, 11, 6, 5, dtype=torch.float64)
    mask = (block(x) / x)[0].flatten(1).detach().numpy()
    if name == "residual":
        mask = mask - 1
    values = np.linalg.svd(mask, compute_uv=False)
    assert values[2] < 1e-12 * values[0]
    assert values[1] > 1e-6 * values[0]


def test_off_states_are_what_they_say():
    x = torch.randn(2, 11, 6, 5, dtype=torch.float64)

    def block(**reading):
        return randomised(11, Reading(**reading)).eval()

    plain = block(without=PARTS)
    channel, spatial = plain.channel_mask(x), plain.spatial_mask(x)
    mean = torch.nn.functional.conv2d(
        torch.relu(
            torch.nn.functional.conv2d(
                x.mean((2, 3), keepdim=True), plain.gce.fc1.weight, plain.gce.fc1.bias
            )
        ),
        plain.gce.fc2.weight,
        plain.gce.fc2.bias,
    )
    assert torch.allclose(channel, torch.sigmoid(mean))  # average alone, temperature 1
    planes = torch.stack([x.mean(1), x.amax(1)], 1)
    one_kernel = torch.nn.functional.conv2d(planes, plain.msce.kernels[0].weight, padding=3)
    assert torch.allclose(spatial, torch.sigmoid(one_kernel))  # one 7 x 7 kernel, D = 0
    assert torch.allclose(plain(x), x * (channel + spatial) / 2)  # g = 1/2, alpha = 1
    serial = block(without=PARTS, fusion_off="serial")
    expected = x * serial.channel_mask(x) * serial.spatial_mask(x)
    assert torch.allclose(serial(x), expected)
    residual = block(output="residual")
    assert torch.allclose(residual(x) - x, block()(x))


def test_own_maps_have_names_and_make_up_the_output():
    block = randomised(11, Reading()).eval()
    x = torch.randn(2, 11, 6, 5, dtype=torch.float64)
    maps = block.maps(x)
    assert {name: tuple(value.shape) for name, value in maps.items()} == {
        "channel": (2, 11, 1, 1),
        "spatial": (2, 1, 6, 5),
        "gate": (2, 1, 6, 5),
        "activation": (2, 1, 6, 5),
    }
    mask = maps["gate"] * maps["channel"] + (1 - maps["gate"]) * maps["spatial"]
    assert torch.allclose(block(x), maps["activation"] * mask * x, atol=1e-12)
    assert set(randomised(11, Reading(without=("dff", "aa"))).maps(x)) == {"channel", "spatial"}


def test_the_temperature_takes_no_weight_decay():
    block = DMSCA(16)
    protocol = preset("quick", easy=True, allow_flip=False, image_size=12)
    groups = build_optimizer(block, protocol).param_groups
    free = {id(p) for group in groups if group["weight_decay"] == 0 for p in group["params"]}
    assert id(block.tca.theta) in free
    assert id(block.gce.fc1.weight) not in free


def test_every_choice_changes_the_result_or_the_size():
    x = torch.randn(2, 11, 6, 5, dtype=torch.float64)
    results = {}
    for name, choices in {**READINGS, "gate 3": {"gate_size": 3}}.items():
        block = randomised(11, Reading(**choices)).eval()
        results[name] = (num_parameters(block), float(block(x).detach().square().sum()))
    assert len(set(results.values())) == len(results)


def test_variants_are_reconstructions_and_say_so():
    names = [card.name for card, _ in VARIANTS]
    assert names[:2] == ["dmsca", "dmsca_gate3"]
    equations = {card.name: card.equation for card, _ in VARIANTS}
    assert "alpha" not in equations["dmsca_no_aa"]
    assert "A_s = sigmoid(MSCE)" in equations["dmsca_no_dii"]
    assert "x_out = A_s * A_c x, " in equations["dmsca_serial"]
    assert len(set(equations.values())) == len(VARIANTS)
    for card, _ in VARIANTS:
        assert card.fidelity == "reconstruction"
        assert registry().card(card.name) is card
    assert registry().match("dmsca") == ["dmsca"]
    assert set(registry().match("dmsca*")) == set(names)
    assert named_or_typed("dmsca_no_aa").factory(8).aa is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tca": "sigmoyd"}, r"tca='sigmoyd'\): expected one of .*did you mean 'sigmoid'\?"),
        ({"gate_size": 5}, r"gate_size=5\): expected one of 1, 3"),
        ({"without": ("dif",)}, r"expected parts of gce, .*; did you mean 'dii'\?"),
        ({"tau_init": 0.01}, r"tau_init=0.01\): expected a number from 0.05 to 20.0"),
        ({"tau_init": float("nan")}, r"tau_init=nan\): expected a number from"),
        ({"tau": "fixed", "tau_init": 0.0}, r"tau_init=0.0\): expected a number above 0"),
        ({"dii_size": 4}, r"dii_size=4\): expected an odd number"),
    ],
)
def test_wrong_readings_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        Reading(**options)


def test_a_wrong_evaluation_is_refused():
    with pytest.raises(UsageError, match="expected one of factored, literal"):
        DMSCA(8, evaluation="fast")

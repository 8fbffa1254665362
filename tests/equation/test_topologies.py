"""Every topology equals its published equation, evaluated independently in NumPy."""

import numpy as np
import pytest
import torch

from whatwhere.blocks import WiringAttention, registry
from whatwhere.blocks.topologies import TOPOLOGIES

CHANNELS, HEIGHT, WIDTH, BATCH = 11, 7, 5, 3
WIRINGS = {row[1]: row[4] for row in TOPOLOGIES}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def relu(z):
    return np.where(z.real > 0, z, 0)


def maximum(z, axes):
    """The largest real part and what stands there: analytic, so that complex steps pass."""
    flat = np.moveaxis(z, axes, range(-len(axes), 0))
    flat = flat.reshape(*flat.shape[: z.ndim - len(axes)], -1)
    return np.take_along_axis(flat, flat.real.argmax(-1)[..., None], -1)[..., 0]


class Equations:
    """The equations of Liu and Jiang in NumPy, on the weights of one module."""

    def __init__(self, state):
        self.w = {name: np.asarray(value) for name, value in state.items()}

    def dense(self, name, z):
        weight = self.w[f"{name}.weight"].reshape(self.w[f"{name}.weight"].shape[0], -1)
        bias = self.w.get(f"{name}.bias", 0.0)
        return z @ weight.T + bias

    def channel_mask(self, part, x):
        two = [
            self.dense(f"{part}.fc2", relu(self.dense(f"{part}.fc1", pooled)))
            for pooled in (x.mean((2, 3)), maximum(x, (2, 3)))
        ]
        return sigmoid(two[0] + two[1])[:, :, None, None]

    def C(self, x, part="C"):
        return x * self.channel_mask(part, x)

    def S(self, x, part="S"):
        kernel = self.w[f"{part}.conv.weight"][0]
        pad = kernel.shape[-1] // 2
        planes = np.stack([x.mean(1), maximum(x, (1,))], axis=1)
        padded = np.pad(planes, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        logit = np.zeros((len(x), 1, *x.shape[2:]), dtype=np.result_type(padded, kernel))
        for row in range(x.shape[2]):
            for column in range(x.shape[3]):
                window = padded[:, :, row : row + 2 * pad + 1, column : column + 2 * pad + 1]
                logit[:, 0, row, column] = (window * kernel).sum((1, 2, 3))
        return x * sigmoid(logit)

    def gate_mask(self, part, x):
        hidden = relu(self.dense(f"{part}.fc1", x.mean((2, 3))))
        return sigmoid(self.dense(f"{part}.fc2", hidden))[:, :, None, None]

    def logits(self, part, x):
        return self.dense(f"{part}.fc2", relu(self.dense(f"{part}.fc1", x.mean((2, 3)))))

    def choose(self, branches, by):
        logit = self.logits("choose", by)
        weight = np.exp(logit) / np.exp(logit).sum(1, keepdims=True)
        return sum(weight[:, i, None, None, None] * b for i, b in enumerate(branches))

    def vote(self, x):
        first = self.dense("vote.pooled.fc2", relu(self.dense("vote.pooled.fc1", x.mean((2, 3)))))
        pixels = self.dense("vote.pixel2", relu(self.dense("vote.pixel1", x.transpose(0, 2, 3, 1))))
        second = pixels.mean((1, 2))
        weight = np.exp(first) / (np.exp(first) + np.exp(second))
        weight = weight[:, :, None, None]
        return weight * self.C(x) + (1 - weight) * self.S(x)

    def mix(self, a, b):
        p = sigmoid(self.w["mix.logit"])
        return p * a + (1 - p) * b

    def gate(self, a, b, x):
        g = sigmoid(self.logits("gate", x))[:, :, None, None]
        return (1 - g) * a + g * b


def equation(name, e, x):
    """Row `name` of the paper's table, written out by hand."""
    csa = lambda: e.S(e.C(x))  # noqa: E731
    sca = lambda: e.C(e.S(x))  # noqa: E731
    f = e.C(x) if "C.fc1.weight" in e.w else None
    if name == "bi_csafa":
        u = csa() + sca()
        g = e.gate_mask("channelgate", u)
        return g * u + (1 - g) * x
    if name == "sa_msc":
        s = e.S(x)
        return e.choose([e.C(s, p) for p in ("C4", "C8", "C", "C32")], s)
    rows = {
        "csa": csa,
        "sca": sca,
        "csca": lambda: e.C(e.S(e.C(x, "C_a")), "C_b"),
        "scsa": lambda: e.S(e.C(e.S(x, "S_a")), "S_b"),
        "c_and_sa2": lambda: 0.5 * (e.C(x) + e.S(x)),
        "c_and_safa": lambda: e.mix(e.C(x), e.S(x)),
        "bi_csa": lambda: csa() + sca(),
        "gc_and_sa2": lambda: e.vote(x),
        "tgpfa": lambda: e.choose([x, e.C(x), e.S(x)], x),
        "rcsa": lambda: x + csa(),
        "arcsa": lambda: e.mix(csa(), x),
        "grcsa": lambda: e.gate(x, csa(), x),
        "c_mssa": lambda: e.choose([e.S(f, "S3"), e.S(f, "S5"), e.S(f, "S")], f),
        "msc_sa": lambda: e.S(e.choose([e.C(x, p) for p in ("C4", "C8", "C", "C32")], x)),
        "c_cmssa": lambda: e.S(e.S(e.S(e.C(x)), "S5"), "S3"),
        "ca": lambda: e.C(x),
        "sa": lambda: e.S(x),
        "rsca": lambda: x + sca(),
        "arsca": lambda: e.mix(sca(), x),
        "grsca": lambda: e.gate(x, sca(), x),
        "mss_ca": lambda: e.C(e.choose([e.S(x, "S3"), e.S(x, "S5"), e.S(x)], x)),
        "cmss_ca": lambda: e.C(e.S(e.S(e.S(x), "S5"), "S3")),
    }
    return rows[name]()


@pytest.fixture(params=sorted(WIRINGS))
def case(request):
    torch.manual_seed(17)
    module = WiringAttention(CHANNELS, wiring=WIRINGS[request.param]).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, dtype=torch.float64) * 0.7)
    x = torch.randn(BATCH, CHANNELS, HEIGHT, WIDTH, dtype=torch.float64)
    return request.param, module, x


@pytest.mark.parametrize("training", [True, False])
def test_forward_equals_the_published_equation(case, training):
    name, module, x = case
    module.train(training)
    expected = equation(name, Equations(module.state_dict()), x.numpy())
    assert np.abs(module(x).detach().numpy() - expected).max() < 1e-12


def test_gradients_equal_complex_step_derivatives_of_the_equation(case):
    """f(z + i h d) = f(z) + i h <grad f, d> for h far below rounding: exact derivatives."""
    name, module, x = case
    module.train()
    x.requires_grad_(True)
    weight = torch.randn(x.shape, dtype=torch.float64)
    (module(x) * weight).sum().backward()
    state = {key: value.numpy() for key, value in module.state_dict().items()}
    h = 1e-40

    def derivative(point, parameters):
        return (equation(name, Equations(parameters), point) * weight.numpy()).sum().imag / h

    for seed in range(3):
        direction = np.random.default_rng(seed).standard_normal(x.shape)
        found = derivative(x.detach().numpy() + 1j * h * direction, state)
        assert found == pytest.approx(float((x.grad * torch.tensor(direction)).sum()), rel=1e-12)
    for key, parameter in module.named_parameters():
        direction = np.random.default_rng(7).standard_normal(parameter.shape)
        moved = {**state, key: state[key] + 1j * h * direction}
        found = derivative(x.detach().numpy(), moved)
        expected = float((parameter.grad * torch.tensor(direction)).sum())
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12), key


# Section "parameter counts" of the published suite: rows at 16, 64, 128, 256 and 512 channels.
COUNTS = {
    "ca": (256, 1_024, 2_048, 8_192, 32_768),
    "sa": (98, 98, 98, 98, 98),
    "csa": (354, 1_122, 2_146, 8_290, 32_866),
    "sca": (354, 1_122, 2_146, 8_290, 32_866),
    "c_and_sa2": (354, 1_122, 2_146, 8_290, 32_866),
    "bi_csa": (354, 1_122, 2_146, 8_290, 32_866),
    "rcsa": (354, 1_122, 2_146, 8_290, 32_866),
    "c_and_safa": (355, 1_123, 2_147, 8_291, 32_867),
    "arcsa": (355, 1_123, 2_147, 8_291, 32_867),
    "csca": (610, 2_146, 4_194, 16_482, 65_634),
    "bi_csafa": (610, 2_146, 4_194, 16_482, 65_634),
    "scsa": (452, 1_220, 2_244, 8_388, 32_964),
    "gc_and_sa2": (644, 2_180, 4_228, 16_548, 65_764),
    "tgpfa": (517, 1_669, 3_205, 12_453, 49_381),
    "grcsa": (499, 1_651, 3_187, 12_419, 49_315),
    "c_mssa": (585, 1_737, 3_273, 12_521, 49_449),
    "msc_sa": (1_294, 5_774, 17_550, 65_718, 262_406),
    "c_cmssa": (422, 1_190, 2_214, 8_358, 32_934),
}


@pytest.mark.parametrize("name", COUNTS)
def test_parameter_counts_are_the_published_ones(name):
    from whatwhere.blocks import Wiring

    for channels, expected in zip((16, 64, 128, 256, 512), COUNTS[name], strict=True):
        module = WiringAttention(channels, wiring=WIRINGS[name])
        assert sum(p.numel() for p in module.parameters()) == expected
        assert Wiring(WIRINGS[name]).num_parameters(channels) == expected


def test_all_published_rows_are_registered():
    assert set(COUNTS) <= set(registry())


# Gains of the published suite at 64 channels, mean of five initialisations, as measured from the
# authors' own modules on 32 x 32 maps.
@pytest.mark.parametrize(
    ("name", "gain", "tolerance"),
    [
        ("rcsa", 1.25, 0.03),
        ("bi_csafa", 0.75, 0.02),
        ("tgpfa", 0.67, 0.03),
        ("grcsa", 0.62, 0.03),
        ("arcsa", 0.53, 0.02),
        ("c_cmssa", 0.063, 0.01),
        ("bi_csa", 0.515, 0.02),
    ],
)
def test_initial_gain_is_the_measured_one(name, gain, tolerance):
    from whatwhere.blocks import initial_gain

    gains = []
    for seed in range(5):
        torch.manual_seed(seed)
        gains.append(initial_gain(WiringAttention(64, wiring=WIRINGS[name]), 64))
    assert np.mean(gains) == pytest.approx(gain, abs=tolerance)

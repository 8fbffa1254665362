"""Adapted rivals equal their sources after copying weights, hand-written ones their equations."""

from importlib import import_module

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.rivals.test_counts import made
from whatwhere.models.networks.rivals.inception import Inception, InceptionWidths
from whatwhere.models.networks.rivals.shufflenet import ShuffleUnit


def lively(model):
    """Give norms statistics and scales that are not those of a fresh network."""
    torch.manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
    return model.eval()


def mobilenet(theirs):
    theirs.features[0][0].stride = (1, 1)
    theirs.features[2].conv[1][0].stride = (1, 1)


def shufflenet(theirs):
    theirs.conv1[0].stride = (1, 1)
    theirs.maxpool = nn.Identity()


@pytest.mark.parametrize(
    ("name", "source", "with_small_strides"),
    [
        ("mobilenet_v2", "mobilenet_v2", mobilenet),
        ("shufflenet_v2", "shufflenet_v2_x1_0", shufflenet),
    ],
)
def test_torchvisions_networks_with_other_strides(name, source, with_small_strides):
    ours = lively(made(name, num_classes=7))
    theirs = getattr(import_module("torchvision.models"), source)(num_classes=7).eval()
    theirs.load_state_dict(ours.state_dict())
    with_small_strides(theirs)
    image = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(ours(image), theirs(image))


def test_vgg_has_torchvisions_convolutions():
    ours = lively(made("vgg19", num_classes=7))
    with torch.device("meta"):
        theirs = import_module("torchvision.models").vgg19_bn().features
    theirs.load_state_dict(ours[0].state_dict(), assign=True)
    image = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        features = theirs.eval()(image)
        assert features.shape == (2, 512, 1, 1)
        assert torch.equal(ours(image), ours[3](features.flatten(1)))


def test_the_first_convnext_stage_keeps_the_size_of_the_image():
    model = made("convnext", num_classes=7).eval()
    with torch.no_grad():
        assert model.stages[0](model.stem(torch.zeros(1, 3, 32, 32))).shape == (1, 40, 32, 32)
        assert model.forward_features(torch.zeros(1, 3, 32, 32)).shape == (1, 320, 4, 4)


def norm(x, batch_norm):
    shape = (1, -1, 1, 1)
    scale = batch_norm.weight / torch.sqrt(batch_norm.running_var + batch_norm.eps)
    return (x - batch_norm.running_mean.view(shape)) * scale.view(shape) + batch_norm.bias.view(
        shape
    )


def grouped(x, convolution):
    """A 1x1 convolution in groups, group by group."""
    weights = convolution.weight.flatten(1).chunk(convolution.groups)
    parts = x.chunk(convolution.groups, dim=1)
    return torch.cat(
        [torch.einsum("bihw,oi->bohw", part, w) for part, w in zip(parts, weights, strict=True)],
        dim=1,
    )


@pytest.mark.parametrize(
    ("in_channels", "out_channels", "stride", "groups"),
    [(36, 36, 1, 3), (12, 36, 2, 3), (6, 36, 2, 1)],
)
def test_a_shuffle_unit_is_its_equation(in_channels, out_channels, stride, groups):
    unit = ShuffleUnit(
        in_channels, out_channels=out_channels, stride=stride, first_groups=groups, bias=False
    )
    lively(unit)
    x = torch.randn(2, in_channels, 6, 6)
    h = norm(grouped(x, unit.reduce), unit.norm1).clamp(min=0)
    width = h.shape[1]
    h = h[:, [(width // 3) * (i % 3) + i // 3 for i in range(width)]]
    h = norm(functional.conv2d(h, unit.depthwise.weight, None, stride, 1, groups=width), unit.norm2)
    h = norm(grouped(h, unit.expand), unit.norm3)
    mean = functional.avg_pool2d(x, 3, 2, 1)
    expected = (x + h if stride == 1 else torch.cat([mean, h], dim=1)).clamp(min=0)
    with torch.no_grad():
        assert torch.allclose(unit(x), expected, atol=1e-5)


def test_an_inception_block_is_its_equation():
    block = lively(Inception(5, InceptionWidths(2, 3, 7, 4, 6, 8)))
    x = torch.randn(2, 5, 9, 9)

    def layer(h, module):
        convolution, batch_norm, _ = module
        padding = convolution.kernel_size[0] // 2
        h = functional.conv2d(h, convolution.weight, convolution.bias, 1, padding)
        return norm(h, batch_norm).clamp(min=0)

    pooled = functional.max_pool2d(x, 3, 1, 1)
    expected = [
        layer(x, block.one),
        layer(layer(x, block.three[0]), block.three[1]),
        layer(layer(layer(x, block.five[0]), block.five[1]), block.five[2]),
        layer(pooled, block.pool[1]),
    ]
    with torch.no_grad():
        y = block(x)
        assert torch.allclose(y, torch.cat(expected, dim=1), atol=1e-5)
    assert y.shape[1] == 2 + 7 + 6 + 8 == InceptionWidths(2, 3, 7, 4, 6, 8).total


def cell(x, state, weights):
    """One step of an LSTM from its definition: gates in the order i, f, g, o."""
    w_input, w_hidden, b_input, b_hidden = weights
    gates = x @ w_input.T + b_input + state[0] @ w_hidden.T + b_hidden
    i, f, g, o = gates.chunk(4, dim=1)
    memory = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(memory), memory


def test_the_row_lstm_reads_rows_from_top_to_bottom():
    model = made("row_lstm", num_classes=5, in_channels=2, image_size=7).eval()
    image = torch.randn(3, 2, 7, 7)
    zero = torch.zeros(3, 480)
    states = [(zero, zero), (zero, zero)]
    with torch.no_grad():
        for row in range(7):
            x = torch.cat([image[:, 0, row], image[:, 1, row]], dim=1)
            for layer in (0, 1):
                states[layer] = cell(x, states[layer], model.lstm.all_weights[layer])
                x = states[layer][0]
        assert torch.allclose(model(image), model.head(x), atol=1e-5)


def test_the_lstm_behind_the_cnn_ends_at_both_corners():
    model = made("cnn_lstm", num_classes=5, in_channels=1, image_size=12).eval()
    image = torch.randn(2, 1, 12, 12)
    with torch.no_grad():
        features = model.features(image)
        pixels = [features[:, :, row, column] for row in range(3) for column in range(3)]
        ends = []
        for direction, order in enumerate((pixels, pixels[::-1])):
            state = (torch.zeros(2, 480), torch.zeros(2, 480))
            for pixel in order:
                state = cell(pixel, state, model.lstm.all_weights[direction])
            ends.append(state[0])
        assert torch.allclose(model(image), model.head(torch.cat(ends, dim=1)), atol=1e-5)

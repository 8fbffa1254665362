"""The equations of the reference blocks in NumPy, in float64: (map, state dict) -> map.

Written from the papers and apart from the blocks; `training` takes the statistics of batch norms
from the batch.
"""

import numpy as np


def sigmoid(value):
    return 1 / (1 + np.exp(-value))


def relu(value):
    return np.maximum(value, 0)


def softmax(value, axis):
    powers = np.exp(value - value.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def broadcast(vector):
    return vector[:, :, None, None]


def convolved(x, kernel, bias=None, *, stride=1, dilation=1):
    """A convolution that keeps the size at stride 1; depthwise where the kernel is."""
    size = kernel.shape[2]
    pad = size // 2 * dilation
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    height, width = (-(-length // stride) for length in x.shape[2:])
    depthwise = kernel.shape[1] == 1 and x.shape[1] == kernel.shape[0] > 1
    total = 0.0 if bias is None else broadcast(bias[None])
    for row in range(size):
        for column in range(size):
            top, left = row * dilation, column * dilation
            seen = padded[:, :, top::stride, left::stride][:, :, :height, :width]
            weight = kernel[:, :, row, column]
            if depthwise:
                total = total + seen * broadcast(weight[:, 0][None])
            else:
                total = total + np.einsum("bchw,oc->bohw", seen, weight)
    return total


def normalised(x, state, name, training):
    """A batch norm of any number of axes, the channels on axis 1."""
    axes = (0, *range(2, x.ndim))
    shape = (1, -1, *(1,) * (x.ndim - 2))
    mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    if training:
        mean, variance = x.mean(axes), x.var(axes)
    scale = state[f"{name}.weight"] / np.sqrt(variance + 1e-5)
    return (x - mean.reshape(shape)) * scale.reshape(shape) + state[f"{name}.bias"].reshape(shape)


def linear(vector, state, name):
    weight = state[f"{name}.weight"]
    bias = state.get(f"{name}.bias", 0.0)
    return vector @ weight.reshape(weight.shape[0], -1).T + bias


def se(x, state, training=False):
    return x * broadcast(sigmoid(linear(relu(linear(x.mean((2, 3)), state, "fc1")), state, "fc2")))


def eca(x, state, training=False):
    kernel = state["conv.weight"][0, 0]
    pooled = np.pad(x.mean((2, 3)), ((0, 0), (len(kernel) // 2,) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(pooled, len(kernel), axis=1)
    return x * broadcast(sigmoid(windows @ kernel))


def cbam(x, state, training=False):
    def squeezed(vector):
        return linear(relu(linear(vector, state, "fc1")), state, "fc2")

    z = x * broadcast(sigmoid(squeezed(x.mean((2, 3))) + squeezed(x.max((2, 3)))))
    planes = np.stack([z.max(1), z.mean(1)], 1)
    logit = normalised(convolved(planes, state["conv.weight"]), state, "norm", training)
    return z * sigmoid(logit)


def bam(x, state, training=False):
    pooled = x.mean((2, 3))
    hidden = relu(normalised(linear(pooled, state, "fc1"), state, "norm", training))
    channel = linear(hidden, state, "fc2")
    z = x
    for conv, dilation in ((0, 1), (3, 4), (6, 4)):
        z = convolved(z, state[f"spatial.{conv}.weight"], dilation=dilation)
        z = relu(normalised(z, state, f"spatial.{conv + 1}", training))
    spatial = convolved(z, state["spatial.9.weight"], state["spatial.9.bias"])
    return x + x * sigmoid(broadcast(channel) + spatial)


def coordinate(x, state, training=False):
    height = x.shape[2]
    both = np.concatenate([x.mean(3), x.mean(2)], axis=2)
    both = np.einsum("oc,bcl->bol", state["conv1.weight"][:, :, 0, 0], both)
    both = normalised(both, state, "norm", training)
    both = both * np.clip(both + 3, 0, 6) / 6
    rows, columns = both[:, :, :height], both[:, :, height:]
    row_mask = sigmoid(linear(rows.swapaxes(1, 2), state, "conv_height")).swapaxes(1, 2)
    column_mask = sigmoid(linear(columns.swapaxes(1, 2), state, "conv_width")).swapaxes(1, 2)
    return x * row_mask[:, :, :, None] * column_mask[:, :, None, :]


def simam(x, state, training=False):
    pixels = x.reshape(*x.shape[:2], -1)
    variance = pixels.var(2, ddof=1) if pixels.shape[2] > 1 else np.zeros(x.shape[:2])
    squares = (x - broadcast(pixels.mean(2))) ** 2
    inverse_energy = (squares + 2 * broadcast(variance) + 2e-4) / (4 * broadcast(variance) + 4e-4)
    return x * sigmoid(inverse_energy)


def gather_excite(x, state, training=False):
    num_convs = sum(key.startswith("gather.conv") for key in state)
    z = x
    for number in range(1, num_convs + 1):
        z = convolved(z, state[f"gather.conv{number}.weight"], stride=2)
        z = normalised(z, state, f"gather.norm{number}", training)
        z = relu(z) if number < num_convs else z
    rows = np.arange(x.shape[2]) * z.shape[2] // x.shape[2]
    columns = np.arange(x.shape[3]) * z.shape[3] // x.shape[3]
    return x * sigmoid(z[:, :, rows][:, :, :, columns])


def global_context(x, state, training=False):
    votes = softmax(np.einsum("c,bchw->bhw", state["key.weight"][0, :, 0, 0], x), (1, 2))
    hidden = linear(np.einsum("bhw,bchw->bc", votes, x), state, "fc1")
    centred = hidden - hidden.mean(1, keepdims=True)
    hidden = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
    hidden = relu(hidden * state["norm.weight"] + state["norm.bias"])
    return x + broadcast(linear(hidden, state, "fc2"))


def ema(x, state, training=False):
    width = state["norm.weight"].shape[0]
    groups = [x[:, first : first + width] for first in range(0, x.shape[1], width)]
    return np.concatenate([_ema_of_group(z, state) for z in groups], axis=1)


def _ema_of_group(z, state):
    rows = linear(z.mean(3).swapaxes(1, 2), state, "conv1").swapaxes(1, 2)
    columns = linear(z.mean(2).swapaxes(1, 2), state, "conv1").swapaxes(1, 2)
    a = z * sigmoid(rows)[:, :, :, None] * sigmoid(columns)[:, :, None, :]
    a = (a - a.mean((2, 3), keepdims=True)) / np.sqrt(a.var((2, 3), keepdims=True) + 1e-5)
    a = a * broadcast(state["norm.weight"][None]) + broadcast(state["norm.bias"][None])
    b = convolved(z, state["conv3.weight"], state["conv3.bias"])
    logit = np.einsum("bc,bchw->bhw", softmax(a.mean((2, 3)), 1), b)
    logit = logit + np.einsum("bc,bchw->bhw", softmax(b.mean((2, 3)), 1), a)
    return z * sigmoid(logit)[:, None]


def triplet(x, state, training=False):
    def mask(name, highest, mean):
        planes = np.stack([highest, mean], axis=1)
        logit = convolved(planes, state[f"{name}.conv.weight"])
        return sigmoid(normalised(logit, state, f"{name}.norm", training))[:, 0]

    over_height = mask("channel_width", x.max(2), x.mean(2))
    over_width = mask("height_channel", x.max(3).swapaxes(1, 2), x.mean(3).swapaxes(1, 2))
    over_channels = mask("height_width", x.max(1), x.mean(1))
    parts = [
        x * over_height[:, :, None, :],
        x * over_width.swapaxes(1, 2)[:, :, :, None],
        x * over_channels[:, None, :, :],
    ]
    return np.mean(parts, axis=0)


def srm(x, state, training=False):
    std = np.sqrt(x.var((2, 3)) + 1e-5)
    style = state["mean_weight"] * x.mean((2, 3)) + state["std_weight"] * std
    return x * broadcast(sigmoid(normalised(style, state, "norm", training)))

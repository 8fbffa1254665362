"""The layers of the networks in NumPy, from a state dict, and the modules built of them.

Maps are (batch, channel, height, width) in float64; `w` holds weights by name.
"""

import math

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import erf

EPSILON = 1e-5


def randomised(module, *, seed=7):
    """The module in float64 and evaluation mode, with weights and statistics all moved."""
    torch.manual_seed(seed)
    module = module.double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(0.4 * torch.randn_like(parameter))
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(0.3 * torch.randn_like(buffer))
            elif name.endswith("running_var"):
                buffer.copy_(0.5 + torch.rand_like(buffer))
    return module


def weights(module):
    return {name: value.detach().numpy() for name, value in module.state_dict().items()}


def inside(w, prefix):
    start = f"{prefix}."
    return {name.removeprefix(start): v for name, v in w.items() if name.startswith(start)}


def gelu(x):
    return x * 0.5 * (1 + erf(x / math.sqrt(2)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def conv(x, weight, bias=None, *, stride=1, groups=1):
    size = weight.shape[-1]
    padded = np.pad(x, ((0, 0), (0, 0), (size // 2, size // 2), (size // 2, size // 2)))
    windows = sliding_window_view(padded, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    parts = zip(np.split(windows, groups, 1), np.split(weight, groups, 0), strict=True)
    y = np.concatenate([np.einsum("bchwij,ocij->bohw", a, k) for a, k in parts], 1)
    return y if bias is None else y + bias[None, :, None, None]


def norm(x, w):
    shape = (1, -1, 1, 1)
    mean, var = w["running_mean"].reshape(shape), w["running_var"].reshape(shape)
    y = (x - mean) / np.sqrt(var + EPSILON)
    return y * w["weight"].reshape(shape) + w["bias"].reshape(shape)


def conv_norm(x, w, **options):
    return norm(conv(x, w["0.weight"], **options), inside(w, "1"))


def layer_norm(x, w, axis=1):
    y = (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + EPSILON)
    shape = [1] * x.ndim
    shape[axis] = -1
    return y * w["weight"].reshape(shape) + w["bias"].reshape(shape)


def linear(x, w):
    y = np.einsum("bchw,oc->bohw", x, w["weight"])
    return y + w["bias"].reshape(1, -1, 1, 1) if "bias" in w else y


def average(x, cells):
    """Means over the cells (first row, end row, first column, end column) of a grid."""
    rows = [[x[:, :, a:b, c:d].mean((2, 3)) for c, d in cells[1]] for a, b in cells[0]]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def pool(x, stride):
    sides = [[(i, min(i + stride, n)) for i in range(0, n, stride)] for n in x.shape[2:]]
    return x if stride == 1 else average(x, sides)


def grid_pool(x, grid):
    """Means over at most grid x grid cells, which may overlap by one pixel."""
    cells = [min(grid, n) for n in x.shape[2:]]
    sides = [
        [(n * i // g, -(-n * (i + 1) // g)) for i in range(g)]
        for n, g in zip(x.shape[2:], cells, strict=True)
    ]
    return average(x, sides)


def max_pool(x):
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    return sliding_window_view(padded, (3, 3), axis=(2, 3)).max((4, 5))


def attend(q, k, v, heads):
    def tokens(x):
        return x.reshape(x.shape[0], heads, x.shape[1] // heads, -1)

    scores = np.einsum("bhdn,bhdm->bhnm", tokens(q), tokens(k)) / math.sqrt(q.shape[1] // heads)
    return np.einsum("bhnm,bhdm->bhdn", softmax(scores), tokens(v)).reshape(q.shape)


def mlp(x, w):
    return linear(gelu(linear(x, inside(w, "fc1"))), inside(w, "fc2"))


def narrowed(x, w):
    """A convolution with norm and GELU, or two of them."""
    if "0.weight" in w:
        return gelu(conv_norm(x, w))
    return gelu(conv_norm(gelu(conv_norm(x, inside(w, "0"))), inside(w, "1")))


def multi_scale_embed(x, w, *, stride=2, first=False):
    x = pool(x, stride) if first else x
    count = len({name.split(".")[1] for name in w if name.startswith("branches.")})
    parts = [narrowed(x, inside(w, f"branches.{number}")) for number in range(count)]
    y = np.concatenate([*parts, narrowed(max_pool(x), inside(w, "pooled"))], 1)
    return y if first else pool(y, stride)


def conv_attention(x, w, *, heads, stride):
    maps = []
    for number, s in enumerate((1, stride, stride)):
        if "local.0.0.weight" in w:
            options = {"stride": s, "groups": x.shape[1]}
            maps.append(conv_norm(x, inside(w, f"local.{number}"), **options))
        else:
            maps.append(pool(x, s))
    names = ("query", "key", "value")
    q, k, v = (linear(m, inside(w, name)) for m, name in zip(maps, names, strict=True))
    return linear(attend(q, k, v, heads), inside(w, "out"))


def msfd(x, w, *, stride=1, kernels=(1, 3, 5, 7), chained=False):
    u = gelu(conv_norm(x, inside(w, "enter")))
    widths = [w[f"scales.convs.{number}.weight"].shape[0] for number in range(len(kernels))]
    parts = np.split(u, np.cumsum(widths)[:-1], axis=1)
    results = []
    for number, part in enumerate(parts):
        if chained and results:
            part = part + results[-1][:, : part.shape[1]]
        z = conv(part, w[f"scales.convs.{number}.weight"], stride=stride)
        results.append(gelu(norm(z, inside(w, f"norms.{number}"))) if chained else z)
    z = np.concatenate(results, 1)
    z = z if chained else gelu(norm(z, inside(w, "norms.0")))
    shortcut = pool(x, stride)
    if "shortcut.0.weight" in w:
        shortcut = conv_norm(shortcut, inside(w, "shortcut"))
    return shortcut + conv_norm(z, inside(w, "leave"))


def query_gate(u, y, w):
    return y * sigmoid(mlp(u, w))


def additive_gate(u, y, w):
    hidden = linear(y, inside(w, "attended")) + linear(u, inside(w, "normalised"))
    return y * sigmoid(linear(np.maximum(hidden, 0), inside(w, "vote")))


def focal_gate(u, y, w):
    context, levels = linear(u, inside(w, "context")), linear(u, inside(w, "levels"))
    total = 0
    for number in range(3):
        local = w[f"local.{number}.weight"]
        context = gelu(conv(context, local, groups=context.shape[1]))
        total = total + context * levels[:, number : number + 1]
    total = total + gelu(context.mean((2, 3), keepdims=True)) * levels[:, 3:]
    return y * linear(total, inside(w, "modulate"))


def lgsa(x, w, *, heads, grid=8, gate=query_gate):
    z = x + conv(x, w["position.weight"], w["position.bias"], groups=x.shape[1])
    u = layer_norm(z, inside(w, "norm"))
    keys = u if grid is None else grid_pool(u, grid)
    k, v = np.split(linear(keys, inside(w, "key_value")), 2, 1)
    y = attend(linear(u, inside(w, "query")), k, v, heads)
    y = y if gate is None else gate(u, y, inside(w, "gate"))
    return z + w["scale"][:, None, None] * linear(y, inside(w, "out"))


def msconv(x, w, groups=(1, 4, 8)):
    parts = [conv(x, w[f"convs.{n}.weight"], groups=g) for n, g in enumerate(groups)]
    same = conv_norm(x, inside(w, "shortcut")) if "shortcut.0.weight" in w else x
    return gelu(norm(np.concatenate(parts, 1), inside(w, "norm")) + same)


def self_attention(x, w, heads):
    q, k, v = np.split(linear(x, inside(w, "qkv")), 3, 1)
    return linear(attend(q, k, v, heads), inside(w, "out"))


def head(x, w):
    return x.mean((2, 3)) @ w["head.weight"].T + w["head.bias"]

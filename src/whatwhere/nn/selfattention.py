"""Self-attention between a map's pixels."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.errors import UsageError
from whatwhere.nn.multiscale import average_pool, conv_norm
from whatwhere.nn.statistics import Map
from whatwhere.nn.tokens import Heads, Linear2d, to_map, to_tokens

Keys = Float[Tensor, "batch channel key_height key_width"]
PROJECTIONS = ("conv", "linear")
KERNELS = ("fused", "plain")
_FEW_KEYS = 256


def split_heads(x: Map, num_heads: int) -> Heads:
    """Return a map's pixels as tokens, their channels cut into heads."""
    return to_tokens(x).unflatten(2, (num_heads, -1)).transpose(1, 2)


def attend(query: Map, key: Keys, value: Keys, *, num_heads: int, kernel: str = "fused") -> Map:
    """Return softmax(Q K^T / sqrt(d)) V of every head, as a map like the query.

    Args:
        query: (batch, inner, height, width).
        key: (batch, inner, key height, key width).
        value: As the key.
        num_heads: Divides the inner channels; d is their quotient.
        kernel: "fused" leaves it to torch how to compute, but for half precision with few keys on a
            CPU, where its gradient takes many times as long as that of "plain"; "plain" computes
            as written, the same way for all numbers of heads.

    Returns:
        (batch, inner, height, width).

    Source: Vaswani et al., NeurIPS 2017, equation 1. CvT's code divides by the root of all
        channels instead; not here.

    Cost: 2 inner x pixels x keys multiply-adds, no parameters.
    """
    q, k, v = (split_heads(x, num_heads) for x in (query, key, value))
    if kernel == "plain" or _is_slow_when_fused(k):
        mixed = torch.softmax((q * q.shape[3] ** -0.5) @ k.transpose(2, 3), dim=3) @ v
    else:
        mixed = functional.scaled_dot_product_attention(q, k, v)
    return to_map(mixed.transpose(1, 2).flatten(2), height=query.shape[2], width=query.shape[3])


def _is_slow_when_fused(key: Heads) -> bool:
    is_half = key.dtype in (torch.bfloat16, torch.float16)
    return is_half and key.device.type == "cpu" and key.shape[2] <= _FEW_KEYS


class ConvAttention(nn.Module):
    """Self-attention whose queries, keys and values come from depthwise-separable convolutions.

    y = Wo softmax(q k^T / sqrt(d)) v, each of q, k, v = W BN(D x), D a depthwise 3x3 kernel.

    Args:
        channels: Number of channels C.
        num_heads: Number of heads.
        head_dim: d; None for C / heads, which the heads must then divide.
        kv_stride: Of the kernels for k and v, in pixels; saves keys.
        projection: "conv", or "linear" without D and BN, keys and values then being means of
            stride x stride pixels.

    Raises:
        UsageError: If the heads do not divide the channels, or the projection is unknown.

    Source: SAMC, Proc. SPIE 13395, 133951K, equation 2, which is CvT's projection (Wu et al., ICCV
        2021, section 3.2): depthwise without bias, norm, linear with bias. A departure from CvT's
        code: the softmax is scaled by the root of d.

    Cost: 4 C^2 + 37 C parameters where d = C / heads ("linear": 4 C^2 + 4 C).

    Example:
        >>> ConvAttention(64, num_heads=2, kv_stride=2)(torch.randn(2, 64, 7, 5)).shape
        torch.Size([2, 64, 7, 5])
    """

    def __init__(
        self,
        channels: int,
        *,
        num_heads: int,
        head_dim: int | None = None,
        kv_stride: int = 1,
        projection: str = "conv",
    ) -> None:
        super().__init__()
        if head_dim is None:
            _check_heads("ConvAttention", channels, num_heads)
        if projection not in PROJECTIONS:
            raise UsageError(
                f"ConvAttention(projection='{projection}'): expected one of"
                f" {', '.join(PROJECTIONS)}"
            )
        self.num_heads, self.kv_stride = num_heads, kv_stride
        self.local = nn.ModuleList(
            conv_norm(channels, channels, 3, stride=stride, groups=channels)
            for stride in (1, kv_stride, kv_stride)
            if projection == "conv"
        )
        inner = channels if head_dim is None else num_heads * head_dim
        self.query = Linear2d(channels, inner)
        self.key = Linear2d(channels, inner)
        self.value = Linear2d(channels, inner)
        self.out = Linear2d(inner, channels)

    def forward(self, x: Map) -> Map:
        """Return the map with every pixel a mixture of all."""
        if self.local:
            q, k, v = (local(x) for local in self.local)
        else:
            q, k = x, average_pool(x, stride=self.kv_stride)
            v = k
        mixed = attend(self.query(q), self.key(k), self.value(v), num_heads=self.num_heads)
        return self.out(mixed)


class SelfAttention(nn.Module):
    """Self-attention between all pixels.

    y = Wo softmax(q k^T / sqrt(d)) v, [q; k; v] = W x.

    Args:
        channels: Number of channels C.
        num_heads: Number of heads.
        head_dim: d; None for C / heads, which the heads must then divide.
        kernel: As for `attend`.

    Raises:
        UsageError: If the heads do not divide the channels.

    Source: Vaswani et al., NeurIPS 2017, section 3.2.2.

    Cost: 4 C^2 + 4 C parameters where d = C / heads.
    """

    def __init__(
        self,
        channels: int,
        *,
        num_heads: int,
        head_dim: int | None = None,
        kernel: str = "fused",
    ) -> None:
        super().__init__()
        if head_dim is None:
            _check_heads("SelfAttention", channels, num_heads)
        if kernel not in KERNELS:
            raise UsageError(
                f"SelfAttention(kernel='{kernel}'): expected one of {', '.join(KERNELS)}"
            )
        inner = channels if head_dim is None else num_heads * head_dim
        self.num_heads, self.kernel = num_heads, kernel
        self.qkv = Linear2d(channels, 3 * inner)
        self.out = Linear2d(inner, channels)

    def forward(self, x: Map) -> Map:
        """Return the map with every pixel a mixture of all."""
        q, k, v = self.qkv(x).chunk(3, dim=1)
        return self.out(attend(q, k, v, num_heads=self.num_heads, kernel=self.kernel))


def _check_heads(name: str, channels: int, num_heads: int) -> None:
    if num_heads < 1 or channels % num_heads:
        divisors = [n for n in range(1, min(channels, 64) + 1) if channels % n == 0]
        raise UsageError(
            f"{name}({channels}, num_heads={num_heads}): expected a divisor of {channels}, one of"
            f" {', '.join(map(str, divisors))}"
        )

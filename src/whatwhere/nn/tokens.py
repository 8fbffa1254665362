"""Parts of networks that treat a map's pixels as tokens: norm, network per pixel, dropped branches.

All of them take and return maps (batch, channel, height, width). They compute on the channels of
each pixel, so maps in the channels-last layout pass without a copy.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.errors import UsageError
from whatwhere.nn.statistics import Map

Tokens = Float[Tensor, "batch pixel channel"]
Heads = Float[Tensor, "batch head pixel head_channel"]
_LONGEST_WAVE = 10_000.0


def to_tokens(x: Float[Tensor, "batch channel height width"]) -> Tokens:
    """Return a map's pixels, row by row; a view where the map is channels-last."""
    return x.flatten(2).transpose(1, 2)


def to_map(tokens: Tokens, *, height: int, width: int) -> Map:
    """Return the map whose pixels the tokens are, channels-last; a view."""
    return tokens.transpose(1, 2).unflatten(2, (height, width))


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of each pixel.

    y = (x - mean_C x) / sqrt(var_C x + 1e-5) * scale + shift.

    Args:
        channels: Number of channels C.

    Source: Ba, Kiros and Hinton, arXiv 1607.06450.

    Cost: 2 C parameters.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)

    def forward(self, x: Map) -> Map:
        """Return the map with the channels of each pixel normalised."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Linear2d(nn.Linear):
    """A linear layer on the channels of each pixel: a 1x1 convolution with bias.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.

    Cost: C_in C_out + C_out parameters.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels)

    def forward(
        self, x: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch new_channel height width"]:
        """Return the map with each pixel's channels transformed."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PixelMLP(nn.Module):
    """Two linear layers with a GELU between, on each pixel.

    y = W2 GELU(W1 x + b1) + b2, W1: C -> r C.

    Args:
        channels: Number of channels C.
        ratio: r, at least 1.

    Cost: 2 r C^2 + r C + C parameters.
    """

    def __init__(self, channels: int, *, ratio: int) -> None:
        super().__init__()
        self.fc1 = Linear2d(channels, ratio * channels)
        self.fc2 = Linear2d(ratio * channels, channels)

    def forward(self, x: Map) -> Map:
        """Return the transformed map."""
        return self.fc2(functional.gelu(self.fc1(x)))


class DropPath(nn.Module):
    """In training, a residual branch that is left out of a random part of the samples.

    y = x * m / (1 - p) with m = 0 at probability p and 1 otherwise, drawn per sample; y = x in
    evaluation.

    Args:
        rate: p, from 0 to below 1.

    Raises:
        UsageError: If the rate is outside its range.

    Source: Huang et al., ECCV 2016, with the survivors scaled in training instead of all samples
        in evaluation, as timm and torchvision do.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise UsageError(f"DropPath(rate={rate}): expected a probability from 0 to below 1")
        self.rate = rate

    def forward(self, x: Map) -> Map:
        """Return the branch, left out of some samples."""
        if not self.training or self.rate == 0:
            return x
        keep = torch.rand(x.shape[0], 1, 1, 1, device=x.device) >= self.rate
        return x * (keep / (1 - self.rate)).to(x.dtype)

    def extra_repr(self) -> str:
        """Return what the module's text shows."""
        return f"rate={self.rate:g}"


def drop_rates(rate: float, count: int) -> list[float]:
    """Return the rates of successive residual branches, from 0 up to `rate` in equal steps."""
    return [rate * number / max(1, count - 1) for number in range(count)]


def sine_position(x: Map) -> Float[Tensor, "1 channel height width"]:
    """Return a fixed code of a map's positions: half of the channels for rows, half for columns.

    Channel pairs are sin(t w) and cos(t w) at position t, w falling from 1 to 1 / 10,000.

    Args:
        x: A map whose number of channels is a multiple of 4.

    Returns:
        The code, of the map's type.

    Source: Vaswani et al., NeurIPS 2017, section 3.5, for each axis by itself.
    """
    num_waves = x.shape[1] // 4
    exponent = torch.arange(num_waves, device=x.device) / max(1, num_waves)
    frequency = _LONGEST_WAVE**-exponent
    rows, columns = (_waves(length, frequency) for length in x.shape[2:])
    height, width = x.shape[2:]
    code = torch.cat(
        [rows[:, :, None].expand(-1, -1, width), columns[:, None, :].expand(-1, height, -1)]
    )
    return code[None].to(x.dtype)


def _waves(length: int, frequency: Tensor) -> Tensor:
    angle = frequency[:, None] * torch.arange(length, device=frequency.device)
    return torch.cat([angle.sin(), angle.cos()])


def start_linear_layers(network: nn.Module) -> None:
    """Draw the weights of all linear layers from a truncated normal, and set their biases to zero.

    Args:
        network: Whose layers; changed in place.

    Source: standard deviation 0.02, cut at 2, as CvT's and timm's transformers have it.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)

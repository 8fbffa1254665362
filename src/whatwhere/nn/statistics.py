"""Means and maxima of a feature map, over space and over channels.

Statistics of a half-precision map are returned in float32 (float64 stays float64): pooling in
half precision loses digits that the gates then amplify.

A maximum that is trained picks one winner and sends it the whole gradient, as the published
modules do; after a ReLU ties are real, and the first position wins. In evaluation mode the same
values come from a plain reduction, which is faster and exports cleaner.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

Map = Float[Tensor, "batch channel height width"]
Vector = Float[Tensor, "batch channel 1 1"]
Plane = Float[Tensor, "batch 1 height width"]
RowMeans = Float[Tensor, "batch channel height 1"]
ColumnMeans = Float[Tensor, "batch channel 1 width"]


def promote(value: Tensor) -> Tensor:
    """Return half-precision values in float32 and all others as they are."""
    return value.float() if value.dtype in (torch.bfloat16, torch.float16) else value


def like_weight(value: Tensor, layer: nn.Conv1d | nn.Conv2d | nn.Linear) -> Tensor:
    """Return a statistic in the type of a layer's weights: networks may be half precision whole."""
    return value.to(layer.weight.dtype)


def spatial_mean(x: Map) -> Vector:
    """Return the mean of every channel over space."""
    return _sum(x, (2, 3)) / (x.shape[2] * x.shape[3])


def spatial_max(x: Map, *, indexed: bool) -> Vector:
    """Return the maximum of every channel over space.

    Args:
        x: The map.
        indexed: Whether one winner takes the gradient (for training).

    Returns:
        One value per sample and channel.
    """
    if indexed:
        return promote(x.flatten(2).max(dim=2, keepdim=True).values.unsqueeze(3))
    return promote(x.amax(dim=(2, 3), keepdim=True))


def row_mean(x: Map) -> RowMeans:
    """Return the mean of every channel's rows."""
    return _sum(x, (3,)) / x.shape[3]


def column_mean(x: Map) -> ColumnMeans:
    """Return the mean of every channel's columns."""
    return _sum(x, (2,)) / x.shape[2]


def channel_mean(x: Map) -> Plane:
    """Return the mean of every pixel over channels."""
    return _sum(x, (1,)) / x.shape[1]


def channel_max(x: Map, *, indexed: bool) -> Plane:
    """Return the maximum of every pixel over channels.

    Args:
        x: The map.
        indexed: Whether one winner takes the gradient (for training).

    Returns:
        One value per sample and pixel.
    """
    if indexed:
        return promote(x.max(dim=1, keepdim=True).values)
    return promote(x.amax(dim=1, keepdim=True))


def _sum(x: Map, axes: tuple[int, ...]) -> Tensor:
    """Sum in float32 or better; unlike a mean's, its gradient is a view and costs no pass."""
    half = x.dtype in (torch.bfloat16, torch.float16)
    return x.sum(dim=axes, keepdim=True, dtype=torch.float32 if half else None)

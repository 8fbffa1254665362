"""The means of a map along its rows and its columns, laid end to end as one strip.

One 1x1 convolution then reads both, as the blocks that attend along the two axes do.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from whatwhere.nn.statistics import Map, channel_mean

Strip = Float[Tensor, "batch channel length 1"]
Rows = Float[Tensor, "batch channel height 1"]
Columns = Float[Tensor, "batch channel 1 width"]


def join_strips(x: Map) -> Strip:
    """Return [mean_W x; (mean_H x)^T], of length height + width, in float32 or better.

    Args:
        x: The map.

    Returns:
        First one value per row, then one value per column.
    """
    rows = channel_mean(x.transpose(1, 3)).transpose(1, 3)
    columns = channel_mean(x.transpose(1, 2)).transpose(1, 2)
    return torch.cat([rows, columns.transpose(2, 3)], dim=2)


def split_strips(strip: Strip, *, height: int) -> tuple[Rows, Columns]:
    """Return the rows and the columns of a strip, each in the map's orientation.

    Args:
        strip: What `join_strips` returned, or a 1x1 convolution of it.
        height: Of the map, in pixels.

    Returns:
        One value per row, one value per column.
    """
    return strip[:, :, :height], strip[:, :, height:].transpose(2, 3)

"""The means of a map along its rows and its columns, laid end to end as one strip.

One 1x1 convolution then reads both, as the blocks that attend along the two axes do.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from whatwhere.nn.statistics import ColumnMeans, Map, RowMeans, column_mean, row_mean

Strip = Float[Tensor, "batch channel length 1"]


def join_strips(x: Map) -> Strip:
    """Return [mean_W x; (mean_H x)^T], of length height + width, in float32 or better.

    Args:
        x: The map.

    Returns:
        First one value per row, then one value per column.
    """
    return torch.cat([row_mean(x), column_mean(x).transpose(2, 3)], dim=2)


def split_strips(strip: Strip, *, height: int) -> tuple[RowMeans, ColumnMeans]:
    """Return the rows and the columns of a strip, each in the map's orientation.

    Args:
        strip: What `join_strips` returned, or a 1x1 convolution of it.
        height: Of the map, in pixels.

    Returns:
        One value per row, one value per column.
    """
    return strip[:, :, :height], strip[:, :, height:].transpose(2, 3)

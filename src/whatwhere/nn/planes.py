"""Logits of a plane from its maximum and its mean, as CBAM and triplet attention make them."""

import torch
from torch import nn

from whatwhere.nn.statistics import Map, Plane, channel_max, channel_mean, like_weight, promote


def plane_logit(x: Map, conv: nn.Conv2d, norm: nn.BatchNorm2d, *, indexed: bool) -> Plane:
    """Return BN(K * [max_C x; mean_C x]), in float32 or better.

    Args:
        x: The map, or a view of it in which another axis stands where the channels do.
        conv: K, from two planes to one, of the planes' size.
        norm: BN, of one channel.
        indexed: Whether one winner takes the maximum's gradient (for training).

    Returns:
        One value per sample and pixel.
    """
    planes = torch.cat([channel_max(x, indexed=indexed), channel_mean(x)], dim=1)
    return promote(norm(conv(like_weight(planes, conv))))

"""Gather-excite: context gathered over a neighbourhood weighs the values in it."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.blocks.cards import DesignCard
from whatwhere.errors import UsageError
from whatwhere.nn.statistics import Map, promote, spatial_mean

CARD = DesignCard(
    number=46,
    name="gather_excite",
    family="reference",
    title="gather-excite (theta, extent 8)",
    kind="block",
    equation="x * up(sigmoid(BN(D3 relu(BN(D2 relu(BN(D1 x))))))), D1 to D3 depthwise 3x3 of stride"
    " 2, up to the nearest pixel",
    source="Hu et al., NeurIPS 2018, GE-theta with extent ratio 8, and the authors' schema and"
    " prototxt for layers and initial values; equal to timm 1.0.20's GatherExcite",
    fidelity="exact",
    parameters_at_64=2112,
)


class GatherExcite(nn.Module):
    """Gather-excite: a depthwise pyramid gathers context, its nearest value excites every pixel.

    y = x * up(sigmoid(gather(x))), up to the nearest pixel. Learned (GE-theta): log2(e) depthwise
    3x3 convolutions of stride 2, each with a norm, a ReLU between them. Not learned
    (GE-theta minus): the mean over 2 e - 1 by 2 e - 1 pixels around every e-th one, or over the
    whole map.

    Where the gathered map is one pixel, training needs a batch of at least 2.

    Args:
        channels: Number of channels C.
        extent: e, the ratio of the map's size to the gathered one's: a power of 2 from 2; None for
            the whole map, which is not learned.
        learned: Whether the gathering has weights.

    Raises:
        UsageError: If the extent is not a power of 2, or the whole map is to be gathered by
            weights, whose number would depend on its size.

    Source: Hu et al., NeurIPS 2018, section 3, and the authors' figures and prototxt for the
        layers and their initial values (normal, variance 2/9). Ours: timm's GatherExcite up to
        1.0.20 is equal to it, and in 1.0.31 cannot be built with weights. The two further
        published forms, a kernel of the map's size and GE-theta plus, fix the map's size. No
        departures.

    Cost: 11 C log2(e) parameters (none where not learned); log2(e) depthwise convolutions, one
        product.
    """

    def __init__(self, channels: int, *, extent: int | None = 8, learned: bool = True) -> None:
        super().__init__()
        _check(extent, learned)
        self.extent = extent
        self.gather = _pyramid(channels, extent) if learned and extent else None

    def forward(self, x: Map) -> Map:
        """Return the map with every value weighed by the context gathered around it."""
        mask = torch.sigmoid(promote(self._gathered(x))).to(x.dtype)
        return x * functional.interpolate(mask, size=x.shape[2:])

    def extra_repr(self) -> str:
        """Return the option, for printing a model."""
        return f"extent={self.extent}"

    def _gathered(self, x: Map) -> Tensor:
        if self.gather is not None:
            return self.gather(x)
        if self.extent is None:
            return spatial_mean(x)
        return functional.avg_pool2d(
            promote(x),
            2 * self.extent - 1,
            stride=self.extent,
            padding=self.extent - 1,
            count_include_pad=False,
        )


def _check(extent: int | None, learned: bool) -> None:
    if extent is None and learned:
        raise UsageError(
            "GatherExcite(extent=None): weights for the whole map would depend on its size; take"
            " learned=False, or an extent such as 8"
        )
    if extent is not None and (extent < 2 or extent & (extent - 1)):
        raise UsageError(
            f"GatherExcite(extent={extent}): expected a power of 2 from 2 (2, 4, 8, ...), or None"
            " for the whole map"
        )


def _pyramid(channels: int, extent: int) -> nn.Sequential:
    """Return the depthwise convolutions of stride 2 that gather an extent."""
    pyramid = nn.Sequential()
    num_convs = extent.bit_length() - 1
    for number in range(1, num_convs + 1):
        conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1, groups=channels, bias=False)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        pyramid.add_module(f"conv{number}", conv)
        pyramid.add_module(f"norm{number}", nn.BatchNorm2d(channels))
        if number < num_convs:
            pyramid.add_module(f"relu{number}", nn.ReLU())
    return pyramid

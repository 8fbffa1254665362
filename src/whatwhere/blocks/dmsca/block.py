"""DMSCA (reconstruction): the six parts put together, literally and with fewer maps."""

import torch
from torch import Tensor, nn

from whatwhere.blocks.dmsca.parts import (
    AdaptiveActivation,
    DirectionalInteraction,
    FeatureFusion,
    GlobalContextEncoder,
    MultiScaleSpatialEncoder,
    TemperatureAttention,
    spatial_planes,
)
from whatwhere.blocks.dmsca.reading import Reading
from whatwhere.errors import UsageError
from whatwhere.nn.statistics import (
    Map,
    Plane,
    RowMeans,
    Vector,
    column_mean,
    promote,
    row_mean,
)

EVALUATIONS = ("factored", "literal")


class DMSCA(nn.Module):
    """Dynamic multi-scale channel-spatial attention, a reconstruction.

    A_c = TCA(GCE(x));  A_s = sigmoid(MSCE([mean_C x; max_C x]) + DII(x));
    g = DFF([A_c x; A_s x]);  x_out = g A_c x + (1 - g) A_s x;  y = AA(x_out) x_out.

    The two weighed maps rescale the same x, so y = x (p A_c + q) with two planes p and q: a mask of
    rank 2. The factored evaluation builds neither A_c x, A_s x nor x_out, but takes all the
    products of the gate and the activation with x in one.

    Args:
        channels: Number of channels C, at least 1.
        reduction: r of the channel network, at least 1.
        reading: The choices that the description leaves open.
        evaluation: "factored", or "literal" as the equations read; the same values. A 3 x 3 gate
            can only be evaluated literally, and is.

    Raises:
        UsageError: If the evaluation is unknown.

    Source: DMSCA, Scientific Reports 16, 8044 (2026), and preprint rs-7639815. Two of the six
        parts have a published figure, the others a sentence: this is a reconstruction, see every
        part and `Reading` for what is ours. The paper's figures cannot be claimed for it.

    Cost: 2 C h + h + 10 C + 181 parameters, h = max(4, floor(C / 16)); six statistics of the map,
        one matrix product of four rows, one product.

    Example:
        >>> DMSCA(64)(torch.randn(2, 64, 7, 5)).shape
        torch.Size([2, 64, 7, 5])
    """

    def __init__(
        self,
        channels: int,
        *,
        reduction: int = 16,
        reading: Reading | None = None,
        evaluation: str = "factored",
    ) -> None:
        super().__init__()
        if evaluation not in EVALUATIONS:
            raise UsageError(
                f"DMSCA(evaluation='{evaluation}'): expected one of {', '.join(EVALUATIONS)}"
            )
        self.reading = reading = reading or Reading()
        self.is_factored = evaluation == "factored" and reading.gate_size == 1
        self.gce = GlobalContextEncoder(
            channels, reduction=reduction, with_maximum=reading.has("gce")
        )
        self.tca = TemperatureAttention(reading)
        self.msce = MultiScaleSpatialEncoder(reading)
        source = channels if reading.dii_source == "map" else 2
        self.dii = DirectionalInteraction(source, reading) if reading.has("dii") else None
        self.dff = FeatureFusion(channels, reading) if reading.has("dff") else None
        self.aa = AdaptiveActivation(channels) if reading.has("aa") else None

    def forward(self, x: Map) -> Map:
        """Return the attended map."""
        attended = self._factored(x) if self.is_factored else self._literal(x)
        return x + attended if self.reading.output == "residual" else attended

    def maps(self, x: Map) -> dict[str, Tensor]:
        """Return the block's own maps, for pictures.

        Args:
            x: The map.

        Returns:
            "channel" (batch, channel, 1, 1), and "spatial", "gate" and "activation" (batch, 1,
            height, width); a part that is off has no map.
        """
        channel, spatial = self.channel_mask(x), self.spatial_mask(x)
        found = {"channel": channel, "spatial": spatial}
        fused, gate = self._fused(x, channel, spatial)
        if gate is not None:
            found["gate"] = gate
        if self.aa is not None:
            found["activation"] = self.aa(fused)
        return found

    def channel_mask(self, x: Map, rows: RowMeans | None = None) -> Vector:
        """Return A_c; the mean over space follows from the rows' where those are known."""
        return self.tca(self.gce(x, None if rows is None else rows.mean(dim=2, keepdim=True)))

    def spatial_mask(self, x: Map, rows: RowMeans | None = None) -> Plane:
        """Return A_s."""
        planes = spatial_planes(x, indexed=self.training)
        logit = self.msce(planes)
        if self.dii is None:
            return torch.sigmoid(logit)
        source = x if self.reading.dii_source == "map" else planes
        if rows is None or source is planes:
            rows = row_mean(source)
        directions = self.dii(rows, column_mean(source))
        if self.reading.spatial_merge == "add_logits":
            return torch.sigmoid(logit + directions)
        return torch.sigmoid(logit) * torch.sigmoid(directions)

    def _literal(self, x: Map) -> Map:
        fused, _ = self._fused(x, self.channel_mask(x), self.spatial_mask(x))
        return fused if self.aa is None else self.aa(fused).to(x.dtype) * fused

    def _fused(self, x: Map, channel: Vector, spatial: Plane) -> tuple[Map, Plane | None]:
        """Return x_out and the gate, None where the fusion is off."""
        by_channel, by_pixel = channel.to(x.dtype) * x, spatial.to(x.dtype) * x
        if self.dff is None:
            if self.reading.fusion_off == "serial":
                return spatial.to(x.dtype) * by_channel, None
            return 0.5 * by_channel + 0.5 * by_pixel, None
        gate = self.dff(torch.cat([by_channel, by_pixel], dim=1))
        share = gate.to(x.dtype)
        return share * by_channel + (1 - share) * by_pixel, gate

    def _factored(self, x: Map) -> Map:
        """Return the literal value from x, its products with four rows, and small factors."""
        rows = row_mean(x)
        channel, spatial = self.channel_mask(x, rows), self.spatial_mask(x, rows)
        products = self._products(x, channel)
        if self.dff is not None:
            _, bias = _only_logit(self.dff.conv)
            share = torch.sigmoid(products[0] + spatial * products[1] + bias)
            p, q = share, (1 - share) * spatial
        elif self.reading.fusion_off == "serial":
            p, q = spatial, torch.zeros_like(spatial)
        else:
            p, q = torch.full_like(spatial, 0.5), 0.5 * spatial
        if self.aa is not None:
            _, bias = _only_logit(self.aa.conv)
            alpha = torch.sigmoid(p * products[-2] + q * products[-1] + bias)
            p, q = alpha * p, alpha * q
        return x * torch.addcmul(q, p, channel).to(x.dtype)

    def _products(self, x: Map, channel: Vector) -> tuple[Plane, ...]:
        """Return what the gate and the activation make of A_c x and of x, one plane each."""
        weights: list[Tensor] = []
        if self.dff is not None:
            weights += _only_logit(self.dff.conv)[0].chunk(2)
        if self.aa is not None:
            weights += [_only_logit(self.aa.conv)[0]] * 2
        if not weights:
            return ()
        factor = channel.flatten(1)
        rows = [
            weight * factor if number % 2 == 0 else weight.expand_as(factor)
            for number, weight in enumerate(weights)
        ]
        planes = torch.stack(rows, dim=1).to(x.dtype) @ x.flatten(2)
        return promote(planes).unflatten(2, x.shape[2:]).split(1, dim=1)


def _only_logit(layer: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Return weights and bias of the only logit, or of the difference of two."""
    assert layer.bias is not None
    weight, bias = promote(layer.weight.flatten(1)), promote(layer.bias)
    if len(bias) == 1:
        return weight[0], bias[0]
    return weight[0] - weight[1], bias[0] - bias[1]

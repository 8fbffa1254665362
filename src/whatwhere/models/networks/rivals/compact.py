"""Compact convolutional transformers, from vit-pytorch."""

from functools import partial
from typing import Any

from torch import nn

from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.rivals.borrow import borrowed
from whatwhere.models.networks.rivals.row import NoOptions, Row, row


def _cct(
    _: NoOptions,
    *,
    name: str,
    layers: int,
    convolutions: int,
    num_classes: int,
    in_channels: int,
    image_size: int,
) -> nn.Module:
    module = borrowed("vit_pytorch.cct", network=name)
    make: Any = getattr(module, f"cct_{layers}")
    network: nn.Module = make(
        img_size=image_size,
        n_conv_layers=convolutions,
        kernel_size=3,
        stride=1,
        padding=1,
        n_input_channels=in_channels,
        num_classes=num_classes,
        # The published counts are those of a learned position code; the package's own default is a
        # fixed one.
        positional_embedding="learnable",
    )
    return network


def _row(number: int, layers: int, convolutions: int, *counts: int) -> Row:
    name = f"cct_{layers}_3x{convolutions}"
    card = NetworkCard(
        number=number,
        name=name,
        family="rival",
        title=f"CCT-{layers}/3x{convolutions}",
        source="Hassani et al., arXiv 2104.05704, and the authors' code",
        fidelity="exact",
        parameters_at_10=counts[0],
        parameters_at_100=counts[1],
        macs_at_100=counts[2],
        licence="vit-pytorch, MIT",
    )
    return row(card, partial(_cct, name=name, layers=layers, convolutions=convolutions))


COMPACT: tuple[Row, ...] = (
    _row(111, 6, 1, 3_233_803, 3_256_933, 1_013_867_520),
    _row(112, 7, 1, 3_760_139, 3_783_269, 1_181_639_680),
    _row(113, 6, 2, 3_326_923, 3_350_053, 253_486_080),
    _row(114, 7, 2, 3_853_259, 3_876_389, 289_137_664),
)

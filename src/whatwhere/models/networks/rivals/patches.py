"""Mixer, ConvNeXt, ViT, CrossViT, Sequencer: timm's classes at about three million parameters."""

from typing import Any

from torch import nn

from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.rivals.borrow import borrowed, check_patches, check_side
from whatwhere.models.networks.rivals.row import NoOptions, Row, row

_PATCH = 4


def mlp_mixer(_: NoOptions, *, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    """Return an MLP-Mixer: patches of 4, 8 blocks of 288.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Side of the images, a multiple of 4 pixels.

    Returns:
        The network.
    """
    check_patches("mlp_mixer", image_size=image_size, patch=_PATCH)
    make: Any = borrowed("timm.models.mlp_mixer", network="mlp_mixer").MlpMixer
    return make(  # type: ignore[no-any-return]
        num_classes=num_classes,
        in_chans=in_channels,
        img_size=image_size,
        patch_size=_PATCH,
        num_blocks=8,
        embed_dim=288,
        mlp_ratio=(0.5, 2.0),
    )


def convnext(_: NoOptions, *, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    """Return a ConvNeXt of (2, 2, 4, 2) blocks of 40 to 320 channels, at full size to begin with.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Side of the images, at least 8 pixels.

    Returns:
        The network.
    """
    check_side("convnext", image_size=image_size, least=8)
    make: Any = borrowed("timm.models.convnext", network="convnext").ConvNeXt
    return make(  # type: ignore[no-any-return]
        num_classes=num_classes,
        in_chans=in_channels,
        depths=(2, 2, 4, 2),
        dims=(40, 80, 160, 320),
        # A patch of 2 would stride the first stage once more.
        patch_size=1,
    )


def vit(_: NoOptions, *, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    """Return a ViT: patches of 4, 6 blocks of 240 with 8 heads, the mean of all tokens.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Side of the images, a multiple of 4 pixels.

    Returns:
        The network.
    """
    check_patches("vit", image_size=image_size, patch=_PATCH)
    make: Any = borrowed("timm.models.vision_transformer", network="vit").VisionTransformer
    return make(  # type: ignore[no-any-return]
        num_classes=num_classes,
        in_chans=in_channels,
        img_size=image_size,
        patch_size=_PATCH,
        embed_dim=240,
        depth=6,
        num_heads=8,
        mlp_ratio=2.0,
        class_token=False,
        global_pool="avg",
    )


def crossvit(_: NoOptions, *, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    """Return a CrossViT: patches of 2 in tokens of 96, patches of 4 in tokens of 192.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Side of the images, a multiple of 4 pixels.

    Returns:
        The network.
    """
    check_patches("crossvit", image_size=image_size, patch=_PATCH)
    make: Any = borrowed("timm.models.crossvit", network="crossvit").CrossVit
    return make(  # type: ignore[no-any-return]
        num_classes=num_classes,
        in_chans=in_channels,
        img_size=image_size,
        img_scale=(1.0, 1.0),
        patch_size=(2, _PATCH),
        embed_dim=(96, 192),
        depth=((1, 2, 0),) * 3,
        num_heads=(3, 3),
    )


def sequencer(_: NoOptions, *, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    """Return a Sequencer2D: patches of 4, 8 blocks of 176 whose LSTMs run along rows and columns.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Side of the images, a multiple of 4 pixels.

    Returns:
        The network.
    """
    check_patches("sequencer", image_size=image_size, patch=_PATCH)
    make: Any = borrowed("timm.models.sequencer", network="sequencer").Sequencer2d
    return make(  # type: ignore[no-any-return]
        num_classes=num_classes,
        in_chans=in_channels,
        img_size=image_size,
        layers=(4, 4),
        patch_sizes=(_PATCH, 1),
        embed_dims=(176, 176),
        hidden_sizes=(44, 44),
        mlp_ratios=(3.0, 3.0),
    )


def _card(number: int, name: str, title: str, source: str, sizes: str, *counts: int) -> NetworkCard:
    return NetworkCard(
        number=number,
        name=name,
        family="rival",
        title=title,
        source=source,
        fidelity="reconstruction",
        departures=f"sized by us for 32 px: {sizes}",
        parameters_at_10=counts[0],
        parameters_at_100=counts[1],
        macs_at_100=counts[2],
        licence="timm, Apache-2.0",
    )


PATCHES: tuple[Row, ...] = (
    row(
        _card(
            119,
            "mlp_mixer",
            "MLP-Mixer",
            "Tolstikhin et al., NeurIPS 2021",
            "patches of 4, 8 blocks of 288, ratios 0.5 and 2",
            *(2_837_034, 2_863_044, 213_250_176),
        ),
        mlp_mixer,
    ),
    row(
        _card(
            120,
            "convnext",
            "ConvNeXt",
            "Liu et al., CVPR 2022",
            "2, 2, 4, 2 blocks of 40, 80, 160, 320 channels, a 1x1 stem",
            *(2_947_770, 2_976_660, 149_587_200),
        ),
        convnext,
    ),
    row(
        _card(
            121,
            "vit",
            "ViT",
            "Dosovitskiy et al., ICLR 2021",
            "patches of 4, 6 blocks of 240, 8 heads, ratio 2, mean of the tokens",
            *(2_810_650, 2_832_340, 189_504_960),
        ),
        vit,
    ),
    row(
        _card(
            122,
            "crossvit",
            "CrossViT",
            "Chen et al., ICCV 2021",
            "patches of 2 and 4, tokens of 96 and 192, three times 1 and 2 blocks, 3 heads",
            *(2_842_580, 2_868_680, 249_860_736),
        ),
        crossvit,
    ),
    row(
        _card(
            123,
            "sequencer",
            "Sequencer2D",
            "Tatsunami and Taki, NeurIPS 2022",
            "patches of 4, twice 4 blocks of 176, LSTMs of 44 in every direction, ratio 3",
            *(3_039_530, 3_055_460, 192_857_280),
        ),
        sequencer,
    ),
)

"""A plain MLP and a plain CNN of about three million parameters."""

from torch import nn

from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.rivals.borrow import check_side, stem_convolution
from whatwhere.models.networks.rivals.row import NoOptions, Row, row

_MLP_WIDTH, _MLP_LAYERS = 640, 3
_CNN_WIDTHS = (104, 104, 208, 208, 416, 416)


def mlp(_: NoOptions, *, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    """Return three hidden layers with norms that read the pixels in a row.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Side of the images, in pixels.

    Returns:
        The network.
    """
    network, width = nn.Sequential(nn.Flatten()), in_channels * image_size**2
    for _layer in range(_MLP_LAYERS):
        network.append(nn.Linear(width, _MLP_WIDTH)).append(nn.BatchNorm1d(_MLP_WIDTH))
        network.append(nn.ReLU(inplace=True))
        width = _MLP_WIDTH
    return network.append(nn.Linear(width, num_classes))


def cnn(_: NoOptions, *, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    """Return six 3x3 convolutions with norms, a pool before the third and the fifth, and a mean.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Side of the images, in pixels, at least 4.

    Returns:
        The network.
    """
    check_side("cnn", image_size=image_size, least=4)
    network, channels = nn.Sequential(), in_channels
    for position, width in enumerate(_CNN_WIDTHS):
        if position in (2, 4):
            network.append(nn.MaxPool2d(2))
        network.append(stem_convolution(channels, width)).append(nn.BatchNorm2d(width))
        network.append(nn.ReLU(inplace=True))
        channels = width
    network.append(nn.AdaptiveAvgPool2d(1)).append(nn.Flatten())
    return network.append(nn.Linear(channels, num_classes))


_SOURCE = "ours, sized like the network of the multi-scale convolution and global attention paper"

PLAIN: tuple[Row, ...] = (
    row(
        NetworkCard(
            number=115,
            name="mlp",
            family="rival",
            title="MLP of three layers of 640 with batch norms",
            source=_SOURCE,
            fidelity="ours",
            departures="the paper's row of this name is cited as MLP-Mixer",
            parameters_at_10=2_797_450,
            parameters_at_100=2_855_140,
            macs_at_100=2_849_280,
        ),
        mlp,
    ),
    row(
        NetworkCard(
            number=116,
            name="cnn",
            family="rival",
            title="CNN of six 3x3 convolutions, 104 to 416 channels",
            source=_SOURCE,
            fidelity="ours",
            departures="the paper's row of this name is cited as ConvNeXt",
            parameters_at_10=3_027_554,
            parameters_at_100=3_065_084,
            macs_at_100=401_638_016,
        ),
        cnn,
    ),
)

"""VGG-19 for small images, its convolutions from torchvision."""

from torch import nn

from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.rivals.borrow import borrowed, stem_convolution
from whatwhere.models.networks.rivals.row import NoOptions, Row, row

_HIDDEN = 4096


def vgg19(_: NoOptions, *, num_classes: int, in_channels: int, image_size: int) -> nn.Module:
    """Return VGG-19 with batch norms, for images of any size.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Without effect: the last map is averaged.

    Returns:
        The network.
    """
    vgg = borrowed("torchvision.models.vgg", network="vgg19")
    features = vgg.make_layers(vgg.cfgs["E"], batch_norm=True)
    features[0] = stem_convolution(in_channels, features[0].out_channels, bias=True)
    for module in features:
        if isinstance(module, nn.MaxPool2d):
            module.ceil_mode = True
    classifier = nn.Sequential(*_hidden(512), *_hidden(_HIDDEN), nn.Linear(_HIDDEN, num_classes))
    network = nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), classifier)
    network.apply(_initialise)
    return network


def _hidden(width: int) -> tuple[nn.Module, ...]:
    return nn.Linear(width, _HIDDEN), nn.ReLU(inplace=True), nn.Dropout(0.5)


def _initialise(module: nn.Module) -> None:
    """Draw the weights as torchvision's own VGG does."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.01)
    if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
        nn.init.zeros_(module.bias)


VGG: tuple[Row, ...] = (
    row(
        NetworkCard(
            number=105,
            name="vgg19",
            family="rival",
            title="VGG-19 with batch norms",
            source="Simonyan and Zisserman, ICLR 2015, table 1 column E; of the size in SAMC"
            " table 2 (39.33 M)",
            fidelity="exact",
            departures="batch norms; the first linear layer reads the mean of the last map (512"
            " values, all of them at 32 px) instead of 7 x 7 x 512; pools round odd sides up",
            parameters_at_10=38_958_922,
            parameters_at_100=39_327_652,
            macs_at_100=417_415_168,
            licence="torchvision, BSD-3-Clause",
        ),
        vgg19,
    ),
)

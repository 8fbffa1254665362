"""Recurrent networks that read an image as a sequence."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.rivals.borrow import check_side, stem_convolution
from whatwhere.models.networks.rivals.row import NoOptions, Row, row

Image = Float[Tensor, "batch channel height width"]
Logit = Float[Tensor, "batch class"]
_HIDDEN = 480


class RowLSTM(nn.Module):
    """Two LSTM layers that read an image row by row, from top to bottom.

    y = W h_H + b, h = LSTM(LSTM(rows of x)); a step reads all channels of a row.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Side of the images, in pixels.

    Source: ours, a plain reading of "LSTM" in the table of the multi-scale convolution and global
        attention paper.

    Cost: 3,004,900 parameters at 3 x 32 x 32 and 100 classes.
    """

    def __init__(
        self, _: NoOptions, *, num_classes: int, in_channels: int, image_size: int
    ) -> None:
        super().__init__()
        self.lstm = nn.LSTM(in_channels * image_size, _HIDDEN, num_layers=2, batch_first=True)
        self.head = nn.Linear(_HIDDEN, num_classes)

    def forward(self, image: Image) -> Logit:
        """Return the logits of normalised images."""
        rows = image.transpose(1, 2).flatten(2)
        return self.head(self.lstm(rows)[0][:, -1])


class ConvolutionalLSTM(nn.Module):
    """Three 3x3 convolutions, and an LSTM that reads their map pixel by pixel in both directions.

    y = W [h_last forwards; h_first backwards] + b.

    Args:
        num_classes: Number of logits.
        in_channels: Channels of the images.
        image_size: Side of the images, in pixels, at least 4.

    Source: ours, in the place of the CNN-LSTM that the multi-scale convolution and global
        attention paper cites.

    Cost: 3,301,284 parameters at 3 channels and 100 classes.
    """

    def __init__(
        self, _: NoOptions, *, num_classes: int, in_channels: int, image_size: int
    ) -> None:
        check_side("cnn_lstm", image_size=image_size, least=4)
        super().__init__()
        self.features = nn.Sequential(
            *_layer(in_channels, 64),
            nn.MaxPool2d(2),
            *_layer(64, 128),
            nn.MaxPool2d(2),
            *_layer(128, 256),
        )
        self.lstm = nn.LSTM(256, _HIDDEN, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * _HIDDEN, num_classes)

    def forward(self, image: Image) -> Logit:
        """Return the logits of normalised images."""
        pixels = self.features(image).flatten(2).transpose(1, 2)
        _, (last, _) = self.lstm(pixels)
        return self.head(torch.cat([last[0], last[1]], dim=1))


def _layer(in_channels: int, out_channels: int) -> tuple[nn.Module, ...]:
    convolution = stem_convolution(in_channels, out_channels)
    return convolution, nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True)


_SOURCE = "ours, sized like the network of the multi-scale convolution and global attention paper"

RECURRENT: tuple[Row, ...] = (
    row(
        NetworkCard(
            number=117,
            name="row_lstm",
            family="rival",
            title="LSTM of two layers of 480 over the rows",
            source=_SOURCE,
            fidelity="ours",
            departures="the paper's row of this name is cited as a CNN-LSTM",
            parameters_at_10=2_961_610,
            parameters_at_100=3_004_900,
            macs_at_100=94_419_840,
        ),
        RowLSTM,
    ),
    row(
        NetworkCard(
            number=118,
            name="cnn_lstm",
            family="rival",
            title="CNN of 64 to 256 channels and an LSTM of 480 in both directions",
            source=_SOURCE,
            fidelity="ours",
            departures="the cited CNN-LSTM is for radar images of ships; only the idea is kept",
            parameters_at_10=3_214_794,
            parameters_at_100=3_301_284,
            macs_at_100=220_493_568,
        ),
        ConvolutionalLSTM,
    ),
)

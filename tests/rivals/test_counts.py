"""Every stated count of parameters and of multiply-adds, exactly."""

import pytest
import torch
from torch import nn

from whatwhere.evaluate import count_macs
from whatwhere.models import num_parameters
from whatwhere.models.networks.rivals import RIVALS

ROWS = {card.name: (card, factory) for card, factory in RIVALS}


def made(name, *, num_classes, in_channels=3, image_size=32, **options):
    return ROWS[name][1](
        num_classes=num_classes, in_channels=in_channels, image_size=image_size, options=options
    )


@pytest.mark.parametrize("name", ROWS)
def test_cards_count_exactly(name):
    card = ROWS[name][0]
    small, large = made(name, num_classes=10), made(name, num_classes=100)
    assert num_parameters(small) == card.parameters_at_10
    assert num_parameters(large) == card.parameters_at_100
    assert count_macs(large, torch.zeros(1, 3, 32, 32)) == card.macs_at_100


# As the papers, or the tables of the specification, state them: parameters, and millions of
# multiply-adds with as many digits as are stated.
STATED_AT_10 = {
    "resnet18": (11_173_962, "555.4"),
    "resnet20": (269_722, None),
    "resnet56": (853_018, None),
    "cct_6_3x1": (3_233_803, "1013.8"),
    "cct_7_3x1": (3_760_139, "1181.6"),
    "cct_6_3x2": (3_326_923, "253.5"),
    "cct_7_3x2": (3_853_259, "289.1"),
}
STATED_AT_100 = {
    "resnet34": (21_328_292, None),
    "vgg19": (39_327_652, None),
    "shufflenet_v1": (1_000_828, "42.7"),
    "googlenet": (6_402_564, None),
    "googlenet_torchvision": (5.69, "1451"),
    "mobilenet_v2": (2.352, "88"),
    "shufflenet_v2": (1.356, None),
    "mlp": (2.86, "2.8"),
    "cnn": (3.07, "402"),
    "row_lstm": (3.00, "94"),
    "mlp_mixer": (2.86, "213"),
    "convnext": (2.98, "150"),
    "cnn_lstm": (3.30, None),
    "vit": (2.83, "190"),
    "crossvit": (2.87, "250"),
    "sequencer": (3.06, None),
}


@pytest.mark.parametrize(
    ("num_classes", "name"),
    [(10, name) for name in STATED_AT_10] + [(100, name) for name in STATED_AT_100],
)
def test_what_others_state(num_classes, name):
    card = ROWS[name][0]
    stated, macs = (STATED_AT_10 if num_classes == 10 else STATED_AT_100)[name]
    counted = card.parameters_at_10 if num_classes == 10 else card.parameters_at_100
    if isinstance(stated, int):
        assert counted == stated
    else:
        digits = len(str(stated).partition(".")[2])
        assert round(counted / 1e6, digits) == stated
    if macs is not None:
        head = (100 - num_classes) * HEADS.get(name, 0)
        digits = len(macs.partition(".")[2])
        assert f"{(card.macs_at_100 - head) / 1e6:.{digits}f}" == macs


HEADS = {"resnet18": 512, **dict.fromkeys([name for name in ROWS if "cct" in name], 256)}


def test_the_recurrent_rivals_cost_what_their_steps_add_up_to():
    assert round(ROWS["cnn_lstm"][0].macs_at_100, -6) in (220_000_000, 221_000_000)
    steps, directions, hidden, channels = 64, 2, 44, 176
    one_lstm = steps * directions * 4 * hidden * (channels + hidden)
    recurrent = 8 * 2 * one_lstm  # 8 blocks, rows and columns
    assert round((ROWS["sequencer"][0].macs_at_100 - recurrent) / 1e6) == 114


def test_the_forms_behind_the_table_of_samc():
    stated = {"vgg19": 39.33, "googlenet": 6.40, "resnet34": 21.33}
    for name, millions in stated.items():
        assert round(ROWS[name][0].parameters_at_100 / 1e6, 2) == millions
    assert num_parameters(made("shufflenet_v1", num_classes=100, form="samc")) == 1_012_108


def test_multiply_adds_of_an_lstm_by_hand():
    class Reader(nn.Module):
        def __init__(self, **options):
            super().__init__()
            self.lstm = nn.LSTM(7, 11, batch_first=True, **options)

        def forward(self, x):
            return self.lstm(x)[0]

    x = torch.zeros(3, 5, 7)
    assert count_macs(Reader(), x) == 5 * 4 * 11 * (7 + 11)
    two_ways = 5 * 2 * 4 * 11 * ((7 + 11) + (22 + 11))
    assert count_macs(Reader(num_layers=2, bidirectional=True), x) == two_ways
    assert count_macs(Reader().double(), x.double()) == 5 * 4 * 11 * (7 + 11)


def test_multiply_adds_of_attention_count_its_two_products():
    class Attention(nn.Module):
        def forward(self, x):
            return nn.functional.scaled_dot_product_attention(x, x, x)

    assert count_macs(Attention(), torch.zeros(1, 2, 13, 8)) == 2 * 2 * 13 * 13 * 8


@pytest.mark.parametrize(
    ("name", "exact", "printed"),
    [
        ("googlenet", "6,402,564", "prints as 6.4 M"),
        ("mobilenet_v2", "2,369,380", "prints 2.37 M"),
        ("shufflenet_v1", "1,012,108", "prints as 1.01 M"),
    ],
)
def test_exact_counts_are_those_of_a_repository_and_the_paper_prints_rounded_ones(
    name, exact, printed
):
    card = ROWS[name][0]
    said = f"{card.source}; {card.departures}"
    for part in (exact, printed, "weiaicunzai/pytorch-cifar100", "SAMC table 2"):
        assert part in said


def test_a_network_whose_source_does_not_fix_its_stem_and_branches_is_a_reconstruction():
    card = ROWS["googlenet"][0]
    assert card.fidelity == "reconstruction"
    for part in (
        "stem of three 3x3",
        "first pool",
        "response norms",
        "5x5",
        "batch norms",
        "biases",
    ):
        assert part in card.departures

"""The reference blocks on cases small enough to work out by hand, and the traps of their copies."""

import numpy as np
import pytest
import torch

from whatwhere.blocks.references import (
    BottleneckAttention,
    EfficientMultiScaleAttention,
    GatherExcite,
    GlobalContext,
    SimAM,
    StyleRecalibration,
    TripletAttention,
)
from whatwhere.blocks.references.multi_scale import nearest_divisor
from whatwhere.errors import UsageError
from whatwhere.nn.strips import join_strips, split_strips

from .drawn import gap, maps, randomise


def test_strips_by_hand():
    x = torch.tensor([[[[1.0, 2.0, 6.0], [3.0, 4.0, 8.0]]]])
    strip = join_strips(x)
    assert strip.flatten().tolist() == [3.0, 5.0, 2.0, 3.0, 7.0]
    rows, columns = split_strips(strip, height=2)
    assert rows.tolist() == [[[[3.0], [5.0]]]]
    assert columns.tolist() == [[[[2.0, 3.0, 7.0]]]]
    assert join_strips(x.bfloat16()).dtype == torch.float32


def test_simam_by_hand():
    x = torch.tensor([[[[0.0, 2.0], [0.0, 2.0]]]], dtype=torch.float64)
    # Mean 1, squared deviations 1, variance 4 / 3: the energy is 3 / 16 + 1 / 2.
    expected = x / (1 + np.exp(-0.6875))
    assert gap(SimAM(1, regularisation=0.0)(x), expected) <= 1e-15
    # A pixel alone does not stand out.
    assert gap(SimAM(1)(x[:, :, :1, 1:]), 2 / (1 + np.exp(-0.5))) <= 1e-15


def test_simam_takes_its_statistics_in_float32():
    x = (100 + 8 * maps(11, (7, 5))).bfloat16()
    mask = SimAM(11)(x).double() / x.double()
    assert gap(mask, SimAM(11)(x.double()) / x.double()) < 2**-7


def test_gathered_means_by_hand():
    x = torch.tensor([[[[1.0, 2.0, 3.0, 4.0]]]], dtype=torch.float64)
    # Three pixels around the first and the third, the border left out: 1.5 and 3.
    expected = x / (1 + torch.exp(-torch.tensor([1.5, 1.5, 3.0, 3.0], dtype=torch.float64)))
    assert gap(GatherExcite(1, extent=2, learned=False)(x), expected) <= 1e-15


def test_gather_excite_starts_as_its_prototxt_says():
    torch.manual_seed(0)
    weight = GatherExcite(4096).gather.conv2.weight.detach()
    assert float(weight.std()) == pytest.approx((2 / 9) ** 0.5, rel=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"extent": 6}, r"GatherExcite\(extent=6\): expected a power of 2 from 2"),
        ({"extent": 1}, "expected a power of 2 from 2"),
        ({"extent": None}, "would depend on its size; take learned=False"),
    ],
)
def test_gather_excite_refuses_other_extents(options, message):
    with pytest.raises(UsageError, match=message):
        GatherExcite(8, **options)


def test_bam_adds_its_branches_and_keeps_every_size():
    block = BottleneckAttention(32).double().eval()
    with torch.no_grad():
        for value in block.parameters():
            value.zero_()
        block.fc2.bias.fill_(2.0)
        block.spatial[-1].bias.fill_(-0.5)
    for size in [(1, 1), (2, 3), (7, 7), (5, 9)]:
        x = maps(32, size)
        assert gap(block(x), x * (1 + 1 / (1 + np.exp(-1.5)))) <= 1e-14  # a product would say -1


def test_bam_averages_maps_that_are_not_square():
    block = randomise(BottleneckAttention(32).double()).eval()
    torch.nn.init.zeros_(block.spatial[-1].weight)
    x = torch.ones(1, 32, 3, 8, dtype=torch.float64)
    x[:, :, :, 4:] = -1  # the mean of the whole map is zero, that of its first square is not
    gain = (block(x) / x).std(dim=(2, 3))
    hidden = torch.relu(block.norm(torch.zeros(1, 2, dtype=torch.float64)))
    expected = 1 + torch.sigmoid(block.fc2(hidden) + block.spatial[-1].bias)
    assert gap(gain, 0.0) <= 1e-14
    assert gap((block(x) / x)[:, :, 0, 0], expected) <= 1e-14


def test_global_context_starts_as_the_identity():
    x = maps(64, (7, 5))
    assert torch.equal(GlobalContext(64).double()(x), x)
    torch.manual_seed(0)
    assert float(GlobalContext(4096).key.weight.detach().std()) == pytest.approx(
        (2 / 4096) ** 0.5, rel=0.05
    )


def test_global_context_keeps_several_values_for_its_norm():
    assert [GlobalContext(c).fc1.out_features for c in (1, 64, 128, 512)] == [8, 8, 8, 32]


def test_groups_are_the_nearest_divisor():
    found = {c: nearest_divisor(c, 32) for c in (1, 8, 13, 24, 37, 48, 64, 67, 96, 100, 320)}
    assert found == {
        1: 1, 8: 8, 13: 13, 24: 24, 37: 37, 48: 24, 64: 32, 67: 67, 96: 32, 100: 25, 320: 32,
    }  # fmt: skip


@pytest.mark.parametrize("training", [False, True])
def test_multi_scale_attention_of_one_value_by_hand(training):
    block = EfficientMultiScaleAttention(1).double().train(training)
    with torch.no_grad():
        block.norm.bias.fill_(0.25)
        block.conv3.weight[0, 0, 1, 1] = 3.0
        block.conv3.bias.fill_(0.5)
    # One value normalises to the bias; both softmaxes are 1: the logit is 3 * 2 + 0.5 + 0.25.
    x = torch.full((1, 1, 1, 1), 2.0, dtype=torch.float64)
    assert gap(block(x), 2 / (1 + np.exp(-6.75))) <= 1e-15


def test_triplet_attention_by_hand():
    block = TripletAttention(2).double().eval()
    with torch.no_grad():
        for value in block.parameters():
            value.zero_()
        for gate in (block.channel_width, block.height_channel, block.height_width):
            gate.norm.weight.fill_((1 + 1e-5) ** 0.5)
        block.channel_width.conv.weight[0, 0, 3, 3] = 1.0  # the maximum of the column itself
        block.height_channel.conv.weight[0, 1, 4, 3] = 1.0  # the mean of the row below
    x = torch.tensor([[[[1.0, 2.0, 6.0], [3.0, 4.0, 5.0]], [[7.0, 0.0, 2.0], [1.0, 1.0, 1.0]]]])
    columns = torch.tensor([[[[3.0, 4.0, 6.0]], [[7.0, 1.0, 2.0]]]], dtype=torch.float64)
    rows = torch.tensor([[[[4.0], [0.0]], [[1.0], [0.0]]]], dtype=torch.float64)
    mask = (torch.sigmoid(columns) + torch.sigmoid(rows) + 0.5) / 3
    assert gap(block(x.double()), x * mask) <= 1e-14


def test_style_recalibration_by_hand():
    block = StyleRecalibration(1).double()
    x = torch.tensor([[[[1.0, 3.0]]], [[[5.0, 5.0]]]], dtype=torch.float64)
    for training in (True, False):
        assert torch.equal(block.train(training)(x), x / 2)
    with torch.no_grad():
        block.mean_weight.fill_(1.0)
        block.std_weight.fill_(-1.0)
        block.norm.weight.fill_((1 + 1e-5) ** 0.5)
    block.norm.running_mean.zero_()
    block.norm.running_var.fill_(1.0)
    # Means 2 and 5; deviations 1 and 0, before the 1e-5 under the root.
    logit = torch.tensor([2 - (1 + 1e-5) ** 0.5, 5 - 1e-5**0.5], dtype=torch.float64)
    assert gap(block(x), x * torch.sigmoid(logit)[:, None, None, None]) <= 1e-14


def test_style_recalibration_takes_no_weight_decay():
    assert all(value.ndim == 1 for value in StyleRecalibration(13).parameters())

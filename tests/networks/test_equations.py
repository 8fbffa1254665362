"""Every module, and every network whole, equals its equation evaluated in NumPy."""

import numpy as np
import pytest
import torch

from tests.networks import by_hand
from tests.networks.by_hand import inside, randomised, weights
from whatwhere.blocks.amsra import LGSA, MSFD
from whatwhere.models.networks.amsra import HMRAB, AMSRAConfig, AMSRANet
from whatwhere.models.networks.msga import MSGA, MSGAConfig
from whatwhere.models.networks.samc import SAMC
from whatwhere.models.networks.samc_config import SAMCConfig
from whatwhere.nn.multiscale import MSConv, MultiScaleEmbed, SingleScaleEmbed, SplitConv
from whatwhere.nn.selfattention import ConvAttention, SelfAttention, attend
from whatwhere.nn.tokens import DropPath, LayerNorm2d, drop_rates, sine_position

SIZE = (7, 5)


def normal(*shape, seed=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def assert_equal(module, x, expected):
    with torch.no_grad():
        found = module(x).numpy()
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 0.1
    assert np.abs(found - expected).max() < 1e-11 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("in_channels", [3, 13])
@pytest.mark.parametrize("kernels", ["1-3-5", "3-5-7", "1-3-5-7"])
@pytest.mark.parametrize(("pool", "stride"), [("after", 2), ("before", 2), ("after", 1)])
def test_multi_scale_embed(in_channels, kernels, pool, stride):
    options = {"kernels": kernels, "pool": pool, "stride": stride}
    embed = randomised(MultiScaleEmbed(in_channels, out_channels=16, **options))
    x = normal(2, in_channels, *SIZE)
    w = weights(embed)
    expected = by_hand.multi_scale_embed(x.numpy(), w, stride=stride, first=pool == "before")
    assert_equal(embed, x, expected)
    sizes = [next(reversed(list(b.modules()))) for b in embed.branches]
    assert len(sizes) == kernels.count("-") + 1
    last = [[m for m in b.modules() if isinstance(m, torch.nn.Conv2d)][-1] for b in embed.branches]
    assert "-".join(str(conv.kernel_size[0]) for conv in last) == kernels


def test_the_branches_of_a_narrowed_embedding_have_the_widths_of_the_table():
    embed = MultiScaleEmbed(128, out_channels=160)
    convs = [(m.in_channels, m.out_channels) for m in embed.modules() if hasattr(m, "kernel_size")]
    convs = [pair for pair in convs if isinstance(pair[0], int)]
    assert convs == [(128, 40), (128, 40), (40, 80), (128, 20), (20, 20), (128, 20)]


def test_single_scale_embed():
    for narrow, pool in ((0, "after"), (5, "before")):
        embed = randomised(SingleScaleEmbed(11, out_channels=8, narrow=narrow, pool=pool))
        x, w = normal(2, 11, *SIZE), weights(embed)
        before = by_hand.pool(x.numpy(), 2) if pool == "before" else x.numpy()
        expected = by_hand.narrowed(before, inside(w, "branch"))
        assert_equal(embed, x, expected if pool == "before" else by_hand.pool(expected, 2))


@pytest.mark.parametrize("projection", ["conv", "linear"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_conv_attention(projection, stride):
    part = ConvAttention(12, num_heads=3, kv_stride=stride, projection=projection)
    part, x = randomised(part), normal(2, 12, *SIZE)
    assert_equal(part, x, by_hand.conv_attention(x.numpy(), weights(part), heads=3, stride=stride))


def test_convolutional_heads_may_be_narrower_or_wider_than_the_map():
    part = randomised(ConvAttention(6, num_heads=3, head_dim=5, kv_stride=2))
    x = normal(2, 6, *SIZE)
    assert part.query.weight.shape[:2] == (15, 6)
    assert_equal(part, x, by_hand.conv_attention(x.numpy(), weights(part), heads=3, stride=2))


@pytest.mark.parametrize("kernel", ["fused", "plain"])
def test_self_attention_equals_torchs_own(kernel):
    ours = randomised(SelfAttention(12, num_heads=4, kernel=kernel))
    theirs = torch.nn.MultiheadAttention(12, 4, batch_first=True, dtype=torch.float64)
    state = ours.state_dict()
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = state["qkv.weight"], state["qkv.bias"]
    theirs.out_proj.load_state_dict({"weight": state["out.weight"], "bias": state["out.bias"]})
    x = normal(2, 12, *SIZE)
    tokens = x.flatten(2).transpose(1, 2)
    expected, _ = theirs(tokens, tokens, tokens, need_weights=False)
    assert_equal(ours, x, expected.transpose(1, 2).reshape(x.shape).detach().numpy())


def test_heads_may_be_narrower_or_wider_than_the_map():
    part, x = randomised(SelfAttention(6, num_heads=3, head_dim=5)), normal(2, 6, *SIZE)
    assert part.qkv.weight.shape == (45, 6)
    assert_equal(part, x, by_hand.self_attention(x.numpy(), weights(part), 3))


def test_the_softmax_is_scaled_by_the_root_of_a_heads_channels():
    q, k = torch.zeros(1, 8, 1, 1), torch.zeros(1, 8, 1, 2)
    q[0, :4], k[0, :4, 0, 1] = 1.0, 1.0  # a score of 4 in the first of two heads, of 4 channels
    v = torch.tensor([0.0, 1.0]).expand(1, 8, 1, 2)
    mixed = attend(q, k, v, num_heads=2).flatten()
    assert mixed[:4].allclose(torch.full((4,), np.exp(2) / (1 + np.exp(2)), dtype=torch.float32))
    assert mixed[4:].allclose(torch.full((4,), 0.5))


@pytest.mark.parametrize("num_keys", [4, 300])
def test_half_precision_attention_is_near_to_full(num_keys):
    shapes = ((9, 8), (1, num_keys), (1, num_keys))
    maps = [normal(2, 64, *shape, seed=seed).float() for seed, shape in enumerate(shapes)]
    exact = attend(*maps, num_heads=2)
    half = attend(*(m.bfloat16() for m in maps), num_heads=2)
    assert half.dtype == torch.bfloat16
    assert float((half - exact).abs().max()) < 0.02 * float(exact.abs().max())


@pytest.mark.parametrize(("stride", "chained"), [(1, False), (2, False), (1, True)])
@pytest.mark.parametrize("kernels", [(1, 3, 5, 7), (3, 3)])
@pytest.mark.parametrize("in_channels", [None, 5])
def test_msfd(stride, chained, kernels, in_channels):
    options = {"stride": stride, "kernels": kernels, "chained": chained}
    unit = randomised(MSFD(13, in_channels=in_channels, **options))
    x = normal(2, in_channels or 13, *SIZE)
    assert_equal(unit, x, by_hand.msfd(x.numpy(), weights(unit), **options))


def test_a_unit_with_a_stride_is_not_chained():
    torch.manual_seed(0)
    plain, chained = (randomised(MSFD(8, stride=2, chained=flag)) for flag in (False, True))
    assert list(plain.state_dict()) == list(chained.state_dict())


def test_split_convolution_equals_timms():
    timm_layers = pytest.importorskip("timm.layers")
    for channels, stride in ((16, 1), (16, 2), (13, 1)):
        sizes = {"kernel_size": [1, 3, 5, 7], "stride": stride, "padding": ""}
        theirs = timm_layers.MixedConv2d(channels, channels, **sizes)
        ours = SplitConv(channels, kernels=(1, 3, 5, 7), stride=stride)
        assert ours.widths == theirs.splits
        state = zip(ours.state_dict(), theirs.state_dict().values(), strict=True)
        ours.load_state_dict(dict(state))
        x = torch.randn(2, channels, 7, 5)
        assert ours(x).allclose(theirs(x), atol=1e-6)


def test_fewer_channels_than_kernels_use_the_first_kernels():
    split = SplitConv(2, kernels=(1, 3, 5, 7))
    assert [conv.kernel_size for conv in split.convs] == [(1, 1), (3, 3)]
    assert SplitConv(9, kernels=(1, 3)).widths == [5, 4]


@pytest.mark.parametrize("grid", [8, 3, None])
@pytest.mark.parametrize("gate", ["query", "none", "additive", "focal"])
def test_lgsa(grid, gate):
    block = randomised(LGSA(12, head_dim=4, key_grid=grid, gate=gate))
    x = normal(2, 12, 13, 5)
    assert block.num_heads == 3
    by = getattr(by_hand, f"{gate}_gate", None)
    expected = by_hand.lgsa(x.numpy(), weights(block), heads=3, grid=grid, gate=by)
    assert_equal(block, x, expected)


def test_the_cross_gate_is_the_block_of_that_name():
    block, x = randomised(LGSA(12, head_dim=4, gate="cross")), normal(2, 12, *SIZE)

    def cross(u, y, w):
        return block.gate.ema(torch.from_numpy(y)).detach().numpy()

    assert_equal(block, x, by_hand.lgsa(x.numpy(), weights(block), heads=3, gate=cross))


def test_a_gate_starts_mostly_open():
    torch.manual_seed(0)
    block = LGSA(64)
    u = torch.randn(2, 64, 7, 5)
    factor = block.gate(u, torch.ones_like(u)).detach()
    assert 0.65 < float(factor.mean()) < 0.8
    assert torch.equal(block.scale, torch.full((64,), 0.1))


def test_gated_attention_equals_timms():
    """timm's gate is one linear layer on the whole map: ours without pooled keys and with that."""
    attention = pytest.importorskip("timm.layers.attention").Attention
    try:
        theirs = attention(12, num_heads=3, qkv_bias=True, gated=True).double().eval()
    except TypeError:
        pytest.skip("this timm has no gated attention")
    ours = randomised(LGSA(12, head_dim=4, key_grid=None))

    class OneLayer(torch.nn.Module):
        def forward(self, u, y):
            factor = torch.sigmoid(theirs.gate(u.permute(0, 2, 3, 1)))
            return y * factor.permute(0, 3, 1, 2)

    ours.gate = OneLayer()
    state, q = theirs.state_dict(), 12
    with torch.no_grad():
        ours.position.weight.zero_()
        ours.position.bias.zero_()
        ours.scale.fill_(1)
        ours.norm.weight.fill_(1)
        ours.norm.bias.zero_()
        ours.query.weight.copy_(state["qkv.weight"][:q])
        ours.query.bias.copy_(state["qkv.bias"][:q])
        ours.key_value.weight.copy_(state["qkv.weight"][q:])
        ours.key_value.bias.copy_(state["qkv.bias"][q:])
        ours.out.weight.copy_(state["proj.weight"])
        ours.out.bias.copy_(state["proj.bias"])
        x = normal(2, 12, *SIZE)
        u = torch.nn.functional.layer_norm(x.permute(0, 2, 3, 1), (12,))
        expected = theirs(u.flatten(1, 2)).transpose(1, 2).reshape(x.shape)
    assert_equal(ours, x, (x + expected).numpy())


@pytest.mark.parametrize(
    ("in_channels", "kernels", "groups"),
    [(24, (3, 5, 7), (1, 4, 8)), (16, (3, 5, 7), (1, 4, 8)), (24, (3,), (1,))],
)
def test_msconv(in_channels, kernels, groups):
    unit = randomised(MSConv(in_channels, out_channels=24, kernels=kernels, groups=groups))
    x = normal(2, in_channels, *SIZE)
    assert_equal(unit, x, by_hand.msconv(x.numpy(), weights(unit), groups))
    assert [conv.kernel_size[0] for conv in unit.convs] == list(kernels)


@pytest.mark.parametrize("shortcut", ["pad", "proj", "image", "none"])
@pytest.mark.parametrize("attention", ["attention", "depthwise", "identity"])
def test_samc(shortcut, attention):
    config = SAMCConfig(
        dims=(8, 16, 24),
        depths=(1, 2, 1),
        heads=(2, 4, 3),
        pools=(2, 1, 2),
        kv_strides=(2, 1, 1),
        shortcut=shortcut,
        attention=attention,
    )
    model = randomised(SAMC(config, num_classes=5, in_channels=3))
    image, w = normal(2, 3, *SIZE), weights(model)
    x = image.numpy()
    for stage, stride in enumerate(config.pools):
        own = inside(w, f"stages.{stage}")
        y = by_hand.multi_scale_embed(x, inside(own, "embed"), stride=stride)
        for block in range(config.depths[stage]):
            y = samc_block(y, inside(own, f"blocks.{block}"), config, stage)
        if shortcut in ("pad", "proj"):
            residual = by_hand.pool(x, stride)
            if shortcut == "proj":
                residual = by_hand.conv_norm(residual, inside(own, "project"))
            y[:, : residual.shape[1]] += residual
        x = y
    if shortcut == "image":
        x[:, :3] += by_hand.pool(image.numpy(), 2 * 2)
    mean = by_hand.layer_norm(x.mean((2, 3)), inside(w, "norm"))
    assert_equal(model, image, mean @ w["head.weight"].T + w["head.bias"])


def samc_block(x, w, config, stage):
    u, own = by_hand.layer_norm(x, inside(w, "norm1")), inside(w, "mix")
    if config.attention == "attention":
        heads, stride = config.heads[stage], config.kv_strides[stage]
        u = by_hand.conv_attention(u, own, heads=heads, stride=stride)
    elif config.attention == "depthwise":
        u = by_hand.linear(by_hand.conv_norm(u, own, groups=u.shape[1]), inside(own, "2"))
    x = x + u
    return x + by_hand.mlp(by_hand.layer_norm(x, inside(w, "norm2")), inside(w, "mlp"))


def test_amsra_net():
    config = AMSRAConfig(dims=(8, 12), depths=(1, 2), head_dim=4, key_grid=2, kernels=(1, 3))
    model = randomised(AMSRANet(config, num_classes=5, in_channels=3))
    image, w = normal(2, 3, *SIZE), weights(model)
    x = by_hand.gelu(by_hand.conv_norm(image.numpy(), inside(w, "stem")))
    for stage, heads in enumerate((2, 3)):
        for unit in range(config.depths[stage]):
            stride = 2 if (stage, unit) == (1, 0) else 1
            own = inside(w, f"stages.{stage}.units.{unit}")
            x = by_hand.msfd(x, own, stride=stride, kernels=config.kernels)
        x = by_hand.lgsa(x, inside(w, f"stages.{stage}.lgsa"), heads=heads, grid=2)
    assert_equal(model, image, by_hand.head(by_hand.gelu(by_hand.norm(x, inside(w, "norm"))), w))


def test_hmrab_alone():
    block = randomised(HMRAB(64, in_channels=8, stride=2, depth=1))
    x, w = normal(2, 8, *SIZE), weights(block)
    y = by_hand.msfd(x.numpy(), inside(w, "units.0"), stride=2)
    assert_equal(block, x, by_hand.lgsa(y, inside(w, "lgsa"), heads=2))


@pytest.mark.parametrize(("blocks", "fusion"), [(2, True), (1, False), (0, True)])
def test_msga(blocks, fusion):
    config = MSGAConfig(dims=(24, 48), depth=1, heads=3, blocks=blocks, fusion=fusion)
    model = randomised(MSGA(config, num_classes=5, in_channels=3))
    image, w = normal(2, 3, *SIZE), weights(model)
    x = by_hand.gelu(by_hand.conv_norm(image.numpy(), inside(w, "stem")))
    x = by_hand.msconv(x, inside(w, "stages.0.0"))
    scales = y = by_hand.msconv(by_hand.pool(x, 2), inside(w, "stages.1.0"))
    if blocks:
        y = y + by_hand.conv(y, w["position.weight"], w["position.bias"], groups=48)
    for block in range(blocks):
        own = inside(w, f"blocks.{block}")
        normed = by_hand.layer_norm(y, inside(own, "norm1"))
        y = y + by_hand.self_attention(normed, inside(own, "attention"), 3)
        y = y + by_hand.mlp(by_hand.layer_norm(y, inside(own, "norm2")), inside(own, "mlp"))
    y = by_hand.layer_norm(y, inside(w, "norm"))
    if blocks and fusion:
        y = by_hand.gelu(by_hand.conv_norm(np.concatenate([scales, y], 1), inside(w, "fuse")))
    assert_equal(model, image, by_hand.head(y, w))


def test_layer_norm_is_over_the_channels_of_each_pixel():
    y = LayerNorm2d(64)(3 + 5 * torch.randn(2, 64, *SIZE))
    assert y.mean(1).abs().max() < 1e-5
    assert (y.var(1, correction=0) - 1).abs().max() < 1e-4


def test_dropped_paths_keep_their_expectation():
    torch.manual_seed(0)
    drop, x = DropPath(0.3), torch.ones(10_000, 1, 1, 1)
    y = drop(x).flatten()
    assert sorted(set(y.tolist())) == pytest.approx([0, 1 / 0.7])
    assert abs(float((y == 0).float().mean()) - 0.3) < 5 * (0.3 * 0.7 / 10_000) ** 0.5
    assert drop.eval()(x) is x
    assert drop_rates(0.1, 3) == [0, 0.05, 0.1]
    assert drop_rates(0.1, 1) == [0]


def test_rates_rise_over_all_blocks_and_units():
    samc = SAMC(SAMCConfig(drop_path=0.07), num_classes=2, in_channels=3)
    amsra = AMSRANet(AMSRAConfig(drop_path=0.11), num_classes=2, in_channels=3)
    for model, count in ((samc, 8), (amsra, 12)):
        rates = [m.rate for m in model.modules() if isinstance(m, DropPath)]
        assert rates == pytest.approx([0.01 * number for number in range(count)])


def test_the_code_of_position_tells_rows_from_columns():
    code = sine_position(torch.zeros(2, 16, *SIZE))
    assert code.shape == (1, 16, *SIZE)
    assert torch.equal(code[0, :8, :, 0], code[0, :8, :, 4])  # the first half tells rows
    assert torch.equal(code[0, 8:, 0], code[0, 8:, 6])  # the second half tells columns
    assert float(code[0, 0, 3, 2]) == pytest.approx(np.sin(3))
    assert float(code[0, 13, 3, 2]) == pytest.approx(np.cos(2 * 10_000 ** (-1 / 4)))

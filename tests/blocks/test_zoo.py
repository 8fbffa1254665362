"""Attention in the networks of timm, torchvision and strangers: what works, and what is refused."""

import pytest
import torch
from torch import nn

from whatwhere.blocks import attach, attached, detach
from whatwhere.errors import UsageError

PLACES = ("branch", "block", "stage")
# Small networks of most convolutional families of timm, and how many blocks each takes at the ends
# of branches, at blocks and at stages; 0 where it refuses.
ZOO = {
    "convmixer_1024_20_ks9_p14": (20, 20, 1),
    "convnext_atto": (12, 12, 4),
    "convnextv2_atto": (12, 12, 4),
    "cspresnet50": (13, 13, 4),
    "darknet17": (5, 5, 5),
    "densenet121": (0, 58, 4),
    "dla46x_c": (12, 12, 4),
    "dpn48b": (0, 16, 4),
    "eca_nfnet_l0": (0, 12, 4),
    "ecaresnet26t": (8, 8, 4),
    "edgenext_xx_small": (9, 12, 4),
    "efficientnet_b0": (15, 15, 4),
    "efficientnetv2_rw_t": (39, 39, 5),
    "ese_vovnet19b_slim_dw": (0, 4, 4),
    "fasternet_t0": (13, 13, 4),
    "fastvit_t8": (40, 30, 5),
    "fbnetc_100": (21, 21, 5),
    "gernet_s": (14, 14, 4),
    "ghostnet_050": (16, 16, 5),
    "ghostnetv2_100": (16, 16, 5),
    "hardcorenas_a": (10, 10, 4),
    "hgnetv2_b0": (5, 5, 4),
    "hrnet_w18_small": (26, 23, 4),
    "inception_next_atto": (12, 12, 4),
    "inception_v3": (0, 11, 3),
    "lcnet_035": (0, 0, 5),
    "legacy_seresnet18": (8, 8, 4),
    "mambaout_femto": (0, 0, 5),
    "mixnet_s": (16, 16, 5),
    "mnasnet_small": (15, 15, 5),
    "mobilenetv1_100": (0, 0, 5),
    "mobilenetv2_035": (16, 16, 4),
    "mobilenetv3_small_050": (10, 10, 3),
    "mobilenetv4_conv_small_035": (12, 12, 2),
    "mobileone_s0": (43, 43, 5),
    "poolformer_s12": (12, 12, 4),
    "regnetx_002": (13, 13, 4),
    "regnety_002": (13, 13, 4),
    "repghostnet_050": (48, 32, 5),
    "repvgg_a0": (17, 22, 5),
    "repvit_m0_9": (26, 23, 4),
    "res2net50_26w_4s": (16, 16, 4),
    "resnest14d": (4, 4, 4),
    "resnet10t": (4, 4, 4),
    "resnet18": (8, 8, 4),
    "resnetv2_18": (8, 8, 4),
    "resnext26ts": (8, 8, 4),
    "rexnet_100": (0, 16, 5),
    "selecsls42b": (0, 0, 6),
    "skresnet18": (8, 8, 4),
    "starnet_s050": (6, 6, 4),
    "tinynet_e": (9, 9, 4),
    "tresnet_m": (21, 21, 4),
    "vgg11_bn": (0, 0, 5),
    "xception41": (13, 13, 4),
}
TORCHVISION = {
    "alexnet": (0, 0, 3),
    "convnext_tiny": (18, 18, 4),
    "densenet121": (0, 58, 4),
    "efficientnet_b0": (16, 16, 5),
    "googlenet": (0, 9, 3),
    "inception_v3": (0, 11, 3),
    "mnasnet0_5": (16, 16, 4),
    "mobilenet_v2": (17, 17, 5),
    "mobilenet_v3_small": (11, 11, 4),
    "regnet_y_400mf": (16, 16, 4),
    "resnet18": (8, 8, 4),
    "resnext50_32x4d": (16, 16, 4),
    "shufflenet_v2_x0_5": (0, 16, 3),
    "squeezenet1_1": (0, 8, 3),
    "vgg11": (0, 0, 5),
}


def awake(model):
    """Many networks start the last norm of a branch at zero: attention would see maps of zeros."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("weight") and parameter.ndim == 1 and not parameter.any():
                parameter.fill_(1.0)
    return model


def image_for(name, *, side=96):
    side = 32 if "cifar" in name else 160 if "inception_v3" in name else side
    return torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))


def walk(make, expected, sample):
    """Attach, forward, backward, identity, state-dict round trip, detach, at every place."""
    torch.manual_seed(0)
    model, other = awake(make().eval()), make().eval()
    names = list(model.state_dict())
    with torch.no_grad():
        before = model(sample)
    for place, count in zip(PLACES, expected, strict=True):
        if count == 0:
            with pytest.raises(UsageError, match="what works: where='"):
                attach(model, "csa", where=place)
            assert list(model.state_dict()) == names
            continue
        # A sample is found by size for the first place only: the way to it is the same for all.
        attach(model, "csa", where=place, sample=None if place == PLACES[0] else sample)
        blocks = attached(model)
        assert len(blocks) == count
        with torch.no_grad():
            assert torch.equal(model(sample), before)
        for block in blocks.values():
            nn.init.constant_(block.a, 0.1)
        output = model(sample)
        output.square().sum().backward()
        assert all(p.grad is not None for b in blocks.values() for p in b.parameters())
        assert sum(float(b.a.grad.abs()) for b in blocks.values()) > 0
        attach(other, "csa", where=place, sample=sample)
        other.load_state_dict(model.state_dict())
        with torch.no_grad():
            assert torch.equal(other(sample), output.detach())
        detach(model)
        detach(other)
        assert list(model.state_dict()) == names


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ZOO)
def test_timms_networks(name):
    timm = pytest.importorskip("timm")
    walk(lambda: timm.create_model(name, num_classes=5), ZOO[name], image_for(name))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_networks(name):
    models = pytest.importorskip("torchvision").models
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    walk(
        lambda: models.get_model(name, num_classes=5, **options),
        TORCHVISION[name],
        image_for(name),
    )


def efficientnet_pytorch(name):
    from efficientnet_pytorch import EfficientNet

    return EfficientNet.from_name(name, num_classes=5)


def monai(name):
    from monai.networks import nets

    options = {
        "DenseNet121": {"spatial_dims": 2, "in_channels": 3, "out_channels": 5},
        "SEResNet50": {"spatial_dims": 2, "in_channels": 3, "num_classes": 5},
        "resnet18": {"spatial_dims": 2, "n_input_channels": 3, "num_classes": 5},
    }
    return getattr(nets, name)(**options[name])


def pytorchcv(name):
    from pytorchcv.model_provider import get_model

    return get_model(name, num_classes=10)


# Networks of other people, for which there is no rule but the sample.
STRANGERS = {
    (efficientnet_pytorch, "efficientnet-b0"): (16, 16, 5),
    (monai, "DenseNet121"): (0, 58, 4),
    (monai, "SEResNet50"): (16, 16, 4),
    (monai, "resnet18"): (8, 8, 4),
    (pytorchcv, "condensenet74_c4_g4"): (0, 36, 5),
    (pytorchcv, "igcv3_wd4"): (32, 32, 5),
    (pytorchcv, "mobilenet_wd4"): (0, 0, 5),
    (pytorchcv, "preresnet20_cifar10"): (9, 9, 3),
    (pytorchcv, "resnet20_cifar10"): (9, 9, 3),
    (pytorchcv, "shakeshakeresnet20_2x16d_cifar10"): (0, 9, 3),
    (pytorchcv, "shufflenet_g3_wd4"): (16, 16, 3),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("make", "name"), STRANGERS, ids=lambda part: getattr(part, "__name__", part)
)
def test_strangers_networks(make, name):
    pytest.importorskip(make.__name__)
    walk(lambda: make(name), STRANGERS[make, name], image_for(name, side=224))

"""Attention in the networks of timm, torchvision and strangers: what works, and what is refused."""

import pytest
import torch
from torch import nn

from whatwhere.blocks import attach, attached, detach
from whatwhere.errors import UsageError

PLACES = ("branch", "block", "stage")
NO_BRANCH, NO_BLOCK = ("branch",), ("branch", "block")
# One or two small networks of every convolutional family of timm, and the places they refuse.
ZOO = {
    "convmixer_1024_20_ks9_p14": (),
    "convnext_atto": (),
    "convnextv2_atto": (),
    "cspresnet50": (),
    "darknet17": (),
    "densenet121": NO_BRANCH,
    "dla46x_c": (),
    "eca_nfnet_l0": NO_BRANCH,
    "dpn48b": NO_BRANCH,
    "ecaresnet26t": (),
    "edgenext_xx_small": (),
    "efficientnet_b0": (),
    "efficientnetv2_rw_t": (),
    "ese_vovnet19b_slim_dw": NO_BRANCH,
    "fasternet_t0": (),
    "fbnetc_100": (),
    "gernet_s": (),
    "ghostnet_050": (),
    "ghostnetv2_100": (),
    "hardcorenas_a": (),
    "hgnetv2_b0": (),
    "hrnet_w18_small": (),
    "inception_next_atto": (),
    "inception_v3": NO_BRANCH,
    "lcnet_035": NO_BLOCK,
    "legacy_seresnet18": (),
    "mixnet_s": (),
    "mnasnet_small": (),
    "mobilenetv1_100": NO_BLOCK,
    "mobilenetv2_035": (),
    "mobilenetv3_small_050": (),
    "mobilenetv4_conv_small_035": (),
    "mobileone_s0": (),
    "poolformer_s12": (),
    "regnetx_002": (),
    "regnety_002": (),
    "repghostnet_050": (),
    "repvgg_a0": (),
    "repvit_m0_9": (),
    "res2net50_26w_4s": (),
    "resnest14d": (),
    "resnet10t": (),
    "resnet18": (),
    "resnetv2_18": (),
    "resnext26ts": (),
    "rexnet_100": NO_BRANCH,
    "selecsls42b": NO_BLOCK,
    "skresnet18": (),
    "starnet_s050": (),
    "tinynet_e": (),
    "vgg11_bn": NO_BLOCK,
}
TORCHVISION = {
    "alexnet": NO_BLOCK,
    "convnext_tiny": (),
    "densenet121": NO_BRANCH,
    "efficientnet_b0": (),
    "googlenet": NO_BRANCH,
    "inception_v3": NO_BRANCH,
    "mnasnet0_5": (),
    "mobilenet_v2": (),
    "mobilenet_v3_small": (),
    "regnet_y_400mf": (),
    "resnet18": (),
    "resnext50_32x4d": (),
    "shufflenet_v2_x0_5": NO_BRANCH,
    "squeezenet1_1": NO_BRANCH,
    "vgg11": NO_BLOCK,
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


def walk(make, refused, sample):
    """Attach, forward, backward, identity, state-dict round trip, detach, at every place."""
    torch.manual_seed(0)
    model, other = awake(make().eval()), make().eval()
    names = list(model.state_dict())
    with torch.no_grad():
        before = model(sample)
    for place in PLACES:
        if place in refused:
            with pytest.raises(UsageError, match="what works: where='"):
                attach(model, "csa", where=place)
            assert list(model.state_dict()) == names
            continue
        attach(model, "csa", where=place)
        with torch.no_grad():
            assert torch.equal(model(sample), before)
        blocks = attached(model)
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
    (efficientnet_pytorch, "efficientnet-b0"): (),
    (monai, "DenseNet121"): NO_BRANCH,
    (monai, "SEResNet50"): (),
    (monai, "resnet18"): (),
    (pytorchcv, "condensenet74_c4_g4"): NO_BRANCH,
    (pytorchcv, "igcv3_wd4"): (),
    (pytorchcv, "mobilenet_wd4"): NO_BLOCK,
    (pytorchcv, "preresnet20_cifar10"): (),
    (pytorchcv, "resnet20_cifar10"): (),
    (pytorchcv, "shakeshakeresnet20_2x16d_cifar10"): NO_BRANCH,
    (pytorchcv, "shufflenet_g3_wd4"): (),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("make", "name"), STRANGERS, ids=lambda part: getattr(part, "__name__", part)
)
def test_strangers_networks(make, name):
    pytest.importorskip(make.__name__)
    walk(lambda: make(name), STRANGERS[make, name], image_for(name, side=224))

"""What every rival does at every size, and what it says where it cannot."""

import subprocess
import sys

import pytest
import torch

from tests.rivals.test_counts import ROWS, made
from whatwhere.errors import UsageError
from whatwhere.models import create_model, place

IN_PATCHES = ("mlp_mixer", "vit", "crossvit", "sequencer")


def one_step(name, *, image_size, in_channels):
    """A backward pass, then two evaluations of the same images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = made(name, num_classes=5, in_channels=in_channels, image_size=image_size)
        image = torch.randn(2, in_channels, image_size, image_size)
        loss = torch.nn.functional.cross_entropy(model.train()(image), torch.tensor([0, 4]))
    loss.backward()
    model.eval()
    with torch.no_grad():
        return model, model(image), model(image)


@pytest.mark.parametrize(("image_size", "in_channels"), [(28, 1), (32, 3), (64, 4)])
@pytest.mark.parametrize("name", ROWS)
def test_every_size_and_every_number_of_channels(name, image_size, in_channels):
    model, logit, again = one_step(name, image_size=image_size, in_channels=in_channels)
    assert logit.shape == (2, 5)
    assert torch.isfinite(logit).all()
    assert torch.equal(logit, again)
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{parameter_name} is never used"
        assert torch.isfinite(parameter.grad).all()


@pytest.mark.parametrize("name", ROWS)
def test_images_do_not_mix_and_their_layout_does_not_matter(name):
    torch.manual_seed(0)
    model = made(name, num_classes=5).eval()
    image = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        alone = model(image[1:])
        model = place(model, device="cpu", layout="channels_last")
        together = model(image.to(memory_format=torch.channels_last))
    assert torch.allclose(together[1:], alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ROWS)
def test_weights_follow_the_seed(name):
    first, second, other = (seeded(name, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def seeded(name, seed):
    torch.manual_seed(seed)
    return [value.sum() for value in made(name, num_classes=3).state_dict().values()]


@pytest.mark.parametrize("name", IN_PATCHES)
def test_patches_must_tile_the_image(name):
    with pytest.raises(UsageError, match=f"{name} .* do not tile 30 x 30: .* for instance 28"):
        made(name, num_classes=5, image_size=30)


@pytest.mark.parametrize(("name", "least"), [("cnn", 4), ("cnn_lstm", 4), ("convnext", 8)])
def test_small_images_are_refused_where_strides_leave_nothing(name, least):
    made(name, num_classes=5, image_size=least)
    with pytest.raises(UsageError, match=f"{name} needs images of at least {least} x {least}"):
        made(name, num_classes=5, image_size=least - 1)


@pytest.mark.parametrize(
    ("name", "package"), [("vit", "timm"), ("vgg19", "torchvision"), ("cct_6_3x1", "vit-pytorch")]
)
def test_a_missing_package_is_named_with_its_remedy(monkeypatch, name, package):
    for module in [m for m in sys.modules if m.partition(".")[0] == package.replace("-", "_")]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, package.replace("-", "_"), None)
    with pytest.raises(UsageError, match=rf"{name} needs {package} .*whatwhere\[networks\]"):
        made(name, num_classes=5)


def test_a_torchvision_of_another_build_is_told_apart(monkeypatch):
    def broken(name):
        raise RuntimeError("operator torchvision::nms does not exist\nmore")

    monkeypatch.setattr("importlib.import_module", broken)
    with pytest.raises(UsageError, match=r"does not load here \(operator .*exist\): install torch"):
        made("mobilenet_v2", num_classes=5)


def test_unknown_options_are_refused():
    with pytest.raises(UsageError, match="unknown option of shufflenet_v1 'fomr'; did you mean"):
        made("shufflenet_v1", num_classes=5, fomr="samc")
    with pytest.raises(UsageError, match=r"shufflenet_v1\(form=sam\).*did you mean 'samc'"):
        made("shufflenet_v1", num_classes=5, form="sam")


def test_nothing_is_imported_before_it_is_needed():
    code = (
        "import sys, whatwhere.models.networks.rivals, whatwhere.models;"
        "sys.exit(any(m in sys.modules for m in ('timm', 'torchvision', 'vit_pytorch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_they_are_reached_by_name():
    x = torch.zeros(2, 1, 28, 28)
    model = create_model("shufflenet_v1(form=samc)", num_classes=7, in_channels=1, image_size=28)
    assert model.eval()(x).shape == (2, 7)
    assert model[0].bias is not None

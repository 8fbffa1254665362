"""Our batch operations against torchvision's on 8-bit images, pixel for pixel."""

import math

import numpy as np
import pytest
import torch

from whatwhere.arrays import Batch
from whatwhere.data.augmentations import colour, mixing, randaugment, warp
from whatwhere.data.augmentations.boxes import Boxes

pytest.importorskip("torchvision")
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional

SIZE, NUM = 23, 13
BLACK = torch.zeros(3)
STRENGTHS = range(11)
THEIRS = {
    "saturation": functional.adjust_saturation,
    "contrast": functional.adjust_contrast,
    "brightness": functional.adjust_brightness,
    "sharpness": functional.adjust_sharpness,
}


def images(channels=3):
    """Noise and smooth pictures: every value, and edges that are not noise."""
    source = torch.Generator().manual_seed(5)
    noise = torch.randint(0, 256, (NUM, channels, SIZE, SIZE), generator=source)
    coarse = torch.rand(NUM, channels, 5, 5, generator=source)
    smooth = torch.nn.functional.interpolate(coarse, size=(SIZE, SIZE), mode="bilinear") * 255
    return torch.cat([noise.to(torch.uint8), smooth.to(torch.uint8)])


def differing(ours, theirs, *, at_most):
    """Share of the values that differ, none by more than `at_most` levels."""
    difference = (ours - theirs.to(torch.float32)).abs()
    assert difference.max() <= at_most
    return float((difference > 0).to(torch.float32).mean())


def carried_out(name, image, strength, sign=1.0, **options):
    count = len(image)
    value = randaugment.argument(name, np.full(count, float(strength)), np.full(count, sign))
    ours = randaugment.apply(name, image.to(torch.float32), value, fill=BLACK[: image.shape[1]])
    return ours, float(value[0])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("name", THEIRS)
def test_blends_are_torchvisions_at_every_strength(name, strength, channels):
    image = images(channels)
    for sign in (-1.0, 1.0):
        ours, factor = carried_out(name, image, strength, sign)
        # One by one: torchvision's contrast takes the mean of each image only then.
        theirs = torch.stack([THEIRS[name](item, factor) for item in image])
        assert torch.equal(ours, theirs.to(torch.float32))


@pytest.mark.parametrize("strength", STRENGTHS)
def test_posterize_and_solarize_are_torchvisions_at_every_strength(strength):
    image = images()
    ours, bits = carried_out("posterize", image, strength)
    assert torch.equal(ours, functional.posterize(image, int(bits)).to(torch.float32))
    ours, threshold = carried_out("solarize", image, strength)
    theirs = image if threshold > 255 else functional.solarize(image, threshold)
    assert torch.equal(ours, theirs.to(torch.float32))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["autocontrast", "equalize", "invert"])
def test_operations_without_strength_are_torchvisions(name, channels):
    image = images(channels)
    image[0], image[1, 0] = 77, 3  # constant, and constant in one channel
    image[2] = torch.where(image[2] < 100, 0, 255)  # two values only
    ours, _ = carried_out(name, image, 9)
    assert torch.equal(ours, getattr(functional, name)(image).to(torch.float32))


@pytest.mark.parametrize("strength", STRENGTHS)
def test_solarize_add_is_timms_at_every_strength(strength):
    timm = pytest.importorskip("timm.data.auto_augment")
    image = images()
    ours, added = carried_out("solarize_add", image, strength)
    pictures = [functional.to_pil_image(item) for item in image]
    theirs = [functional.pil_to_tensor(timm.solarize_add(item, int(added))) for item in pictures]
    assert torch.equal(ours, torch.stack(theirs).to(torch.float32))


@pytest.mark.parametrize("degrees", [-15.0, -7.3, 0.0, 2.5, 15.0, 30.0, 90.0, 180.0])
def test_rotations_are_torchvisions(degrees):
    image = images()
    maps = warp.rotation(np.full(len(image), degrees))
    nearest = warp.warp(image.to(torch.float32), maps, fill=BLACK, mode="nearest")
    assert torch.equal(nearest, functional.rotate(image, degrees).to(torch.float32))
    bilinear = warp.warp(image.to(torch.float32), maps, fill=BLACK, mode="bilinear")
    theirs = functional.rotate(image, degrees, interpolation=InterpolationMode.BILINEAR)
    assert differing(bilinear, theirs, at_most=1) < 1e-3


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("name", ["rotate", "shear_x", "shear_y", "translate_x", "translate_y"])
def test_moves_are_torchvisions_at_every_strength(name, strength):
    image = images()
    for sign in (-1.0, 1.0):
        ours, value = carried_out(name, image, strength, sign)
        settings = {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0]}
        if name.startswith("translate"):
            # torchvision moves by whole pixels only.
            value = round(value * SIZE)
            axis = 0 if name.endswith("x") else 1
            maps = warp.translation(np.full(len(image), float(value)), axis=axis)
            ours = warp.warp(image.to(torch.float32), maps, fill=BLACK, mode="bilinear")
            settings["translate"] = [-value, 0] if axis == 0 else [0, -value]
        elif name == "rotate":
            settings["angle"] = -value
        else:
            angle = math.degrees(math.atan(value))
            settings["shear"] = [angle, 0.0] if name == "shear_x" else [0.0, angle]
            settings["center"] = [0, 0]
        mode = InterpolationMode.BILINEAR
        theirs = functional.affine(image, interpolation=mode, **settings)
        # Readings half way between two levels may round either way.
        assert differing(ours, theirs, at_most=1) < 0.03


def test_what_moves_in_has_the_fill_and_edges_are_weighed_by_their_share():
    image = torch.full((1, 3, 5, 5), 200.0)
    fill = torch.tensor([10.0, 20.0, 30.0])
    moved = warp.warp(image, warp.translation(np.array([1.25]), axis=0), fill=fill, mode="bilinear")
    assert moved[0, :, 2].T.tolist() == [
        [200.0] * 3,
        [200.0] * 3,
        [200.0] * 3,
        [round(0.75 * 200 + 0.25 * value) for value in (10, 20, 30)],
        [10.0, 20.0, 30.0],
    ]


@pytest.mark.parametrize("box", [(0, 0, 23, 23), (2, 3, 17, 20), (4, 0, 19, 23), (7, 5, 10, 9)])
def test_resized_crops_are_torchvisions(box):
    image = images()
    boxes = Boxes(*(np.full(len(image), value) for value in box))
    ours = warp.resized_crops(image.to(torch.float32), boxes)
    exact = functional.resized_crop(image.to(torch.float32), *box, [SIZE, SIZE], antialias=True)
    assert (ours - exact).abs().max() <= 0.501
    assert differing(ours, exact.round(), at_most=1) < 3e-3  # halves may round either way


def batch_of(image):
    label = torch.arange(len(image)) % 7
    return Batch(image, label, torch.arange(len(image)))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_mixup_is_torchvisions(share, monkeypatch):
    image = images().to(torch.float32)
    theirs = v2.MixUp(num_classes=7)
    monkeypatch.setattr(theirs, "make_params", lambda inputs: {"lam": share})
    expected, target = theirs(image, batch_of(image).label)
    ours = mixing.mix(batch_of(image), mixing.Mixture(share), num_classes=7)
    assert torch.allclose(ours.image, expected, atol=1e-4)
    assert torch.allclose(ours.target, target, atol=1e-6)
    assert torch.equal(ours.label, batch_of(image).label)


@pytest.mark.parametrize(("share", "row", "column"), [(0.5, 11, 4), (0.05, 0, 22), (0.99, 3, 3)])
def test_cutmix_is_torchvisions(share, row, column, monkeypatch):
    image = images().to(torch.float32)
    theirs = v2.CutMix(num_classes=7)
    theirs._dist = type("Fixed", (), {"sample": lambda self, shape: torch.tensor(share)})()
    places = iter([torch.tensor([column]), torch.tensor([row])])
    with monkeypatch.context() as patch:
        patch.setattr(torch, "randint", lambda *limits, **options: next(places))
        expected, target = theirs(image, batch_of(image).label)
    mixture = mixing.cutmix_box(share, row, column, SIZE)
    ours = mixing.mix(batch_of(image), mixture, num_classes=7)
    assert torch.equal(ours.image, expected)
    assert torch.allclose(ours.target, target, atol=1e-6)


def test_a_mask_is_inside_its_box():
    boxes = Boxes(*(np.array(values) for values in ([1, 0], [2, 4], [3, 0], [1, 2])))
    inside = boxes.mask(5, device=torch.device("cpu"))
    expected = torch.zeros(2, 1, 5, 5, dtype=torch.bool)
    expected[0, 0, 1:4, 2:3] = True
    assert torch.equal(inside, expected)


def test_images_of_other_channels_have_a_grey_too():
    two = images()[:, :2].to(torch.float32)
    assert torch.equal(colour.grey(two), two.mean(dim=1, keepdim=True))
    factor = torch.full((len(two), 1, 1, 1), 1.5, dtype=torch.float64)
    assert torch.equal(colour.saturation(two, factor), two)
    assert torch.equal(colour.sharpness(two[:, :, :2], factor), two[:, :, :2])

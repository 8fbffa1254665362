"""What our augmentations draw against what torchvision's and timm's draw, with fixed seeds.

Two samples are compared by Kolmogorov and Smirnov's test, counts by chi squared. The seeds are
fixed, so a test passes always or never; the bound on p is where chance would fail one in a
thousand. Over other seeds the values of p spread evenly from 0 to 1.
"""

import random

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats

from whatwhere.augmentation import Augmentation
from whatwhere.data.augmentations.draws import Draws
from whatwhere.data.augmentations.mixing import label_offsets, random_mixture
from whatwhere.data.augmentations.pipeline import (
    ERASED_AREA,
    crop_boxes,
    erased,
    erased_boxes,
    noisy,
)
from whatwhere.data.augmentations.randaugment import (
    OPS,
    argument,
    randaugment,
    random_operations,
)

pytest.importorskip("torchvision")
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

NUM, SIZE, LEAST_P = 4000, 224, 0.001
ONE = torch.zeros(3, SIZE, SIZE)


def draws(seed=3, num=NUM):
    return Draws(seed, 2, np.arange(num))


@pytest.fixture
def sampled():
    """Parameters that a torchvision transform draws, as arrays by name."""

    def sample(transform, num=NUM):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(11)
            drawn = [transform.make_params([ONE]) for _ in range(num)]
        names = [name for name in drawn[0] if name != "v"]
        return {name: np.array([item[name] for item in drawn]) for name in names}

    return sample


def assert_alike(ours, theirs):
    assert stats.ks_2samp(ours, theirs).pvalue > LEAST_P


def test_angles_are_drawn_as_torchvision_does(sampled):
    ours = draws().uniform("rotation", -15.0, 15.0)
    assert_alike(ours, sampled(v2.RandomRotation(15))["angle"])


@pytest.mark.parametrize("smallest", [0.8, 0.08])
def test_crops_are_drawn_as_torchvision_does(smallest, sampled):
    theirs = sampled(v2.RandomResizedCrop(SIZE, scale=(smallest, 1.0)))
    ours = crop_boxes(draws(), SIZE, smallest_area=smallest)
    assert_alike(ours.height * ours.width, theirs["height"] * theirs["width"])
    assert_alike(ours.height / ours.width, theirs["height"] / theirs["width"])
    assert_alike(ours.top, theirs["top"])
    assert_alike(ours.left, theirs["left"])
    assert (ours.top + ours.height <= SIZE).all() and (ours.left + ours.width <= SIZE).all()


def test_erased_boxes_are_drawn_as_torchvision_does(sampled):
    theirs = sampled(v2.RandomErasing(1.0, scale=ERASED_AREA, ratio=(0.3, 1 / 0.3)))
    ours = erased_boxes(draws(), SIZE)
    assert_alike(ours.height * ours.width, theirs["h"] * theirs["w"])
    assert_alike(ours.height / ours.width, theirs["h"] / theirs["w"])
    assert_alike(ours.top, theirs["i"])
    assert_alike(ours.left, theirs["j"])


def test_as_many_images_are_erased_as_asked_and_by_standard_normal_noise():
    image = torch.full((NUM, 1, 16, 16), 99.0)
    augmentation = Augmentation(erasing_probability=0.25)
    changed = erased(image, draws(), augmentation, step=0) != 99
    num_erased = int(changed.any(dim=(1, 2, 3)).sum())
    assert stats.binomtest(num_erased, NUM, 0.25).pvalue > LEAST_P
    noise = erased(image, draws(), augmentation, step=0)[changed].numpy()
    assert stats.kstest(noise[:20_000], "norm").pvalue > LEAST_P


@pytest.mark.parametrize("alpha", [0.2, 0.8, 1.0])
def test_shares_of_mixup_are_drawn_as_torchvision_does(alpha, sampled):
    ours = [
        random_mixture(Augmentation(mixup_alpha=alpha), seed=3, step=step, size=SIZE).share
        for step in range(NUM)
    ]
    assert_alike(ours, sampled(v2.MixUp(alpha=alpha, num_classes=2))["lam"])


def test_boxes_of_cutmix_are_drawn_as_torchvision_does(sampled):
    theirs = sampled(v2.CutMix(alpha=1.0, num_classes=2))
    ours = [
        random_mixture(Augmentation(cutmix_alpha=1.0), seed=3, step=step, size=SIZE)
        for step in range(NUM)
    ]
    assert_alike([item.share for item in ours], theirs["lam_adjusted"])
    boxes = np.array([item.box for item in ours])
    for ours_at, theirs_at in enumerate([1, 3, 0, 2]):  # top, bottom, left, right in x1 y1 x2 y2
        assert_alike(boxes[:, ours_at], theirs["box"][:, theirs_at])


def test_the_two_ways_to_mix_alternate_as_asked():
    both = Augmentation(mixup_alpha=0.8, cutmix_alpha=1.0, cutmix_probability=0.3)
    cuts = [random_mixture(both, seed=3, step=step, size=7).box is not None for step in range(NUM)]
    assert stats.binomtest(sum(cuts), NUM, 0.3).pvalue > LEAST_P


def test_operations_are_equally_likely_and_half_of_them_carried_out():
    chosen, strength, sign = random_operations(
        draws(num=5 * NUM), Augmentation(randaugment_ops=2), layer=0
    )
    carried_out = chosen >= 0
    assert stats.binomtest(int(carried_out.sum()), 5 * NUM, 0.5).pvalue > LEAST_P
    counts = np.bincount(chosen[carried_out], minlength=len(OPS))
    assert len(counts) == 15
    assert stats.chisquare(counts).pvalue > LEAST_P
    assert stats.binomtest(int((sign > 0).sum()), 5 * NUM, 0.5).pvalue > LEAST_P
    inside = strength[strength < 10]
    law = stats.truncnorm(-np.inf, 2, loc=9, scale=0.5)  # 10 is two deviations above 9
    assert stats.kstest(inside, law.cdf).pvalue > LEAST_P
    cut = stats.norm.sf(2)
    assert stats.binomtest(5 * NUM - len(inside), 5 * NUM, cut).pvalue > LEAST_P


def test_the_operations_of_an_image_are_independent():
    augmentation = Augmentation(randaugment_ops=2)
    pairs = [random_operations(draws(num=5 * NUM), augmentation, layer=layer) for layer in (0, 1)]
    table = np.zeros((16, 16))
    np.add.at(table, (pairs[0][0], pairs[1][0]), 1)
    assert stats.chi2_contingency(table).pvalue > LEAST_P
    assert abs(np.corrcoef(pairs[0][1], pairs[1][1])[0, 1]) < 0.02


TIMM = {
    "rotate": "Rotate",
    "posterize": "Posterize",
    "solarize": "Solarize",
    "solarize_add": "SolarizeAdd",
    "saturation": "Color",
    "contrast": "Contrast",
    "brightness": "Brightness",
    "sharpness": "Sharpness",
    "shear_x": "ShearX",
    "shear_y": "ShearY",
    "translate_x": "TranslateXRel",
    "translate_y": "TranslateYRel",
}


@pytest.mark.parametrize("increasing", [True, False])
@pytest.mark.parametrize("name", TIMM)
def test_arguments_are_timms_at_every_strength(name, increasing, monkeypatch):
    timm = pytest.importorskip("timm.data.auto_augment")
    theirs = timm.LEVEL_TO_ARG.get(TIMM[name] + "Increasing") if increasing else None
    theirs = theirs or timm.LEVEL_TO_ARG[TIMM[name]]
    for sign, drawn in ((1.0, 0.0), (-1.0, 1.0)):
        monkeypatch.setattr(random, "random", lambda drawn=drawn: drawn)
        for strength in np.linspace(0, 10, 41):
            ours = argument(name, np.array([strength]), np.array([sign]), increasing)
            assert ours[0] == pytest.approx(theirs(float(strength), {})[0], abs=1e-12)


def test_images_change_as_much_as_timms():
    timm = pytest.importorskip("timm.data.auto_augment")

    def posterized(picture, bits, **options):
        """No bits are black; Pillow refuses what timm asks for at strength 10."""
        black = Image.new(picture.mode, picture.size)
        return timm.posterize(picture, bits, **options) if bits else black

    num, size = 1500, 17
    source = torch.Generator().manual_seed(7)
    coarse = torch.rand(num, 3, 4, 4, generator=source)
    image = torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")
    image = (image * 255).to(torch.uint8)
    augmentation = Augmentation(randaugment_ops=2)
    fill = torch.tensor([120.0, 125.0, 130.0])
    ours = randaugment(image.float(), draws(num=num), augmentation, fill=fill)
    hints = {"img_mean": (120, 125, 130), "interpolation": Image.Resampling.BILINEAR}
    transform = timm.rand_augment_transform("rand-m9-mstd0.5-inc1", hints)
    assert len(transform.ops) == len(OPS)
    for operation in transform.ops:
        if operation.name == "PosterizeIncreasing":
            operation.aug_fn = posterized
    random_state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(5)
    np.random.seed(5)
    try:
        changed = [transform(functional.to_pil_image(item)) for item in image]
    finally:
        random.setstate(random_state)
        np.random.set_state(numpy_state)
    theirs = torch.stack([functional.pil_to_tensor(item) for item in changed])

    def amounts(result):
        difference = result.float() - image.float()
        return difference.mean(dim=(1, 2, 3)), difference.abs().mean(dim=(1, 2, 3))

    for ours_now, theirs_now in zip(amounts(ours), amounts(theirs), strict=True):
        # Pillow's interpolation keeps a border that ours blends: differences below a level.
        assert_alike(ours_now.round().numpy(), theirs_now.round().numpy())


def test_wrong_labels_are_as_many_as_asked_and_every_other_class_as_likely():
    offsets = label_offsets(np.arange(5 * NUM), probability=0.2, num_classes=7, seed=3)
    assert stats.binomtest(int((offsets > 0).sum()), 5 * NUM, 0.2).pvalue > LEAST_P
    assert stats.chisquare(np.bincount(offsets, minlength=7)[1:]).pvalue > LEAST_P
    assert (label_offsets(np.arange(99), probability=0.0, num_classes=7, seed=3) == 0).all()


def test_noise_is_gaussian_and_stays_within_the_pixels_range():
    image = torch.full((40, 3, 16, 16), 128.0)
    augmentation = Augmentation(noise_sigma=0.1)
    changed = noisy(image, draws(num=40), augmentation, step=4)
    noise = (changed - 128) / 25.5
    assert stats.kstest(noise.flatten().numpy()[:20_000], "norm").pvalue > LEAST_P
    strong = Augmentation(noise_sigma=1.0)
    cut = noisy(image, draws(num=40), strong, step=4)
    assert (cut.min(), cut.max()) == (0, 255)

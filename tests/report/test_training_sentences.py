"""What a report says of a recipe, from what a run records of it."""

from whatwhere.config import without_defaults
from whatwhere.report.words.training import training_sentences
from whatwhere.training import preset


def said(name, **options):
    protocol = preset(name, easy=False, allow_flip=True, image_size=32, **options)
    return training_sentences(without_defaults(protocol))


def test_nothing_is_said_of_what_is_off():
    assert training_sentences({}) == ""
    assert (
        said("r0_medmnist") == "Training steps: learning rate times 0.1 after 50 %, 75 % of them. "
    )
    assert said("standard") == "Training images: random crops and flips. "


def test_every_part_of_a_recipe_is_named():
    assert said("r0_samc") == (
        "Training images: random crops and flips, black beyond their border, rotated by up to 15°."
        " Training steps: learning rate times 0.2 after 30 %, 60 %, 80 % of them. "
    )
    assert said("r1", num_classes=100) == (
        "Training images: random flips, random resized crops of 80 % of the area and more,"
        " RandAugment (2 operations of strength 9 ± 0.5), a rectangle erased in 25 % of them,"
        " mixup 0.8 or cutmix 1. Training labels: smoothed by 0.1. Training steps: weights averaged"
        " with a decay of 0.999, gradients clipped at norm 1. "
    )
    assert "mixup 0.8 or cutmix 1 in the first 58.3 % of the steps" in said("r1")


def test_noise_is_named():
    recipe = {"extra": {"noise_sigma": 0.04, "label_noise": 0.2, "from_a_later_version": 1}}
    assert training_sentences(recipe) == (
        "Training images: noise of standard deviation 0.04 on values from 0 to 1."
        " Training labels: wrong with probability 0.2. "
    )

"""The page of recipes."""

import textwrap

from whatwhere.config import without_defaults
from whatwhere.report.words.training import training_sentences
from whatwhere.training.changes import CHANGEABLE
from whatwhere.training.recipes import RECIPES, Recipe, recipe_protocol

INTRODUCTION = """# Recipes

Written by `python docs/generate.py` from `src/whatwhere/training/recipes.py`.

`--protocol NAME` trains as a publication did, or as it probably did. A recipe counts in epochs;
they become steps by the number of training images, the same for all designs and sizes. `--steps`
and `--epochs` shorten it in proportion (warm-up, drops, the end of mixing and the memory of
averaged weights are shares of the steps), and the report says that it was shortened. `--batch`
keeps the epochs. An epoch is one pass in full batches; images that fill none are left out of it,
other ones each time. The backbone is ResNet-18 unless `--backbone` names another; images are shrunk
to 32 pixels unless `--image-size` says otherwise. Crops move by an eighth of the side, 4 pixels of
32.

Single numbers of any protocol are changed in parentheses, for instance
`--protocol "r1(label_noise=0.2)"` or `"standard(noise_sigma=0.04,ema_decay=0.99)"`; values of
`drops` are joined by `-`. Settings:

{settings}

Augmentation acts on whole batches where the images are, and what happens to an image follows from
(seed, epoch, image) or (seed, step), so that a run that continues is the run that was not
interrupted. Mixing and noise are drawn for a batch as a whole: what an image is mixed with, and its
noise, follow from its place in the batch, and the noise also from the size of the batch and the
kind of device, whose generator draws it. Flips happen only where the data allows them. Operations
give torchvision's pixels, and random numbers have torchvision's or timm's distribution
(`tests/data/test_augment_pixels.py`, `tests/data/test_augment_distributions.py`); the times are in
`benchmarks/results` (`benchmarks/augmentation.py`). The training loss in `curve.csv` is what is
minimised: of changed and mixed images, with smoothed labels. It does not fall to 0, and is not to
be compared with the validation loss, which is of plain images and labels.
"""


def recipes_page() -> str:
    settings = ", ".join(f"`{name}`" for name in CHANGEABLE)
    parts = [INTRODUCTION.replace("{settings}", textwrap.fill(settings, 100))]
    parts += [recipe_section(name, recipe) for name, recipe in RECIPES.items()]
    return "\n".join(parts)


def recipe_section(name: str, recipe: Recipe) -> str:
    ten, hundred = (
        recipe_protocol(
            name, allow_flip=True, image_size=32, num_train=50_000, num_classes=num_classes
        )
        for num_classes in (10, 100)
    )
    schedule = {
        "drops": "constant between drops",
        "cosine": f"cosine to {ten.lowest_learning_rate:g}",
    }[ten.schedule]
    warmup = (
        f"warm-up over {recipe.warmup_epochs} of them" if recipe.warmup_epochs else "no warm-up"
    )
    at_least = f", at least {recipe.min_steps:,} steps" if recipe.min_steps else ""
    momentum = f"momentum {ten.momentum:g}{', Nesterov' if ten.nesterov else ''}, "
    decayed = "all parameters" if ten.decay_norms else "all but norms, biases and scalars"
    facts = [
        f"- **optimiser**: {ten.optimizer}, learning rate {ten.learning_rate:g},"
        f" {momentum if ten.optimizer == 'sgd' else ''}weight decay {ten.weight_decay:g} on"
        f" {decayed}",
        f"- **length**: {recipe.epochs} epochs{at_least}, {warmup}; batches of {recipe.batch_size};"
        f" on CIFAR {ten.steps:,} steps; {schedule}",
    ]
    if said := training_sentences(without_defaults(ten)).strip():
        facts.append(f"- **on top**: {said}")
    if hundred != ten:
        said = training_sentences(without_defaults(hundred)).strip()
        facts.append(f"- **from 100 classes on**: learning rate {hundred.learning_rate:g}; {said}")
    facts += [f"- **sources**: {recipe.sources}", f"- **decided here**: {recipe.decided}"]
    return "\n".join([f"## {name}", "", f"{recipe.title}.", "", *facts, ""])

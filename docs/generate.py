"""Write the pages that follow from the code: `python docs/generate.py`; `--check` compares."""

import sys
import textwrap
from pathlib import Path
from typing import Any

from whatwhere.blocks import registry
from whatwhere.config import without_defaults
from whatwhere.models import networks
from whatwhere.report.training import training_sentences
from whatwhere.study.listing import list_cards, with_facts
from whatwhere.training.changes import CHANGEABLE
from whatwhere.training.recipes import RECIPES, Recipe, recipe_protocol

FOLDER = Path(__file__).parent
INTRODUCTION = """# Designs

Written by `python docs/generate.py` from the cards of the registry; `whatwhere list designs NAME`
shows one of them, `--json` all of them with everything below.

- **wiring or equation**: `y` as a function of the map `x` (the notation is in the README).
- **parameters** at 64, 128, 256 and 512 channels.
- **MACs**: multiply-adds on a map of 64 x 32 x 32, in thousands.
- **passes**: values read and written on that map in a forward pass in evaluation, in units of the
  map; 2 is the least. Every operation counts, as they are carried out one after the other.
- **gain**: RMS of the output over that of the input at initialisation, on normal noise.
- **fidelity**: *exact*, where the source fixes every value; *inferred*, where it names a design
  without defining it; *reconstruction*, where parts had to be decided by us; *ours*, where there is
  no source.

Nothing of other packages is run unless a card says so under "runs".
"""
RECIPES_INTRODUCTION = """# Recipes

Written by `python docs/generate.py` from `src/whatwhere/training/recipes.py`.

`--protocol NAME` trains as a publication did, or as it probably did. A recipe counts in epochs;
they become steps by the number of training images, the same for all designs and sizes. `--steps`
and `--epochs` shorten it in proportion (warm-up, drops, the end of mixing and the memory of
averaged weights are shares of the steps), and the report says that it was shortened. `--batch`
keeps the epochs. The backbone is ResNet-18 unless `--backbone` names another; images are shrunk to
32 pixels unless `--image-size` says otherwise. Crops move by an eighth of the side, 4 pixels of 32.

Single numbers of any protocol are changed in parentheses, for instance
`--protocol "r1(label_noise=0.2)"` or `"standard(noise_sigma=0.04,ema_decay=0.99)"`; values of
`drops` are joined by `-`. Settings:

{settings}

Augmentation acts on whole batches where the images are, and what happens to an image follows from
(seed, epoch, image) or (seed, step), so that a run that continues is the run that was not
interrupted. Flips happen only where the data allows them. Operations give torchvision's pixels, and
random numbers have torchvision's or timm's distribution (`tests/data/test_augment_pixels.py`,
`tests/data/test_augment_distributions.py`); the times are in `benchmarks/results`
(`benchmarks/augmentation.py`). The training loss in `curve.csv` is what is minimised: of changed
and mixed images, with smoothed labels. It does not fall to 0, and is not to be compared with the
validation loss, which is of plain images and labels.
"""
NETWORKS_INTRODUCTION = """# Networks

Written by `python docs/generate.py` from the cards; `whatwhere list networks NAME`
shows one of them. Each is made by `whatwhere.create_model(NAME, num_classes=...)`, can be a
`--backbone`, and can be a row of its own beside designs: `whatwhere compare DATA -d samc,vit,csa`.
Options stand in parentheses: `"samc(shortcut=none, dims=64-128-160)"`.

- **parameters** with 10 and with 100 classes, for images of 3 channels and 32 x 32 pixels.
- **MACs**: multiply-adds of one such image with 100 classes, in millions; the two products of
  attention and the products of recurrent layers are counted.
- **fidelity**: *exact*, where the source fixes every value but the departures below;
  *reconstruction*, where parts had to be decided by us; *ours*, where there is no source.

The networks that run code of another package need `pip install "whatwhere[networks]"`.
"""


def main() -> None:
    pages = {
        "designs.md": designs_page(),
        "networks.md": networks_page(),
        "recipes.md": recipes_page(),
    }
    for name, text in pages.items():
        path = FOLDER / name
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} is not what the code says: run python {Path(__file__).name}")


def recipes_page() -> str:
    settings = ", ".join(f"`{name}`" for name in CHANGEABLE)
    parts = [RECIPES_INTRODUCTION.replace("{settings}", textwrap.fill(settings, 100))]
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
    momentum = f"momentum {ten.momentum:g}{', Nesterov' if ten.nesterov else ''}, "
    decayed = "all parameters" if ten.decay_norms else "all but norms, biases and scalars"
    facts = [
        f"- **optimiser**: {ten.optimizer}, learning rate {ten.learning_rate:g},"
        f" {momentum if ten.optimizer == 'sgd' else ''}weight decay {ten.weight_decay:g} on"
        f" {decayed}",
        f"- **length**: {recipe.epochs} epochs, {warmup}; batches of {recipe.batch_size}; on CIFAR"
        f" {ten.steps:,} steps; {schedule}",
    ]
    if said := training_sentences(without_defaults(ten)).strip():
        facts.append(f"- **on top**: {said}")
    if hundred != ten:
        said = training_sentences(without_defaults(hundred)).strip()
        facts.append(f"- **from 100 classes on**: learning rate {hundred.learning_rate:g}; {said}")
    facts += [f"- **sources**: {recipe.sources}", f"- **decided here**: {recipe.decided}"]
    return "\n".join([f"## {name}", "", f"{recipe.title}.", "", *facts, ""])


def networks_page() -> str:
    cards = [with_facts("networks", card) for card in list_cards("networks")]
    parts = [NETWORKS_INTRODUCTION]
    for family in networks().families():
        members = [card for card in cards if card["family"] == family]
        rows = [*network_table(members), "", *sources(members), *options(members)]
        parts.append("\n".join([f"## {family}", "", *rows, ""]))
    return "\n".join(parts)


def network_table(cards: list[dict[str, Any]]) -> list[str]:
    rows = [
        f"| `{card['name']}` {card['title']} | {card['parameters_at_10']:,}"
        f" | {card['parameters_at_100']:,} | {card['macs_at_100'] / 1e6:,.1f}"
        f" | {card['fidelity']} |"
        for card in cards
    ]
    head = "| network | parameters, 10 classes | 100 classes | MACs | fidelity |"
    return [head, "| --- | ---: | ---: | ---: | --- |", *rows]


def options(cards: list[dict[str, Any]]) -> list[str]:
    """Return a line for every network with options: what each may be, as it is by default."""
    return [
        f"- `{card['name']}` takes: "
        + ", ".join(f"`{option}={default}`" for option, default in card["options"].items())
        for card in cards
        if card["options"]
    ]


def designs_page() -> str:
    cards = [with_facts("designs", card) for card in list_cards("designs") if card["number"] < 500]
    families = [name for name in registry().families() if any(c["family"] == name for c in cards)]
    parts = [INTRODUCTION]
    for family in families:
        members = [card for card in cards if card["family"] == family]
        parts.append("\n".join([f"## {family}", "", *table(members), "", *sources(members), ""]))
    return "\n".join(parts)


def table(cards: list[dict[str, Any]]) -> list[str]:
    head = "| design | wiring or equation | parameters | MACs | passes | gain | fidelity |"
    rows = [
        f"| `{card['name']}` {card['title']} | `{card['equation']}`"
        f" | {' / '.join(f'{count:,}' for count in card['parameters'].values())}"
        f" | {card['macs'] / 1000:,.1f} | {card['passes']} | {card['initial_gain']}"
        f" | {card['fidelity']} |"
        for card in cards
    ]
    return [head, "| --- | --- | --- | --- | --- | --- | --- |", *rows]


def sources(cards: list[dict[str, Any]]) -> list[str]:
    """Return a line for every source, its designs together, and one for every departure."""
    by_source: dict[str, list[str]] = {}
    for card in cards:
        by_source.setdefault(card["source"], []).append(f"`{card['name']}`")
    lines = [f"- {', '.join(names)}: {source}" for source, names in by_source.items()]
    departures: dict[str, list[str]] = {}
    for card in cards:
        if card["departures"]:
            departures.setdefault(card["departures"], []).append(f"`{card['name']}`")
    lines += [f"- {', '.join(names)}, here: {text}" for text, names in departures.items()]
    lines += [f"- `{card['name']}` runs: {card['licence']}" for card in cards if card["licence"]]
    return lines


if __name__ == "__main__":
    main()

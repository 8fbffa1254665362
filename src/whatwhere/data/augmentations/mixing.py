"""Mixup and cutmix: every image of a batch with the one before it, one share for the batch."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from whatwhere.arrays import Batch
from whatwhere.augmentation import Augmentation
from whatwhere.data.augmentations.draws import Draws
from whatwhere.randomness import generator


@dataclass(frozen=True)
class Mixture:
    """How the images of a step are mixed.

    Args:
        share: Of each image in its mixture; the rest is the image before it.
        box: Rows and columns (top, bottom, left, right) that come from the other image; None
            where all pixels are averaged.
    """

    share: float
    box: tuple[int, int, int, int] | None = None


def random_mixture(augmentation: Augmentation, *, seed: int, step: int, size: int) -> Mixture:
    """Draw how a step mixes; a pure function of (seed, step).

    Args:
        augmentation: Which of the two, and their beta distributions.
        seed: Of the trial.
        step: From 0.
        size: Side of the images, in pixels.

    Returns:
        The mixture.

    Source:
        Zhang et al. (2018) and Yun et al. (2019): the share is Beta(alpha, alpha); cutmix's box
        has the area that is left, is centred anywhere, is cut at the border, and gives the share
        back from its pixels.
    """
    random = generator(seed, "mixing", step)
    alphas = augmentation.mixup_alpha, augmentation.cutmix_alpha
    cuts = random.random() < augmentation.cutmix_probability if all(alphas) else alphas[1] > 0
    alpha = alphas[1] if cuts else alphas[0]
    share = float(random.beta(alpha, alpha))
    row, column = random.integers(size, size=2).tolist()
    return cutmix_box(share, row, column, size) if cuts else Mixture(share)


def cutmix_box(share: float, row: int, column: int, size: int) -> Mixture:
    """Return cutmix's box about a pixel.

    Args:
        share: Wanted for each image itself.
        row: Of the centre.
        column: Of the centre.
        size: Side of the images, in pixels.

    Returns:
        The mixture, with the share that the box leaves.
    """
    half = int(0.5 * math.sqrt(1 - share) * size)
    top, bottom = max(0, row - half), min(size, row + half)
    left, right = max(0, column - half), min(size, column + half)
    return Mixture(1 - (bottom - top) * (right - left) / size**2, (top, bottom, left, right))


def mix(batch: Batch, mixture: Mixture, *, num_classes: int) -> Batch:
    """Mix every image of a batch with the one before it, the first with the last.

    Args:
        batch: Images and labels.
        mixture: The share, and the box where there is one.
        num_classes: Of the data.

    Returns:
        The batch; its target holds the probability of every class.
    """
    one_hot = functional.one_hot(batch.label, num_classes).to(torch.float32)
    target = mixture.share * one_hot + (1 - mixture.share) * one_hot.roll(1, 0)
    return replace(batch, image=_mixed(batch.image, mixture), target=target)


def _mixed(image: Tensor, mixture: Mixture) -> Tensor:
    other = image.roll(1, 0)
    if mixture.box is None:
        return other.mul_(1 - mixture.share).add_(image, alpha=mixture.share)
    top, bottom, left, right = mixture.box
    mixed = image.clone()
    mixed[:, :, top:bottom, left:right] = other[:, :, top:bottom, left:right]
    return mixed


def label_offsets(
    index: np.ndarray, *, probability: float, num_classes: int, seed: int
) -> np.ndarray:
    """Return what to add to the classes of some images, modulo the number of classes.

    Args:
        index: Position of each image in its source; the same images are wrong in every epoch.
        probability: Of a wrong label; every other class is as likely.
        num_classes: Of the data.
        seed: Of the trial.

    Returns:
        int64 (batch,): 0 where the label stays.
    """
    draws = Draws(seed, 0, index)
    other = 1 + draws.below("label-noise-class", num_classes - 1)
    return np.where(draws.uniform("label-noise") < probability, other, 0)

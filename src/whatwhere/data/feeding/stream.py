"""BatchStream: normalised batches of one split, on the device where they are used."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from whatwhere.arrays import Batch
from whatwhere.augmentation import PLAIN, Augmentation
from whatwhere.data.augmentations.draws import Draws
from whatwhere.data.augmentations.mixing import label_offsets, mix, random_mixture
from whatwhere.data.augmentations.pipeline import distorted, erased, noisy
from whatwhere.data.feeding.augment import (
    Views,
    centre_views,
    outside,
    pixel_positions,
    random_views,
)
from whatwhere.randomness import generator


@dataclass(frozen=True)
class Pixels:
    """All canvases of a source, resident where they are used.

    Args:
        flat: uint8 (image * row * column, channel).
        label: int64 (image,).
        canvas_size: Side of a canvas, in pixels.
        image_size: Side of a view, in pixels.
        mean: Of the training pixels, 0 to 255, per channel.
        std: Of the training pixels, 0 to 255, per channel.
        contiguous: Whether batches are laid out channel by channel ("nchw").
    """

    flat: Tensor
    label: Tensor
    canvas_size: int
    image_size: int
    mean: Tensor
    std: Tensor
    contiguous: bool

    @classmethod
    def load(
        cls,
        images: np.ndarray,
        labels: np.ndarray,
        *,
        image_size: int,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        device: str = "cpu",
        layout: str = "channels_last",
    ) -> "Pixels":
        """Put a source's images on a device; on the CPU nothing is copied.

        Args:
            images: uint8 (image, row, column, channel), square canvases.
            labels: int64 (image,).
            image_size: Side of a view, in pixels.
            mean: Per channel, 0 to 255.
            std: Per channel, 0 to 255.
            device: Name of a torch device.
            layout: "channels_last" or "nchw".

        Returns:
            The resident pixels.
        """
        flat = torch.from_numpy(images.reshape(-1, images.shape[3])).to(device)
        return cls(
            flat=flat,
            label=torch.from_numpy(np.asarray(labels, dtype=np.int64)).to(device),
            canvas_size=images.shape[1],
            image_size=image_size,
            mean=torch.tensor(mean, device=device),
            std=torch.tensor(std, device=device),
            contiguous=layout == "nchw",
        )

    @property
    def margin(self) -> int:
        """Width of the border around the evaluation view, in pixels."""
        return (self.canvas_size - self.image_size) // 2

    def batch(self, index: np.ndarray, views: Views) -> Batch:
        """Return the normalised views of some images.

        Args:
            index: Position of each image in its source.
            views: One per image.

        Returns:
            The batch; pixels are (value - mean) / std.
        """
        return self.as_batch(self.normalised(self.raw(index, views)), index)

    def raw(
        self, index: np.ndarray, views: Views, *, black_outside: bool = False
    ) -> Float[Tensor, "batch channel height width"]:
        """Return some images' pixels as they are.

        Args:
            index: Position of each image in its source.
            views: One per image.
            black_outside: Whether what lies beyond the evaluation view is black.

        Returns:
            float32, whole numbers from 0 to 255; a view of (batch, height, width, channel).
        """
        device, size = self.flat.device, self.image_size
        positions = pixel_positions(
            index, views, image_size=size, canvas_size=self.canvas_size, device=device
        )
        chosen = self.flat.index_select(0, positions.view(-1))
        image = chosen.to(torch.float32).view(*positions.shape, -1).permute(0, 3, 1, 2)
        if black_outside:
            beyond = outside(views, margin=self.margin, image_size=size, device=device)
            image.masked_fill_(beyond[:, None], 0.0)
        return image

    def normalised(
        self, image: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch channel height width"]:
        """Return (value - mean) / std of pixels from 0 to 255."""
        return (image - self.mean.view(-1, 1, 1)) / self.std.view(-1, 1, 1)

    def as_batch(
        self, image: Float[Tensor, "batch channel height width"], index: np.ndarray
    ) -> Batch:
        """Put images into the memory layout of batches, with their labels.

        Args:
            image: Normalised.
            index: Position of each image in its source.

        Returns:
            The batch.
        """
        form = torch.contiguous_format if self.contiguous else torch.channels_last
        where = torch.from_numpy(index).to(self.flat.device)
        return Batch(
            image=image.contiguous(memory_format=form), label=self.label[where], index=where
        )


@dataclass(frozen=True)
class TrainStream:
    """Shuffled, augmented batches by step; on one kind of device a pure function of (seed, step).

    What happens to an image follows from (seed, epoch, image), whatever else is in its batch. Two
    things do not: noise is drawn for a batch as a whole, by the device's own generator, so that it
    differs between CPU and GPU and goes with the place in the batch; and what is mixed into an
    image is its neighbour there.

    Every pass visits each image once, in an order of its own; a last batch that is not full is
    left out.

    Args:
        pixels: Where the images are.
        index: Positions of the training images.
        batch_size: Images per step; all of them where there are fewer.
        augmentation: "none", "crop", "flip" or "crop-flip".
        seed: Of the trial.
        extra: What else happens to images and labels.
        num_classes: Of the data; needed where labels are changed or mixed.
        num_steps: Of the training run; needed where images are mixed.
    """

    pixels: Pixels
    index: np.ndarray
    batch_size: int
    augmentation: str
    seed: int
    extra: Augmentation = PLAIN
    num_classes: int = 0
    num_steps: int = 0

    @property
    def steps_per_epoch(self) -> int:
        """Number of full batches in one pass over the images."""
        return max(1, len(self.index) // self.batch_size)

    def batch(self, step: int) -> Batch:
        """Return the batch of a step.

        Args:
            step: From 0.

        Returns:
            The batch.
        """
        return self.batches(step, 1)[0]

    def batches(self, first: int, num_steps: int) -> list[Batch]:
        """Return the batches of steps that follow each other in one pass over the images.

        What happens to each image on its own happens to all of them at once: on a GPU, where an
        operation costs its launch, many steps take hardly longer than one.

        Args:
            first: Step of the first batch, from 0.
            num_steps: How many; fewer come where the pass ends.

        Returns:
            What `batch` returns for each of the steps.
        """
        epoch, position = divmod(first, self.steps_per_epoch)
        num_steps = min(num_steps, self.steps_per_epoch - position)
        order = generator(self.seed, "order", epoch).permutation(len(self.index))
        start = position * self.batch_size
        chosen = self.index[order[start : start + num_steps * self.batch_size]]
        images = self._moved(chosen, epoch=epoch).split(self.batch_size)
        return [
            self._finished(
                image,
                Draws(self.seed, epoch, chosen[number * self.batch_size :][: self.batch_size]),
                step=first + number,
            )
            for number, image in enumerate(images)
        ]

    def _moved(self, index: np.ndarray, *, epoch: int) -> Tensor:
        """Return images as they are looked at, each changed on its own."""
        pixels, extra = self.pixels, self.extra
        views = random_views(
            index,
            margin=pixels.margin,
            augmentation=self.augmentation,
            seed=self.seed,
            epoch=epoch,
        )
        image = pixels.raw(index, views, black_outside=extra.padding == "black")
        draws = Draws(self.seed, epoch, index)
        return distorted(image, draws, extra, fill=pixels.mean.round())

    def _finished(self, image: Tensor, draws: Draws, *, step: int) -> Batch:
        """Return a batch with what is drawn for it as a whole: noise, and what is mixed."""
        pixels, extra = self.pixels, self.extra
        image = pixels.normalised(noisy(image, draws, extra, step=step))
        batch = pixels.as_batch(erased(image, draws, extra, step=step), draws.index)
        if extra.label_noise:
            batch = self._mislabelled(batch, draws.index)
        if extra.mixes and step < extra.mixing_fraction * self.num_steps:
            mixture = random_mixture(extra, seed=self.seed, step=step, size=pixels.image_size)
            return mix(batch, mixture, num_classes=self.num_classes)
        return batch

    def _mislabelled(self, batch: Batch, index: np.ndarray) -> Batch:
        probability, num_classes = self.extra.label_noise, self.num_classes
        offsets = label_offsets(
            index, probability=probability, num_classes=num_classes, seed=self.seed
        )
        wrong = (batch.label + torch.from_numpy(offsets).to(batch.label.device)) % num_classes
        return replace(batch, label=wrong)


def evaluation_batches(
    pixels: Pixels, index: np.ndarray, *, batch_size: int = 256
) -> Iterator[Batch]:
    """Yield the centre views of some images in their order.

    Args:
        pixels: Where the images are.
        index: Positions of the images.
        batch_size: Images per batch; the last one may be smaller.

    Yields:
        Batch after batch.
    """
    for start in range(0, len(index), batch_size):
        chosen = index[start : start + batch_size]
        yield pixels.batch(chosen, centre_views(len(chosen), margin=pixels.margin))

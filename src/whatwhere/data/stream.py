"""BatchStream: normalised batches of one split, on the device where they are used."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from whatwhere.arrays import Batch
from whatwhere.data.augment import Views, centre_views, pixel_positions, random_views
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
        positions = pixel_positions(
            index, views, image_size=self.image_size, canvas_size=self.canvas_size
        )
        device = self.flat.device
        chosen = self.flat.index_select(0, torch.from_numpy(positions.reshape(-1)).to(device))
        image = (chosen.to(torch.float32) - self.mean) / self.std
        image = image.view(*positions.shape, -1).permute(0, 3, 1, 2)
        if self.contiguous:
            image = image.contiguous()
        where = torch.from_numpy(index).to(device)
        return Batch(image=image, label=self.label[where], index=where)


@dataclass(frozen=True)
class TrainStream:
    """Shuffled, augmented batches by step; a pure function of (seed, step).

    Every pass visits each image once, in an order of its own; a last batch that is not full is
    left out.

    Args:
        pixels: Where the images are.
        index: Positions of the training images.
        batch_size: Images per step; all of them where there are fewer.
        augmentation: "none", "crop" or "crop-flip".
        seed: Of the trial.
    """

    pixels: Pixels
    index: np.ndarray
    batch_size: int
    augmentation: str
    seed: int

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
        epoch, position = divmod(step, self.steps_per_epoch)
        order = generator(self.seed, "order", epoch).permutation(len(self.index))
        start = position * self.batch_size
        chosen = self.index[order[start : start + self.batch_size]]
        views = random_views(
            chosen,
            margin=self.pixels.margin,
            augmentation=self.augmentation,
            seed=self.seed,
            epoch=epoch,
        )
        return self.pixels.batch(chosen, views)


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

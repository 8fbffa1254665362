"""Trained networks asked again about the same test images with noise on them."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from whatwhere.data import ImageSource
from whatwhere.data.feeding.stream import Pixels, evaluation_batches
from whatwhere.evaluate import predict
from whatwhere.models import place
from whatwhere.randomness import generator
from whatwhere.records import Trial, sha256_of, write_atomically
from whatwhere.study.trained import trained_bundle


def with_noise(images: np.ndarray, *, sigma: float) -> np.ndarray:
    """Add Gaussian noise to images; the same noise for every network, smaller or larger with sigma.

        x' = clip(x + sigma e, 0, 1),  e ~ N(0, 1) for each pixel and channel

    Args:
        images: uint8 (image, row, column, channel); x is the value over 255.
        sigma: Standard deviation on [0, 1] pixels, at least 0.

    Returns:
        uint8 images, rounded to the nearest value: rounding down would darken them by half a
            step of grey wherever there is noise, and not at sigma 0.

    Source:
        Hendrycks and Dietterich (2019), Benchmarking neural network robustness; there sigma is
        0.04, 0.06, 0.08, 0.09, 0.10 for the five severities on CIFAR. Departure: their published
        sets are rounded down.
    """
    if sigma == 0:
        return images
    noise = generator("test-noise").standard_normal(images.shape, dtype=np.float32)
    noisy = np.clip(images / np.float32(255) + np.float32(sigma) * noise, 0, 1)
    return np.rint(255 * noisy).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class NoisyTest:
    """The test images of a data set, at hand for any amount of noise.

    Args:
        source: The data set as the networks were trained on it.
        device: A torch device.
    """

    source: ImageSource
    device: str

    def logits(self, trial: Trial, *, sigma: float, run: Path) -> np.ndarray:
        """Return what a trained network says of noisy test images; kept beside the run.

        Args:
            trial: A finished trial.
            sigma: Standard deviation of the noise on [0, 1] pixels, above 0.
            run: The run's folder.

        Returns:
            Logits (image, class), in the order of the test images in the source.
        """
        origin = sha256_of(trial.folder / "record.json")
        path = run / "noise" / f"{sigma:g}" / f"{origin[:24]}.npy"
        if not path.is_file():
            buffer = io.BytesIO()
            np.save(buffer, self._asked(trial, sigma, run))
            write_atomically(path, buffer.getvalue())
        return np.load(path, allow_pickle=False)

    def _asked(self, trial: Trial, sigma: float, run: Path) -> np.ndarray:
        bundle = trained_bundle(run, trial.key)
        index = self.source.indices("test")
        images = with_noise(self.source.evaluation_view(index), sigma=sigma)
        pixels = Pixels.load(
            images,
            self.source.labels[index],
            image_size=bundle.image_size,
            mean=bundle.mean,
            std=bundle.std,
            device=self.device,
            layout="nchw",
        )
        network = place(bundle.model(), device=self.device, layout="nchw")
        batches = evaluation_batches(pixels, np.arange(len(index)))
        return predict(network, batches, precision=bundle.precision).logit

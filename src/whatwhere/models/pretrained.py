"""Networks that were trained before: where their weights come from, and which images they want."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from whatwhere.errors import UsageError, nearest
from whatwhere.models.build import ModelSpec, bare_backbone
from whatwhere.models.timm_networks import TIMM_PREFIX, timm_name
from whatwhere.models.weights import hash_of, read_weights

_OFFLINE = "--pretrained FILE --backbone timm:NAME"


@dataclass(frozen=True, eq=False)
class Pretrained:
    """Weights to begin from, and how their network wants its images.

    Our images differ from timm's evaluation in two ways: the short side is resized to the image
    size itself and the middle square cut out (timm resizes to size / crop_pct, often 0.875 or
    0.95, and cuts the middle out of that), and resizing is bilinear with antialiasing (timm's
    networks often ask for bicubic). All designs of a comparison see the same images, so no
    difference between them comes from it; the level of accuracy may.

    Args:
        name: What the user called it.
        backbone: One of our ResNets, or "timm:NAME".
        state: Tensors by name, of the bare backbone.
        image_size: Side of the images, in pixels; None where nothing says it.
        mean: Of the pixels, 0 to 255, per channel; None where nothing says it.
        std: Of the pixels, 0 to 255, per channel; None where nothing says it.
        class_names: What its logits stand for; None where nothing says it.
    """

    name: str
    backbone: str
    state: Mapping[str, Tensor]
    image_size: int | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    class_names: tuple[str, ...] | None = None

    @cached_property
    def sha256(self) -> str:
        """Hash of the weights, as 64 hex digits."""
        return hash_of(self.state)

    def normalisation(
        self, channels: int
    ) -> tuple[tuple[float, ...], tuple[float, ...]] | tuple[None, None]:
        """Return mean and standard deviation for images of some channels.

        Args:
            channels: Of the images; where the network has another number, every channel gets the
                mean over the network's.

        Returns:
            Both, 0 to 255, per channel; None where nothing says them.
        """
        if self.mean is None or self.std is None:
            return None, None
        return _per_channel(self.mean, channels), _per_channel(self.std, channels)


def pretrained_from_timm(backbone: str) -> Pretrained:
    """Return the published weights of a timm network, from its cache or the Hugging Face Hub.

    Args:
        backbone: "timm:NAME", perhaps with a tag ("timm:resnet18.a1_in1k").

    Returns:
        The weights; image size, mean and standard deviation are those of timm's configuration.

    Raises:
        UsageError: If timm does not know the network, has no weights of it, or cannot fetch them.
    """
    name = timm_name(backbone)
    import timm

    if not timm.is_model_pretrained(name):
        hint = nearest(name, timm.list_pretrained())
        raise UsageError(f"timm has no weights of '{name}'{hint}; or give a file: {_OFFLINE}")
    try:
        with _without_chatter():
            model = timm.create_model(name, pretrained=True)
    except Exception as error:  # every layer below raises errors of its own
        reason = next(iter(str(error).splitlines()), "").rstrip(" .")
        raise UsageError(
            f"the weights of {backbone} could not be fetched ({type(error).__name__}:"
            f" {reason[:160]}); without network give a file: {_OFFLINE}"
        ) from error
    return Pretrained(backbone, backbone, model.state_dict(), *_wanted_images(model))


def pretrained_from_file(path: Path, backbone: str) -> Pretrained:
    """Return the weights in a file.

    Args:
        path: As for `read_weights`.
        backbone: Whose state dict it holds.

    Returns:
        The weights; image size, mean and standard deviation are those of timm's configuration of
        the network, and None for one of ours.
    """
    state = read_weights(path)
    if not backbone.startswith(TIMM_PREFIX):
        return Pretrained(str(path), backbone, state)
    return Pretrained(str(path), backbone, state, *_wanted_images(_drawn(backbone)))


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep the Hub's client from printing a line for every attempt."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _drawn(backbone: str) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        return bare_backbone(ModelSpec(backbone, 2, 3))


def _wanted_images(
    network: Any,
) -> tuple[int | None, tuple[float, ...] | None, tuple[float, ...] | None]:
    """Return image size, mean and standard deviation of timm's configuration, 0 to 255."""
    config = network.pretrained_cfg
    size, mean, std = config.get("input_size"), config.get("mean"), config.get("std")
    return (
        int(size[1]) if size else None,
        tuple(round(255 * value, 6) for value in mean) if mean else None,
        tuple(round(255 * value, 6) for value in std) if std else None,
    )


def _per_channel(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    if len(values) == channels:
        return values
    return (round(sum(values) / len(values), 6),) * channels

"""A trained model as a folder: model.safetensors, config.toml and a card to read."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from whatwhere.blocks.designs import Design, named_or_typed
from whatwhere.blocks.user import design_from_file
from whatwhere.config import build, read_toml, to_toml
from whatwhere.errors import UnsafeError, UsageError
from whatwhere.models import ModelSpec, build_model
from whatwhere.records import write_atomically

FORMAT = 1


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained model with all that is needed to use it.

    Args:
        spec: The network without its attention.
        design: Name, wiring text or "file.py:Block" of the attention.
        class_names: What the logits stand for, in their order.
        image_size: Side of the images, in pixels.
        mean: Of the training pixels, 0 to 255, per channel.
        std: Of the training pixels, 0 to 255, per channel.
        precision: "fp32" or "bf16", as it was trained.
        facts: What a reader may want to know: data, protocol, seed, scores.
        weights: The content of `model.safetensors`.
    """

    spec: ModelSpec
    design: str
    class_names: tuple[str, ...]
    image_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    precision: str
    facts: dict[str, Any]
    weights: bytes

    @property
    def called(self) -> str:
        """What a reader knows it by: its attention, or the network where it has none."""
        return self.spec.backbone if self.design == "none" else self.design

    def model(self, *, design: Design | None = None) -> nn.Module:
        """Return the network with its trained weights, in evaluation mode.

        Args:
            design: The attention itself, where its text is not enough to build it.

        Returns:
            The network.

        Raises:
            UnsafeError: If the weights are not a safetensors file of this network.
        """
        network = build_model(self.spec, design=design or _design(self.design), seed=0)
        try:
            state = load(self.weights)
            network.load_state_dict(state)
        except (SafetensorError, RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise UnsafeError(
                f"model.safetensors does not fit its config.toml: {reason}"
            ) from error
        return network.eval()


def write_bundle(folder: Path, bundle: Bundle, *, card: str) -> None:
    """Write a model's three files.

    Args:
        folder: Made if missing; files of the same names are replaced.
        bundle: The model.
        card: Text of its README.md.
    """
    config = {
        "format": FORMAT,
        "design": bundle.design,
        "model": asdict(bundle.spec),
        "images": {
            "class_names": list(bundle.class_names),
            "image_size": bundle.image_size,
            "mean": list(bundle.mean),
            "std": list(bundle.std),
        },
        "precision": bundle.precision,
        "facts": bundle.facts,
    }
    write_atomically(folder / "model.safetensors", bundle.weights)
    write_atomically(folder / "README.md", card.encode())
    write_atomically(folder / "config.toml", to_toml(config).encode())


def read_bundle(folder: Path) -> Bundle:
    """Read a model back.

    Args:
        folder: What `whatwhere train` wrote, or a run, whose recommended model is taken.

    Returns:
        The model.

    Raises:
        UsageError: If the folder holds no model.
    """
    best = folder / "best"
    if best.is_dir() and not (folder / "model.safetensors").is_file():
        folder = best
    weights = folder / "model.safetensors"
    if not weights.is_file():
        inner = sorted(
            path.name for path in folder.glob("*/") if (path / "model.safetensors").is_file()
        )
        hint = f"; it has several, name one: {', '.join(inner)}" if inner else ""
        raise UsageError(
            f"{folder} holds no model (expected model.safetensors and config.toml, as"
            f" `whatwhere train` and a finished comparison leave them){hint}"
        )
    config = read_toml(folder / "config.toml")
    if config.get("format") != FORMAT:
        raise UsageError(
            f"{folder / 'config.toml'} has format {config.get('format')}; this version"
            f" reads format {FORMAT}"
        )
    try:
        images = config["images"]
        return Bundle(
            spec=build(ModelSpec, config["model"]),
            design=config["design"],
            class_names=tuple(images["class_names"]),
            image_size=images["image_size"],
            mean=tuple(images["mean"]),
            std=tuple(images["std"]),
            precision=config["precision"],
            facts=config.get("facts", {}),
            weights=weights.read_bytes(),
        )
    except KeyError as error:
        raise UsageError(f"{folder / 'config.toml'} lacks the entry {error}") from None
    except (TypeError, AttributeError) as error:
        raise UsageError(
            f"{folder / 'config.toml'} has an entry of another kind than expected: {error}"
        ) from None


def _design(text: str) -> Design:
    path, colon, name = text.rpartition(":")
    if colon and path.endswith(".py"):
        return design_from_file(Path(path), name)
    if text.startswith("class "):
        raise UsageError(
            f"this model uses the {text} of a notebook or script, which whatwhere"
            " cannot import; put it into a file and train with file.py:Block"
        )
    return named_or_typed(text)


def normalised(pixels: torch.Tensor, bundle: Bundle) -> torch.Tensor:
    """Return images as the model wants them.

    Args:
        pixels: uint8 (batch, height, width, channel).
        bundle: Whose mean and standard deviation to use.

    Returns:
        float32 (batch, channel, height, width).
    """
    mean, std = torch.tensor(bundle.mean), torch.tensor(bundle.std)
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)

"""From `--pretrained` to weights: what it names, and what it leaves no room for."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from whatwhere.blocks.designs import Design, named_or_typed
from whatwhere.errors import UnsafeError, UsageError
from whatwhere.exporting import read_bundle
from whatwhere.models import (
    ModelSpec,
    Pretrained,
    build_model,
    pretrained_from_file,
    pretrained_from_timm,
)
from whatwhere.models.timm_networks import TIMM_PREFIX
from whatwhere.records import as_storage_error
from whatwhere.study.display import Display
from whatwhere.study.request import Request

EXPECTED = (
    "expected timm:NAME, a file that ends with .safetensors, .pth or .pt, or a folder that"
    " `whatwhere train -d none` wrote"
)
NO_CONTROLS = (
    "with attention that starts as the identity a constant gain equals no attention (what a block"
    " starts with is divided by its gain), and pretrained weights fit no widened backbone"
)


def open_pretrained(request: Request, display: Display) -> Pretrained | None:
    """Return the weights that a request begins with.

    Args:
        request: What was asked for.
        display: Where to say that weights are being fetched.

    Returns:
        The weights, None where all are fresh.

    Raises:
        UsageError: If they cannot be found, contradict the backbone, or are of no network that
            can carry attention.
        UnsafeError: If a file is not one of plain weights.
    """
    text = request.pretrained
    if text is None:
        return None
    if text.startswith(TIMM_PREFIX):
        _check(request, text)
        display.note(f"{text}: its weights come from the cache, or from the Hugging Face Hub")
        return pretrained_from_timm(text)
    path = Path(text)
    if path.is_dir():
        pretrained = _from_folder(path)
        _check(request, pretrained.backbone)
        return pretrained
    if not path.exists():
        raise UsageError(f"--pretrained {text}: there is no such file or folder ({EXPECTED})")
    if request.backbone is None:
        raise UsageError(
            f"--pretrained {text}: a file does not say its network; add --backbone, for instance"
            " --backbone resnet20 or --backbone timm:resnet18"
        )
    _check(request, request.backbone)
    return pretrained_from_file(path, request.backbone)


def without_controls(designs: Sequence[Design]) -> tuple[tuple[Design, ...], str]:
    """Leave out the controls that pretrained weights have no room for.

    Args:
        designs: The rows.

    Returns:
        The other rows, and what to tell about it.
    """
    controls = [design.name for design in designs if design.card.kind == "control"]
    kept = tuple(design for design in designs if design.name not in controls)
    return kept, f"left out: {', '.join(controls)}: {NO_CONTROLS}" if controls else ""


def shared_weights(weights: Mapping[str, Tensor] | None, folder: Path) -> Path | None:
    """Write weights where worker processes can read them.

    Args:
        weights: Tensors by name, None for none.
        folder: Where to write them.

    Returns:
        The file, None for none.
    """
    if weights is None:
        return None
    # Cloned: the format knows no two names for one tensor.
    content = save({name: value.detach().clone().contiguous() for name, value in weights.items()})
    try:
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".safetensors", delete=False) as file:
            file.write(content)
    except OSError as error:
        raise as_storage_error(error, folder, num_bytes=len(content)) from error
    return Path(file.name)


def _check(request: Request, backbone: str) -> None:
    """Refuse another backbone, and one that cannot carry attention, before anything is fetched."""
    if request.backbone not in (None, backbone):
        raise UsageError(
            f"--pretrained {request.pretrained} is a {backbone}, which contradicts --backbone"
            f" {request.backbone}; leave --backbone out"
        )
    spec = ModelSpec(backbone, 2, 3, where=request.where or "branch")
    build_model(spec, design=named_or_typed("sa"), seed=0)


def _from_folder(folder: Path) -> Pretrained:
    bundle = read_bundle(folder)
    if bundle.design != "none":
        raise UsageError(
            f"{folder} holds a model with attention ({bundle.design}), whose backbone means little"
            " without it; fine-tuning begins from one that was trained with -d none"
        )
    try:
        state = load(bundle.weights)
    except (SafetensorError, ValueError) as error:
        raise UnsafeError(f"{folder / 'model.safetensors'} is refused: {error}") from error
    return Pretrained(
        str(folder),
        bundle.spec.backbone,
        state,
        bundle.image_size,
        bundle.mean,
        bundle.std,
        bundle.class_names,
    )

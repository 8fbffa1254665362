"""Weights on disk: read without running anything that the file says, and named by their hash."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from whatwhere.errors import UnsafeError, UsageError

SUFFIXES = (".safetensors", ".pth", ".pt")
_WRAPPINGS = ("state_dict", "model")  # what training scripts save around a state dict
_PARALLEL = "module."  # what DataParallel puts before every name


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict; a file that holds more than plain weights is refused.

    Args:
        path: A `.safetensors` file, or a `.pth` or `.pt` file of `torch.save`: a state dict, or a
            dictionary that holds one as `state_dict` or `model`. A leading `module.` of every name
            is taken off.

    Returns:
        Tensors on the CPU by name.

    Raises:
        UsageError: If there is no such file, or it holds no state dict.
        UnsafeError: If it is damaged, or reading it would run code.
    """
    if not path.is_file() or path.suffix not in SUFFIXES:
        what = "there is no file" if not path.is_file() else "weights are not read from"
        raise UsageError(f"{what} {path} (expected a file that ends with {', '.join(SUFFIXES)})")
    try:
        if path.suffix == ".safetensors":
            content: Any = safetensors.torch.load(path.read_bytes())
        else:
            _refuse_packed(path)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except UnsafeError:
        raise
    except Exception as error:  # a hostile file may make its reader raise anything
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UnsafeError(
            f"{path} is refused: it is no file of plain weights ({reason[:200]}); expected a state"
            " dict as torch.save or safetensors writes it"
        ) from error
    return _state_dict(content, path)


def hash_of(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of weights, whatever file they came in.

    Args:
        state: Tensors by name.

    Returns:
        64 hex digits over names, types, shapes and values, in the order of the names.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        value = state[name].detach().cpu().contiguous()
        digest.update(f"{name}\x1f{value.dtype}\x1f{tuple(value.shape)}\x1f".encode())
        digest.update(value.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _refuse_packed(path: Path) -> None:
    """Refuse an archive with compressed members: torch stores, and little may become much."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        packed = [m for m in archive.infolist() if m.compress_type != zipfile.ZIP_STORED]
    if packed:
        raise UnsafeError(
            f"{path} is refused: its member {packed[0].filename!r} is compressed, which torch.save"
            " never does"
        )


def _state_dict(content: Any, path: Path) -> dict[str, Tensor]:
    for key in _WRAPPINGS:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not content or not all(map(_is_entry, content.items())):
        raise UsageError(f"{path} holds no state dict (expected tensors by name)")
    for name, value in content.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise UsageError(f"{path} holds values that are not finite, in {name}")
    if all(name.startswith(_PARALLEL) for name in content):
        content = {name.removeprefix(_PARALLEL): value for name, value in content.items()}
    return dict(content)


def _is_entry(item: tuple[Any, Any]) -> bool:
    name, value = item
    return isinstance(name, str) and isinstance(value, Tensor) and value.layout is torch.strided

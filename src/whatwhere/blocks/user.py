"""A user's own block as a design: from a class, or from file.py:Block."""

import hashlib
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

import cloudpickle
import torch
from torch import nn

from whatwhere.blocks.cards import DesignCard
from whatwhere.blocks.designs import TYPED_NUMBER, Design
from whatwhere.blocks.registered import registry
from whatwhere.errors import UsageError

USER_NUMBER = TYPED_NUMBER + 1


def design_from_class(block: type[nn.Module]) -> Design:
    """Return a user's module class as a design.

    Args:
        block: Its constructor takes channels; its forward keeps the shape of a map.

    Returns:
        The design, named after the class.

    Raises:
        UsageError: If the block does not do that, or has the name of a registered design.
    """
    return _user_design(block, _source_of(block), f"class {block.__qualname__}")


def design_from_file(path: Path, name: str) -> Design:
    """Return a class of a user's Python file as a design.

    Args:
        path: The file; it is run as any Python program would be.
        name: Name of the class.

    Returns:
        The design; it changes its identity when the file changes.

    Raises:
        UsageError: If the file does not load or has no such block.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path} (expected file.py:Block)")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    spec = importlib.util.spec_from_file_location(f"whatwhere_user_{digest[:12]}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} cannot be loaded as a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"{path} does not load: {type(error).__name__}: {error}") from error
    _by_value(module)
    block = getattr(module, name, None)
    if not (isinstance(block, type) and issubclass(block, nn.Module)):
        offered = [
            key
            for key, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, nn.Module)
        ]
        raise UsageError(
            f"{path} has no torch.nn.Module named '{name}' (it has: {', '.join(offered) or 'none'})"
        )
    return _user_design(block, digest, f"{path}:{name}")


def _by_value(module: ModuleType) -> None:
    """Let the classes of a user's file travel to workers that cannot import it."""
    sys.modules[module.__name__] = module
    cloudpickle.register_pickle_by_value(module)


def _source_of(block: type) -> str:
    try:
        return hashlib.sha256(inspect.getsource(block).encode()).hexdigest()
    except (OSError, TypeError):
        # A notebook's class has no source file; what travels to the workers is hashed instead.
        return hashlib.sha256(cloudpickle.dumps(block)).hexdigest()


def _user_design(block: type[nn.Module], digest: str, source: str) -> Design:
    name = re.sub(r"[^\w.-]+", "-", block.__name__)
    if name.lower() in {known.lower() for known in registry()}:
        raise UsageError(f"'{name}' is the name of a registered design; rename the class")
    count = _check_block(block, source)
    card = DesignCard(
        number=USER_NUMBER,
        name=name,
        family="yours",
        title=block.__name__,
        kind="user",
        equation="",
        source=source,
        fidelity="ours",
        parameters_at_64=count,
    )
    return Design(card, block, f"{name}:{digest}")


def _check_block(block: type[nn.Module], source: str) -> int:
    """Return the parameters at 64 channels; refuse a block that is not (map -> same map)."""
    for channels in (16, 64):
        built = _built(block, source, channels)
    return sum(parameter.numel() for parameter in built.parameters())


def _built(block: type[nn.Module], source: str, channels: int) -> nn.Module:
    shape = (2, channels, 7, 5)
    try:
        built = block(channels)
        with torch.no_grad():
            result = built(torch.randn(shape, generator=torch.Generator().manual_seed(0)))
    except Exception as error:
        raise UsageError(
            f"{source} fails on a map of shape {shape}: {type(error).__name__}: {error} (expected"
            " a constructor that takes channels, and forward(x) that returns x's shape)"
        ) from error
    if not isinstance(result, torch.Tensor) or result.shape != shape:
        got = tuple(result.shape) if isinstance(result, torch.Tensor) else type(result).__name__
        raise UsageError(f"{source} must return a map of its input's shape {shape}, not {got}")
    return built

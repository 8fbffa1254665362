"""whatwhere: which attention design is worth its cost on my images?

Public names are imported when they are first used, so that `import whatwhere` is fast.
"""

import importlib
from typing import TYPE_CHECKING, Any

from whatwhere.version import __version__

if TYPE_CHECKING:
    from whatwhere.api import Comparison, compare, evaluate_model, predict, reproduce, search, train
    from whatwhere.blocks.attach import attach, detach
    from whatwhere.blocks.designs import attention
    from whatwhere.blocks.wiring import Wiring
    from whatwhere.models.networks.create import create_model

_HOMES = {
    "Comparison": "whatwhere.api",
    "Wiring": "whatwhere.blocks.wiring",
    "attach": "whatwhere.blocks.attach",
    "attention": "whatwhere.blocks.designs",
    "compare": "whatwhere.api",
    "create_model": "whatwhere.models.networks.create",
    "detach": "whatwhere.blocks.attach",
    "evaluate_model": "whatwhere.api",
    "predict": "whatwhere.api",
    "reproduce": "whatwhere.api",
    "search": "whatwhere.api",
    "train": "whatwhere.api",
}

__all__ = [
    "Comparison",
    "Wiring",
    "__version__",
    "attach",
    "attention",
    "compare",
    "create_model",
    "detach",
    "evaluate_model",
    "predict",
    "reproduce",
    "search",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'whatwhere' has no attribute '{name}'")

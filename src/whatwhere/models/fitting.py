"""Pretrained weights fitted to a network, and what came with them told from what did not."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from whatwhere.blocks.start import IdentityStart
from whatwhere.errors import UsageError
from whatwhere.models.build import ModelSpec, bare_backbone
from whatwhere.models.pretrained import Pretrained

_OUR_HEAD, _OUR_FIRST_CONV = "head", "stem.0"
_MAY_BE_MISSING = ".num_batches_tracked"  # counts that old files lack and nothing here reads
_NUM_SHOWN = 3


def fit_weights(
    pretrained: Pretrained, spec: ModelSpec, *, class_names: tuple[str, ...]
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Return the weights that a network begins with.

    The head is left out, so that it stays fresh, where the classes are other ones. A first
    convolution of other input channels is adapted: summed for one channel, repeated and scaled by
    the ratio of the channels otherwise. Everything else must fit exactly.

    Args:
        pretrained: The weights.
        spec: The network without attention.
        class_names: What its logits will stand for.

    Returns:
        Tensors by name, and what a user should know.

    Raises:
        UsageError: If the weights are those of another network.

    Source: the first convolution as timm 1.0.31 does it (`adapt_input_conv`); no departure.
    """
    with torch.random.fork_rng(devices=[]):
        network = bare_backbone(spec)
    expected, state = network.state_dict(), dict(pretrained.state)
    head = _inside(head_names(network))
    notes = [_fit_head(state, expected, head, pretrained, class_names)]
    for name in _first_convolutions(network):
        notes.append(_fit_channels(state, expected, f"{name}.weight"))
    _refuse_misfits(state, expected, head, pretrained)
    return state, tuple(note for note in notes if note)


def head_names(network: nn.Module) -> tuple[str, ...]:
    """Return the names of the layers that give the logits, in a network of ours or of timm's."""
    return _configured(network, "classifier", _OUR_HEAD)


def pretrained_names(network: nn.Module) -> frozenset[str]:
    """Return what came with the weights: every parameter and buffer but head and attention.

    Args:
        network: With attention that starts as the identity, if with any.

    Returns:
        Names as in the network's state dict.
    """
    later = _inside((*head_names(network), *_starts(network)))
    names = [*dict(network.named_parameters()), *dict(network.named_buffers())]
    return frozenset(name for name in names if not name.startswith(later))


def learned_shares(network: nn.Module) -> dict[str, float]:
    """Return how far attention has left the identity, by place: the learned `a` of every block.

    Args:
        network: With attention that started as the identity.

    Returns:
        The value of a by name: 1 for the block as published (to scale); 0 at the start, or 1 for a
        block that begins as nothing but a gain.
    """
    return {name: start.a.item() for name, start in _starts(network).items()}


def _starts(network: nn.Module) -> dict[str, IdentityStart]:
    return {name: m for name, m in network.named_modules() if isinstance(m, IdentityStart)}


def _inside(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}." for name in names)


def _configured(network: nn.Module, entry: str, ours: str) -> tuple[str, ...]:
    config: Any = getattr(network, "pretrained_cfg", None)
    named = ours if config is None else config.get(entry) or ()
    return (named,) if isinstance(named, str) else tuple(named)


def _first_convolutions(network: nn.Module) -> tuple[str, ...]:
    return _configured(network, "first_conv", _OUR_FIRST_CONV)


def _fit_head(
    state: dict[str, Tensor],
    expected: Mapping[str, Tensor],
    head: tuple[str, ...],
    pretrained: Pretrained,
    class_names: tuple[str, ...],
) -> str:
    """Take the head out of the state unless it is for the same classes; say what was done."""
    wanted = [name for name in expected if name.startswith(head)]
    given = [name for name in state if name.startswith(head)]
    fits = all(name in state and state[name].shape == expected[name].shape for name in wanted)
    if fits and pretrained.class_names in (None, class_names):
        same = "the same" if pretrained.class_names else f"{len(class_names)} classes too, perhaps"
        other = "classes" if pretrained.class_names else "other ones"
        return f"the head of {pretrained.name} is kept: it has {same} {other}"
    num_before = max((len(state[name]) for name in given if state[name].ndim), default=0)
    for name in given:
        del state[name]
    if not num_before:
        return f"the head is fresh: {pretrained.name} has none"
    now = "others" if num_before == len(class_names) else str(len(class_names))
    return f"the head is fresh: {pretrained.name} has {num_before} classes, the data have {now}"


def _fit_channels(state: dict[str, Tensor], expected: Mapping[str, Tensor], name: str) -> str:
    """Adapt a first convolution to the images' channels; say so."""
    weight, wanted = state.get(name), expected.get(name)
    if weight is None or wanted is None or weight.ndim != 4 or weight.shape == wanted.shape:
        return ""
    before, after = weight.shape[1], wanted.shape[1]
    if (weight.shape[0], *weight.shape[2:]) != (wanted.shape[0], *wanted.shape[2:]):
        return ""
    if after == 1:
        state[name] = weight.float().sum(dim=1, keepdim=True)
        return f"the first convolution is summed from {before} channels to 1"
    repeated = weight.float().repeat(1, math.ceil(after / before), 1, 1)[:, :after]
    state[name] = repeated * (before / after)
    return f"the first convolution is repeated from {before} channels to {after}"


def _refuse_misfits(
    state: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    head: tuple[str, ...],
    pretrained: Pretrained,
) -> None:
    missing = [
        name
        for name in expected
        if name not in state and not name.startswith(head) and not name.endswith(_MAY_BE_MISSING)
    ]
    unexpected = sorted(name for name in state if name not in expected)
    other = [
        f"{name} {_shape(state[name])} instead of {_shape(expected[name])}"
        for name in state
        if name in expected and state[name].shape != expected[name].shape
    ]
    kinds = (("missing", missing), ("not expected", unexpected), ("of another shape", other))
    problems = [f"{len(names)} {kind} ({_listed(names)})" for kind, names in kinds if names]
    if problems:
        raise UsageError(
            f"{pretrained.name} is not a state dict of {pretrained.backbone}: entries"
            f" {'; '.join(problems)}"
        )


def _listed(names: list[str]) -> str:
    more = len(names) - _NUM_SHOWN
    return ", ".join(names[:_NUM_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _shape(value: Tensor) -> str:
    return "x".join(map(str, value.shape)) or "scalar"

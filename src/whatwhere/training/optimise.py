"""The optimiser and the learning rate of every step."""

import math
from collections.abc import Collection

import torch
from torch import nn

from whatwhere.training.protocol import Protocol


def learning_rate_at(step: int, protocol: Protocol) -> float:
    """Return the learning rate of a step.

    It rises linearly over the warm-up. Then it falls to the lowest rate, reaching it one step past
    the end, so that every step learns; or it stays, and drops at shares of all steps.

    Args:
        step: From 0 to steps - 1.
        protocol: Peak, warm-up, schedule and number of steps.

    Returns:
        The learning rate.
    """
    warmup = round(protocol.warmup_fraction * protocol.steps)
    if step < warmup:
        return protocol.learning_rate * (step + 1) / warmup
    if protocol.schedule == "drops":
        num_drops = sum(step >= round(share * protocol.steps) for share in protocol.drops)
        return protocol.learning_rate * protocol.drop_factor**num_drops
    lowest = min(protocol.lowest_learning_rate, protocol.learning_rate)
    falling = protocol.learning_rate - lowest
    progress = (step - warmup) / max(1, protocol.steps - warmup)
    if protocol.schedule == "cosine":
        return lowest + falling * 0.5 * (1 + math.cos(math.pi * progress))
    return lowest + falling * (1 - progress)


def build_optimizer(
    model: nn.Module, protocol: Protocol, *, resting: Collection[str] = ()
) -> torch.optim.Optimizer:
    """Return the optimiser of a protocol.

    Weight decay acts on parameters of two and more axes; norms, biases and learned scalars (such
    as `mix.logit`) have none unless the protocol decays them too. Parameters that rest at first
    have groups of their own: the fused step wants all momenta of a group to begin together.

    Args:
        model: Whose parameters to train.
        protocol: Kind, momentum and weight decay.
        resting: Names of parameters that get no gradient in the first steps.

    Returns:
        SGD or AdamW.
    """
    trained = [(name in resting, p) for name, p in model.named_parameters() if p.requires_grad]
    groups = []
    for rests in (False, True):
        own = [p for rests_too, p in trained if rests_too == rests]
        decayed, plain = [p for p in own if p.ndim >= 2], [p for p in own if p.ndim < 2]
        groups += [
            {"params": decayed, "weight_decay": protocol.weight_decay},
            {"params": plain, "weight_decay": protocol.weight_decay * protocol.decay_norms},
        ]
    groups = [group for group in groups if group["params"]]
    if protocol.optimizer == "adamw":
        # So that a CUDA graph may hold the step.
        on_gpu = any(parameter.is_cuda for _, parameter in trained)
        return torch.optim.AdamW(groups, lr=protocol.learning_rate, fused=True, capturable=on_gpu)
    return torch.optim.SGD(
        groups,
        lr=protocol.learning_rate,
        momentum=protocol.momentum,
        nesterov=protocol.nesterov and protocol.momentum > 0,
        fused=True,
    )

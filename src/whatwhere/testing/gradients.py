"""Checks of gradients: every parameter has one, and no path is cut."""

import torch
from torch import nn

from whatwhere.blocks import IdentityStart
from whatwhere.testing.subject import (
    CHANNELS,
    Factory,
    applied,
    built,
    exercised,
    first_line,
    name_of,
    normal_map,
    require,
)

_NUM_DRAWS = 5  # a hidden unit may sleep under one draw of weights
_STEP = 1e-6


def check_every_parameter_gets_a_gradient(factory: Factory) -> None:
    """Every parameter gets a gradient, as published and wrapped for an identity start.

    The weights are moved away from their start, so that what begins at zero hides nothing; a
    parameter is dead if no draw of weights and maps gives it a gradient. The identity start is
    checked at a = 0.1, because at 0 it keeps the gradient from its block. A block without
    parameters passes.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If a parameter is dead.
    """
    has_parameters = any(True for _ in built(factory).parameters())
    for identity in (False, True) if has_parameters else ():
        dead: set[str] | None = None
        for seed in range(_NUM_DRAWS):
            found = _without_gradient(factory, identity=identity, seed=seed)
            dead = found if dead is None else dead & found
            if not dead:
                break
        require(
            not dead,
            factory,
            f"has parameters that get no gradient: {', '.join(sorted(dead or ()))}",
            look="parameters that forward never uses, .detach(), .data and torch.no_grad()",
        )


def _without_gradient(factory: Factory, *, identity: bool, seed: int) -> set[str]:
    block: nn.Module = built(factory, seed=seed, spread=0.3)
    if identity:
        block = IdentityStart(block, CHANNELS)
        nn.init.constant_(block.a, 0.1)
    parameters = dict(block.named_parameters())
    x = normal_map(11, seed=seed) + normal_map(11, size=(1, 1), seed=seed + 50)
    y = applied(block, x, factory)
    if y.requires_grad:
        try:
            (y * normal_map(11, seed=seed + 100)).sum().backward()
        except RuntimeError as error:
            raise AssertionError(
                f"{name_of(factory)}: has no gradient: {first_line(error)}. Look at values that are"
                " changed in place."
            ) from error
    return {
        key
        for key, value in parameters.items()
        if value.grad is None or float(value.grad.abs().sum()) == 0
    }


def check_input_gradient_is_complete(factory: Factory) -> None:
    """The gradient reaches the input through every path, in both modes.

    <v, J u> by automatic differentiation equals (f(x + h u) - f(x - h u)) / 2h in float64, for
    random directions u and v; a detached branch is missing from the first alone.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If the two differ.
    """
    for training in (True, False):
        block = exercised(factory, dtype=torch.float64).train(training)
        for seed in range(3):
            x, u, v = (normal_map(seed=10 * seed + n, dtype=torch.float64) for n in range(3))
            with torch.no_grad():
                ahead = applied(block, x + _STEP * u, factory)
                behind = applied(block, x - _STEP * u, factory)
            numeric = float(((ahead - behind) * v).sum()) / (2 * _STEP)
            x.requires_grad_(True)
            y = applied(block, x, factory)
            require(y.requires_grad, factory, "detaches its output", look=_CUT)
            (gradient,) = torch.autograd.grad((y * v).sum(), x)
            analytic = float((gradient * u).sum())
            require(
                abs(analytic - numeric) < 1e-5 * (1 + abs(numeric)),
                factory,
                f"has an input gradient of {analytic:.6g} where finite differences say"
                f" {numeric:.6g}",
                look=_CUT,
            )


_CUT = "branches cut off by .detach(), .data, torch.no_grad(), .item() or a NumPy round trip"


def check_gradients_of_every_value(factory: Factory) -> None:
    """torch.autograd.gradcheck passes in float64 on a tiny map, for the map and every parameter.

    Args:
        factory: channels -> block.

    Raises:
        AssertionError: If a gradient differs from finite differences.
    """
    for training in (True, False):
        block = exercised(factory, 3, dtype=torch.float64).train(training)
        names = [key for key, _ in block.named_parameters()]
        values = [value.detach().requires_grad_(True) for value in block.parameters()]
        x = normal_map(2, channels=3, size=(3, 2), dtype=torch.float64).requires_grad_(True)

        def output(x, *values, block=block, names=names):  # type: ignore[no-untyped-def]
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                state = dict(zip(names, values, strict=True))
                return torch.func.functional_call(block, state, (x,))

        try:
            torch.autograd.gradcheck(output, (x, *values), atol=1e-7, rtol=1e-6, fast_mode=True)
        except Exception as error:
            reason = first_line(error).rstrip(",")
            raise AssertionError(
                f"{name_of(factory)}: gradcheck fails on a map of 3 channels and 3x2 pixels:"
                f" {reason} (input 0 is the map, then {', '.join(names)}). Look at {_CUT}, and at"
                " your own backward functions."
            ) from error

"""What all checks share: building a design, giving it maps, and saying what is broken."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

Factory = Callable[..., nn.Module]

CHANNELS = 13
SIZE = (7, 5)


def name_of(factory: Factory) -> str:
    """Return what to call a design in a message: the name of its class or function."""
    if isinstance(factory, partial):
        return name_of(factory.func)
    return getattr(factory, "__name__", type(factory).__name__)


def require(right: bool, factory: Factory, broken: str, *, look: str) -> None:
    """Raise unless a property holds.

    Args:
        right: Whether it holds.
        factory: Whose property it is.
        broken: What is broken, as a clause.
        look: Where the mistake usually is.

    Raises:
        AssertionError: If it does not hold.
    """
    if not right:
        raise AssertionError(f"{name_of(factory)}: {broken}. Look at {look}.")


def built(
    factory: Factory,
    channels: int = CHANNELS,
    *,
    seed: int = 3,
    dtype: torch.dtype = torch.float32,
    spread: float = 0.0,
) -> nn.Module:
    """Return a block from a seed, in training mode; the caller's generator is left as it was.

    Args:
        factory: channels -> block.
        channels: Number of channels.
        seed: Of the initial weights.
        dtype: Of the block.
        spread: Standard deviation of the noise that is added to every parameter, so that what
            starts at zero does not hide the rest.

    Returns:
        The block.

    Raises:
        AssertionError: If it cannot be built.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        try:
            block = factory(channels)
        except Exception as error:
            raise AssertionError(
                f"{name_of(factory)}: cannot be built for {channels} channels:"
                f" {type(error).__name__}: {error}. Look at its constructor."
            ) from error
        require(
            isinstance(block, nn.Module),
            factory,
            f"makes a {type(block).__name__}, not a torch.nn.Module",
            look="what the factory returns",
        )
        for parameter in block.parameters():
            parameter.add_(spread * torch.randn(parameter.shape))
    return block.to(dtype).train()


def normal_map(
    batch: int = 3,
    *,
    channels: int = CHANNELS,
    size: tuple[int, int] = SIZE,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Return a map of normal noise from a seed.

    Args:
        batch: Number of samples.
        channels: Number of channels.
        size: Height and width.
        seed: Of the noise.
        dtype: Of the map.

    Returns:
        The map (batch, channel, height, width).
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, channels, *size, generator=generator, dtype=torch.float64).to(dtype)


def applied(block: nn.Module, x: Tensor, factory: Factory, *, seed: int = 0) -> Tensor:
    """Return the block's output; what it draws at random comes from a seed.

    Args:
        block: The block.
        x: The map.
        factory: What made the block, for the message.
        seed: Of what the block draws.

    Returns:
        The output.

    Raises:
        AssertionError: If the block fails or does not return a tensor of the map's shape.
    """
    shape = f"a {str(x.dtype).removeprefix('torch.')} map of shape {tuple(x.shape)}"
    mode = "training" if block.training else "evaluation"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            y = block(x)
        except Exception as error:
            raise AssertionError(
                f"{name_of(factory)}: fails on {shape} in {mode} mode:"
                f" {type(error).__name__}: {error}. Look at forward."
            ) from error
    got = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
    require(
        got == tuple(x.shape), factory, f"returns {got} for {shape}", look="what forward returns"
    )
    return y


def exercised(
    factory: Factory,
    channels: int = CHANNELS,
    *,
    seed: int = 3,
    dtype: torch.dtype = torch.float32,
) -> nn.Module:
    """Return a block as training leaves it: no parameter is zero, running statistics have moved.

    Args:
        factory: channels -> block.
        channels: Number of channels.
        seed: Of the weights.
        dtype: Of the block.

    Returns:
        The block, in training mode.
    """
    block = built(factory, channels, seed=seed, dtype=dtype, spread=0.3)
    with torch.no_grad():
        applied(block, normal_map(5, channels=channels, seed=9, dtype=dtype), factory)
    return block


def copied_state(block: nn.Module) -> dict[str, Tensor]:
    """Return the state dict with values of its own."""
    return {key: value.detach().clone() for key, value in block.state_dict().items()}


def same_state(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    """Return whether two state dicts hold the same names and values."""
    return list(first) == list(second) and all(
        torch.equal(first[key], second[key]) for key in first
    )


def difference(found: Tensor, expected: Tensor) -> float:
    """Return the largest difference, on the scale of the larger values; what is not finite is inf.

    Args:
        found: One tensor.
        expected: Another one of its shape.

    Returns:
        max |found - expected| / (1 + max |expected|).
    """
    found, expected = found.detach().double(), expected.detach().double()
    if not expected.numel():
        return 0.0
    value = float((found - expected).abs().max() / (1 + expected.abs().max()))
    return value if math.isfinite(value) else math.inf

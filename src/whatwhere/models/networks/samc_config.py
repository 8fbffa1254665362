"""The configuration of a SAMC."""

from dataclasses import dataclass
from typing import Literal

from whatwhere.errors import UsageError
from whatwhere.models.networks.samc_size import samc_parameters


@dataclass(frozen=True, kw_only=True)
class SAMCConfig:
    """What distinguishes one SAMC from another; one value per stage where there are several.

    Args:
        dims: Channels, multiples of 8.
        depths: Number of attention blocks, at least 1.
        heads: Number of heads, each a divisor of the channels unless head_dim is given.
        head_dim: Channels of a head in every stage; none for the channels over the heads. The
            inner width is heads x head_dim.
        mlp_ratio: Hidden channels of the network per pixel, in units of the channels.
        kernels: Kernel sizes of the embedding.
        embed: "multi"; or one kernel size, "dense", or narrowed to the same parameters, "matched".
        pool: Whether the mean of the embedding comes "after" its convolutions or "before" them.
        pools: Stride of that mean, 1 or 2 pixels.
        shortcut: What is added to a stage's output: its pooled input with zero channels, "pad", or
            projected by a 1x1 kernel, "proj"; the image, pooled to the last map's size and with
            zero channels, to the last stage's output alone, "image"; or "none".
        attention: "attention"; a depthwise-separable 3x3 convolution, "depthwise"; or nothing but
            the norm, "identity".
        projection: What queries, keys and values are made by, "conv" or "linear".
        kv_strides: Stride of keys and values, in pixels.
        position: "none", or "sine", a fixed code added once, before the first attention.
        drop_path: Rate in the last block; rising from 0 in the first.

    Raises:
        UsageError: If a value that has an effect is outside its range.
    """

    dims: tuple[int, ...] = (64, 128, 160)
    depths: tuple[int, ...] = (2, 3, 3)
    heads: tuple[int, ...] = (2, 4, 5)
    head_dim: int | None = None
    mlp_ratio: int = 2
    kernels: Literal["1-3-5", "3-5-7", "1-3-5-7"] = "1-3-5"
    embed: Literal["multi", "dense", "matched"] = "multi"
    pool: Literal["after", "before"] = "after"
    pools: tuple[int, ...] = (2, 2, 2)
    shortcut: Literal["pad", "proj", "image", "none"] = "pad"
    attention: Literal["attention", "depthwise", "identity"] = "attention"
    projection: Literal["conv", "linear"] = "conv"
    kv_strides: tuple[int, ...] = (2, 1, 1)
    position: Literal["none", "sine"] = "none"
    drop_path: float = 0.1

    def __post_init__(self) -> None:
        per_stage = ["depths", "pools"]
        per_stage += ["heads", "kv_strides"] if self.attention == "attention" else []
        for name in per_stage:
            if len(getattr(self, name)) != len(self.dims):
                raise UsageError(
                    f"samc: {name} has {len(getattr(self, name))} stages, dims {len(self.dims)};"
                    " expected the same number"
                )
        for name in ("dims", *per_stage):
            if min(getattr(self, name), default=0) < 1:
                raise UsageError(f"samc: {name}={getattr(self, name)}: expected numbers from 1")
        if any(later < before for before, later in zip(self.dims, self.dims[1:], strict=False)):
            raise UsageError(f"samc: dims={self.dims}: expected channels that never decrease")
        if self.attention == "attention":
            self._check_heads()
        if any(dim % 8 for dim in self.dims) or self.mlp_ratio < 1 or max(self.pools) > 2:
            raise UsageError(
                "samc: expected dims of multiples of 8, mlp_ratio from 1, pools 1 or 2"
            )
        if not 0 <= self.drop_path < 1:
            raise UsageError(f"samc: drop_path={self.drop_path}: expected from 0 to below 1")

    def _check_heads(self) -> None:
        if self.head_dim is not None and self.head_dim < 1:
            raise UsageError(f"samc: head_dim={self.head_dim}: expected a number from 1, or none")
        if self.head_dim is None and any(
            dim % heads for dim, heads in zip(self.dims, self.heads, strict=True)
        ):
            raise UsageError(
                f"samc: heads={self.heads} do not divide dims={self.dims}; expected divisors, or a"
                " head_dim"
            )

    def idle(self) -> dict[str, str]:
        """Return the fields that nothing reads, by name, each with the value beside which."""
        idle: dict[str, str] = {}
        if self.attention != "attention":
            names = ("heads", "head_dim", "projection", "kv_strides")
            idle |= dict.fromkeys(names, f"attention={self.attention}")
        if self.embed != "multi":
            idle["kernels"] = f"embed={self.embed}"
        if max(self.pools) == 1:
            idle["pool"] = f"pools={'-'.join(map(str, self.pools))}"
        return idle

    def num_parameters(self, *, num_classes: int, in_channels: int = 3) -> int:
        """Return the number of learned values of the network, without building it."""
        return samc_parameters(self, num_classes=num_classes, in_channels=in_channels)

"""AMSRA-Net: residual blocks of split kernels and gated self-attention, a reconstruction."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.blocks.amsra import LGSA, MSFD
from whatwhere.blocks.amsra.gates import GateName
from whatwhere.errors import UsageError
from whatwhere.nn.multiscale import conv_norm_gelu
from whatwhere.nn.statistics import Map
from whatwhere.nn.tokens import drop_rates


@dataclass(frozen=True, kw_only=True)
class AMSRAConfig:
    """What distinguishes one AMSRA-Net from another; one value per HMRAB where there are several.

    Args:
        dims: Channels.
        depths: Number of MSFD units, at least 1.
        kernels: Sizes of the split kernels, odd: "3-3-3-3" is one scale in four parts, "3" one
            dense kernel.
        chained: Whether each part also reads the result of the one before it.
        lgsa: Whether an LGSA ends every HMRAB.
        gate: Of the LGSA: "query", "none", "additive", "focal" or "cross".
        key_grid: Cells a side of the grid of keys; None for one key per pixel.
        head_dim: Channels of a head, a divisor of every width.
        drop_path: Rate in the last unit; rising from 0 in the first.

    Raises:
        UsageError: If a value is outside its range, or has no effect beside the others.
    """

    dims: tuple[int, ...] = (64, 128, 192, 256)
    depths: tuple[int, ...] = (2, 2, 2, 2)
    kernels: tuple[int, ...] = (1, 3, 5, 7)
    chained: bool = False
    lgsa: bool = True
    gate: GateName = "query"
    key_grid: int | None = 8
    head_dim: int = 32
    drop_path: float = 0.1

    def __post_init__(self) -> None:
        if len(self.dims) != len(self.depths) or min(*self.dims, *self.depths) < 1:
            raise UsageError(
                f"amsra: dims={self.dims}, depths={self.depths}: expected as many depths as dims,"
                " numbers from 1"
            )
        if self.head_dim < 1 or (self.lgsa and any(dim % self.head_dim for dim in self.dims)):
            raise UsageError(
                f"amsra: head_dim={self.head_dim} does not divide all of dims={self.dims}"
            )
        if self.key_grid is not None and self.key_grid < 1:
            raise UsageError(f"amsra: key_grid={self.key_grid}: expected a number from 1, or none")
        if not 0 <= self.drop_path < 1:
            raise UsageError(f"amsra: drop_path={self.drop_path}: expected from 0 to below 1")
        if self.chained and len(self.kernels) == 1:
            raise UsageError("amsra: chained has no effect with one kernel")

    def idle(self) -> dict[str, str]:
        """Return the options that nothing reads, by name, each with the value beside which."""
        of_lgsa = ("gate", "key_grid", "head_dim")
        return {} if self.lgsa else dict.fromkeys(of_lgsa, "lgsa=false")


class HMRAB(nn.Module):
    """Hierarchical multi-scale residual attention block: MSFD units, then an LGSA.

    y = LGSA(MSFD_n(... MSFD_1(x))), the first unit with the stride; each part is residual.

    Args:
        channels: Number of channels C of y.
        in_channels: Channels of x; None for C.
        stride: Of the first unit, in pixels.
        depth: n, at least 1.
        config: Kernels, gate, keys and heads; None for those of AMSRA-Net.
        drop_paths: Rates of the units and the LGSA, in their order; empty for none.

    Source: AMSRA-Net, abstract: four cascaded HMRABs, each of MSFD and LGSA. A reconstruction:
        two MSFD for each LGSA are ours; "depths=1-1-1-1" is the literal reading.

    Cost: 79,760 parameters at 64 channels.

    Example:
        >>> import torch
        >>> HMRAB(64, in_channels=32, stride=2)(torch.randn(2, 32, 7, 5)).shape
        torch.Size([2, 64, 4, 3])
    """

    def __init__(
        self,
        channels: int,
        *,
        in_channels: int | None = None,
        stride: int = 1,
        depth: int = 2,
        config: AMSRAConfig | None = None,
        drop_paths: tuple[float, ...] = (),
    ) -> None:
        super().__init__()
        config = config or AMSRAConfig()
        rates = drop_paths or (0.0,) * (depth + 1)
        self.units = nn.Sequential(
            *(
                MSFD(
                    channels,
                    in_channels=in_channels if number == 0 else channels,
                    stride=stride if number == 0 else 1,
                    kernels=config.kernels,
                    chained=config.chained,
                    drop_path=rates[number],
                )
                for number in range(depth)
            )
        )
        self.lgsa: nn.Module = nn.Identity()
        if config.lgsa:
            self.lgsa = LGSA(
                channels,
                head_dim=config.head_dim,
                key_grid=config.key_grid,
                gate=config.gate,
                drop_path=rates[depth],
            )

    def forward(self, x: Map) -> Float[Tensor, "batch new_channel new_height new_width"]:
        """Return the block's output."""
        return self.lgsa(self.units(x))


class AMSRANet(nn.Module):
    """AMSRA-Net: a stem, cascaded HMRABs, and a linear head; a reconstruction.

    logits = W mean_HW GELU(BN(HMRAB_4(... HMRAB_1(GELU(BN(K3 * image))))))

    Args:
        config: Depths, widths and every option.
        num_classes: Number of logits.
        in_channels: Channels of the images, 1 to 4.

    Source: AMSRA-Net, Jiang et al., 2026: the abstract alone was available, so that everything but
        the cascade of four blocks of MSFD and LGSA is ours. None of its figures can be claimed.

    Cost: 2,405,226 parameters with 10 classes; 241.7 M multiply-adds for an image of 32 x 32
        pixels.

    Example:
        >>> model = AMSRANet(AMSRAConfig(), num_classes=10, in_channels=3)
        >>> sum(parameter.numel() for parameter in model.parameters())
        2405226
    """

    def __init__(self, config: AMSRAConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__()
        self.config = config
        self.stem = conv_norm_gelu(in_channels, config.dims[0], 3)
        units = [depth + config.lgsa for depth in config.depths]
        rates = drop_rates(config.drop_path, sum(units))
        self.stages = nn.ModuleList()
        before = config.dims[0]
        for stage, (channels, depth) in enumerate(zip(config.dims, config.depths, strict=True)):
            own, rates = rates[: units[stage]], rates[units[stage] :]
            self.stages.append(
                HMRAB(
                    channels,
                    in_channels=before,
                    stride=1 if stage == 0 else 2,
                    depth=depth,
                    config=config,
                    drop_paths=tuple(own),
                )
            )
            before = channels
        self.norm = nn.BatchNorm2d(before)
        self.head = nn.Linear(before, num_classes)

    def forward(
        self, image: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch class"]:
        """Return the logits of normalised images."""
        x = self.stem(image)
        for stage in self.stages:
            x = stage(x)
        return self.head(functional.gelu(self.norm(x)).mean(dim=(2, 3)))

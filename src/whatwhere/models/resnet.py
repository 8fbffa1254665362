"""Residual networks of chosen depth and width, for small and for large images."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.errors import UsageError, unknown_name
from whatwhere.nn.statistics import Map

NewMap = Float[Tensor, "batch new_channel new_height new_width"]


@dataclass(frozen=True)
class ResNetSpec:
    """What distinguishes one residual network from another.

    Args:
        blocks: Number of blocks in each stage.
        width: Channels of the first stage; every further stage doubles them.
        stem: "cifar" (3x3, stride 1) or "imagenet" (7x7, stride 2, and a 3x3 pool, stride 2).
        shortcut: "pad" (option A: strided slice, zero channels) or "projection" (option B: 1x1
            convolution and norm).
        inner_widths: Channels between the two convolutions of every block; None for the block's
            own width.
    """

    blocks: tuple[int, ...]
    width: int
    stem: str
    shortcut: str
    inner_widths: tuple[int, ...] | None = None


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with norms, attention at the end of the branch, and a shortcut.

    y = relu(shortcut(x) + attention(BN(W2 relu(BN(W1 x)))))

    Args:
        in_channels: Channels of x.
        out_channels: Channels of y.
        stride: Of the first convolution and of the shortcut, in pixels.
        inner_channels: Channels between the two convolutions.
        shortcut: "pad" or "projection"; used only where the shape changes.

    Source: He et al., CVPR 2016, section 3.3 and figure 5 left; the attention slot after the last
        norm is where SE and CBAM stand.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        out_channels: int,
        stride: int,
        inner_channels: int,
        shortcut: str,
    ) -> None:
        super().__init__()
        self.out_channels = out_channels
        self.conv1 = nn.Conv2d(in_channels, inner_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner_channels)
        self.conv2 = nn.Conv2d(inner_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.attention = nn.Identity()
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            kind = PaddedShortcut if shortcut == "pad" else ProjectedShortcut
            self.shortcut = kind(in_channels, out_channels=out_channels, stride=stride)

    def forward(self, x: Map) -> NewMap:
        """Return the block's output."""
        branch = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        branch = self.attention(self.bn2(self.conv2(branch)))
        return functional.relu(branch + self.shortcut(x), inplace=True)


class PaddedShortcut(nn.Module):
    """Every stride-th pixel, with zeros for the channels that are new (option A)."""

    def __init__(self, in_channels: int, *, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.num_new = out_channels - in_channels

    def forward(self, x: Map) -> NewMap:
        """Return the shortcut; new channels are split before and after the old ones."""
        before = self.num_new // 2
        x = x[:, :, :: self.stride, :: self.stride]
        return functional.pad(x, (0, 0, 0, 0, before, self.num_new - before))


class ProjectedShortcut(nn.Module):
    """A strided 1x1 convolution with its norm (option B)."""

    def __init__(self, in_channels: int, *, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Map) -> NewMap:
        """Return the shortcut."""
        return self.bn(self.conv(x))


class ResNet(nn.Module):
    """A residual network of basic blocks.

    Args:
        spec: Depth, widths, stem and shortcuts.
        num_classes: Number of logits, at least 2.
        in_channels: Channels of the images, 1 to 4.

    Source: He et al., CVPR 2016: section 4.2 for the small-image networks (option A; 269,722
        parameters at 20 layers, 853,018 at 56), table 1 for the others. Weights start from the
        normal distribution of He et al., ICCV 2015 (fan out), norms from one and zero.

    Example:
        >>> model = create_resnet("resnet20", num_classes=10, in_channels=3)
        >>> sum(parameter.numel() for parameter in model.parameters())
        269722
    """

    def __init__(self, spec: ResNetSpec, *, num_classes: int, in_channels: int) -> None:
        super().__init__()
        self.spec = spec
        self.in_channels = in_channels
        self.stem = _stem(spec, in_channels)
        self.stages = nn.ModuleList()
        channels, inner = spec.width, list(spec.inner_widths or [])
        for stage, num_blocks in enumerate(spec.blocks):
            width = spec.width * 2**stage
            blocks = []
            for position in range(num_blocks):
                blocks.append(
                    BasicBlock(
                        channels,
                        out_channels=width,
                        stride=2 if stage > 0 and position == 0 else 1,
                        inner_channels=inner.pop(0) if inner else width,
                        shortcut=spec.shortcut,
                    )
                )
                channels = width
            self.stages.append(nn.Sequential(*blocks))
        self.head = nn.Linear(channels, num_classes)
        _initialise(self)

    def forward(
        self, image: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch class"]:
        """Return the logits of normalised images."""
        x = self.stem(image)
        for stage in self.stages:
            x = stage(x)
        return self.head(x.mean(dim=(2, 3)))


_NAMED = {
    "resnet8": ResNetSpec((1, 1, 1), 16, "cifar", "pad"),
    "resnet14": ResNetSpec((2, 2, 2), 16, "cifar", "pad"),
    "resnet20": ResNetSpec((3, 3, 3), 16, "cifar", "pad"),
    "resnet32": ResNetSpec((5, 5, 5), 16, "cifar", "pad"),
    "resnet44": ResNetSpec((7, 7, 7), 16, "cifar", "pad"),
    "resnet56": ResNetSpec((9, 9, 9), 16, "cifar", "pad"),
    "resnet18": ResNetSpec((2, 2, 2, 2), 64, "cifar", "projection"),
    "resnet34": ResNetSpec((3, 4, 6, 3), 64, "cifar", "projection"),
    "resnet18-large": ResNetSpec((2, 2, 2, 2), 64, "imagenet", "projection"),
    "resnet34-large": ResNetSpec((3, 4, 6, 3), 64, "imagenet", "projection"),
}
RESNETS = tuple(_NAMED)


def is_resnet(name: str) -> bool:
    """Return whether a name is one of our ResNets, perhaps with a width."""
    return name.partition("-w")[0] in _NAMED


def resnet_spec(name: str) -> ResNetSpec:
    """Return the specification of a named network.

    Args:
        name: One of `RESNETS`, optionally with a width, for instance "resnet8-w24".

    Returns:
        The specification.

    Raises:
        UsageError: If there is no such network.
    """
    base, _, width = name.partition("-w")
    if base not in _NAMED or (width and not (width.isdigit() and 1 <= int(width) <= 1024)):
        raise unknown_name("network", name, [*RESNETS, "resnet20-w32", "timm:resnet18"])
    spec = _NAMED[base]
    if not width:
        return spec
    return ResNetSpec(spec.blocks, int(width), spec.stem, spec.shortcut)


def create_resnet(name: str, *, num_classes: int, in_channels: int) -> ResNet:
    """Return a named residual network with fresh weights.

    Args:
        name: One of `RESNETS`, optionally with a width, for instance "resnet8-w24".
        num_classes: Number of logits, at least 2.
        in_channels: Channels of the images, 1 to 4.

    Returns:
        The network.
    """
    if not 1 <= in_channels <= 4:
        raise UsageError(f"images have 1 to 4 channels, not {in_channels}")
    return ResNet(resnet_spec(name), num_classes=num_classes, in_channels=in_channels)


def _stem(spec: ResNetSpec, in_channels: int) -> nn.Sequential:
    if spec.stem == "cifar":
        conv = nn.Conv2d(in_channels, spec.width, 3, 1, 1, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(spec.width), nn.ReLU(inplace=True))
    conv = nn.Conv2d(in_channels, spec.width, 7, 2, 3, bias=False)
    return nn.Sequential(
        conv, nn.BatchNorm2d(spec.width), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
    )


def _initialise(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

"""A wiring as a module: the steps of the notation, carried out on maps."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from whatwhere.blocks.canonical import Step, to_text
from whatwhere.blocks.notation import ATTENTION, parse
from whatwhere.nn.masks import ChannelMask, GateMask, LogitGate, MixWeight, SpatialMask, VoteGate
from whatwhere.nn.statistics import Map


@dataclass(frozen=True)
class Wiring:
    """A way of joining channel and spatial attention, written as one line.

    Two wirings are equal if their canonical texts are.

    Args:
        text: The notation, for instance "S(C(x)) + C(S(x))".

    Raises:
        WiringError: If the text is not a wiring; the message points at the place.

    Example:
        >>> Wiring("S7( C16(x) )") == Wiring("S(C(x))")
        True
        >>> str(Wiring("S7( C16(x) )"))
        'S(C(x))'
    """

    text: str
    steps: tuple[Step, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        steps = parse(self.text)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "text", to_text(steps))

    def __str__(self) -> str:
        return self.text

    @property
    def parts(self) -> dict[str, Step]:
        """The distinct instances that hold weights, by name."""
        return {step.part: step for step in self.steps if step.part is not None}

    def num_parameters(self, channels: int) -> int:
        """Return the number of learned values at a given width, without building the module."""
        return sum(_num_parameters(step, channels) for step in self.parts.values())


class WiringAttention(nn.Module):
    """A wiring on maps: every C and S is applied to a real map, as the notation reads.

    The state dict follows the text: `C_a.fc1.weight`, `S3.conv.weight`, `mix.logit`,
    `choose.fc1.weight`, ...; a second unnamed mix is `mix2`.

    Args:
        channels: Number of channels of the map.
        wiring: The wiring, or its text.

    Source: Liu and Jiang, arXiv 2601.07310, for the parts and the published rows; the notation
        is ours.

    Cost: `Wiring.num_parameters`; every C, S and G reads the map for its statistics and writes
        a map.

    Example:
        >>> WiringAttention(64, wiring="S(C(x))")(torch.randn(2, 64, 8, 8)).shape
        torch.Size([2, 64, 8, 8])
    """

    def __init__(self, channels: int, *, wiring: Wiring | str) -> None:
        super().__init__()
        self.wiring = wiring if isinstance(wiring, Wiring) else Wiring(wiring)
        for name, step in self.wiring.parts.items():
            self.add_module(name, _build_part(step, channels))

    def forward(self, x: Map) -> Map:
        """Return the attended map, of the shape and dtype of x."""
        values = [x]
        for step in self.wiring.steps[1:]:
            values.append(self._carry_out(step, [values[source] for source in step.inputs]))
        return values[-1]

    def extra_repr(self) -> str:
        """Return the wiring text, for printing a model."""
        return str(self.wiring)

    def _carry_out(self, step: Step, inputs: list[Tensor]) -> Tensor:
        if step.operation == "+":
            return inputs[0] + inputs[1]
        if step.operation == "-":
            return inputs[0] - inputs[1]
        if step.operation == "scale":
            return inputs[0] * step.number
        part = self.get_submodule(step.part or "")
        if step.operation in ATTENTION:
            return inputs[0] * part(inputs[0]).to(inputs[0].dtype)
        return _fuse(step.operation, part, inputs)


def _fuse(operation: str, part: nn.Module, inputs: list[Tensor]) -> Tensor:
    """Return the weighted sum of branches: mix, gate, channelgate, choose or vote."""
    if operation == "mix":
        weight = part().to(inputs[0].dtype)
        return weight * inputs[0] + (1 - weight) * inputs[1]
    *branches, by = inputs
    if operation in ("choose", "vote"):
        return _weighted(branches, part(by))
    gate = part(by) if operation == "channelgate" else torch.sigmoid(part(by))[:, :, None, None]
    gate = gate.to(branches[0].dtype)
    return (1 - gate) * branches[0] + gate * branches[1]


def _weighted(branches: list[Tensor], logits: Tensor) -> Tensor:
    weights = torch.softmax(logits, dim=1).to(branches[0].dtype)[:, :, None, None, None]
    total = weights[:, 0] * branches[0]
    for index, branch in enumerate(branches[1:], start=1):
        total = total + weights[:, index] * branch
    return total


def _build_part(step: Step, channels: int) -> nn.Module:
    number = step.number
    builders = {
        "C": lambda: ChannelMask(channels, reduction=int(number)),
        "S": lambda: SpatialMask(kernel_size=int(number)),
        "G": lambda: GateMask(channels, reduction=int(number)),
        "mix": lambda: MixWeight(start=number),
        "gate": lambda: LogitGate(channels, num_logits=1),
        "channelgate": lambda: GateMask(channels),
        "choose": lambda: LogitGate(channels, num_logits=len(step.inputs) - 1),
        "vote": lambda: VoteGate(channels),
    }
    return builders[step.operation]()


def _num_parameters(step: Step, channels: int) -> int:
    """Return the closed form of section "component" of each part's docstring."""
    reduction = int(step.number) if step.operation in ("C", "G") else 16
    width = max(8, channels // reduction)
    num_branches = len(step.inputs) - 1
    return {
        "C": 2 * channels * width,
        "G": 2 * channels * width,
        "S": 2 * int(step.number) ** 2,
        "mix": 1,
        "gate": channels * width + 2 * width + 1,
        "channelgate": 2 * channels * width,
        "choose": channels * width + width + num_branches * (width + 1),
        "vote": 2 * (channels * width + 2 * width + 1),
    }[step.operation]

"""What a design costs and does before any training, measured on one map."""

from dataclasses import dataclass

import torch
from torch import nn

from whatwhere.blocks import Design, initial_gain
from whatwhere.evaluate import count_macs, count_passes
from whatwhere.models import num_parameters

CHANNELS = (64, 128, 256, 512)
MAP = (1, CHANNELS[0], 32, 32)  # batch, channel, height, width


@dataclass(frozen=True)
class DesignFacts:
    """What is measured of a design, beside what its card says.

    Args:
        parameters: Learned values by number of channels.
        macs: Multiply-adds on a map of 64 x 32 x 32.
        passes: Values read and written on that map in evaluation, in units of the map.
        initial_gain: RMS of its output over that of its input, at initialisation.
    """

    parameters: dict[int, int]
    macs: int
    passes: float
    initial_gain: float


def measure_design(design: Design) -> DesignFacts:
    """Measure a design on a map of normal noise.

    Args:
        design: The design.

    Returns:
        Its facts; the same ones at every call.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        blocks = {channels: _block(design, channels) for channels in CHANNELS}
        noise = torch.randn(MAP)
    block = blocks[CHANNELS[0]]
    return DesignFacts(
        parameters={channels: num_parameters(block) for channels, block in blocks.items()},
        macs=count_macs(block, noise),
        passes=round(count_passes(block, noise), 1),
        initial_gain=round(initial_gain(block, CHANNELS[0]), 3),
    )


def _block(design: Design, channels: int) -> nn.Module:
    return design.factory(channels) if design.factory else nn.Identity()

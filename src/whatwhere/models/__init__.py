"""Whole networks."""

from whatwhere.models.build import (
    ModelSpec,
    build_model,
    num_parameters,
    place,
    widened_inner_widths,
)
from whatwhere.models.resnet import RESNETS, ResNet, create_resnet

__all__ = [
    "RESNETS",
    "ModelSpec",
    "ResNet",
    "build_model",
    "create_resnet",
    "num_parameters",
    "place",
    "widened_inner_widths",
]

"""Whole networks."""

from whatwhere.models.build import (
    ModelSpec,
    build_model,
    num_parameters,
    place,
    widened_inner_widths,
)
from whatwhere.models.fitting import fit_weights, learned_shares, pretrained_names
from whatwhere.models.pretrained import Pretrained, pretrained_from_file, pretrained_from_timm
from whatwhere.models.resnet import RESNETS, ResNet, create_resnet

__all__ = [
    "RESNETS",
    "ModelSpec",
    "Pretrained",
    "ResNet",
    "build_model",
    "create_resnet",
    "fit_weights",
    "learned_shares",
    "num_parameters",
    "place",
    "pretrained_from_file",
    "pretrained_from_timm",
    "pretrained_names",
    "widened_inner_widths",
]

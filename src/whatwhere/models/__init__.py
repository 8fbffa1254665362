"""Whole networks."""

from whatwhere.models.build import (
    ModelSpec,
    build_model,
    num_parameters,
    place,
    widened_inner_widths,
)
from whatwhere.models.fitting import fit_weights, learned_shares, pretrained_names
from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.create import canonical, create_model, network_options
from whatwhere.models.networks.registered import networks
from whatwhere.models.pretrained import Pretrained, pretrained_from_file, pretrained_from_timm
from whatwhere.models.resnet import RESNETS, ResNet, create_resnet, is_resnet

__all__ = [
    "RESNETS",
    "ModelSpec",
    "NetworkCard",
    "Pretrained",
    "ResNet",
    "build_model",
    "canonical",
    "create_model",
    "create_resnet",
    "fit_weights",
    "is_resnet",
    "learned_shares",
    "network_options",
    "networks",
    "num_parameters",
    "place",
    "pretrained_from_file",
    "pretrained_from_timm",
    "pretrained_names",
    "widened_inner_widths",
]

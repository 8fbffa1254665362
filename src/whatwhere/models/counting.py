"""How large a network would be, without making it where that can be avoided."""

import torch

from whatwhere.blocks import Design
from whatwhere.models.build import ModelSpec, bare_backbone, build_model, num_parameters
from whatwhere.models.networks.factory import NetworkFactory
from whatwhere.models.networks.options import split_text
from whatwhere.models.networks.registered import networks


def parameters_of(spec: ModelSpec, *, design: Design) -> int:
    """Return the number of learned values that a network would have.

    It comes from the configuration alone where the network has a closed form; otherwise from
    modules whose weights are not allocated. Attention finds its places by following an image, so
    a network with attention is built.

    Args:
        spec: Backbone, classes, channels, place.
        design: The attention in it.

    Returns:
        The count.

    Raises:
        UsageError: If the network or a value of an option is not known.
    """
    if design.factory is not None:
        return num_parameters(build_model(spec, design=design, seed=0))
    counted = _closed_form(spec)
    if counted is not None:
        return counted
    try:
        with torch.device("meta"), torch.random.fork_rng(devices=[]):
            return num_parameters(bare_backbone(spec))
    except RuntimeError:  # a network that computes with values while it is built
        return num_parameters(build_model(spec, design=design, seed=0))


def _closed_form(spec: ModelSpec) -> int | None:
    base, _, _ = spec.backbone.partition("(")
    factory = networks().factory(base.strip()) if base.strip() in networks() else None
    if not isinstance(factory, NetworkFactory):
        return None
    config = factory.config(split_text(spec.backbone)[1])
    if not hasattr(config, "num_parameters"):
        return None
    return int(config.num_parameters(num_classes=spec.num_classes, in_channels=spec.in_channels))

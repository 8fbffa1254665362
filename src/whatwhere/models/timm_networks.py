"""Networks of the package timm, by name."""

import difflib

from torch import nn

from whatwhere.errors import UsageError, unknown_name

TIMM_PREFIX = "timm:"


def create_timm(name: str, *, num_classes: int, in_channels: int) -> nn.Module:
    """Return a network of timm with fresh weights.

    Args:
        name: "timm:NAME", perhaps with the tag of its weights.
        num_classes: Number of logits.
        in_channels: Channels of the images.

    Returns:
        The network.

    Raises:
        UsageError: If timm is not installed, or knows no such network.
    """
    known = timm_name(name)
    import timm

    return timm.create_model(known, num_classes=num_classes, in_chans=in_channels)


def timm_name(backbone: str) -> str:
    """Return the name of a network that timm knows.

    Args:
        backbone: "timm:NAME", perhaps with the tag of its weights ("timm:resnet18.a1_in1k").

    Returns:
        NAME.

    Raises:
        UsageError: If timm is not installed, or options stand behind the name.
        UnknownNameError: If it knows no such network, or the network no such tag.
    """
    bare, parenthesis, _ = backbone.partition("(")
    if parenthesis:
        raise UsageError(f"{backbone}: networks of timm take no options; write {bare.strip()}")
    try:
        import timm
    except ImportError:
        raise UsageError(f"{backbone} needs timm: pip install 'whatwhere[timm]'") from None
    name = backbone.removeprefix(TIMM_PREFIX)
    base, _, tag = name.partition(".")
    if not timm.is_model(base):
        known = difflib.get_close_matches(base, timm.list_models(), n=8, cutoff=0.5)
        raise unknown_name("timm model", name, known or ["resnet18", "resnet50", "..."])
    tagged = timm.list_pretrained(f"{base}.*") if tag else []
    if tag and name not in tagged:
        raise unknown_name("timm model", name, [base, *tagged])
    return name

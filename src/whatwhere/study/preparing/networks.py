"""A whole network as a row of a comparison: beside the backbone, not in it."""

import re
from collections.abc import Sequence

from whatwhere.blocks.cards import DesignCard
from whatwhere.blocks.designs import Design
from whatwhere.errors import UsageError
from whatwhere.models import NetworkCard, canonical, is_resnet, networks
from whatwhere.models.timm_networks import TIMM_PREFIX, timm_name
from whatwhere.study.preparing.packages import version_of

FAMILY = "network"
NETWORK_NUMBER = 2000  # networks stand after all designs, typed and users' ones too
_OTHERS_NUMBER = NETWORK_NUMBER + 900
_PUBLISHED_RESNETS = ("resnet32", "resnet44", "resnet18-large", "resnet34-large")
_WITH_OPTIONS = re.compile(r"\s*[\w.-]+\s*\([^()]+=[^()]+\)\s*")


def is_network(text: str) -> bool:
    """Say whether a text names a network that is known, whatever its options.

    Args:
        text: What a user wrote.

    Returns:
        Whether it does.
    """
    name = text.partition("(")[0].strip()
    return name in networks() or name.startswith(TIMM_PREFIX) or is_resnet(name)


def has_options(text: str) -> bool:
    """Say whether a text has the form of a network with options, which no wiring has.

    Args:
        text: What a user wrote.

    Returns:
        Whether it has; "smac(shortcut=none)" yes, "S(C(x))" no.
    """
    return _WITH_OPTIONS.fullmatch(text) is not None


def network_design(text: str) -> Design:
    """Return the row that trains a whole network in the place of the backbone.

    Args:
        text: As `create_model` takes it, for instance "samc(shortcut=none)".

    Returns:
        The row; equal networks give equal rows, however their options are written.

    Raises:
        UnknownNameError: If there is no such network or option.
        UsageError: If an option cannot have its value.
    """
    network = canonical(text)
    if network.startswith(TIMM_PREFIX):
        timm_name(network)
    base = network.partition("(")[0]
    known = networks()
    version = known.version(base) if base in known else "1"
    card = _card(network, known.card(base) if base in known else None)
    identity = f"network {network}/{version}{_package_version(card)}"
    return Design(card, None, identity, network=network)


def refuse_networks(designs: Sequence[Design], pretrained: str) -> None:
    """Refuse whole networks beside pretrained weights, which are those of one backbone.

    Args:
        designs: The rows.
        pretrained: What training would begin with, as the user named it.

    Raises:
        UsageError: If a row is a whole network.
    """
    named = ", ".join(design.name for design in designs if design.network is not None)
    if named:
        raise UsageError(
            f"--pretrained {pretrained} gives its weights to the backbone, and a whole network"
            f" ({named}) has no use for them: what began fresh cannot be compared with what was"
            " trained before. Leave out the network, or --pretrained"
        )


def _card(network: str, card: NetworkCard | None) -> DesignCard:
    title = card.title if card else network
    source, fidelity, licence = _unlisted(network)
    number = NETWORK_NUMBER + card.number if card else _OTHERS_NUMBER
    return DesignCard(
        number=number,
        name=_file_name(network),
        family=FAMILY,
        title=f"{title}, a whole network",
        kind="network",
        equation="",
        source=card.source if card else source,
        fidelity=card.fidelity if card else fidelity,
        departures=card.departures if card else "",
        licence=card.licence if card else licence,
    )


def _package_version(card: DesignCard) -> str:
    """Return what other package makes the network, and its version; empty where none does."""
    package = card.licence.partition(",")[0]
    return f"/{package} {version_of(package)}" if package else ""


def _unlisted(network: str) -> tuple[str, str, str]:
    """Return source, fidelity and licence of a network without a card: a ResNet or one of timm."""
    if network.startswith(TIMM_PREFIX):
        name = network.removeprefix(TIMM_PREFIX)
        return f"the code of timm, model {name}", "exact", "timm, Apache-2.0"
    is_small = network.partition("-")[0] not in ("resnet18", "resnet34")
    source = f"He et al., CVPR 2016, {'section 4.2' if is_small else 'table 1'}"
    if network in _PUBLISHED_RESNETS:
        return source, "exact", ""
    return f"ours: another depth or width of the networks of {source}", "ours", ""


def _file_name(network: str) -> str:
    """Return a legal file name: "samc(shortcut=none, heads=2)" -> "samc-shortcut.none-heads.2"."""
    name = network.replace(", ", "-").replace("=", ".").rstrip(")")
    return re.sub(r"[^\w.-]", "-", name)

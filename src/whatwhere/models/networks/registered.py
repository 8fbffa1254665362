"""The registry of whole networks: ours first, then those that they are compared with."""

from functools import cache

from whatwhere.models.networks.cards import NetworkCard
from whatwhere.models.networks.ours import OURS
from whatwhere.models.networks.rivals import RIVALS
from whatwhere.registry import Registry


@cache
def networks() -> Registry[NetworkCard]:
    """Return the registry of whole networks, in the order of lists and reports.

    A factory is called as factory(num_classes=, in_channels=, image_size=, options=), the options
    as texts by name. One that is a `NetworkFactory` also tells its configuration.
    """
    known: Registry[NetworkCard] = Registry("network")
    for card, factory in (*OURS, *RIVALS):
        known.register(card, factory)
    return known

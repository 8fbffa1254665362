"""What is known about a whole network."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class NetworkCard:
    """The facts about one network, for images of 3 channels and 32 x 32 pixels.

    Args:
        number: Fixes the order in every list and report.
        name: Registered name, a legal file name.
        family: The group it belongs to: "samc", "amsra", "msga" or "rival".
        title: What it is, in a few words.
        source: Paper or package, section, table.
        fidelity: "exact" where the source fixes every value but those of the departures,
            "reconstruction" where parts of it had to be decided by us, "ours" where there is no
            source.
        departures: Where it differs from its source; "" where nowhere.
        parameters_at_10: Learned values with 10 classes.
        parameters_at_100: Learned values with 100 classes.
        macs_at_100: Multiply-adds for one image with 100 classes, the two products of attention
            included; None where they cannot be counted.
        licence: Package and licence of code that it runs; "" where it runs ours alone.
    """

    number: int
    name: str
    family: str
    title: str
    source: str
    fidelity: str
    parameters_at_10: int
    parameters_at_100: int
    macs_at_100: int | None
    departures: str = ""
    licence: str = ""

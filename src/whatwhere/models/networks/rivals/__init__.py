"""The networks that ours are compared with, sized for images of 32 pixels."""

from whatwhere.models.networks.rivals.compact import COMPACT
from whatwhere.models.networks.rivals.inception import INCEPTION
from whatwhere.models.networks.rivals.mobile import MOBILE
from whatwhere.models.networks.rivals.patches import PATCHES
from whatwhere.models.networks.rivals.plain import PLAIN
from whatwhere.models.networks.rivals.recurrent import RECURRENT
from whatwhere.models.networks.rivals.residual import RESIDUAL
from whatwhere.models.networks.rivals.row import Row
from whatwhere.models.networks.rivals.shufflenet import SHUFFLENET
from whatwhere.models.networks.rivals.vgg import VGG

__all__ = ["RIVALS"]

RIVALS: tuple[Row, ...] = tuple(
    sorted(
        (
            *RESIDUAL,
            *VGG,
            *MOBILE,
            *SHUFFLENET,
            *INCEPTION,
            *COMPACT,
            *PLAIN,
            *RECURRENT,
            *PATCHES,
        ),
        key=lambda row: row[0].number,
    )
)

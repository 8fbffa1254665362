"""The networks that ours are compared with, sized for images of 32 pixels."""

from whatwhere.models.rivals.compact import COMPACT
from whatwhere.models.rivals.inception import INCEPTION
from whatwhere.models.rivals.mobile import MOBILE
from whatwhere.models.rivals.patches import PATCHES
from whatwhere.models.rivals.plain import PLAIN
from whatwhere.models.rivals.recurrent import RECURRENT
from whatwhere.models.rivals.residual import RESIDUAL
from whatwhere.models.rivals.row import Row
from whatwhere.models.rivals.shufflenet import SHUFFLENET
from whatwhere.models.rivals.vgg import VGG

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

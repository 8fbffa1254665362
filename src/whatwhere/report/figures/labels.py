"""Labels that do not cover each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whatwhere.report.figures.style import text_width
from whatwhere.report.text import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE_HEIGHT = 1.15
_END_SIZE = 10.0
# Told apart in this order where lines share a colour.
DASHES = ("-", (0, (5, 1.6)), (0, (1.5, 1.5)), (0, (6, 1.5, 1.5, 1.5)))


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels.

    Args:
        left: Smallest x.
        bottom: Smallest y.
        right: Largest x.
        top: Largest y.
    """

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: "Box") -> bool:
        """Say whether two rectangles share an area.

        Args:
            other: The other rectangle.

        Returns:
            Whether they do.
        """
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def within(self, other: "Box") -> bool:
        """Say whether this rectangle lies inside another.

        Args:
            other: The other rectangle.

        Returns:
            Whether it does.
        """
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.bottom >= other.bottom
            and self.top <= other.top
        )


def place_labels(
    points: Sequence[tuple[float, float]],
    labels: Sequence[str],
    *,
    bold: Sequence[bool],
    frame: Box,
    size: float,
    radius: float,
    obstacles: Sequence[Box] = (),
) -> list[tuple[float, float, str] | None]:
    """Find a free place beside each point for its label; earlier points choose first.

    Args:
        points: Positions in pixels.
        labels: One text per point.
        bold: Whether each text is set in bold.
        frame: Where labels may be.
        size: Font size in pixels.
        radius: Of the marks, in pixels.
        obstacles: What labels may not cover besides marks and each other.

    Returns:
        For each point left edge, vertical middle and alignment of its label, or None where no
        place is free.
    """
    taken = [Box(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    taken += obstacles
    places: list[tuple[float, float, str] | None] = []
    for (x, y), label, heavy in zip(points, labels, bold, strict=True):
        chosen = None
        width = text_width(label, size=size, bold=heavy)
        for place, box in _candidates(x, y, width, size, radius):
            if box.within(frame) and not any(box.overlaps(other) for other in taken):
                chosen = place
                taken.append(box)
                break
        places.append(chosen)
    return places


def _candidates(x: float, y: float, width: float, size: float, radius: float):
    """Yield places right, left, above and below of a point, near ones first."""
    height = _LINE_HEIGHT * size
    for distance in (3.0, 9.0):
        gap = radius + distance
        for dx, dy in ((1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1)):
            middle = y + dy * (gap if dx == 0 else 0.8 * gap) + dy * 0.3 * height
            left = x + gap if dx > 0 else x - gap - width if dx < 0 else x - width / 2
            box = Box(left, middle - height / 2, left + width, middle + height / 2)
            anchor = {1: "left", -1: "right", 0: "center"}[dx]
            at = {1: left, -1: left + width, 0: x}[dx]
            yield (at, middle, anchor), box


def spread(heights: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Move heights apart until neighbours are a gap apart, keeping their order.

    Args:
        heights: Wanted heights in pixels.
        gap: Least distance between neighbours.
        low: No height below this.
        high: No height above this, as far as there is room.

    Returns:
        The heights to use, in the order given.
    """
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    moved = [max(low, heights[place]) for place in order]
    for place in range(1, len(moved)):
        moved[place] = max(moved[place], moved[place - 1] + gap)
    ceiling = max(high, low + gap * (len(moved) - 1))
    for place in reversed(range(len(moved))):
        moved[place] = min(moved[place], ceiling)
        ceiling = moved[place] - gap
    result = [0.0] * len(heights)
    for place, height in zip(order, moved, strict=True):
        result[place] = height
    return result


@dataclass(frozen=True)
class LineEnd:
    """Where a line ends, and its name.

    Args:
        label: What the line is about.
        x: Of its last point, in data units.
        y: Of its last point, in data units.
        colour: Of the name.
        bold: Whether the name stands out.
    """

    label: str
    x: float
    y: float
    colour: str
    bold: bool


def label_ends(axes: "Axes", ends: Sequence[LineEnd], *, width: int) -> None:
    """Write names at the right edge, beside the ends of their lines and moved apart.

    Args:
        axes: Whose limits are set.
        ends: One per line; ends outside of the axes are named at their border.
        width: Most characters of a name.
    """
    area = axes.get_window_extent()
    wanted = [axes.transData.transform((end.x, end.y))[1] for end in ends]
    wanted = [min(max(height, area.y0), area.y1) for height in wanted]
    heights = spread(wanted, gap=_END_SIZE * 1.25, low=area.y0 + 4, high=area.y1 + 6)
    for end, own, moved in zip(ends, wanted, heights, strict=True):
        start, middle = ((y - area.y0) / area.height for y in (own, moved))
        axes.plot(
            [1.0, 1.03],
            [start, middle],
            transform=axes.transAxes,
            color=end.colour,
            linewidth=0.6,
            clip_on=False,
        )
        axes.text(
            1.045,
            middle,
            shortened(end.label, width=width),
            transform=axes.transAxes,
            va="center_baseline",
            fontsize=_END_SIZE,
            color=end.colour,
            fontweight="bold" if end.bold else "normal",
        )

"""The forest plot: paired differences of all rows from the plain backbone, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from whatwhere.report.figures.style import (
    INK,
    MUTED,
    family_styles,
    grid,
    margins,
    mark,
    points_tick,
    render,
    text_width,
)
from whatwhere.report.numbers import signed_points
from whatwhere.report.text import shortened

_ROW_HEIGHT = 21.0
_WIDTH = 880.0
_TOP, _BOTTOM, _RIGHT = 8.0, 44.0, 158.0


@dataclass(frozen=True)
class Difference:
    """One design against the control.

    Args:
        label: How the report calls the design.
        family: Its family, for the colour.
        difference: Of the means, as a share of one.
        low: Lower end of the 95 % interval.
        high: Upper end.
        significant: Whether it holds after the correction for all comparisons.
        bold: Whether the design may be best.
    """

    label: str
    family: str
    difference: float
    low: float
    high: float
    significant: bool
    bold: bool


def draw_forest(differences: Sequence[Difference], *, name: str, control: str, metric: str) -> str:
    """Draw differences as points with intervals, best first.

    Args:
        differences: One per design, in the order of the leaderboard.
        name: Unique on the page.
        control: What the differences are taken from.
        metric: The metric, as sentences write it.

    Returns:
        An SVG.
    """
    height = _TOP + _BOTTOM + _ROW_HEIGHT * len(differences)
    return render(
        lambda figure: _draw(figure, differences, control, metric),
        name=name,
        title=f"Difference in {metric} of each row from {control}, with 95 % intervals",
        width=_WIDTH,
        height=height,
    )


def _draw(figure, differences, control, metric) -> None:
    labels = [shortened(item.label, width=30) for item in differences]
    left = 16 + max(text_width(label) for label in labels)
    box = margins(figure, left=left, right=_RIGHT, top=_TOP, bottom=_BOTTOM)
    axes = figure.add_gridspec(1, 1, **box).subplots()
    axes.axvline(0, color=INK, linewidth=1)
    grid(axes, axis="x")
    styles = family_styles([item.family for item in differences])
    for row, item in enumerate(differences):
        _draw_row(axes, row, item, styles[item.family])
    axes.set_ylim(len(differences) - 0.4, -0.6)
    axes.set_yticks(range(len(labels)), labels)
    for tick, item in zip(axes.get_yticklabels(), differences, strict=True):
        tick.set(color=INK, fontweight="bold" if item.bold else "normal")
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"points of {metric} more than {control}")
    axes.xaxis.set_major_formatter(lambda value, _: points_tick(value))


def _draw_row(axes, row, item, style) -> None:
    axes.plot([item.low, item.high], [row, row], color=style[0], linewidth=1.6, zorder=2)
    mark(axes, item.difference, row, style, filled=item.significant, radius=3.8)
    interval = f"{signed_points(item.low)} to {signed_points(item.high)}"
    for text, offset, colour in ((signed_points(item.difference), 48, INK), (interval, 150, MUTED)):
        axes.annotate(
            text,
            (1, row),
            xycoords=axes.get_yaxis_transform(),
            xytext=(offset, 0),
            textcoords="offset pixels",
            va="center_baseline",
            ha="right",
            color=colour,
        )

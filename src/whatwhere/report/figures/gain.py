"""How strongly the stem is trained, against how much a block scales its map at the start."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whatwhere.report.figures.labels import Box, place_labels
from whatwhere.report.figures.style import (
    INK,
    family_styles,
    grid,
    margins,
    mark,
    render,
)
from whatwhere.report.text import shortened

_WIDTH, _HEIGHT = 660.0, 380.0
_LABEL_SIZE, _RADIUS = 10.0, 4.0


@dataclass(frozen=True)
class Gained:
    """One design's gain and gradient.

    Args:
        label: How the report calls the design.
        family: Its family, for colour and mark.
        gain: What the block multiplies the map by at the start, root mean square.
        gradient: Gradient norm at the stem, mean over the first epoch and the seeds.
        bold: Whether the design may be best.
    """

    label: str
    family: str
    gain: float
    gradient: float
    bold: bool


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation, ties sharing their mean rank.

    Args:
        first: Values.
        second: As many values.

    Returns:
        In [-1, 1], or None where either does not vary or there are fewer than three.
    """
    if len(first) < 3:
        return None
    one, other = (_ranks(np.asarray(values, dtype=float)) for values in (first, second))
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    less = (values[:, None] > values[None, :]).sum(axis=1)
    equal = (values[:, None] == values[None, :]).sum(axis=1)
    return less + (equal - 1) / 2


def draw_gain(designs: Sequence[Gained], *, name: str) -> str:
    """Draw gradient against gain, both on logarithmic axes.

    Args:
        designs: One per design; gain and gradient above 0.
        name: Unique on the page.

    Returns:
        An SVG.
    """
    return render(
        lambda figure: _draw(figure, designs),
        name=name,
        title="Gradient norm at the stem in the first epoch against the initial gain",
        width=_WIDTH,
        height=_HEIGHT,
    )


def _draw(figure, designs) -> None:
    axes = figure.add_gridspec(
        1, 1, **margins(figure, left=56, right=16, top=12, bottom=44)
    ).subplots()
    styles = family_styles([design.family for design in designs])
    axes.set_xscale("log")
    axes.set_yscale("log")
    for design in designs:
        mark(
            axes,
            design.gain,
            design.gradient,
            styles[design.family],
            filled=design.bold,
            radius=_RADIUS,
        )
    axes.set_xlabel("initial gain of the block")
    axes.set_ylabel("gradient norm at the stem, first epoch")
    axes.margins(0.1)
    for axis, values in (
        (axes.xaxis, [d.gain for d in designs]),
        (axes.yaxis, [d.gradient for d in designs]),
    ):
        _ticks(axis, values)
    grid(axes, axis="both")
    _label(figure, axes, designs)


def _ticks(axis, values) -> None:
    """Label 1, 2 and 5 of each decade: a narrow range would otherwise show no number at all."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = axis.get_view_interval()
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    axis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))


def _label(figure, axes, designs) -> None:
    size = figure.get_size_inches() * figure.dpi
    ordered = sorted(designs, key=lambda design: not design.bold)
    points = axes.transData.transform([(design.gain, design.gradient) for design in ordered])
    area = axes.get_window_extent()
    frame = Box(area.x0, area.y0, area.x1 + 8, area.y1 + 6)
    labels = [shortened(design.label, width=22) for design in ordered]
    places = place_labels(
        [tuple(point) for point in points],
        labels,
        bold=[False] * len(labels),
        frame=frame,
        size=_LABEL_SIZE,
        radius=_RADIUS,
    )
    for label, place in zip(labels, places, strict=True):
        if place:
            figure.text(
                place[0] / size[0],
                place[1] / size[1],
                label,
                ha=place[2],
                va="center_baseline",
                fontsize=_LABEL_SIZE,
                color=INK,
            )

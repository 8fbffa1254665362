"""The metric against each cost: what accuracy is paid with."""

from collections.abc import Sequence
from dataclasses import dataclass

from whatwhere.report.figures.labels import Box, place_labels
from whatwhere.report.figures.style import (
    INK,
    MUTED,
    family_styles,
    grid,
    margins,
    mark,
    percent_axis,
    render,
)
from whatwhere.report.numbers import is_number, large
from whatwhere.report.text import shortened

_WIDTH, _HEIGHT = 500.0, 310.0
_LABEL_SIZE, _RADIUS = 10.0, 4.0


@dataclass(frozen=True)
class Priced:
    """One design with its score and its costs.

    Args:
        label: How the report calls the design.
        family: Its family, for colour and mark.
        mean: Mean score, as a share of one.
        cost: Cost by name; None where nothing was measured.
        bold: Whether the design may be best.
        first: Whether its label matters more than others.
    """

    label: str
    family: str
    mean: float
    cost: dict[str, float | None]
    bold: bool
    first: bool


def draw_costs(
    designs: Sequence[Priced],
    *,
    name: str,
    metric: str,
    half_width: float | None,
    panels: Sequence[tuple[str, str, float]],
) -> list[str]:
    """Draw one figure per cost, the same score axis in all.

    Args:
        designs: The designs with finished trials.
        name: Unique on the page.
        metric: The metric, as sentences write it.
        half_width: Half of a typical 95 % interval of a mean, drawn as a bar; None for none.
        panels: Cost name, axis label and what to divide the cost by, for each figure.

    Returns:
        An SVG for each cost that was measured.
    """
    limits = _limits([design.mean for design in designs], half_width)
    figures = []
    for cost, label, unit in panels:
        prices = [(design, design.cost.get(cost)) for design in designs]
        known = [(design, price) for design, price in prices if is_number(price)]
        if known:
            points = [(price / unit, design.mean) for design, price in known]
            shown = [design for design, _ in known]
            figures.append(
                render(
                    _Panel(shown, points, label, metric, half_width, limits).draw,
                    name=f"{name}-{cost.replace('_', '-')}",
                    title=f"{metric} against {label}",
                    width=_WIDTH,
                    height=_HEIGHT,
                )
            )
    return figures


def _limits(means: Sequence[float], half_width: float | None) -> tuple[float, float]:
    """Give the means room, and the bar of a typical interval its whole length."""
    low, high = min(means), max(means)
    room = max(0.08 * (high - low), 0.004)
    low, high = low - room, high + room
    missing = max(0.0, 2.2 * (half_width or 0.0) - (high - low))
    return low - missing / 2, high + missing / 2


@dataclass(frozen=True)
class _Panel:
    designs: list[Priced]
    points: list[tuple[float, float]]
    label: str
    metric: str
    half_width: float | None
    limits: tuple[float, float]

    def draw(self, figure) -> None:
        box = margins(figure, left=48, right=24, top=10, bottom=42)
        axes = figure.add_gridspec(1, 1, **box).subplots()
        styles = family_styles([design.family for design in self.designs])
        for design, (x, y) in zip(self.designs, self.points, strict=True):
            mark(axes, x, y, styles[design.family], filled=design.bold, radius=_RADIUS)
        axes.set_ylim(*self.limits)
        axes.set_xlim(*_x_limits([x for x, _ in self.points]))
        axes.set_xlabel(self.label)
        axes.set_ylabel(f"{self.metric}, %")
        axes.xaxis.set_major_formatter(lambda value, _: _tick(value))
        axes.locator_params(axis="x", nbins=5)
        percent_axis(axes.yaxis)
        grid(axes, axis="both")
        if self.half_width:
            self._draw_scale(axes)
        self._label(figure, axes)

    def _draw_scale(self, axes) -> None:
        """Draw a typical interval, so that small gaps are not read as differences."""
        axes.errorbar(
            0.03,
            sum(self.limits) / 2,
            yerr=self.half_width,
            capsize=3,
            linewidth=1.2,
            transform=axes.get_yaxis_transform(),
            color=MUTED,
            zorder=1,
        )

    def _label(self, figure, axes) -> None:
        """Write the names; one without room is left to the table."""
        order = sorted(range(len(self.designs)), key=lambda i: _importance(self.designs[i]))
        designs = [self.designs[i] for i in order]
        pixels = axes.transData.transform([self.points[i] for i in order])
        area = axes.get_window_extent()
        frame = Box(area.x0 + 2, area.y0, area.x1 + 8, area.y1 + 6)
        half = (self.half_width or 0.0) / (self.limits[1] - self.limits[0]) * area.height
        middle = (area.y0 + area.y1) / 2
        bar = Box(area.x0, middle - half, area.x0 + 0.05 * area.width, middle + half)
        labels = [shortened(design.label, width=22) for design in designs]
        places = place_labels(
            [(float(x), float(y)) for x, y in pixels],
            labels,
            size=_LABEL_SIZE,
            bold=[design.bold for design in designs],
            frame=frame,
            radius=_RADIUS,
            obstacles=[bar],
        )
        for design, label, place in zip(designs, labels, places, strict=True):
            if place:
                figure.text(
                    place[0] / _WIDTH,
                    place[1] / _HEIGHT,
                    label,
                    ha=place[2],
                    va="center_baseline",
                    fontsize=_LABEL_SIZE,
                    color=INK if design.bold else MUTED,
                    fontweight="bold" if design.bold else "normal",
                )


def _importance(design: Priced) -> tuple[bool, bool, float]:
    return not design.first, not design.bold, -design.mean


def _x_limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    width = (high - low) or max(abs(high), 1.0) * 0.1
    return low - 0.16 * width, high + 0.16 * width


def _tick(value: float) -> str:
    return large(value) if abs(value) >= 1000 else f"{value:.6g}"

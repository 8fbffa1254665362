"""The forest plot: effects with intervals, and beside them single values in grey."""

from collections.abc import Callable, Sequence
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
_TOP, _BOTTOM, _RIGHT = 8.0, 44.0, 178.0


@dataclass(frozen=True)
class Effect:
    """One row.

    Args:
        label: What it is about.
        family: For the colour.
        value: The estimate.
        low: Lower end of the 95 % interval; None where there is none.
        high: Upper end.
        filled: Whether it holds after correction.
        bold: Whether its label stands out.
        singles: Values that the estimate is made of, drawn small.
        gap: Whether a line of space stands above.
    """

    label: str
    family: str
    value: float
    low: float | None
    high: float | None
    filled: bool
    bold: bool = False
    singles: tuple[float, ...] = ()
    gap: bool = False


def draw_forest(
    rows: Sequence[Effect],
    *,
    name: str,
    title: str,
    axis: str,
    write: Callable[[float], str] = signed_points,
    tick: Callable[[float], str] = points_tick,
    nothing: float = 0.0,
    logarithmic: bool = False,
) -> str:
    """Draw effects as points with intervals, in the order given.

    Args:
        rows: At least one.
        name: Unique on the page.
        title: What the figure shows.
        axis: Name of the axis.
        write: Writes a value; differences as points unless said.
        tick: Writes a value at the axis; likewise.
        nothing: The value of no effect.
        logarithmic: Whether values are ratios.

    Returns:
        An SVG.
    """
    forest = _Forest(rows, axis, write, tick, nothing, logarithmic)
    height = _TOP + _BOTTOM + _ROW_HEIGHT * (len(rows) + sum(row.gap for row in rows) * 0.6)
    return render(forest.draw, name=name, title=title, width=_WIDTH, height=height)


@dataclass(frozen=True)
class _Forest:
    rows: Sequence[Effect]
    axis: str
    write: Callable[[float], str]
    tick: Callable[[float], str]
    nothing: float
    logarithmic: bool

    def draw(self, figure) -> None:
        labels = [shortened(row.label, width=44) for row in self.rows]
        left = 16 + max(text_width(label) for label in labels)
        box = margins(figure, left=left, right=_RIGHT, top=_TOP, bottom=_BOTTOM)
        axes = figure.add_gridspec(1, 1, **box).subplots()
        if self.logarithmic:
            axes.set_xscale("log")
        axes.axvline(self.nothing, color=INK, linewidth=1)
        grid(axes, axis="x")
        styles = family_styles([row.family for row in self.rows])
        heights = self._heights()
        for height, row in zip(heights, self.rows, strict=True):
            self._row(axes, height, row, styles[row.family])
        axes.set_ylim(heights[-1] + 0.6, -0.6)
        axes.set_yticks(heights, labels)
        for tick, row in zip(axes.get_yticklabels(), self.rows, strict=True):
            tick.set(color=INK, fontweight="bold" if row.bold else "normal")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(self.axis)
        self._ticks(axes)

    def _heights(self) -> list[float]:
        heights, at = [], 0.0
        for row in self.rows:
            at += 0.6 * row.gap
            heights.append(at)
            at += 1
        return heights

    def _ticks(self, axes) -> None:
        from matplotlib.ticker import FixedLocator, NullFormatter

        if self.logarithmic:
            low, high = axes.get_xlim()
            steps = [v for v in (0.1, 0.2, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20) if low <= v <= high]
            axes.xaxis.set_major_locator(FixedLocator(steps))
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.minorticks_off()
        axes.xaxis.set_major_formatter(lambda value, _: self.tick(value))

    def _row(self, axes, height: float, row: Effect, style: tuple[str, str]) -> None:
        for value in row.singles:
            axes.plot(value, height, "|", color=MUTED, markersize=7, alpha=0.7, zorder=1)
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [height] * 2, color=style[0], linewidth=1.6, zorder=2)
        mark(axes, row.value, height, style, filled=row.filled, radius=3.8)
        texts = [(self.write(row.value), 50, INK)]
        if row.low is not None and row.high is not None:
            interval = f"{self.write(row.low)} to {self.write(row.high)}"
            texts.append((interval, 168, MUTED))
        for text, offset, colour in texts:
            axes.annotate(
                text,
                (1, height),
                xycoords=axes.get_yaxis_transform(),
                xytext=(offset, 0),
                textcoords="offset pixels",
                va="center_baseline",
                ha="right",
                color=colour,
            )

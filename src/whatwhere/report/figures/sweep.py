"""A sweep: means with their intervals, and beside them the paired differences that decide."""

from collections.abc import Sequence
from dataclasses import dataclass

from whatwhere.report.figures.style import MUTED, grid, margins, percent_axis, render
from whatwhere.report.text import shortened

_WIDTH, _HEIGHT = 860.0, 300.0
_COLOURS = (("#0072b2", "o"), ("#d55e00", "s"), ("#009e73", "^"), ("#a8509a", "D"))
_JITTER = 7.0  # pixels between the marks of two series at one value


@dataclass(frozen=True)
class Swept:
    """One value of one series.

    Args:
        series: Its name; "" where there is one.
        value: On the axis.
        mean: As a share of one.
        low: Lower end of the interval; None where it is not known.
        high: Upper end.
        difference: To the reference, as a share of one.
        difference_low: Lower end of its interval; None where it is not known.
        difference_high: Upper end.
    """

    series: str
    value: float
    mean: float
    low: float | None
    high: float | None
    difference: float
    difference_low: float | None
    difference_high: float | None


def draw_sweep(
    points: Sequence[Swept],
    *,
    name: str,
    axis: str,
    score: str,
    reference: float,
    logarithmic: bool,
    mark: str,
) -> str:
    """Draw a sweep in two panels.

    Args:
        points: By series, ascending.
        name: Unique on the page.
        axis: What was varied.
        score: The score, as sentences write it.
        reference: The value that differences are from.
        logarithmic: Whether the values are spread by factors.
        mark: What a reader must know before believing it, such as "shortened"; "" for nothing.

    Returns:
        An SVG.
    """
    sweep = _Drawing(points, axis, score, reference, logarithmic, mark)
    return render(
        sweep.draw,
        name=name,
        title=f"{score} against {axis}, and the paired differences from {reference:g}",
        width=_WIDTH,
        height=_HEIGHT,
    )


@dataclass(frozen=True)
class _Drawing:
    points: Sequence[Swept]
    axis: str
    score: str
    reference: float
    logarithmic: bool
    mark: str

    @property
    def series(self) -> list[str]:
        return list(dict.fromkeys(point.series for point in self.points))

    def draw(self, figure) -> None:
        top = 46 if self.mark or len(self.series) > 1 else 26
        box = margins(figure, left=52, right=14, top=top, bottom=44)
        left, right = figure.add_gridspec(1, 2, wspace=0.2, **box).subplots()
        self._panel(figure, left, "mean", "low", "high")
        self._panel(figure, right, "difference", "difference_low", "difference_high")
        right.axhline(0, color=MUTED, linewidth=1, zorder=1)
        left.set_ylabel(f"{self.score}, %")
        right.set_ylabel("points")
        left.set_title("mean, 95 % for new images and new runs")
        right.set_title(f"paired difference from {self.reference:g}, 95 % each")
        self._legend(figure)
        if self.mark:
            figure.text(
                0.995, 0.985, shortened(self.mark, width=70), ha="right", va="top", color="#a33c00"
            )

    def _panel(self, figure, axes, middle: str, low: str, high: str) -> None:
        from matplotlib.transforms import ScaledTranslation

        if self.logarithmic:
            axes.set_xscale("log", base=2)
        for place, name in enumerate(self.series):
            shift = _JITTER * (place - (len(self.series) - 1) / 2)
            move = ScaledTranslation(shift / 72, 0, figure.dpi_scale_trans)
            own = [point for point in self.points if point.series == name]
            self._line(axes, own, _COLOURS[place % len(_COLOURS)], move, (middle, low, high))
        values = sorted({point.value for point in self.points})
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.minorticks_off()
        axes.margins(x=0.08)
        axes.set_xlabel(self.axis)
        percent_axis(axes.yaxis)
        grid(axes, axis="y")

    def _line(self, axes, own, style, move, names) -> None:
        colour, marker = style
        heights = [getattr(point, names[0]) for point in own]
        values = [point.value for point in own]
        transform = axes.transData + move
        axes.plot(values, heights, color=colour, linewidth=0.8, alpha=0.5, transform=transform)
        for point, height in zip(own, heights, strict=True):
            low, high = getattr(point, names[1]), getattr(point, names[2])
            if low is not None and high is not None:
                axes.plot([point.value] * 2, [low, high], color=colour, transform=transform)
            axes.plot(
                point.value,
                height,
                marker,
                color=colour,
                markersize=5.5,
                transform=transform,
                markerfacecolor="white" if low is None else colour,
            )
        reach = [value for p in own for n in names if (value := getattr(p, n)) is not None]
        axes.update_datalim([(x, y) for x in values for y in (min(reach), max(reach))])
        axes.autoscale_view()

    def _legend(self, figure) -> None:
        if len(self.series) < 2:
            return
        for place, name in enumerate(self.series):
            colour, _ = _COLOURS[place % len(_COLOURS)]
            text = shortened(name, width=24)
            figure.text(0.06 + 0.16 * place, 0.985, text, va="top", color=colour, weight="bold")

"""A search: how validation accuracy rose, and what networks of which size had."""

from collections.abc import Sequence
from dataclasses import dataclass

from whatwhere.report.figures.style import INK, MUTED, grid, margins, percent_axis, render

_WIDTH, _HEIGHT = 860.0, 310.0
_BLUE, _ORANGE, _GREEN = "#0072b2", "#d55e00", "#009e73"


@dataclass(frozen=True)
class SearchPoint:
    """One trial.

    Args:
        number: Its number.
        accuracy: On validation: at the end, or the best until it was stopped.
        parameters: Learned values.
        finished: Whether it was trained to the end.
        on_front: Whether no network of its size or smaller is as good.
    """

    number: int
    accuracy: float
    parameters: int
    finished: bool
    on_front: bool


def draw_search(points: Sequence[SearchPoint], *, fresh: float | None, name: str) -> str:
    """Draw a search in two panels.

    Args:
        points: The trials, in their order.
        fresh: Validation accuracy of the best one with fresh seeds; None where it is not known.
        name: Unique on the page.

    Returns:
        An SVG.
    """
    return render(
        _Drawing(points, fresh).draw,
        name=name,
        title="validation accuracy by trial, and validation error against parameters",
        width=_WIDTH,
        height=_HEIGHT,
    )


@dataclass(frozen=True)
class _Drawing:
    points: Sequence[SearchPoint]
    fresh: float | None

    def draw(self, figure) -> None:
        box = margins(figure, left=52, right=14, top=26, bottom=44)
        left, right = figure.add_gridspec(1, 2, wspace=0.2, **box).subplots()
        self._history(left)
        self._sizes(right)

    def _history(self, axes) -> None:
        from matplotlib.ticker import MaxNLocator

        lowest = self._lowest()
        self._marks(axes, [(p.number, max(p.accuracy, lowest), p) for p in self.points])
        below = [point.number for point in self.points if point.accuracy < lowest]
        axes.plot(below, [lowest] * len(below), "v", color=MUTED, markersize=5, zorder=4)
        finished = [point for point in self.points if point.finished]
        best, heights = 0.0, []
        for point in finished:
            best = max(best, point.accuracy)
            heights.append(best)
        numbers = [point.number for point in finished]
        axes.step(numbers, heights, where="post", color=_BLUE, linewidth=1.2, zorder=2)
        if self.fresh is not None:
            axes.axhline(self.fresh, color=_GREEN, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
            axes.annotate(
                "the best again, fresh seeds",
                (1, self.fresh),
                xycoords=("axes fraction", "data"),
                xytext=(-2, -4),
                textcoords="offset points",
                ha="right",
                va="top",
                color=_GREEN,
            )
        axes.set_title("validation accuracy, % (line: best so far)")
        axes.set_xlabel("trial")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        percent_axis(axes.yaxis)
        grid(axes, axis="y")

    def _lowest(self) -> float:
        """Return the least accuracy that is shown where it is; what lies below marks the edge."""
        finished = [point.accuracy for point in self.points if point.finished]
        if not finished:
            return 0.0
        # One bad trial must not press all others together.
        reach = 1.5 * max(0.02, max(finished) - sorted(finished)[len(finished) // 4])
        return max(min(point.accuracy for point in self.points), max(finished) - reach)

    def _sizes(self, axes) -> None:
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

        axes.set_xscale("log")
        self._marks(axes, [(p.parameters, 1 - p.accuracy, p) for p in self.points if p.finished])
        front = sorted((p.parameters, 1 - p.accuracy) for p in self.points if p.on_front)
        if len(front) > 1:
            widths, heights = zip(*front, strict=True)
            axes.step(widths, heights, where="post", color=_ORANGE, linewidth=1.2, zorder=2)
        axes.set_title("validation error, % (line: best of its size or smaller)")
        axes.set_xlabel("parameters")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(_short))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(x=0.06)
        percent_axis(axes.yaxis)
        grid(axes, axis="both")

    def _marks(self, axes, placed) -> None:
        for x, y, point in placed:
            colour = _ORANGE if point.on_front else _BLUE if point.finished else MUTED
            axes.plot(
                x,
                y,
                "o",
                color=colour,
                markersize=5 if point.finished else 4,
                markerfacecolor=colour if point.finished else "white",
                markeredgecolor=colour if not point.on_front else INK,
                markeredgewidth=0.8,
                zorder=4 if point.on_front else 3,
            )


def _short(value: float, _: object) -> str:
    return f"{value / 1e6:g} M" if value >= 1e6 else f"{value / 1e3:g} k"

"""The reliability diagram: how often a model is right when it is so sure."""

from collections.abc import Sequence

from whatwhere.report.figures.style import FAINT, INK, MUTED, grid, margins, percent_axis, render
from whatwhere.stats.scoring.calibration import Bin

BAR, GAP = "#7aa6c8", "#d99a2b"


def draw_reliability(bins: Sequence[Bin], *, name: str, title: str) -> str:
    """Draw accuracy against confidence, and below it how many images each bar stands for.

    Args:
        bins: The bars.
        name: Unique on the page.
        title: Above the drawing.

    Returns:
        An SVG.
    """
    return render(
        lambda figure: _draw(figure, bins, title), name=name, title=title, width=360, height=360
    )


def _draw(figure, bins, title) -> None:
    places = margins(figure, left=50, right=12, top=28, bottom=40)
    above, below = figure.add_gridspec(2, 1, height_ratios=(4, 1), hspace=0.12, **places).subplots(
        sharex=True
    )
    width = bins[0].high - bins[0].low
    for one in bins:
        middle = (one.low + one.high) / 2
        above.bar(middle, one.accuracy, width=0.92 * width, color=BAR)
        above.plot(
            [middle - 0.4 * width, middle + 0.4 * width],
            [one.confidence, one.confidence],
            color=GAP,
            linewidth=2.0,
        )
        below.bar(middle, one.count, width=0.92 * width, color=FAINT)
    above.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    above.set_xlim(0, 1)
    above.set_ylim(0, 1)
    above.set_ylabel("right, %")
    above.set_title(title, color=INK)
    below.set_ylabel("images")
    below.set_xlabel("confidence, %")
    below.locator_params(axis="y", nbins=2, integer=True)
    percent_axis(above.yaxis)
    percent_axis(below.xaxis)
    grid(above, axis="y")

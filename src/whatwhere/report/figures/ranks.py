"""The critical-difference diagram: mean ranks on a line, joined where they do not differ."""

from collections.abc import Sequence

from whatwhere.report.figures.style import INK, MUTED, render, text_width
from whatwhere.report.text import shortened

_WIDTH, _LINE = 880.0, 20.0
_TOP = 62.0


def draw_ranks(
    ranked: Sequence[tuple[str, float]],
    *,
    difference: float,
    groups: Sequence[Sequence[int]],
    name: str,
) -> str:
    """Draw mean ranks with the critical difference.

    Args:
        ranked: Label and mean rank of each method.
        difference: The critical difference, in ranks.
        groups: Places of methods that are not shown to differ.
        name: Unique on the page.

    Returns:
        An SVG.
    """
    half = (len(ranked) + 1) // 2
    height = _TOP + 12 + 9 * len(groups) + _LINE * half + 8

    def draw(figure) -> None:
        _draw(figure, ranked, difference, groups, height)

    title = "Mean ranks; methods under one bar are not shown to differ by Nemenyi's test"
    return render(draw, name=name, title=title, width=_WIDTH, height=height)


def _draw(figure, ranked, difference, groups, height) -> None:
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, _WIDTH), ylim=(height, 0))
    axes.axis("off")
    left = 24 + max(text_width(f"{shortened(label, width=24)} 10.00") for label, _ in ranked)
    right = _WIDTH - left
    step = (right - left) / (len(ranked) - 1)

    def place(rank: float) -> float:
        return left + (rank - 1) * step

    axes.plot([left, right], [_TOP] * 2, color=INK, linewidth=1.2)
    for rank in range(1, len(ranked) + 1):
        axes.plot([place(rank)] * 2, [_TOP - 5, _TOP], color=INK, linewidth=1)
        axes.text(place(rank), _TOP - 9, str(rank), ha="center", va="bottom", color=MUTED)
    end = min(right, left + difference * step)
    axes.plot([left, end], [16, 16], color=INK, linewidth=2)
    words = f"critical difference {difference:.2f}"
    axes.text(end + 8, 16, words, va="center_baseline", color=INK)
    bars = _TOP + 12
    for number, group in enumerate(groups):
        ranks = [ranked[k][1] for k in group]
        ends = [place(min(ranks)) - 4, place(max(ranks)) + 4]
        axes.plot(ends, [bars + 9 * number] * 2, color=INK, linewidth=3.2)
    _labels(axes, ranked, place, first=bars + 9 * len(groups) + 10)


def _labels(axes, ranked, place, *, first: float) -> None:
    """Write the better half to the left and the other to the right, the outermost lowest."""
    order = sorted(ranked, key=lambda one: one[1])
    half = (len(order) + 1) // 2
    for side, part in ((-1, order[:half]), (1, order[half:][::-1])):
        for number, (label, rank) in enumerate(part):
            height = first + _LINE * number
            ends = [place(1) - 6, place(len(order)) + 6]
            edge = ends[0] if side < 0 else ends[1]
            axes.plot(
                [place(rank), place(rank), edge], [_TOP, height, height], color=MUTED, linewidth=0.8
            )
            axes.text(
                edge + 4 * side,
                height,
                f"{shortened(label, width=24)} {rank:.2f}",
                ha="right" if side < 0 else "left",
                va="center_baseline",
                color=INK,
            )

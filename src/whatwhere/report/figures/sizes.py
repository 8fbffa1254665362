"""Training sizes: one figure of levels, and one of differences for each class of designs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from whatwhere.report.figures.labels import DASHES, LineEnd, label_ends
from whatwhere.report.figures.style import (
    FAINT,
    INK,
    family_styles,
    grid,
    margins,
    percent_axis,
    points_tick,
    render,
)
from whatwhere.report.text import shortened

_PANEL = (345.0, 250.0)
_JITTER = 5.0  # pixels between the intervals of two lines at one size


@dataclass(frozen=True)
class SizeLine:
    """Means at several sizes, or differences of means.

    Args:
        label: What the line is about.
        family: For its panel and colour.
        sizes: Training images, ascending.
        values: One per size, as shares of one.
        lows: Lower ends of 95 % intervals.
        highs: Upper ends.
        bold: Whether the line stands out: the mean of a class, or a change that is shown.
        is_control: Whether it is what the others are compared with.
    """

    label: str
    family: str
    sizes: tuple[int, ...]
    values: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    bold: bool = False
    is_control: bool = False


def draw_levels(lines: Sequence[SizeLine], *, name: str, metric: str) -> str:
    """Draw the means of classes and of the control, each with its intervals.

    Args:
        lines: One per class, and the control.
        name: Unique on the page.
        metric: As sentences write it.

    Returns:
        An SVG.
    """
    return render(
        partial(_draw_levels, lines=lines, metric=metric),
        name=name,
        title=f"{metric} against the number of training images, by class of designs",
        width=2 * _PANEL[0] + 22,
        height=320.0,
    )


def draw_differences(
    lines: Sequence[SizeLine], means: Sequence[SizeLine], *, name: str, control: str
) -> list[str]:
    """Draw differences from the control against size, one panel per class.

    Args:
        lines: One per design.
        means: One per class of two designs or more, drawn with its intervals.
        name: Unique on the page.
        control: What the differences are from.

    Returns:
        An SVG per class, in the order of the lines.
    """
    families = list(dict.fromkeys(line.family for line in lines))
    styles = family_styles(families)
    alone = [line for line in lines if sum(o.family == line.family for o in lines) == 1]
    limits = _limits(lines, banded=[*means, *alone])
    return [
        render(
            partial(
                _draw_panel,
                lines=lines,
                mean=next((mean for mean in means if mean.family == family), None),
                family=family,
                colour=styles[family][0],
                limits=limits,
            ),
            name=f"{name}-{number}",
            title=f"Difference from {control} against the number of training images: {family}",
            width=_PANEL[0],
            height=_PANEL[1],
        )
        for number, family in enumerate(families)
    ]


def _limits(lines: Sequence[SizeLine], *, banded: Sequence[SizeLine]) -> tuple[float, float]:
    """Return bounds that hold all estimates, the intervals that are drawn, and zero."""
    reach = [v for line in lines for v in line.values]
    reach += [v for line in banded for v in (*line.lows, *line.highs)]
    low, high = min(0.0, *reach), max(0.0, *reach)
    room = 0.06 * max(high - low, 0.005)
    return low - room, high + room


def _size_axis(axes, sizes: Sequence[int]) -> None:
    axes.set_xscale("log")
    axes.set_xticks(list(sizes), [_short(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("training images")


def _short(size: int) -> str:
    return f"{size / 1000:.3g}k" if size >= 1000 else str(size)


def _draw_levels(figure, lines, metric) -> None:
    from matplotlib.transforms import ScaledTranslation

    box = margins(figure, left=46, right=150, top=12, bottom=44)
    axes = figure.add_gridspec(1, 1, **box).subplots()
    _size_axis(axes, lines[0].sizes)
    styles = family_styles([line.family for line in lines if not line.is_control])
    for place, line in enumerate(lines):
        colour, marker = (INK, "P") if line.is_control else styles[line.family]
        shift = _JITTER * (place - (len(lines) - 1) / 2)
        move = axes.transData + ScaledTranslation(shift / 72, 0, figure.dpi_scale_trans)
        _with_intervals(axes, line, colour, marker, move)
    reach = [v for line in lines for v in (*line.lows, *line.highs)]
    room = 0.05 * (max(reach) - min(reach) or 0.01)
    axes.set_ylim(min(reach) - room, max(reach) + room)
    axes.margins(x=0.06)
    axes.set_ylabel(f"{metric}, %")
    percent_axis(axes.yaxis)
    grid(axes, axis="y")
    colours = [INK if line.is_control else styles[line.family][0] for line in lines]
    label_ends(axes, list(map(_end, lines, colours)), width=24)


def _with_intervals(axes, line, colour, marker, move) -> None:
    axes.plot(line.sizes, line.values, color=colour, linewidth=1.0, alpha=0.6, transform=move)
    axes.plot(line.sizes, line.values, marker, color=colour, markersize=5, transform=move)
    for size, low, high in zip(line.sizes, line.lows, line.highs, strict=True):
        axes.plot([size] * 2, [low, high], color=colour, linewidth=1.4, transform=move)
    axes.update_datalim(
        [(size, value) for size, value in zip(line.sizes, line.values, strict=True)]
    )
    axes.autoscale_view(scaley=False)


def _draw_panel(figure, lines, mean, family, colour, limits) -> None:
    box = margins(figure, left=36, right=92, top=28, bottom=40)
    axes = figure.add_gridspec(1, 1, **box).subplots()
    _size_axis(axes, lines[0].sizes)
    axes.set_ylim(*limits)
    axes.set_title(shortened(family, width=30), color=colour)
    axes.axhline(0, color=INK, linewidth=1, zorder=1)
    axes.yaxis.set_major_formatter(lambda value, _: points_tick(value))
    grid(axes, axis="y")
    for line in lines:
        if line.family != family:
            axes.plot(line.sizes, line.values, color=FAINT, linewidth=0.8, zorder=1)
    own = [line for line in lines if line.family == family]
    shown = mean or (own[0] if len(own) == 1 else None)
    if shown is not None:
        axes.fill_between(
            shown.sizes, shown.lows, shown.highs, color=colour, alpha=0.16, linewidth=0
        )
        axes.plot(shown.sizes, shown.values, color=colour, linewidth=2.6, alpha=0.55, zorder=2)
    for place, line in enumerate(own):
        axes.plot(
            line.sizes,
            line.values,
            color=colour,
            linestyle=DASHES[place % len(DASHES)],
            linewidth=1.8 if line.bold else 1.0,
            marker=".",
            markersize=4,
            zorder=3,
        )
    label_ends(axes, [_end(line, colour) for line in own], width=13)


def _end(line: SizeLine, colour: str) -> LineEnd:
    return LineEnd(line.label, line.sizes[-1], line.values[-1], colour, line.bold)

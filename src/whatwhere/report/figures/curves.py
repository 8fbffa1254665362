"""Validation curves, one figure per family: its own designs in colour, all others in grey."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from whatwhere.report.figures.labels import DASHES, LineEnd, label_ends
from whatwhere.report.figures.style import (
    FAINT,
    INK,
    family_styles,
    grid,
    margins,
    percent_axis,
    render,
)
from whatwhere.report.text import shortened

_WIDTH, _HEIGHT = 345.0, 240.0
# The first part of training is the same steep line for all and would flatten the rest.
SHARE_CUT_OFF = 0.25


@dataclass(frozen=True)
class Curve:
    """Validation accuracy of one design along training.

    Args:
        label: How the report calls the design.
        family: Its family, for the panel.
        step: Optimiser steps.
        mean: Mean over the seeds, as a share of one.
        low: Smallest of the seeds.
        high: Largest of the seeds.
        bold: Whether the design may be best.
        reference: Whether it is drawn in every panel, to compare with.
    """

    label: str
    family: str
    step: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bold: bool
    reference: bool


def merge_seeds(
    curves: Sequence[tuple[np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Average curves over seeds, at the steps of the first.

    Args:
        curves: Steps and values, one pair per seed.

    Returns:
        Steps, mean, smallest and largest value.
    """
    step = curves[0][0]
    values = np.stack([np.interp(step, own_step, value) for own_step, value in curves])
    return step, values.mean(axis=0), values.min(axis=0), values.max(axis=0)


def draw_curves(curves: Sequence[Curve], *, name: str) -> list[str]:
    """Draw the curves.

    Args:
        curves: One per design.
        name: Unique on the page.

    Returns:
        An SVG per family, in the order in which families first appear.
    """
    families = list(dict.fromkeys(curve.family for curve in curves))
    styles = family_styles(families)
    limits = _limits(curves)
    return [
        render(
            partial(_draw, curves=curves, family=family, colour=styles[family][0], limits=limits),
            name=f"{name}-{number}",
            title=f"Validation accuracy along training: {family}",
            width=_WIDTH,
            height=_HEIGHT,
        )
        for number, family in enumerate(families)
    ]


def _limits(curves: Sequence[Curve]) -> tuple[float, float, float]:
    """Return the last step, and the accuracies between which later training lies."""
    last = max(float(curve.step[-1]) for curve in curves)
    later = [curve.step >= SHARE_CUT_OFF * last for curve in curves]
    lows = [float(c.low[kept].min()) for c, kept in zip(curves, later, strict=True) if kept.any()]
    low = min(lows) if lows else 0.0
    high = max(float(curve.high.max()) for curve in curves)
    room = 0.04 * max(high - low, 0.01)
    return last, max(0.0, low - room), min(1.0, high) + room


def _draw(figure, curves, family, colour, limits) -> None:
    box = margins(figure, left=34, right=88, top=28, bottom=40)
    axes = figure.add_gridspec(1, 1, **box).subplots()
    axes.set_xlim(0, limits[0])
    axes.set_ylim(*limits[1:])
    axes.set_title(shortened(family, width=30), color=colour)
    axes.set_xlabel("step")
    axes.locator_params(axis="x", nbins=4)
    percent_axis(axes.yaxis)
    grid(axes, axis="y")
    _draw_others(axes, curves, family)
    own = [curve for curve in curves if curve.family == family]
    ends = []
    for place, curve in enumerate(own):
        line = INK if curve.reference else colour
        ends.append(LineEnd(curve.label, curve.step[-1], curve.mean[-1], line, curve.bold))
        axes.fill_between(curve.step, curve.low, curve.high, color=colour, alpha=0.10, linewidth=0)
        axes.plot(
            curve.step,
            curve.mean,
            color=line,
            zorder=3,
            linestyle=DASHES[place % len(DASHES)],
            linewidth=2.0 if curve.bold else 1.2,
        )
    label_ends(axes, ends, width=13)


def _draw_others(axes, curves, family) -> None:
    from matplotlib.collections import LineCollection

    for is_reference, colour, width in ((False, FAINT, 0.8), (True, INK, 1.1)):
        lines = [
            np.column_stack([curve.step, curve.mean])
            for curve in curves
            if curve.family != family and curve.reference == is_reference
        ]
        axes.add_collection(
            LineCollection(lines, colors=colour, linewidths=width, zorder=1 + is_reference),
            autolim=False,
        )

"""Figures of classes: which are confused with which, and how many images each has."""

from collections.abc import Sequence

import numpy as np

from whatwhere.report.figures.style import INK, MUTED, grid, margins, render, text_width
from whatwhere.report.text import shortened

MOST_LABELLED = 20
_NAME_WIDTH = 24


def draw_confusion(counts: np.ndarray, *, class_names: Sequence[str], name: str) -> str:
    """Draw a confusion matrix: rows are true classes, columns what was predicted.

    Args:
        counts: Images by true and predicted class.
        class_names: One per class.
        name: Unique on the page.

    Returns:
        An SVG; numbers and names up to 20 classes, shades alone above.
    """
    labels = [shortened(text, width=_NAME_WIDTH) for text in class_names]
    room = max(text_width(label) for label in labels) + 34
    side = len(labels) * _cell_side(len(labels))
    labelled = len(labels) <= MOST_LABELLED
    left, bottom = (room, room) if labelled else (40.0, 40.0)
    return render(
        lambda figure: _draw_confusion(
            figure,
            counts,
            labels if labelled else None,
            {"left": left, "bottom": bottom, "right": 8, "top": 8},
        ),
        name=name,
        title="Confusion matrix: true classes in rows, predicted classes in columns",
        width=left + side + 8,
        height=bottom + side + 8,
    )


def _cell_side(num_classes: int) -> float:
    return (
        40.0
        if num_classes <= 10
        else 30.0
        if num_classes <= MOST_LABELLED
        else max(3.0, 480.0 / num_classes)
    )


def _draw_confusion(figure, counts, labels, space) -> None:
    axes = figure.add_gridspec(1, 1, **margins(figure, **space)).subplots()
    totals = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(totals, 1)
    num = len(counts)
    if labels is None:
        axes.imshow(share, cmap=_shades(), vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    else:
        axes.pcolormesh(
            np.arange(num + 1) - 0.5,
            np.arange(num + 1) - 0.5,
            share,
            cmap=_shades(),
            vmin=0,
            vmax=1,
            edgecolors="white",
            linewidth=1,
        )
        _write_counts(axes, counts, share)
        axes.set_xticks(range(num), labels, rotation=90 if _turned(labels) else 0)
        axes.set_yticks(range(num), labels)
    axes.set_ylim(num - 0.5, -0.5)
    axes.tick_params(length=0, labelcolor=INK)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for spine in axes.spines.values():
        spine.set_visible(False)


def _turned(labels: Sequence[str]) -> bool:
    return max(text_width(label) for label in labels) > _cell_side(len(labels)) - 4


def _shades():
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shades", ["#f6f8fa", "#9cc3e0", "#0b5a94"])


def _write_counts(axes, counts, share) -> None:
    for row, column in np.argwhere(counts > 0):
        axes.text(
            column,
            row,
            f"{counts[row, column]:d}",
            ha="center",
            va="center_baseline",
            color="white" if share[row, column] > 0.6 else INK,
        )


def draw_class_counts(
    counts: Sequence[int], *, class_names: Sequence[str], name: str, what: str
) -> str:
    """Draw how many images each class has.

    Args:
        counts: One per class.
        class_names: One per class.
        name: Unique on the page.
        what: Which images, for the axis.

    Returns:
        An SVG: a labelled bar per class up to 20 classes, above that bars sorted by size.
    """
    if len(counts) > MOST_LABELLED:
        return render(
            lambda figure: _draw_many(figure, counts, what),
            name=name,
            title=f"{what} of each class, largest first",
            width=560,
            height=180,
        )
    labels = [shortened(text, width=_NAME_WIDTH) for text in class_names]
    return render(
        lambda figure: _draw_bars(figure, counts, labels, what),
        name=name,
        title=f"{what} of each class",
        width=560,
        height=44 + 20 * len(counts),
    )


def _draw_bars(figure, counts, labels, what) -> None:
    left = 14 + max(text_width(label) for label in labels)
    axes = figure.add_gridspec(
        1, 1, **margins(figure, left=left, right=52, top=4, bottom=36)
    ).subplots()
    axes.barh(range(len(counts)), counts, color="#7aa6c8", height=0.68)
    for row, value in enumerate(counts):
        axes.annotate(
            f"{value:,}",
            (value, row),
            xytext=(5, 0),
            textcoords="offset pixels",
            va="center_baseline",
            color=MUTED,
        )
    axes.set_yticks(range(len(labels)), labels, color=INK)
    axes.set_ylim(len(counts) - 0.4, -0.6)
    _finish_bars(axes, what)


def _draw_many(figure, counts, what) -> None:
    axes = figure.add_gridspec(
        1, 1, **margins(figure, left=52, right=12, top=8, bottom=36)
    ).subplots()
    axes.fill_between(
        np.arange(len(counts)),
        sorted(counts, reverse=True),
        step="mid",
        color="#7aa6c8",
        linewidth=0,
    )
    axes.set_ylim(0, None)
    axes.set_xlabel("classes, largest first")
    axes.set_ylabel(what)
    grid(axes, axis="y")


def _finish_bars(axes, what) -> None:
    axes.set_xlim(0, None)
    axes.set_xlabel(what)
    axes.locator_params(axis="x", nbins=5, integer=True)
    axes.spines["left"].set_visible(False)
    grid(axes, axis="x")

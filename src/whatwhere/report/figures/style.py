"""How every figure looks, and how it becomes an SVG that is the same on every build."""

import io
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from whatwhere.report.text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

INK = "#24292f"
MUTED = "#6b7280"
FAINT = "#d5d9df"
GRID = "#e9ecef"
SMALL = 11.0
# Width of a character as a share of the font size, on the safe side for system fonts.
CHARACTER_WIDTH = 0.58
# Okabe and Ito's palette, told apart with every common colour blindness; markers tell it again.
FAMILIES = {
    "sequential": ("#0072b2", "o"),
    "parallel": ("#d55e00", "s"),
    "residual": ("#009e73", "^"),
    "multi-scale": ("#a8509a", "D"),
    "single": ("#3f9fd6", "v"),
    "reference": ("#24292f", "P"),
    "control": ("#b37700", "X"),
    "network": ("#c2185b", "*"),
}
_OTHERS = (("#8c564b", "<"), ("#5b6abf", ">"), ("#7a7a00", "h"), ("#00818a", "p"))
_SETTINGS: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.labelsize": SMALL,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12.0,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": SMALL,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",  # text stays text: small, sharp, searchable
    "text.color": INK,
    "text.parse_math": False,  # a class may be called "$$"
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "xtick.major.width": 0.8,
}


def family_styles(families: list[str]) -> dict[str, tuple[str, str]]:
    """Give every family a colour and a marker.

    Args:
        families: Names of families; repeats are harmless.

    Returns:
        Colour and marker by family: fixed for the known ones, in turn for all others.
    """
    unknown = [name for name in dict.fromkeys(families) if name not in FAMILIES]
    others = {name: _OTHERS[place % len(_OTHERS)] for place, name in enumerate(unknown)}
    return {name: FAMILIES.get(name) or others[name] for name in families}


def render(
    draw: Callable[["Figure"], None], *, name: str, title: str, width: float, height: float
) -> str:
    """Draw a figure and return it as SVG for the inside of an HTML page.

    Args:
        draw: Draws on the empty figure; one unit of its size is one CSS pixel at full size.
        name: Unique on the page; becomes part of the identifiers inside the SVG.
        title: What the figure shows, for readers who cannot see it.
        width: CSS pixels.
        height: CSS pixels.

    Returns:
        An `<svg>` element without addresses, date or global style.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    buffer = io.StringIO()
    with matplotlib.rc_context({**_SETTINGS, "svg.hashsalt": name}), warnings.catch_warnings():
        # A class name in a script that the measuring font lacks; the browser's font has it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        FigureCanvasSVG(figure)
        draw(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return _inlined(buffer.getvalue(), name=name, title=title, width=width, height=height)


def _inlined(svg: str, *, name: str, title: str, width: float, height: float) -> str:
    """Keep what a page needs of a stand-alone SVG, with identifiers of its own."""
    body = svg[svg.index("<svg") :]
    body = body[body.index(">") + 1 :]
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"\s*<style type=\"text/css\">.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.DOTALL)
    body = body.replace("xlink:href", "href").replace("'DejaVu Sans'", "sans-serif")
    used = set(re.findall(r"(?:url\(#|href=\"#)([^\")]+)", body))
    body = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", body)
    for identifier in sorted(used):
        body = re.sub(rf'([#"]){re.escape(identifier)}(?=[")])', rf"\1{name}-{identifier}", body)
    head = (
        f'<svg class="figure" role="img" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" aria-label="{_attribute(title)}">'
    )
    return head + re.sub(r"\n\s*", "\n", body).strip() + "\n"


def _attribute(text: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return visible(text)


def margins(
    figure: "Figure", *, left: float, right: float, top: float, bottom: float
) -> dict[str, float]:
    """Turn margins in pixels into the shares that matplotlib wants.

    Args:
        figure: The figure.
        left: Pixels left of the axes; likewise the others.
        right: Pixels right of the axes.
        top: Pixels above the axes.
        bottom: Pixels below the axes.

    Returns:
        Keyword arguments of `add_gridspec`.
    """
    width, height = figure.get_size_inches() * 72
    return {
        "left": left / width,
        "right": 1 - right / width,
        "top": 1 - top / height,
        "bottom": bottom / height,
    }


def text_width(text: str, *, size: float = SMALL, bold: bool = False) -> float:
    """Estimate how wide a text will be in the reader's font.

    Args:
        text: The text.
        size: Font size in pixels.
        bold: Whether it is set in bold.

    Returns:
        Pixels, on the safe side.
    """
    return CHARACTER_WIDTH * size * len(text) * (1.15 if bold else 1.0)


def percent_axis(axis: "Axis") -> None:
    """Label an axis of shares in percent.

    Args:
        axis: A matplotlib axis.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g}"))


def points_tick(value: float) -> str:
    """Write a difference at a tick of an axis.

    Args:
        value: As a share of one.

    Returns:
        Points with their sign, no sign before zero.
    """
    return "0" if abs(value) < 1e-12 else f"{100 * value:+.6g}".replace("-", "−")


def grid(axes: "Axes", *, axis: Literal["x", "y", "both"]) -> None:
    """Draw quiet grid lines.

    Args:
        axes: The axes.
        axis: "x", "y" or "both".
    """
    axes.grid(axis=axis, color=GRID, linewidth=0.8)


def mark(
    axes: "Axes", x: float, y: float, style: tuple[str, str], *, filled: bool, radius: float
) -> None:
    """Draw one design's mark.

    Args:
        axes: The axes.
        x: Horizontal position.
        y: Vertical position.
        style: Colour and marker of its family.
        filled: Whether the mark is filled.
        radius: Pixels.
    """
    colour, marker = style
    size = 2 * radius + (1 if marker in "PX" else -1)
    axes.plot(
        x,
        y,
        marker,
        color=colour,
        markersize=size,
        markeredgewidth=1.2,
        zorder=3,
        markerfacecolor=colour if filled else "white",
    )

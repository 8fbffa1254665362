"""From what cells say together to the figures of its sections."""

from collections.abc import Mapping, Sequence
from typing import Any

from whatwhere.report.figures.forest import Effect, draw_forest
from whatwhere.report.figures.ranks import draw_ranks
from whatwhere.report.figures.sizes import SizeLine, draw_differences, draw_levels
from whatwhere.report.numbers import spoken_points
from whatwhere.report.words.wording import metric_name


def draw_size_levels(told: Mapping[str, Any], *, name: str, metric: str) -> str:
    """Draw the means of the control and of every class against size.

    Args:
        told: From `tell_size_study`.
        name: Unique on the page.
        metric: As sentences write it.

    Returns:
        An SVG.
    """
    return draw_levels(_levels(told), name=name, metric=metric)


def _levels(told: Mapping[str, Any]) -> list[SizeLine]:
    """Return the control's line and one per class, highest at the largest size first."""
    names = list(dict.fromkeys(level["family"] for level in told["levels"]))
    lines = []
    for name in names:
        own = [level for level in told["levels"] if level["family"] == name]
        lines.append(
            SizeLine(
                label=told["control"] if own[0]["is_control"] else name,
                family=name,
                sizes=tuple(level["size"] for level in own),
                values=tuple(level["mean"] for level in own),
                lows=tuple(level["low"] for level in own),
                highs=tuple(level["high"] for level in own),
                is_control=own[0]["is_control"],
            )
        )
    return sorted(lines, key=lambda line: -line.values[-1])


def draw_size_panels(told: Mapping[str, Any], *, name: str) -> list[str]:
    """Draw how the differences from the control change with size.

    Args:
        told: From `tell_size_study`.
        name: Unique on the page.

    Returns:
        An SVG per class of designs.
    """
    designs = [_line(t) for t in told["trends"] if t["kind"] == "design"]
    designs.sort(key=lambda line: told["classes"].index(line.family))
    means = [_line(t) for t in told["trends"] if t["kind"] == "class"]
    return draw_differences(designs, means, name=name, control=told["control"])


def _line(trend: Mapping[str, Any]) -> SizeLine:
    own = trend["differences"]
    return SizeLine(
        label=trend["label"].removeprefix("the control "),
        family=trend["family"],
        sizes=tuple(d["size"] for d in own),
        values=tuple(d["difference"] for d in own),
        lows=tuple(d["low"] for d in own),
        highs=tuple(d["high"] for d in own),
        bold=trend["significant"] or trend["kind"] == "class",
    )


def draw_slopes(told: Mapping[str, Any], *, name: str) -> str:
    """Draw the changes with every tenfold of training images, classes first.

    Args:
        told: From `tell_size_study`.
        name: Unique on the page.

    Returns:
        An SVG.
    """
    trends = told["trends"]
    first = next((place for place, t in enumerate(trends) if t["kind"] == "design"), 0)
    rows = [
        Effect(
            label=trend["label"],
            family=trend["family"],
            value=trend["per_tenfold"],
            low=trend["low"],
            high=trend["high"],
            filled=trend["significant"],
            gap=place == first and place > 0,
        )
        for place, trend in enumerate(trends)
    ]
    return draw_forest(
        rows,
        name=name,
        title=f"Change of the difference from {told['control']} with ten times as many images",
        axis=f"points on {told['control']} gained with every tenfold of training images",
        write=spoken_points,
    )


def draw_orders(told: Mapping[str, Any], *, name: str) -> str:
    """Draw spatial first minus channel first, with fine and with coarse labels.

    Args:
        told: From `tell_label_rule`.
        name: Unique on the page.

    Returns:
        An SVG; empty where it was not measured.
    """
    better, more = (*told["finding"]["parts"], None)[:2]
    if more is None or better["value"] is None:
        return ""
    holds = not told["finding"]["withheld"]
    parts = (
        ("with fine labels", better),
        ("with coarse labels", told["on_coarse"]),
        ("more with fine than with coarse", more),
    )
    rows = [
        Effect(label, "sequential", p["value"], p["low"], p["high"], holds and p["p_value"] < 0.05)
        for label, p in parts
    ]
    return draw_forest(
        rows,
        name=name,
        title="Spatial first minus channel first, with fine and with coarse labels",
        axis="points that spatial before channel is ahead",
        write=spoken_points,
    )


def draw_data_sets(told: Mapping[str, Any], *, name: str) -> str:
    """Draw the differences from the control on each data set and on average.

    Args:
        told: From `tell_data_sets`.
        name: Unique on the page.

    Returns:
        An SVG.
    """
    rows = [
        Effect(
            label=pair["label"],
            family=pair["family"],
            value=pair["pooled"]["mean"] if pair["pooled"] else pair["mean_difference"],
            low=pair["pooled"]["low"] if pair["pooled"] else None,
            high=pair["pooled"]["high"] if pair["pooled"] else None,
            filled=pair["significant"],
            singles=tuple(pair["differences"]),
        )
        for pair in told["pairs"]
    ]
    return draw_forest(
        rows,
        name=name,
        title=f"Differences from {told['control']} on each data set and on average",
        axis=f"points of {metric_name(told['metric'])} more than {told['control']}",
        write=spoken_points,
    )


def draw_diagram(told: Mapping[str, Any], *, name: str) -> str:
    """Draw mean ranks with their critical difference.

    Args:
        told: From `tell_data_sets`, with a diagram.
        name: Unique on the page.

    Returns:
        An SVG.
    """
    return draw_ranks(
        [(design["label"], design["mean_rank"]) for design in told["designs"]],
        difference=told["diagram"]["value"],
        groups=told["diagram"]["groups"],
        name=name,
    )


def draw_ratios(ratios: Sequence[Mapping[str, Any]], *, name: str) -> str:
    """Draw the gradients of residual wirings over those of their opponents.

    Args:
        ratios: From `tell_gradients`.
        name: Unique on the page.

    Returns:
        An SVG; empty where nothing was measured.
    """
    measured = [ratio for ratio in ratios if ratio["ratio"] is not None]
    if not measured:
        return ""
    first = next((k for k, ratio in enumerate(measured) if ratio["kind"] == "gain"), 0)
    rows = [
        Effect(
            label=f"{ratio['label']} over {ratio['other']}",
            family="residual" if ratio["kind"] == "counterpart" else "control",
            value=ratio["ratio"],
            low=ratio["low"],
            high=ratio["high"],
            filled=ratio["low"] is not None and not ratio["low"] <= 1 <= ratio["high"],
            gap=place == first and place > 0,
        )
        for place, ratio in enumerate(measured)
    ]
    return draw_forest(
        rows,
        name=name,
        title="Gradient at the first layer, residual wirings over their opponents",
        axis="times the gradient of the opponent",
        write=lambda value: f"{value:.2f}",
        tick=lambda value: f"{value:.3g}",
        nothing=1.0,
        logarithmic=True,
    )

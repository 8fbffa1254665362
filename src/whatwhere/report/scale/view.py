"""From what cells say together to what the page's template prints: figures and short texts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whatwhere.report.figures.style import MUTED, family_styles
from whatwhere.report.numbers import points_at_most, spoken_points
from whatwhere.report.scale.drawings import (
    draw_data_sets,
    draw_diagram,
    draw_orders,
    draw_ratios,
    draw_size_levels,
    draw_size_panels,
    draw_slopes,
)
from whatwhere.report.scale.set_words import friedman, pairs
from whatwhere.report.scale.words import interval
from whatwhere.report.words.wording import metric_name

GRADIENTS = "Do residual wirings keep gradients alive?"
_PROFILE = ("0", "0.5", "1", "2", "5")  # PROFILE_STEPS in points


@dataclass(frozen=True)
class SizeView:
    """The section about the sizes of one data set.

    Args:
        identifier: Of the section, unique on the page.
        title: Its heading.
        told: From `tell_size_study`.
        metric: As sentences write it.
        levels: Figure of means; empty where there is nothing to draw, and so the others.
        panels: Figures of differences, one per class.
        slopes: Figure of the changes per tenfold.
        families: Family and colour.
    """

    identifier: str
    title: str
    told: Mapping[str, Any]
    metric: str
    levels: str
    panels: list[str]
    slopes: str
    families: list[tuple[str, str]]


@dataclass(frozen=True)
class LabelView:
    """The section about fine and coarse labels.

    Args:
        identifier: Of the section.
        title: Its heading.
        told: From `tell_label_rule`.
        figure: Difference of the two orders with either labels; empty where it was not measured.
    """

    identifier: str
    title: str
    told: Mapping[str, Any]
    figure: str


@dataclass(frozen=True)
class SetsView:
    """The section about several data sets.

    Args:
        identifier: Of the section.
        title: Its heading.
        told: From `tell_data_sets`.
        metric: As sentences write it.
        forest: Figure of differences from the control.
        diagram: Critical-difference diagram; empty where it may not be drawn.
        pairs: What counts, signed ranks and probabilities say, a sentence each; none where too few
            seeds allow no claim.
        friedman: What Friedman's test says; empty where it is not printed, and likewise.
        profile: Headings of the performance profile, in points.
        printed: Names of the quantities that may be printed.
    """

    identifier: str
    title: str
    told: Mapping[str, Any]
    metric: str
    forest: str
    diagram: str
    pairs: list[str]
    friedman: str
    profile: tuple[str, ...]
    printed: list[str]


@dataclass(frozen=True)
class GradientView:
    """The section about residual wirings.

    Args:
        identifier: Of the section.
        title: Its heading.
        told: From `tell_gradients`.
        figures: Ratios, one figure per data set; empty texts where nothing was measured.
    """

    identifier: str
    title: str
    told: Mapping[str, Any]
    figures: list[str]


@dataclass(frozen=True)
class TogetherView:
    """All that cells say together.

    Args:
        sizes: One section per data set at several sizes.
        labels: One section per pair of fine and coarse labels.
        data_sets: The section about several data sets, or None.
        gradients: The section about residual wirings, or None.
    """

    sizes: list[SizeView]
    labels: list[LabelView]
    data_sets: SetsView | None
    gradients: GradientView | None

    @property
    def leads(self) -> list[tuple[str, str, str]]:
        """Identifier, title and first sentence of each section, for the top of the page."""
        views = [*self.sizes, *self.labels, self.data_sets, self.gradients]
        return [(v.identifier, v.title, str(v.told["sentence"])) for v in views if v is not None]


def view_together(told: Mapping[str, Any]) -> TogetherView:
    """Prepare the sections about several cells.

    Args:
        told: From `tell_together`.

    Returns:
        The views, figures included.
    """
    sizes = enumerate(told["sizes"], start=1)
    labels = enumerate(told["labels"], start=1)
    return TogetherView(
        sizes=[_size_view(study, name=f"sizes{number}") for number, study in sizes],
        labels=[_label_view(rule, name=f"labels{number}") for number, rule in labels],
        data_sets=_sets_view(told["data_sets"]) if told["data_sets"] else None,
        gradients=_gradient_view(told["gradients"]) if told["gradients"] else None,
    )


def _size_view(told: Mapping[str, Any], *, name: str) -> SizeView:
    trends = told["trends"]
    families = told["classes"]
    styles = family_styles(families)
    metric = metric_name(told["metric"])
    return SizeView(
        identifier=name,
        title=f"More training images: {told['title']}",
        told=told,
        metric=metric,
        levels=draw_size_levels(told, name=f"{name}-levels", metric=metric) if trends else "",
        panels=draw_size_panels(told, name=f"{name}-panels") if trends else [],
        slopes=draw_slopes(told, name=f"{name}-slopes") if trends else "",
        families=[(family, styles.get(family, (MUTED, ""))[0]) for family in families],
    )


def _label_view(told: Mapping[str, Any], *, name: str) -> LabelView:
    return LabelView(
        name,
        f"Fine and coarse labels: {told['fine']}",
        told,
        draw_orders(told, name=f"{name}-orders"),
    )


def _sets_view(told: Mapping[str, Any]) -> SetsView:
    return SetsView(
        identifier="sets",
        title=f"{len(told['data_sets'])} data sets together",
        told=told,
        metric=metric_name(told["metric"]),
        forest=draw_data_sets(told, name="sets-forest"),
        diagram=draw_diagram(told, name="sets-ranks") if told["diagram"] and told["claims"] else "",
        pairs=pairs(told),
        friedman=friedman(told) if told["friedman"] and told["claims"] else "",
        profile=_PROFILE,
        printed=[gate["quantity"] for gate in told["gates"] if gate["printed"]],
    )


def _gradient_view(told: Mapping[str, Any]) -> GradientView:
    figures = [
        draw_ratios(of_set["ratios"], name=f"gradients{number}")
        for number, of_set in enumerate(told["sets"], start=1)
    ]
    return GradientView("gradients", GRADIENTS, told, figures)


def told_part(part: Mapping[str, Any], *, as_ratio: bool = False) -> str:
    """Write what was measured of one part of a claim, and what could have been seen.

    Args:
        part: From a finding.
        as_ratio: Whether its numbers are logarithms of ratios, not shares.

    Returns:
        For instance "+1.2 points (95 % +0.3 to +2.1); 1.5 could have been seen".
    """
    if part["value"] is None:
        return f"not measured: {part['missing']}"
    if as_ratio:
        value, low, high, reach = (
            f"{math.exp(part[name]):.2f}" for name in ("value", "low", "high", "detectable")
        )
        return f"{value} times (95 % {low} to {high}); {reach} times could have been seen"
    return (
        f"{spoken_points(part['value'])} points ({interval(part['low'], part['high'])});"
        f" {points_at_most(part['detectable'])} points could have been seen"
    )

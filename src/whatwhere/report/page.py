"""The page: one HTML file without script, address or anything else to fetch."""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from whatwhere.records import Run
from whatwhere.report import numbers
from whatwhere.report.cells.cell import Cell, kind_of
from whatwhere.report.pictures import FetchImages, collect_pictures, picture_addresses
from whatwhere.report.published.shown import view_of_run
from whatwhere.report.scale.view import told_part, view_together
from whatwhere.report.text import facts, shortened, visible
from whatwhere.report.views import (
    is_labelled,
    view_cell,
    view_data,
    view_designs,
    wanted_pictures,
)
from whatwhere.report.words.cautions import impossible_lead
from whatwhere.report.words.protocol import decimals_of_row, failures_of
from whatwhere.report.words.wording import many

# Nothing is loaded and no script runs, even if an escape were missing somewhere.
CONTENT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'"
)
_OPTION = re.compile(r"--[a-z][a-z-]*")


def write_page(
    run: Run,
    cells: tuple[Cell, ...],
    summary: dict[str, Any],
    *,
    fetch_images: FetchImages | None,
) -> bytes:
    """Write the report of a run as one HTML page.

    Args:
        run: The run.
        cells: Its cells.
        summary: Its summary.
        fetch_images: Returns images of a data set, or None where the data is not at hand.

    Returns:
        The page as UTF-8.
    """
    views = [
        view_cell(run, cell, entry, number=number)
        for number, (cell, entry) in enumerate(zip(cells, summary["cells"], strict=True), start=1)
    ]
    names = list(dict.fromkeys(cell.dataset for cell in cells))
    data = [view_data(run, name, number=number) for number, name in enumerate(names, start=1)]
    designs = view_designs(cells)
    pictures = collect_pictures(run.folder, wanted_pictures(views, data), fetch_images=fetch_images)
    page = (
        page_environment()
        .get_template("page.html.j2")
        .render(
            summary=summary,
            policy=CONTENT_POLICY,
            views=views,
            published=view_of_run(run.folder, cells),
            together=view_together(summary["together"]),
            data=data,
            pictures=picture_addresses(pictures),
            designs=designs,
            kind=kind_of(design for design, _ in designs),
            recipes=run.config.get("recipe", {}),
            environment=run.environment,
            command=run.config.get("asked", {}).get("command", ""),
            asked=run.config.get("asked", {}),
            # A class name may hold half of a character pair, which no encoding can write.
        )
    )
    return page.encode("utf-8", errors="replace")


def page_environment() -> Environment:
    """Return what fills the templates of pages: everything is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.filters.update(
        percent=lambda value, decimals: numbers.percent(value, decimals=decimals),
        count=numbers.count,
        large=numbers.large,
        milliseconds=numbers.milliseconds,
        mebibytes=numbers.mebibytes,
        ratio=numbers.ratio,
        plain=numbers.plain,
        many=many,
        signed_points=numbers.signed_points,
        spoken_points=numbers.spoken_points,
        points_at_most=numbers.points_at_most,
        unbroken=_unbroken,
        shortened=lambda text, width: shortened(text, width=width),
    )
    environment.tests["labelled"] = is_labelled
    environment.globals.update(
        failures_of=failures_of,
        facts=facts,
        impossible_lead=impossible_lead,
        told_part=told_part,
        decimals_of_row=decimals_of_row,
    )
    return environment


def _shown(value: object) -> object:
    """Make hidden characters of every printed text visible, once for the whole template."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _unbroken(text: str) -> Markup:
    """Keep the options named in a sentence on one line: a browser breaks after any hyphen."""
    escaped = str(escape(visible(text)))
    return Markup(_OPTION.sub(r'<span class="option">\g<0></span>', escaped))

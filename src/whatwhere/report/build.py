"""Writing every table, the summary and the page of a run from its records."""

import json
from pathlib import Path

from whatwhere.records import Run, write_atomically
from whatwhere.report.cells.evidence import gather
from whatwhere.report.page import write_page
from whatwhere.report.pictures import FetchImages
from whatwhere.report.summary import leaderboard, read_summary, summarise
from whatwhere.report.tables import results_csv, table_latex, table_markdown

__all__ = ["leaderboard", "read_summary", "write_report"]


def write_report(folder: Path, *, fetch_images: FetchImages | None = None) -> Path:
    """Write results.csv, summary.json, table.md, table.tex and report.html of a run.

    The same records give the same bytes.

    Args:
        folder: The run's folder.
        fetch_images: Given the name of a data set and int64 indices into its source, returns
            uint8 images (n, height, width, channel), or None where it is not at hand: the
            page then shows the pictures that an earlier report kept.

    Returns:
        Path of the page.

    Raises:
        UsageError: If the folder holds no run.
        MismatchError: If a trial's files changed since they were written, or trials of one data
            set were tested on different images.
        StorageError: If the files cannot be written.
    """
    run = Run.read(folder)
    cells = gather(run)
    summary = summarise(run, cells)
    page = write_page(run, cells, summary, fetch_images=fetch_images)
    content = json.dumps(summary, indent=1, allow_nan=False, ensure_ascii=True).encode() + b"\n"
    files = {
        "results.csv": results_csv(cells),
        "summary.json": content,
        "table.md": table_markdown(summary, cells),
        "table.tex": table_latex(summary, cells),
        "report.html": page,
    }
    for name, body in files.items():
        write_atomically(folder / name, body)
    return folder / "report.html"

"""Fetching an official file once: checked by its MD5, tried again, kept in the cache folder."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from whatwhere.data.images.cache import FOLDER_VARIABLE
from whatwhere.data.names import display
from whatwhere.errors import DataError, StorageError

NUM_RETRIES = 2
TIMEOUT_SECONDS = 30.0  # without a byte from the server
DOWNLOADS = "downloads"


def downloads_folder(folder: Path) -> Path:
    """Return the folder of downloaded files within the cache folder."""
    return folder / DOWNLOADS


def download(address: str, *, md5: str, folder: Path) -> Path:
    """Return a file from the cache, or fetch it; only the official bytes are ever returned.

    A file in the cache whose MD5 is wrong is fetched again. The bytes take their name only when
    they are whole and right, so that a broken transfer leaves nothing behind. A bar shows the
    progress where standard error is a terminal.

    Args:
        address: Where the official file lies.
        md5: Its MD5, 32 hex digits.
        folder: Where it is kept.

    Returns:
        The file.

    Raises:
        DataError: If it cannot be fetched, or other bytes come.
        StorageError: If the folder cannot be written to.
    """
    import pooch  # takes a moment, and only those who download need it

    name = PurePosixPath(urlsplit(address).path).name
    store = pooch.create(
        path=folder,
        base_url="",
        registry={name: f"md5:{md5}"},
        urls={name: address},
        retry_if_failed=NUM_RETRIES,
    )
    pooch.get_logger().setLevel("ERROR")
    try:
        with _bar(name) as bar:
            fetch = pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT_SECONDS)
            return Path(store.fetch(name, downloader=fetch))
    except (ValueError, OSError) as error:
        raise _explained(error, address, folder / name) from None


def _explained(error: Exception, address: str, path: Path) -> Exception:
    """Return the error to raise: what went wrong, and how to bring the file along by hand."""
    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        return StorageError(
            f"the cache folder {path.parent} cannot be written to ({error.strerror}); free some "
            f"space, or set {FOLDER_VARIABLE} to another folder"
        )
    by_hand = f"or bring the file along: save it as {path}, or pass its path as DATA"
    answer = getattr(error, "response", None)
    if answer is not None:
        what = f"the server answered {answer.status_code}"
    elif isinstance(error, ValueError):
        what = "the bytes that came are not the official file (their MD5 differs) and were not kept"
    elif type(error).__name__ in ("ChunkedEncodingError", "IncompleteRead"):
        what = "the transfer broke off"
    else:
        what = f"no connection to {urlsplit(address).netloc} ({type(error).__name__})"
    return DataError(
        f"{display(path.name)} cannot be fetched from {address}: {what}, in {NUM_RETRIES + 1} "
        f"attempts; try again later, {by_hand}"
    )


@contextlib.contextmanager
def _bar(name: str) -> Iterator[Any]:
    """Yield what the downloader reports its progress to, or False where nobody looks."""
    if not sys.stderr.isatty():
        yield False
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        yield _Bar(progress, name)


class _Bar:
    """The four things that pooch asks of a progress bar."""

    def __init__(self, progress: Progress, name: str) -> None:
        self.progress = progress
        self.task = progress.add_task(name, total=None)
        self.total = 0

    def update(self, num_bytes: int) -> None:
        """Count bytes that came."""
        self.progress.update(self.task, advance=num_bytes, total=self.total or None)

    def reset(self) -> None:
        """Begin again at zero, as a new attempt does."""
        self.progress.reset(self.task)

    def close(self) -> None:
        """Nothing: the bar ends with its context."""

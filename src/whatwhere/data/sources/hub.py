"""Data sets of the Hugging Face Hub: a snapshot is fetched once and read like any other data."""

import dataclasses
import re
from pathlib import Path

from whatwhere.data.names import display, legal_name
from whatwhere.data.source import Listing
from whatwhere.data.sources.archive import list_archive
from whatwhere.data.sources.folder import list_folder
from whatwhere.data.sources.parquet import list_parquet
from whatwhere.errors import DataError, UsageError

PREFIX = "hf:"
MARK = ".whatwhere-complete"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*")
INSTALL = "pip install 'whatwhere[hf]'"


def list_hub(name: str, *, folder: Path) -> Listing:
    """List the images of a data set on the Hub.

    The snapshot stays in the cache folder, and later runs use it without asking the network, so
    that a set which its owners change does not change under a study.

    Args:
        name: "owner/name".
        folder: The cache folder.

    Returns:
        The listing: of Parquet files, of an .npz, or of folders of images.

    Raises:
        UsageError: If the name is none, or huggingface_hub is not installed.
        DataError: If the set cannot be fetched or has no images that are read.
    """
    if not _NAME.fullmatch(name):
        shown = display(name)
        raise UsageError(f"'{PREFIX}{shown}' names no data set; expected {PREFIX}owner/name")
    snapshot = _snapshot(name, folder / "hub" / name.replace("/", "--"))
    files = sorted(snapshot.rglob("*.parquet"))
    archives = sorted(snapshot.glob("*.npz"))
    if files:
        listing = list_parquet(files, folder=folder)
    elif len(archives) == 1:
        listing = list_archive(archives[0])
    else:
        listing = list_folder(snapshot)
    return dataclasses.replace(
        listing,
        name=legal_name(name.replace("/", "-")),
        title=name,
        source=f"the data set {name} of the Hugging Face Hub",
        licence=_licence(snapshot),
    )


def _snapshot(name: str, target: Path) -> Path:
    if (target / MARK).is_file():
        return target
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise UsageError(f"{PREFIX}{name} needs the package huggingface_hub: {INSTALL}") from None
    try:
        # Real files, not links into a store: links out of a folder are never followed.
        snapshot_download(name, repo_type="dataset", local_dir=target)
    except Exception as error:  # its own errors, those of its client, and what they wrap
        first = display(str(error).strip().split("\n")[0] or type(error).__name__)
        raise DataError(
            f"{PREFIX}{name} cannot be fetched from the Hub: {first}; check the name and the "
            f"connection, or put a copy of its files into {target}"
        ) from None
    if not _is_offline():
        (target / MARK).touch()
    return target


def _is_offline() -> bool:
    """Return whether the library was told not to ask the network, so that files may be missing."""
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _licence(snapshot: Path) -> str:
    """Return the licence that the head of a set's README states, as it is written there."""
    try:
        head = (snapshot / "README.md").read_text(encoding="utf-8", errors="replace")[:20_000]
    except OSError:
        return ""
    found = re.search(r"^license:\s*([\w.-]+)\s*$", head, re.MULTILINE)
    return found.group(1) if found else ""

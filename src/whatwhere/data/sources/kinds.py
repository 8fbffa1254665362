"""What a user calls their data, and who lists it."""

import os
from pathlib import Path

from whatwhere.data.names import display
from whatwhere.data.source import Listing
from whatwhere.data.sources.archive import list_archive
from whatwhere.data.sources.catalogue import CATALOGUE
from whatwhere.data.sources.cifar import find_cifar, list_cifar
from whatwhere.data.sources.folder import list_folder
from whatwhere.data.sources.hub import PREFIX, list_hub
from whatwhere.data.sources.table import list_table
from whatwhere.data.sources.unpack import is_packed, unpack_once
from whatwhere.errors import DataError, UnknownNameError, nearest, unknown_name

ACCEPTED = (
    "DATA is a known name (whatwhere list data), a folder of images or a .zip or .tar of one, a "
    ".csv of path,label[,group][,split], an .npz of images and labels, a CIFAR archive, or "
    "hf:owner/name"
)


def list_data(
    data: str | Path, *, value_range: tuple[float, float] | None = None, folder: Path
) -> Listing:
    """Find out what `data` is and list its images.

    Args:
        data: A known name, a folder, an archive, a .csv or an .npz file, or "hf:owner/name".
        value_range: Values that become 0 and 255, for arrays that are not uint8.
        folder: The cache folder, for what is fetched or unpacked.

    Returns:
        The listing.

    Raises:
        DataError: If it is something that is not read.
        UnknownNameError: If it is neither a known name nor on disk.
    """
    text = os.fspath(data)
    path = Path(text).expanduser()
    if text in CATALOGUE:
        listing = CATALOGUE.factory(text)(folder)
    elif text.startswith(PREFIX):
        listing = list_hub(text.removeprefix(PREFIX), folder=folder)
    elif path.is_dir():
        listing = _list_folder(path)
    elif path.is_file() and path.suffix.lower() == ".csv":
        return list_table(path)
    elif path.is_file() and path.suffix.lower() == ".npz":
        return list_archive(path, value_range=value_range)
    elif path.is_file() and is_packed(path):
        listing = _list_folder(unpack_once(path, folder=folder))
    else:
        raise _not_opened(text, path)
    if value_range is not None and listing.images is not None:
        raise DataError(f"{listing.name} has 8 bits, and --value-range is for images of more bits")
    return listing


def _list_folder(folder: Path) -> Listing:
    found = find_cifar(folder)
    return list_cifar(*found) if found else list_folder(folder)


def _not_opened(text: str, path: Path) -> DataError | UnknownNameError:
    """Return the error for data that is none of the accepted kinds."""
    shown = display(os.fsencode(text))
    if path.exists():
        return DataError(f"'{shown}' is not read; {ACCEPTED}")
    if len(path.parts) > 1 or path.suffix:
        beside = path.parent.iterdir() if path.parent.is_dir() else ()
        near = nearest(path.name, (display(os.fsencode(item.name)) for item in beside))
        return DataError(f"there is no file or folder '{shown}'{near}; {ACCEPTED}")
    return UnknownNameError(f"{unknown_name('data set', shown, CATALOGUE)}; {ACCEPTED}")

"""Zip and tar archives, checked as a whole before the first byte of them is written."""

import hashlib
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from whatwhere.data.images.cache import FOLDER_VARIABLE
from whatwhere.data.names import display
from whatwhere.errors import DataError, StorageError, UnsafeError

MAX_ENTRIES = 500_000
MAX_RATIO = 200  # bytes unpacked per byte packed, for the archive as a whole
MAX_FREE_BYTES = 50_000_000  # archives that unpack to less are not judged by their ratio
EXTENSIONS = (".zip", ".tar", ".tar.gz", ".tgz")
_DRIVE = re.compile(r"[A-Za-z]:")
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)


@dataclass(frozen=True, eq=False)
class Entry:
    """One thing in an archive, before anything is written.

    Args:
        name: As the archive spells it.
        num_bytes: Unpacked.
        is_folder: Whether it is a folder.
        refusal: Why it cannot be unpacked by its kind; empty for files and folders.
        member: The archive library's own description.
    """

    name: str
    num_bytes: int
    is_folder: bool
    refusal: str
    member: Any


def is_packed(path: Path) -> bool:
    """Return whether a file is called like an archive that can be unpacked."""
    return path.name.lower().endswith(EXTENSIONS)


def unpack_once(archive: Path, *, folder: Path) -> Path:
    """Return the folder of an archive's content, unpacked the first time it is asked for.

    Args:
        archive: A zip or tar file.
        folder: The cache folder.

    Returns:
        A folder of the archive's name within a folder of its SHA-256, so that another archive of
        the same name has another place.

    Raises:
        DataError: If it is damaged.
        UnsafeError: If an entry could do harm.
        StorageError: If the cache folder cannot be written to.
    """
    try:
        with archive.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise DataError(f"{display(archive)} cannot be read: {error.strerror}") from None
    name = archive.name.lower()
    ending = next((ending for ending in EXTENSIONS if name.endswith(ending)), "")
    target = folder / "unpacked" / digest / (archive.name[: len(name) - len(ending)] or "data")
    if not target.is_dir():
        unpack(archive, target=target)
    return target


def unpack(archive: Path, *, target: Path) -> None:
    """Unpack a zip or tar file into a new folder, or write nothing at all.

    Refused are entries that lead out of the folder (`..`, absolute paths, drive letters,
    backslashes), links, devices, pipes, names that occur twice, more than 500,000 entries, and
    archives that unpack to more than 200 times their size.

    Args:
        archive: The file.
        target: The folder to make; it takes its name only when everything is in it.

    Raises:
        DataError: If the archive is damaged.
        UnsafeError: If an entry could do harm.
        StorageError: If the folder cannot be written to.
    """
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        with _opened(archive) as (entries, read):
            kept = _checked(archive, entries)
            _write(kept, read, temporary)
        if not target.is_dir():  # another process may have been quicker
            temporary.rename(target)
    except _DAMAGE as error:
        reason = display(str(error))
        raise DataError(f"{display(archive)} is not a readable archive ({reason})") from None
    except RuntimeError as error:  # what zipfile raises for a password
        raise DataError(f"{display(archive)}: {display(str(error))}") from None
    except OSError as error:
        raise StorageError(
            f"{display(archive)} cannot be unpacked into {target} ({error.strerror}); free some "
            f"space, or set {FOLDER_VARIABLE} to another folder"
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[Iterable[Entry], Callable[[Any], IO[bytes]]]]:
    """Yield the entries of an archive, and what opens the content of one."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            yield map(_zip_entry, packed.infolist()), packed.open
        return
    with tarfile.open(archive) as packed_tar:
        yield map(_tar_entry, packed_tar), lambda member: _content(packed_tar, member)


def _content(packed: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = packed.extractfile(member)
    assert content is not None, "only regular files are read"
    return content


def _zip_entry(member: zipfile.ZipInfo) -> Entry:
    kind = stat.S_IFMT(member.external_attr >> 16)
    strange = kind not in (0, stat.S_IFREG, stat.S_IFDIR)
    # Reading stops at the stated size, so a false one cannot make more of an entry.
    refusal = "is a link or a device" if strange else ""
    # Python cuts a name at a zero byte; the original shows that it had one.
    name = member.filename if "\0" not in member.orig_filename else member.orig_filename
    return Entry(name, member.file_size, member.is_dir(), refusal, member)


def _tar_entry(member: tarfile.TarInfo) -> Entry:
    refusal = "" if member.isfile() or member.isdir() else "is a link, a device or a pipe"
    return Entry(member.name, member.size, member.isdir(), refusal, member)


def _checked(archive: Path, entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries, or refuse the archive; stops as soon as it is too large."""
    packed_bytes = archive.stat().st_size
    kept: list[Entry] = []
    seen: set[str] = set()
    num_bytes = 0
    for entry in entries:
        reason = entry.refusal or _danger(entry.name)
        place = os.path.normpath(entry.name)
        if not reason and place in seen and not entry.is_folder:
            reason = "occurs twice"
        if reason:
            raise _refusal(archive, f"its entry '{display(entry.name)}' {reason}")
        seen.add(place)
        num_bytes += entry.num_bytes
        if num_bytes > max(MAX_FREE_BYTES, MAX_RATIO * packed_bytes):
            raise _refusal(archive, f"it unpacks to more than {MAX_RATIO} times its size")
        kept.append(entry)
        if len(kept) > MAX_ENTRIES:
            raise _refusal(archive, f"it has more than {MAX_ENTRIES:,} entries")
    return kept


def _danger(name: str) -> str:
    if not name or "\0" in name:
        return "has no proper name"
    if "\\" in name or _DRIVE.match(name):
        return "has a backslash or a drive letter in its name"
    if name.startswith("/"):
        return "is an absolute path"
    if ".." in name.split("/"):
        return "leads out of the folder"
    return ""


def _refusal(archive: Path, reason: str) -> UnsafeError:
    return UnsafeError(
        f"{display(archive)} is refused and nothing of it was unpacked: {reason}; get it from a "
        "source you trust"
    )


def _write(entries: list[Entry], read: Callable[[Any], IO[bytes]], folder: Path) -> None:
    folder.mkdir(parents=True)
    for entry in entries:
        path = folder / entry.name
        if entry.is_folder:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with read(entry.member) as content, path.open("xb") as file:
            shutil.copyfileobj(content, file)

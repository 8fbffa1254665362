"""The only writer of files in a run: a reader sees the old bytes or the new ones, never a part."""

import contextlib
import errno
import hashlib
import os
import shutil
from pathlib import Path

import psutil

from whatwhere.errors import StorageError
from whatwhere.records.failpoints import failpoint

_STORAGE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG}


def write_atomically(path: Path, content: bytes) -> str:
    """Write a file so that a crash at any moment leaves the old content or the new one.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and take the
    final name in one step.

    Args:
        path: The file; missing folders above it are made.
        content: Its whole content.

    Returns:
        SHA-256 of the content, 64 hex digits.

    Raises:
        StorageError: If the disk is full, read-only or over quota; the old file is intact.
    """
    temporary = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_and_sync(temporary, content, site=path.name)
        failpoint(f"{path.name}:before-replace")
        os.replace(temporary, path)
        failpoint(f"{path.name}:after-replace")
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise as_storage_error(error, path, num_bytes=len(content)) from error
    return hashlib.sha256(content).hexdigest()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_stale_temporaries(folder: Path) -> int:
    """Remove temporary files whose writer is dead.

    Args:
        folder: Searched with all folders below it.

    Returns:
        How many were removed.
    """
    num_removed = 0
    for path in folder.rglob("*.tmp.*"):
        owner = path.name.rpartition(".")[2]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            path.unlink(missing_ok=True)
            num_removed += 1
    return num_removed


def _write_and_sync(path: Path, content: bytes, *, site: str) -> None:
    half = len(content) // 2
    with path.open("wb") as file:
        file.write(content[:half])
        file.flush()
        failpoint(f"{site}:half-written")
        file.write(content[half:])
        file.flush()
        failpoint(f"{site}:before-sync")
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def as_storage_error(error: OSError, path: Path, *, num_bytes: int) -> OSError:
    """Return what to raise for a failed write: a named error where the storage is to blame.

    Args:
        error: What the system said.
        path: What was to be written.
        num_bytes: How much was to be written.

    Returns:
        A StorageError for a full, read-only or limited disk; the error itself otherwise.
    """
    if error.errno not in _STORAGE_ERRORS:
        return error
    existing = next((folder for folder in path.parents if folder.exists()), Path("/"))
    free = shutil.disk_usage(existing).free
    return StorageError(
        f"cannot write {path} ({error.strerror}): {num_bytes:,} bytes are needed, {free:,} are free"
        " on that disk; free some space or make it writable, and run the same command again"
    )

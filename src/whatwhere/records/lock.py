"""One process at a time in a folder; the system frees the lock of a process that ends."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from whatwhere.errors import BusyError, StorageError
from whatwhere.records.files import as_storage_error

NAME = ".lock"


@contextmanager
def folder_lock(folder: Path, *, wait: bool, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold a folder against all other processes that ask for it.

    A folder that holds nothing but the lock at the end is removed again.

    Args:
        folder: Made if missing.
        wait: Whether to wait for a process that holds it.
        on_wait: Called once before waiting.

    Yields:
        Nothing.

    Raises:
        BusyError: If another process holds it and this one is not to wait.
        StorageError: If the folder cannot be written to, or its file system has no locks.
    """
    descriptor = _taken(folder / NAME, wait=wait, on_wait=on_wait)
    try:
        yield
    finally:
        if os.listdir(folder) == [NAME]:
            with suppress(OSError):
                (folder / NAME).unlink()
                folder.rmdir()
        os.close(descriptor)


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written to, before any work is done for it.

    Args:
        folder: Need not exist; the nearest folder above it is tried then. Nothing is left in it.

    Raises:
        StorageError: If nothing can be written there.
    """
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    probe = existing / f".probe.{os.getpid()}"
    try:
        probe.write_bytes(b"0")
        probe.unlink()
    except OSError as error:
        raise StorageError(
            f"cannot write {folder} ({error.strerror}); make it writable, or choose another folder"
            " with -o"
        ) from error


def _taken(path: Path, *, wait: bool, on_wait: Callable[[], None]) -> int:
    """Return a descriptor that holds the lock on the file that has this path now."""
    told = False
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise as_storage_error(error, path, num_bytes=1) from error
        try:
            free = _try(descriptor, path)
            if not free and not wait:
                raise BusyError(
                    f"another process is at work in {path.parent}; wait for it, or leave out"
                    " --no-wait to share its work"
                )
            if not free:
                if not told:
                    on_wait()
                told = True
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Whoever held it may have removed the file meanwhile.
            with suppress(FileNotFoundError):
                if os.stat(path).st_ino == os.fstat(descriptor).st_ino:
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _try(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StorageError(
            f"the file system of {path.parent} has no locks ({error.strerror}), as some network"
            " folders have none; choose a folder on a local disk with -o"
        ) from error
    return True

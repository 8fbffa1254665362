"""Decoded images kept in a cache folder, trusted only when their SHA-256 is right."""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from whatwhere.config import fingerprint
from whatwhere.errors import StorageError

FOLDER_VARIABLE = "WHATWHERE_DATA"
MAX_RESIDENT_SHARE = 0.25


def data_folder(folder: Path | None = None) -> Path:
    """Return the cache folder: the one given, else `WHATWHERE_DATA`, else ~/.cache/whatwhere."""
    chosen = folder or os.environ.get(FOLDER_VARIABLE) or Path.home() / ".cache" / "whatwhere"
    return Path(chosen).absolute()


class ImageCache:
    """Arrays of images with the facts that belong to them, each under a key.

    Args:
        folder: Where to keep them; None takes `WHATWHERE_DATA`, or ~/.cache/whatwhere.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = data_folder(folder) / "images"

    def load(self, key: str) -> tuple[np.ndarray, dict[str, Any]] | None:
        """Return the array and the facts of a key, or None when there are none to be trusted.

        Args:
            key: As given to `store`.

        Returns:
            A read-only memory map when the array is large, otherwise an array in memory.
        """
        try:
            entry = json.loads(self._facts(key).read_bytes())
            array = np.load(self._array(key), mmap_mode="r", allow_pickle=False)
            if entry["check"] != fingerprint(entry["facts"]) or entry["sha256"] != _sha256(array):
                return None
        except (OSError, ValueError, KeyError, TypeError, EOFError):
            return None
        resident = array.nbytes <= MAX_RESIDENT_SHARE * _memory_bytes()
        return (np.array(array) if resident else array), entry["facts"]

    def store(
        self,
        key: str,
        rows: Iterable[np.ndarray],
        *,
        shape: tuple[int, int, int],
        facts: Callable[[], dict[str, Any]],
    ) -> None:
        """Write the rows of an array as they come, then the facts.

        Args:
            key: A file name.
            rows: uint8 arrays of `shape`.
            shape: Of each row.
            facts: Called after the last row; nothing is kept when it raises.

        Raises:
            StorageError: If the folder cannot be written to.
        """
        temporary = self.folder / f"{key}.{os.getpid()}.tmp"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                sha256 = _write_rows(file, rows, shape)
                _flush(file)
            values = facts()
            os.replace(temporary, self._array(key))
            entry = {"facts": values, "check": fingerprint(values), "sha256": sha256}
            with temporary.open("wb") as file:
                file.write(json.dumps(entry).encode())
                _flush(file)
            os.replace(temporary, self._facts(key))
        except OSError as error:
            raise StorageError(
                f"the cache folder {self.folder} cannot be written to ({error.strerror}); free "
                f"some space, or set {FOLDER_VARIABLE} to another folder"
            ) from None
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _array(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def _facts(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def _write_rows(file: BinaryIO, rows: Iterable[np.ndarray], shape: tuple[int, int, int]) -> str:
    """Write an .npy file whose number of rows is known at the end; return the rows' SHA-256."""
    sha256 = hashlib.sha256()

    def write_header(num_rows: int) -> int:
        header = {"descr": "|u1", "fortran_order": False, "shape": (num_rows, *shape)}
        np.lib.format.write_array_header_1_0(file, header)
        return file.tell()

    start, num_rows = write_header(0), 0
    for row in rows:
        assert row.shape == shape, (row.shape, shape)
        assert row.dtype == np.uint8, row.dtype
        content = np.ascontiguousarray(row).data
        sha256.update(content)
        file.write(content)
        num_rows += 1
    file.seek(0)
    # NumPy pads the header so that the first axis may grow in place.
    assert write_header(num_rows) == start, "the header changed its length"
    return sha256.hexdigest()


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sha256(array: np.ndarray) -> str:
    return hashlib.sha256(array.data).hexdigest()


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

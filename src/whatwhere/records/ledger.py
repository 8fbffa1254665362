"""Who computes what, and what is done: one SQLite file per run.

The ledger only coordinates. What was computed lies in the trial folders, which decide what is
finished; a ledger that is lost or damaged is made anew and loses nothing.
"""

import contextlib
import os
import platform
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from whatwhere.errors import BusyError, StorageError
from whatwhere.records.failpoints import failpoint

_SCHEMA = """
CREATE TABLE IF NOT EXISTS trials (
    trial TEXT PRIMARY KEY,
    state TEXT NOT NULL DEFAULT 'waiting',   -- waiting, running, finished, diverged, failed
    owner TEXT,                              -- host/pid/start time while running
    record_sha256 TEXT
)
"""


def own_identity() -> str:
    """Return host, process and start time of this process: a number reused later differs."""
    return _identity(os.getpid())


class Ledger:
    """The ledger of one run.

    Args:
        path: The SQLite file; made if missing, set aside and made anew if damaged.
        known: Whether there should be one, so that its loss is worth a notice.
    """

    def __init__(self, path: Path, *, known: bool = False) -> None:
        self.path = path
        self.notice: str | None = None
        if known and not path.exists():
            self.notice = f"{path.name} was lost; made anew; the trial folders hold all results"
        try:
            self._prepare()
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _LOCK_CODES:
                raise StorageError(
                    f"the file system of {path} does not do what SQLite needs ({error}), as some"
                    " network folders do not; choose a folder on a local disk with -o"
                ) from error
            if path.exists():
                raise BusyError(f"{path} is in use ({error}); try again in a minute") from error
            raise StorageError(
                f"cannot create {path} ({error}); make its folder writable"
                " or choose another with -o"
            ) from error
        except sqlite3.DatabaseError as error:
            damaged = path.with_name(path.name + ".damaged")
            os.replace(path, damaged)
            self.notice = (
                f"{path.name} was damaged ({error}); made anew; the trial folders hold all results"
            )
            self._prepare()

    def add(self, trials: Iterable[str]) -> None:
        """Put trials that the ledger does not know yet in the waiting state."""
        with self._transaction() as connection:
            rows = [(trial,) for trial in trials]
            connection.executemany("INSERT OR IGNORE INTO trials (trial) VALUES (?)", rows)

    def adopt(self, trials: Iterable[tuple[str, str, str]]) -> None:
        """Write down finished trials that the ledger does not know, as after it was lost.

        Args:
            trials: Text key, state and SHA-256 of the record of each.
        """
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO trials (trial, state, record_sha256) VALUES (?, ?, ?)",
                trials,
            )

    def record_hashes(self) -> dict[str, str]:
        """Return the SHA-256 of the record of every trial that is settled."""
        query = (
            "SELECT trial, record_sha256 FROM trials WHERE record_sha256 IS NOT NULL"
            " AND state NOT IN ('running', 'waiting')"
        )
        with contextlib.closing(self._connect()) as connection:
            return dict(connection.execute(query).fetchall())

    def release(self, trials: Iterable[str]) -> None:
        """Put trials back in the waiting state, unless a live process runs them.

        For trials that the ledger calls settled while their records are missing or damaged.
        """
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE trials SET state = 'waiting' WHERE trial = ? AND state != 'running'",
                [(trial,) for trial in trials],
            )

    def claim(self, trial: str) -> bool:
        """Take a trial for this process.

        Args:
            trial: Its text key.

        Returns:
            Whether this process may run it: it was waiting, or its owner is provably gone.
        """
        with self._transaction() as connection:
            query = "SELECT state, owner FROM trials WHERE trial = ?"
            state, owner = connection.execute(query, (trial,)).fetchone()
            free = state == "waiting" or (state == "running" and not is_alive(owner))
            if free:
                update = "UPDATE trials SET state = 'running', owner = ? WHERE trial = ?"
                connection.execute(update, (own_identity(), trial))
        return free

    def settle(self, trial: str, state: str, record_sha256: str | None = None) -> None:
        """Write how a trial ended, or that it waits again.

        Args:
            trial: Its text key.
            state: One of waiting, finished, diverged, failed.
            record_sha256: Hash of its record where there is one.
        """
        failpoint("ledger:before-settle")
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO trials (trial, state, record_sha256) VALUES (?, ?, ?) ON CONFLICT"
                " (trial) DO UPDATE SET state = excluded.state, owner = NULL,"
                " record_sha256 = excluded.record_sha256",
                (trial, state, record_sha256),
            )
        failpoint("ledger:after-settle")

    def states(self) -> dict[str, str]:
        """Return the state of every trial; a running one whose owner is gone counts as waiting."""
        with contextlib.closing(self._connect()) as connection:
            rows = connection.execute("SELECT trial, state, owner FROM trials").fetchall()
        return {
            trial: "waiting" if state == "running" and not is_alive(owner) else state
            for trial, state, owner in rows
        }

    def _prepare(self) -> None:
        with self._transaction() as connection:
            connection.execute(_SCHEMA)
            answer = connection.execute("PRAGMA quick_check").fetchone()[0]
        if answer != "ok":
            raise sqlite3.DatabaseError(answer)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(self._connect()) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                # The low byte of an extended code is the kind of error.
                if getattr(error, "sqlite_errorcode", 0) & 0xFF in _STORAGE_CODES:
                    raise StorageError(
                        f"cannot write {self.path} ({error}); free some space or"
                        " make it writable, and run the same command again"
                    ) from error
                raise

    def _connect(self) -> sqlite3.Connection:
        # The rollback journal: the write-ahead log of SQLite before 3.51.3 can corrupt a file.
        connection = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        return connection


_LOCK_CODES = {sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS}
_STORAGE_CODES = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR}


def _identity(pid: int) -> str:
    return f"{platform.node()}/{pid}/{psutil.Process(pid).create_time():.2f}"


def is_alive(owner: str) -> bool:
    """Whether the owner may still be at work; another host's owner always counts as alive."""
    host, pid, _ = owner.rsplit("/", 2)
    if host != platform.node():
        return True
    try:
        return _identity(int(pid)) == owner
    except psutil.NoSuchProcess:
        return False

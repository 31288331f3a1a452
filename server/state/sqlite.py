"""The state store as one SQLite file in WAL mode, shared by every process of this machine.

Each IDE window starts a process of its own; they all open this file. Writes go one at a time, in this process by a
lock and among processes by SQLite's. What may be lost with the machine's power (never with a process) is not waited
for; a durable transaction is.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from server.state import migrations
from server.state.database import NOT_KEPT, Row, StoreError, Transaction, Value

__all__ = ["SqliteDatabase", "open_sqlite", "use_wal"]

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 5.0
RETRY_S = 0.02
OTHERWISE = "set SOPHIA_STATE_DIR to another directory"


class SqliteDatabase:
    """The open file."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.where = str(path)
        self._path = path
        self._connection = connection
        self._lock = Lock()
        self._watches: list[_Watch] = []

    def read(self, query: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """The rows."""
        with self._lock, _named(self.where):
            return self._connection.execute(query, parameters).fetchall()

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Generator[Transaction]:
        """What changes together."""
        run = self._connection.execute
        with self._lock, _named(self.where):
            run(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            run("BEGIN IMMEDIATE")
            try:
                yield _Transaction(self._connection)
                run("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # on some errors SQLite has rolled back by itself
                    run("ROLLBACK")
                raise

    def watch(self, query: str) -> Callable[[], int]:
        """Asks over and over for one number."""
        with _named(self.where):
            watch = _Watch(self._path, query)
        self._watches.append(watch)
        return watch.number

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
        for watch in self._watches:
            watch.close()


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self, query: str, parameters: Sequence[Value] = ()) -> list[Row]:
        return self._connection.execute(query, parameters).fetchall()

    def write(self, statement: str, *rows: Sequence[Value]) -> int:
        return self._connection.executemany(statement, rows).rowcount


class _Watch:
    """SQLite counts for each connection how often others have written; the query runs only when that moved.

    The connection is its own, so that what this process writes moves it too and nobody's transaction holds it up.
    """

    def __init__(self, path: Path, query: str) -> None:
        self._query = query
        self._lock = Lock()
        self._failed = False
        self._connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        self._seen, self._number = self._moved(), self._asked()

    def number(self) -> int:
        with self._lock:
            try:
                if (moved := self._moved()) != self._seen:
                    self._number, self._seen = self._asked(), moved
                self._failed = False
            except sqlite3.Error as error:
                if not self._failed:
                    logger.warning("the state store cannot be read (%s); policy stays as it is", error)
                self._failed = True
            return self._number

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _moved(self) -> int:
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def _asked(self) -> int:
        return int(self._connection.execute(self._query).fetchone()[0])


def open_sqlite(directory: Path) -> SqliteDatabase:
    """Open, or make, the file in `directory`. Raises StoreError."""
    path = directory / "state.db"
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=64
        )
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The state store {path} cannot be opened ({type(error).__name__}). "
            "Check that the directory can be written, or set SOPHIA_STATE_DIR to one that can."
        ) from error
    try:
        with _named(str(path)):
            use_wal(connection)
            connection.create_function("now_s", 0, time.time)
            _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return SqliteDatabase(path, connection)


@contextmanager
def _named(where: str) -> Generator[None]:
    """Says what is wrong with the file, and what to do, where SQLite says that something is."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"The state store {where} {_trouble(error)}") from error
    except (OverflowError, UnicodeEncodeError) as error:
        raise StoreError(f"The state store {where} {NOT_KEPT}") from error


def _trouble(error: sqlite3.Error) -> str:
    # The low byte is the primary result code (https://sqlite.org/rescode.html).
    match error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else None:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"is held by another process. End it, or {OTHERWISE}."
        case sqlite3.SQLITE_FULL:
            return "cannot be written: the disk is full. Free some space, and start once more."
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return f"cannot be written. Give this user the right to, or {OTHERWISE}."
        case sqlite3.SQLITE_IOERR:
            return f"cannot be read or written. Check the disk, or {OTHERWISE}."
        case None:
            return "is closed."
        case _:
            return (
                f"is no readable store ({type(error).__name__}). Move the file away and start once more: the rollouts "
                "and settings that were made by command are lost with it, everything else is found again."
            )


def use_wal(connection: sqlite3.Connection) -> None:
    """Turn to write-ahead logging; SQLite does not wait for another process that is doing the same, so this does."""
    last = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > last:
                raise
            time.sleep(RETRY_S)
        else:
            return


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    # Two processes may start at once: the version is read inside the write lock, so one of them migrates.
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        for statement in migrations.missing(version, str(path), OTHERWISE):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations.MIGRATIONS)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")

"""The state store: one SQLite file in WAL mode, shared by every process that serves.

Each IDE window starts a process of its own; they all open this file. Reads at start-up are plain calls; writes while
serving go through `anyio.to_thread`, one at a time, so that the event loop never waits for a disk.
"""

import json
import sqlite3
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, cast

__all__ = ["DecisionRecord", "Store", "StoreError", "open_store", "use_wal"]

KEPT_DECISIONS = 20_000
BUSY_TIMEOUT_S = 5.0
RETRY_S = 0.02

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE catalog (
        server TEXT NOT NULL, digest TEXT NOT NULL, saved_at REAL NOT NULL, content TEXT NOT NULL,
        PRIMARY KEY (server, digest)
    );
    CREATE TABLE decision (
        id TEXT PRIMARY KEY, at REAL NOT NULL, tool TEXT NOT NULL, content TEXT NOT NULL
    );
    CREATE INDEX decision_at ON decision (at);
    """,
)


class StoreError(Exception):
    """The state store cannot be used; the message says which file and what to do."""


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision and how it ended, as JSON values."""

    id: str
    at: float
    tool: str
    content: Mapping[str, Any]


class Store:
    """The open store. Safe to call from any thread."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = Lock()

    def load_catalog(self, server: str, digest: str) -> Mapping[str, Any] | None:
        """The last good catalog of a server under this configuration, or None if it was never seen."""
        row = self._one("SELECT content FROM catalog WHERE server = ? AND digest = ?", (server, digest))
        return None if row is None else _object(row[0])

    def save_catalog(self, server: str, digest: str, content: Mapping[str, Any]) -> None:
        """Keep this catalog and forget those of the server's earlier configurations."""
        with self._transaction() as run:
            run.execute("DELETE FROM catalog WHERE server = ? AND digest <> ?", (server, digest))
            run.execute(
                "INSERT OR REPLACE INTO catalog VALUES (?, ?, ?, ?)",
                (server, digest, time.time(), json.dumps(content)),
            )

    def save_decisions(self, records: Sequence[DecisionRecord]) -> None:
        """Keep these decisions, and the newest `KEPT_DECISIONS` of all."""
        with self._transaction() as run:
            run.executemany(
                "INSERT OR REPLACE INTO decision VALUES (?, ?, ?, ?)",
                [(record.id, record.at, record.tool, json.dumps(record.content)) for record in records],
            )
            run.execute(
                "DELETE FROM decision WHERE at < (SELECT at FROM decision ORDER BY at DESC LIMIT 1 OFFSET ?)",
                (KEPT_DECISIONS,),
            )

    def decision(self, decision_id: str) -> DecisionRecord | None:
        """A decision by its id."""
        row = self._one("SELECT id, at, tool, content FROM decision WHERE id = ?", (decision_id,))
        if row is None or (content := _object(row[3])) is None:
            return None
        return DecisionRecord(row[0], row[1], row[2], content)

    def decisions(self, tool: str, limit: int) -> Sequence[DecisionRecord]:
        """The newest decisions about a tool, newest first."""
        query = "SELECT id, at, tool, content FROM decision WHERE tool = ? ORDER BY at DESC LIMIT ?"
        with self._lock:
            rows = self._connection.execute(query, (tool, limit)).fetchall()
        return [DecisionRecord(row[0], row[1], row[2], _object(row[3]) or {}) for row in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _one(self, query: str, parameters: tuple[Any, ...]) -> Any:
        with self._lock:
            return self._connection.execute(query, parameters).fetchone()

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection


@contextmanager
def open_store(directory: Path) -> Generator[Store]:
    """Open, or make, the store in `directory`.

    Raises StoreError when the directory cannot be written or the file is not a store of this or an older release.
    """
    path = directory / "state.db"
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=32
        )
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The state store {path} cannot be opened ({type(error).__name__}). "
            "Check that the directory can be written, or set SOPHIA_STATE_DIR to one that can."
        ) from error
    with closing(connection):
        try:
            use_wal(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            _migrate(connection, path)
        except sqlite3.Error as error:
            raise StoreError(f"The state store {path} {_trouble(error)}") from error
        yield Store(path, connection)


def _object(kept: str) -> Mapping[str, Any] | None:
    """The JSON object that was kept, or None where something else wrote there."""
    try:
        found: Any = json.loads(kept)
    except ValueError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _trouble(error: sqlite3.Error) -> str:
    """What is wrong with the file, and what to do."""
    # The low byte is the primary result code (https://sqlite.org/rescode.html).
    match error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else None:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "is held by another process. End it, or set SOPHIA_STATE_DIR to another directory."
        case sqlite3.SQLITE_FULL:
            return "cannot be written: the disk is full. Free some space, and start once more."
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return "cannot be written. Give this user the right to, or set SOPHIA_STATE_DIR to another directory."
        case sqlite3.SQLITE_IOERR:
            return "cannot be read or written. Check the disk, or set SOPHIA_STATE_DIR to another directory."
        case _:
            return (
                f"is no readable store ({type(error).__name__}). It holds nothing that cannot be made again: move the "
                "file away and start once more."
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
        if version > len(MIGRATIONS):
            raise StoreError(
                f"The state store {path} is of a newer release (format {version}). Install that one, or "
                "set SOPHIA_STATE_DIR to another directory."
            )
        for statements in MIGRATIONS[version:]:
            for statement in filter(str.strip, statements.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")

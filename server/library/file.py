"""The file of one library: SQLite with a full-text index, in the state directory, readable by its owner only.

    library/{server}-{account}.db    `account` is a digest of how the server is reached, secrets included, so that two
                                     accounts never mix and nothing of them can be read from the name

Every process that serves opens the same file: write-ahead logging lets them read while one writes, and every change is
one transaction, so that ending a process at any point leaves a library that the next one goes on with.
"""

import hashlib
import logging
import os
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from agents.analysis.calls.words import terms
from agents.sources import SourceError
from server.config import DownstreamServer, Masks, resolve_transport
from server.config.servers import digest
from server.state.database import StoreError
from server.state.sqlite import use_wal

__all__ = ["connect", "library_dir", "library_files", "library_path", "server_of", "usable"]

logger = logging.getLogger(__name__)

FORMAT = 1
BUSY_TIMEOUT_S = 20.0
CACHE_KIB = 16_000
FTS_SECURE_SINCE = (3, 42, 0)
"""The first SQLite whose full-text index can take a word out at once."""

SCHEMA = """
CREATE TABLE call (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, started REAL NOT NULL, day TEXT NOT NULL,
    account TEXT, account_key TEXT, rep TEXT, rep_key TEXT, private INTEGER NOT NULL, synthetic INTEGER NOT NULL,
    words TEXT NOT NULL, asked_at REAL NOT NULL, told_at REAL NOT NULL, seen INTEGER NOT NULL, size INTEGER NOT NULL
);
CREATE INDEX call_started ON call (started DESC, id);
CREATE INDEX call_account ON call (account_key, started DESC);
CREATE INDEX call_rep ON call (rep_key, started DESC);
CREATE INDEX call_words ON call (words, started DESC);
CREATE TABLE record (call INTEGER PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE transcript (call INTEGER PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE turn (
    id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, start INTEGER NOT NULL,
    speaker TEXT NOT NULL, side TEXT NOT NULL, text TEXT NOT NULL
);
CREATE VIRTUAL TABLE said USING fts5(terms, tokenize = "ascii tokenchars '-.,'''");
CREATE VIRTUAL TABLE term USING fts5vocab(said, row);
CREATE TABLE voice (name TEXT PRIMARY KEY);
CREATE TABLE fact (name TEXT PRIMARY KEY, value);
CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, pid INTEGER NOT NULL, rank INTEGER NOT NULL,
    until REAL NOT NULL)
"""
"""`words` of a call: waiting, kept, summary, none, private, or dropped to keep within the limit. The turns of a call
have the ids from `key << 16`; what is said in them is indexed as the terms that the ranking looks for."""

TROUBLES: Mapping[int | None, str] = {
    sqlite3.SQLITE_FULL: "The library of recorded calls cannot be written: the disk is full. Free some space, and ask again.",
    sqlite3.SQLITE_READONLY: "The library of recorded calls cannot be written; `sophia doctor` says where it lies.",
    sqlite3.SQLITE_IOERR: "The library of recorded calls cannot be read or written. Check the disk, and ask again.",
    sqlite3.SQLITE_BUSY: "The library of recorded calls is held by another process. End it, and ask again.",
}
OTHER_TROUBLE = (
    "The library of recorded calls is damaged. `sophia library forget` and the server's name deletes it, and it is "
    "read anew."
)

SAMPLE = "The deliveries, delivered: pricing's 4,821 follow-up integrations, don't! Überprüfung agreed customers"


def library_dir(state_dir: Path) -> Path:
    """Where libraries lie."""
    return state_dir / "library"


def library_path(state_dir: Path, server: DownstreamServer, environ: Mapping[str, str], masks: Masks) -> Path:
    """The library of a server under the account that it is reached with now.

    Raises UnresolvedReferenceError. May read files and run `esc`: call it from a thread.
    """
    account = digest(asdict(resolve_transport(server.transport, environ, masks)))[:16]
    return library_dir(state_dir) / f"{server.name}-{account}.db"


def library_files(state_dir: Path, server: str) -> list[Path]:
    """The libraries of a server, of all its accounts, with SQLite's own files beside them."""
    return [file for file in library_dir(state_dir).glob(f"{server}-*.db*") if server_of(file) == server]


def server_of(file: Path) -> str:
    """The server that a library is of."""
    return file.name.partition(".db")[0].rpartition("-")[0]


def connect(path: Path) -> sqlite3.Connection:
    """Open, or make, a library. Raises StoreError, whose message names files and is for operators."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.chmod(0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
        connection = sqlite3.connect(path, BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The call library {path} cannot be opened ({type(error).__name__}). "
            "Check that its directory can be written, or set SOPHIA_STATE_DIR to one that can."
        ) from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(
            f"The call library {path} cannot be used ({error}). It holds nothing that cannot be read again: "
            f"`sophia library forget {server_of(path)}` deletes it, and it is filled anew."
        ) from error
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def usable() -> Generator[None]:
    """Raises SourceError with what to do where SQLite says that the file cannot be used."""
    try:
        yield
    except sqlite3.Error as error:
        logger.exception("the call library cannot be used")
        # The low byte is the primary result code (https://sqlite.org/rescode.html).
        code = error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else None
        raise SourceError("unavailable", TROUBLES.get(code, OTHER_TROUBLE)) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    try:
        connection.execute("CREATE VIRTUAL TABLE temp.probe USING fts5(x)")
        connection.execute("DROP TABLE temp.probe")
    except sqlite3.OperationalError as error:
        if "fts5" not in str(error):
            raise
        raise StoreError(
            f"This Python's SQLite {sqlite3.sqlite_version} was built without FTS5, which searching calls needs. "
            "Use a Python whose sqlite3 has it; those of python.org and of the Linux distributions do."
        ) from error
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    # What was said on a call that became private is overwritten, not only unlinked.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        _migrate(connection, path)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > FORMAT:
        raise StoreError(
            f"The call library {path} is of a newer release (format {version}). Install that one, or set "
            "SOPHIA_STATE_DIR to another directory."
        )
    if version == 0:
        for statement in SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    if sqlite3.sqlite_version_info >= FTS_SECURE_SINCE:
        connection.execute("INSERT INTO said (said, rank) VALUES ('secure-delete', 1)")
    _renew_index(connection)


def _renew_index(connection: sqlite3.Connection) -> None:
    """Make the index anew where another release cut words into other terms; the transcripts are kept."""
    fingerprint = hashlib.sha256(" ".join(terms(SAMPLE)).encode()).hexdigest()[:16]
    known = connection.execute("SELECT value FROM fact WHERE name = 'terms'").fetchone()
    if known is not None and known[0] == fingerprint:
        return
    connection.execute("INSERT OR REPLACE INTO fact VALUES ('terms', ?)", (fingerprint,))
    if known is not None:
        connection.execute("DELETE FROM said")
        rows = connection.execute("SELECT id, text FROM turn")
        connection.executemany(
            "INSERT INTO said (rowid, terms) VALUES (?, ?)", ((n, " ".join(terms(t))) for n, t in rows)
        )

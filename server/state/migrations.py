"""The tables, as a list that is only ever added to: a database of format N has had the first N entries.

Written in what SQLite and PostgreSQL both take (`DOUBLE PRECISION`, since PostgreSQL's REAL is too short for a time).
Whoever opens a database runs what it lacks, in one transaction under its write lock.
"""

from collections.abc import Iterator

from server.state.database import StoreError

__all__ = ["MIGRATIONS", "missing"]

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE catalog (
        server TEXT NOT NULL, digest TEXT NOT NULL, saved_at DOUBLE PRECISION NOT NULL, content TEXT NOT NULL,
        PRIMARY KEY (server, digest)
    );
    CREATE TABLE decision (
        id TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL, tool TEXT NOT NULL, content TEXT NOT NULL
    );
    CREATE INDEX decision_at ON decision (at);
    """,
    """
    CREATE INDEX decision_tool ON decision (tool, at);
    CREATE TABLE policy (number BIGINT PRIMARY KEY, at DOUBLE PRECISION NOT NULL, content TEXT NOT NULL);
    CREATE TABLE policy_tool (tool TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (tool, number));
    CREATE TABLE tally (
        kind TEXT NOT NULL, name TEXT NOT NULL, process TEXT NOT NULL, at DOUBLE PRECISION NOT NULL,
        content TEXT NOT NULL, PRIMARY KEY (kind, name, process)
    );
    CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until DOUBLE PRECISION NOT NULL);
    CREATE TABLE rating (
        decision TEXT NOT NULL, unit TEXT NOT NULL, score DOUBLE PRECISION NOT NULL, at DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (decision, unit)
    );
    CREATE INDEX rating_at ON rating (at);
    """,
)


def missing(version: int, where: str, otherwise: str) -> Iterator[str]:
    """The statements that a database of this format lacks.

    Raises StoreError where a newer release made it; `otherwise` says what else can be done than to install that one.
    """
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The state store {where} is of a newer release (format {version}). Install that one, or {otherwise}."
        )
    for statements in MIGRATIONS[version:]:
        yield from filter(str.strip, statements.split(";"))

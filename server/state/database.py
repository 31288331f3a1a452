"""What the tables need of a database: so little that SQLite and PostgreSQL give the same.

Each statement is written once, in what both understand: `?` for a parameter, `ON CONFLICT` to replace, and `now_s()` for
the seconds since 1970 on the clock that every process which shares the database sees.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias, cast

__all__ = ["NOT_KEPT", "Database", "Row", "StoreError", "Transaction", "Value", "as_object", "as_text"]

NOT_KEPT = "cannot be asked for this: a number in it is too great, or a text in it is no text."

Value: TypeAlias = str | int | float | None
Row: TypeAlias = tuple[Any, ...]


class StoreError(Exception):
    """The state store cannot be used; the message says which one and what to do. It is for operators: it names files."""


class Transaction(Protocol):
    """All of it is kept, or nothing."""

    def read(self, query: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """The rows, with what this transaction has written."""
        ...

    def write(self, statement: str, *rows: Sequence[Value]) -> int:
        """Run a statement for each row of parameters; how many rows of the table it changed in all."""
        ...


class Database(Protocol):
    """An open database. Safe to call from any thread; every call may wait for a disk or a network, but for a watch."""

    where: str
    """The file or the server, as an operator may be told it: without a password."""

    def read(self, query: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """The rows. Raises StoreError."""
        ...

    def transaction(self, *, durable: bool = False) -> AbstractContextManager[Transaction]:
        """What changes together. Raises StoreError, and then nothing is kept, unless the message says otherwise.

        A durable one is on the disk when it ends, and every watch in every process looks again.
        """
        ...

    def watch(self, query: str) -> Callable[[], int]:
        """Asks over and over for one number: without ever raising, and but for the first time in microseconds.

        It sees what this process wrote at once and what others wrote within a second. While the database is away it
        gives the last number that was read.
        """
        ...

    def close(self) -> None:
        """End it, with its watches."""
        ...


def as_text(content: Mapping[str, Any]) -> str:
    """A JSON object as it is kept; a mapping of any kind in it becomes an object."""
    return json.dumps(content, separators=(",", ":"), default=dict)


def as_object(kept: str) -> Mapping[str, Any] | None:
    """The JSON object that was kept, or None where something else wrote there."""
    try:
        found: Any = json.loads(kept)
    except (ValueError, TypeError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None

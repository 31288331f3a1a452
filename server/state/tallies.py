"""What each process counted, kept as a row of its own: nobody reads, adds and writes what another may be adding to.

Whoever wants the whole merges the rows. A row stays when its process has ended, since what it counted happened.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from server.state.database import Database, as_object, as_text

__all__ = ["Tallies", "Tally"]

logger = logging.getLogger(__name__)

ReadT = TypeVar("ReadT")
MOST_TOLD = 1_000
NOT_AS_IT_SHOULD_BE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one process counted under a name, as JSON values; `at` says when it was written, in seconds since 1970."""

    name: str
    process: str
    at: float
    content: Mapping[str, Any]


class Tallies:
    """The tallies that are kept, by kind."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: set[tuple[str, str, str]] = set()

    def save(self, kind: str, process: str, counted: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what this process has counted so far, by name, in place of what it kept under these names before."""
        if not counted:
            return
        with self._database.transaction() as run:
            run.write(
                "INSERT INTO tally (kind, name, process, at, content) VALUES (?, ?, ?, now_s(), ?) "
                "ON CONFLICT (kind, name, process) DO UPDATE SET at = excluded.at, content = excluded.content",
                *((kind, name, process, as_text(content)) for name, content in counted.items()),
            )

    def load(self, kind: str, name_prefix: str = "") -> list[Tally]:
        """What every process counted under the names that begin so, by name and process."""
        # Not LIKE: SQLite's takes capitals and small letters for the same.
        rows = self._database.read(
            "SELECT name, process, at, content FROM tally WHERE kind = ? AND substr(name, 1, ?) = ? "
            "ORDER BY name, process",
            (kind, len(name_prefix), name_prefix),
        )
        found = ((row, as_object(row[3])) for row in rows)
        return [Tally(row[0], row[1], row[2], content) for row, content in found if content is not None]

    def read(self, kind: str, name_prefix: str, read: Callable[[Tally], ReadT]) -> list[tuple[Tally, ReadT]]:
        """The rows as `load` finds them, each with what `read` makes of it.

        A row that it cannot read is told of once in the log and left out: another release wrote it, or something else.
        """
        found: list[tuple[Tally, ReadT]] = []
        for row in self.load(kind, name_prefix):
            try:
                found.append((row, read(row)))
            except NOT_AS_IT_SHOULD_BE as error:
                self._tell(kind, row, error)
        return found

    def _tell(self, kind: str, row: Tally, error: Exception) -> None:
        key = (kind, row.name, row.process)
        if key not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(key)
            logger.warning(
                "a row of the kind `%s` in the state store cannot be read and does not count: %s of process %s (%s)",
                kind,
                row.name[:200],
                row.process[:40],
                type(error).__name__,
            )

    def prune(self, kind: str, before: float) -> None:
        """Forget what was last written before this time (seconds since 1970)."""
        with self._database.transaction() as run:
            run.write("DELETE FROM tally WHERE kind = ? AND at < ?", (kind, before))

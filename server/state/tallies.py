"""What each process counted, kept as a row of its own: nobody reads, adds and writes what another may be adding to.

Whoever wants the whole merges the rows. A row stays when its process has ended, since what it counted happened.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.state.database import Database, as_object, as_text

__all__ = ["Tallies", "Tally"]


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

    def prune(self, kind: str, before: float) -> None:
        """Forget what was last written before this time (seconds since 1970)."""
        with self._database.transaction() as run:
            run.write("DELETE FROM tally WHERE kind = ? AND at < ?", (kind, before))
